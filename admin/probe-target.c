/* SPDX-License-Identifier: MIT */
/*
 * A table of services, and the C library's resolver.
 */
#include <arpa/nameser.h>
#include <netdb.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "network.h"
#include "probe-target.h"

/* The first of a protocol with STARTTLS has the port that --starttls means. */
static const struct service {
    const char *name;
    unsigned port;
    enum probe_protocol protocol;
    int starttls;
} services[] = {
    {"imaps", 993, PROBE_IMAP, 0},      {"imap", 143, PROBE_IMAP, 1},
    {"pop3s", 995, PROBE_POP3, 0},      {"pop3", 110, PROBE_POP3, 1},
    {"sieve", 4190, PROBE_SIEVE, 1},    {"submissions", 465, PROBE_SMTP, 0},
    {"submission", 587, PROBE_SMTP, 1}, {"smtp", 25, PROBE_SMTP, 1},
};
#define SERVICES (sizeof(services) / sizeof(services[0]))
#define DEFAULT_SERVICE (&services[0])

#define SERVICE_NAMES "imaps, imap, pop3s, pop3, sieve, submissions, submission, smtp"

static int
fail(char error[TLSFLOOR_ERROR_TEXT], const char *what, const char *advice)
{
    snprintf(error, TLSFLOOR_ERROR_TEXT, "probe: %.200s: %s", what, advice);
    return -1;
}

static const struct service *
find_name(struct tlsfloor_text name)
{
    for (size_t i = 0; i < SERVICES; i++) {
        if (tlsfloor_text_equal_fold(name, tlsfloor_text_from(services[i].name)))
            return &services[i];
    }
    return NULL;
}

static const struct service *
find_port(unsigned port)
{
    for (size_t i = 0; i < SERVICES; i++) {
        if (services[i].port == port)
            return &services[i];
    }
    return NULL;
}

static const struct service *
find_starttls(enum probe_protocol protocol)
{
    size_t i = 0;

    while (!services[i].starttls || services[i].protocol != protocol)
        i++;
    return &services[i];
}

static void
take_service(const struct service *service, struct probe_target *target)
{
    target->port = service->port;
    target->protocol = service->protocol;
    target->starttls = service->starttls;
}

/* A number, or the name of a service. */
static int
take_port(const char *text, struct probe_target *target, char error[TLSFLOOR_ERROR_TEXT])
{
    const struct service *service = find_name(tlsfloor_text_from(text));
    char *end;
    unsigned long port;

    if (service == NULL) {
        port = strtoul(text, &end, 10);
        if (text[0] < '0' || text[0] > '9' || *end != '\0' || port == 0 || port > 65535)
            return fail(error, text, "is no port: give a number, or one of " SERVICE_NAMES);
        service = find_port((unsigned)port);
        target->port = (unsigned)port;
    }
    if (service != NULL)
        take_service(service, target);
    return 0;
}

/* Splits off what stands behind the host; NULL: nothing does. */
static const char *
split(char *host)
{
    char *colon = strrchr(host, ':'), *bracket = strrchr(host, ']');

    if (host[0] == '[' && bracket != NULL) {
        colon = bracket[1] == ':' ? bracket + 1 : NULL;
        *bracket = '\0';
        memmove(host, host + 1, (size_t)(bracket - host));
        return colon == NULL ? NULL : colon + 1;
    }
    if (colon == NULL || strchr(host, ':') != colon)
        return NULL; /* none, or an IPv6 address */
    *colon = '\0';
    return colon + 1;
}

/* --- SRV records: RFC 2782 --- */

struct srv {
    unsigned priority, weight, port;
    char host[PROBE_HOST];
};

/* 0, or -1: the record is no SRV record of this. */
static int
read_srv(ns_msg *message, int index, struct srv *srv_r)
{
    ns_rr record;
    const unsigned char *data;

    if (ns_parserr(message, ns_s_an, index, &record) != 0 || ns_rr_type(record) != ns_t_srv ||
        ns_rr_rdlen(record) < 7)
        return -1;
    data = ns_rr_rdata(record);
    srv_r->priority = ns_get16(data);
    srv_r->weight = ns_get16(data + 2);
    srv_r->port = ns_get16(data + 4);
    return dn_expand(ns_msg_base(*message), ns_msg_end(*message), data + 6, srv_r->host,
                     sizeof(srv_r->host)) < 0
               ? -1
               : 0;
}

/* Of several the one that is wanted first, and of these the heaviest. 0, or -1: none. */
static int
choose_srv(ns_msg *message, struct srv *best_r)
{
    struct srv srv;
    int found = -1;

    for (int i = 0; i < ns_msg_count(*message, ns_s_an); i++) {
        if (read_srv(message, i, &srv) != 0 ||
            (found == 0 && (srv.priority > best_r->priority ||
                            (srv.priority == best_r->priority && srv.weight <= best_r->weight))))
            continue;
        *best_r = srv;
        found = 0;
    }
    return found;
}

static int
ask_dns(const char *name, struct srv *srv_r)
{
    struct __res_state resolver;
    unsigned char answer[NS_MAXMSG];
    ns_msg message;
    int size, found = -1;

    memset(&resolver, 0, sizeof(resolver));
    if (res_ninit(&resolver) != 0)
        return -1;
    size = res_nquery(&resolver, name, ns_c_in, ns_t_srv, answer, sizeof(answer));
    if (size > 0 && size <= (int)sizeof(answer) && ns_initparse(answer, size, &message) == 0)
        found = choose_srv(&message, srv_r);
    res_nclose(&resolver);
    return found;
}

/* _imaps._tcp.example.org */
static int
find_srv(const char *name, struct probe_target *target, char error[TLSFLOOR_ERROR_TEXT])
{
    const char *tcp = strstr(name, "._tcp.");
    const struct service *service;
    struct srv srv;

    if (tcp == NULL)
        return fail(error, name, "is no name of an SRV record such as _imaps._tcp.example.org");
    service = find_name((struct tlsfloor_text){name + 1, (size_t)(tcp - name) - 1});
    if (service == NULL)
        return fail(error, name, "is for none of the services " SERVICE_NAMES);
    if (ask_dns(name, &srv) != 0)
        return fail(error, name, "has no SRV record, or the DNS does not answer");
    if (srv.host[0] == '\0' || srv.host[0] == '.')
        return fail(error, name, "says that there is no such service");
    take_service(service, target);
    target->port = srv.port;
    snprintf(target->host, sizeof(target->host), "%s", srv.host);
    snprintf(target->domain, sizeof(target->domain), "%s", tcp + strlen("._tcp."));
    snprintf(target->srv_id, sizeof(target->srv_id), "_%s.%.200s", service->name, target->domain);
    return 0;
}

/* --- both --- */

static int
take_host(const char *text, struct probe_target *target, char error[TLSFLOOR_ERROR_TEXT])
{
    const char *port;

    if (text[0] == '_')
        return find_srv(text, target, error);
    snprintf(target->host, sizeof(target->host), "%s", text);
    port = split(target->host);
    if (target->host[0] == '\0')
        return fail(error, text, "names no host");
    return port == NULL ? 0 : take_port(port, target, error);
}

int
probe_target_find(const char *text, const char *starttls, struct probe_target *target_r,
                  char error[TLSFLOOR_ERROR_TEXT])
{
    enum probe_protocol protocol =
        starttls == NULL ? PROBE_UNKNOWN : probe_protocol_parse(starttls);

    memset(target_r, 0, sizeof(*target_r));
    if (strlen(text) >= PROBE_HOST)
        return fail(error, text, "is longer than any name");
    if (starttls != NULL && protocol == PROBE_UNKNOWN)
        return fail(error, starttls, "--starttls is for imap, pop3, sieve or smtp");
    if (take_host(text, target_r, error) != 0)
        return -1;
    if (target_r->port == 0)
        take_service(starttls == NULL ? DEFAULT_SERVICE : find_starttls(protocol), target_r);
    if (starttls != NULL) {
        target_r->protocol = protocol;
        target_r->starttls = 1;
    }
    return 0;
}
