/* SPDX-License-Identifier: MIT */
/*
 * Addresses and ports by the settings; what is not printed is usual.
 */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor-dovecot.h"
#include "doctor-endpoints.h"
#include "doctor-postfix.h"

#define TIMEOUT 10 /* seconds */

struct walk {
    const struct doctor_facts *facts;
    doctor_endpoint_fn *each;
    void *context;
};

/* --- where listeners are --- */

/* The first address of this host that is not the loopback, else the loopback. */
static void
own_address(char text_r[INET6_ADDRSTRLEN])
{
    struct ifaddrs *list = NULL;

    snprintf(text_r, INET6_ADDRSTRLEN, "127.0.0.1");
    if (getifaddrs(&list) != 0)
        return;
    for (const struct ifaddrs *one = list; one != NULL; one = one->ifa_next) {
        if (one->ifa_addr == NULL || one->ifa_addr->sa_family != AF_INET ||
            (one->ifa_flags & IFF_LOOPBACK) != 0)
            continue;
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)one->ifa_addr)->sin_addr,
                  text_r, INET6_ADDRSTRLEN);
        break;
    }
    freeifaddrs(list);
}

static int
is_word(struct tlsfloor_text word, const char *text)
{
    return tlsfloor_text_equal(word, tlsfloor_text_from(text));
}

/* The address of the first word of a list, as "127.0.0.1, ::1"; our own if it means all. */
static void
choose_address(const char *list, char text_r[INET6_ADDRSTRLEN])
{
    struct tlsfloor_text word = {NULL, 0};
    struct tlsfloor_address address;

    if (list != NULL) {
        list += list[0] == '[';
        word = (struct tlsfloor_text){list, strcspn(list, " ,]")};
    }
    if (is_word(word, "localhost") || is_word(word, "loopback-only"))
        snprintf(text_r, INET6_ADDRSTRLEN, "127.0.0.1");
    else if (!is_word(word, "::") && !is_word(word, "0.0.0.0") &&
             tlsfloor_address_parse(word, &address) == 0 && word.size < INET6_ADDRSTRLEN)
        snprintf(text_r, INET6_ADDRSTRLEN, "%.*s", (int)word.size, word.data);
    else
        own_address(text_r);
}

/* 0, or -1: it is no address. */
static int
place(struct doctor_endpoint *endpoint, const char *program, const char *name, const char *address,
      unsigned port)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICHOST};
    struct addrinfo *found;
    char service[8];

    snprintf(service, sizeof(service), "%u", port);
    if (getaddrinfo(address, service, &hints, &found) != 0)
        return -1;
    memcpy(&endpoint->peer.address, found->ai_addr, found->ai_addrlen);
    endpoint->peer.size = found->ai_addrlen;
    freeaddrinfo(found);
    endpoint->peer.timeout = TIMEOUT;
    endpoint->peer.name = "localhost";
    tlsfloor_address_parse(tlsfloor_text_from(address), &endpoint->address);
    snprintf(endpoint->title, sizeof(endpoint->title), "%s %.60s, %s port %u", program, name,
             address, port);
    return 0;
}

/* --- Dovecot's listeners --- */

/* What Dovecot has where nothing is said; 2.4 does not print it. */
static const struct usual {
    const char *program, *name;
    unsigned port;
    int tls;
} usuals[] = {
    {"imap-login", "imap", 143, 0},
    {"imap-login", "imaps", 993, 1},
    {"pop3-login", "pop3", 110, 0},
    {"pop3-login", "pop3s", 995, 1},
    {"managesieve-login", "sieve", 4190, 0},
    {"submission-login", "submission", 587, 0},
    {"submission-login", "submissions", 465, 1},
};
#define USUALS (sizeof(usuals) / sizeof(usuals[0]))

static enum probe_protocol
protocol_of(enum tlsfloor_service service)
{
    switch (service) {
    case TLSFLOOR_SERVICE_IMAP:
        return PROBE_IMAP;
    case TLSFLOOR_SERVICE_POP3:
        return PROBE_POP3;
    case TLSFLOOR_SERVICE_SIEVE:
        return PROBE_SIEVE;
    case TLSFLOOR_SERVICE_SUBMISSION:
        return PROBE_SMTP;
    case TLSFLOOR_SERVICE_NONE:
        break;
    }
    return PROBE_UNKNOWN;
}

static void
give_dovecot(const struct walk *walk, const struct dovecot_service *service, const char *name,
             const char *list, unsigned port, int tls)
{
    const struct doctor_dovecot *dovecot = &walk->facts->dovecot;
    struct doctor_endpoint endpoint = {.program = TLSFLOOR_LOG_DOVECOT,
                                       .service = service->service,
                                       .oldest = dovecot_oldest_tls(walk->facts, service)};
    char address[INET6_ADDRSTRLEN];

    choose_address(list == NULL || list[0] == '\0'
                       ? settings_get(&dovecot->settings, SETTINGS_TOP, "listen")
                       : list,
                   address);
    if (port == 0 || place(&endpoint, "Dovecot", name, address, port) != 0)
        return;
    endpoint.peer.protocol = protocol_of(service->service);
    endpoint.peer.starttls = !tls;
    walk->each(walk->context, &endpoint);
}

/* What a listener of that name has of itself, or NULL: nothing. */
static const struct usual *
find_usual(const char *program, const char *name)
{
    for (size_t i = 0; i < USUALS; i++) {
        if (strcmp(usuals[i].program, program) == 0 && strcmp(usuals[i].name, name) == 0)
            return &usuals[i];
    }
    return NULL;
}

static void
give_listener(const struct walk *walk, const struct dovecot_service *service, int listener)
{
    const struct settings *settings = &walk->facts->dovecot.settings;
    const char *name = settings_block_name(settings, listener);
    const char *port = settings_get(settings, listener, "port");
    const char *ssl = settings_get(settings, listener, "ssl");
    const char *list = settings_get(settings, listener, "address");
    const struct usual *usual = find_usual(service->program, name);

    if (settings_is_yes(settings_get(settings, listener, "haproxy")))
        return;
    give_dovecot(walk, service, name,
                 list == NULL ? settings_get(settings, listener, "listen") : list,
                 port != NULL    ? (unsigned)atoi(port)
                 : usual != NULL ? usual->port
                                 : 0,
                 ssl != NULL ? settings_is_yes(ssl) : usual != NULL && usual->tls);
}

/* Gives the listeners of a block; how many it has. */
static size_t
give_block(const struct walk *walk, const struct dovecot_service *service, int block)
{
    const struct settings *settings = &walk->facts->dovecot.settings;
    size_t count = 0;

    for (int listener = settings_block(settings, block, "inet_listener", 0); listener >= 0;
         listener = settings_block(settings, block, "inet_listener", (size_t)listener + 1)) {
        give_listener(walk, service, listener);
        count++;
    }
    return count;
}

static void
give_service(const struct walk *walk, const struct dovecot_service *service)
{
    const struct settings *settings = &walk->facts->dovecot.settings;
    size_t count = 0;

    for (int block = settings_block(settings, SETTINGS_TOP, "service", 0); block >= 0;
         block = settings_block(settings, SETTINGS_TOP, "service", (size_t)block + 1)) {
        if (strcmp(settings_block_name(settings, block), service->program) == 0)
            count += give_block(walk, service, block);
    }
    for (size_t i = 0; count == 0 && i < USUALS; i++) {
        if (strcmp(usuals[i].program, service->program) == 0)
            give_dovecot(walk, service, usuals[i].name, NULL, usuals[i].port, usuals[i].tls);
    }
}

/* --- Postfix's services --- */

static void
give_postfix(const struct walk *walk, const char *service)
{
    const struct doctor_postfix *postfix = &walk->facts->postfix;
    struct doctor_endpoint endpoint = {.program = TLSFLOOR_LOG_POSTFIX,
                                       .service = TLSFLOOR_SERVICE_SUBMISSION,
                                       .oldest = postfix_oldest_tls(walk->facts, service)};
    char address[INET6_ADDRSTRLEN], name[POSTFIX_NAME], host[POSTFIX_NAME], *colon;

    snprintf(host, sizeof(host), "%s", postfix_title(service, name));
    colon = strrchr(host, ':');
    if (colon != NULL)
        *colon = '\0';
    choose_address(colon == NULL ? postfix_get(postfix, service, "inet_interfaces") : host,
                   address);
    if (postfix_port(service) == 0 ||
        place(&endpoint, "Postfix", name, address, postfix_port(service)) != 0)
        return;
    endpoint.peer.protocol = PROBE_SMTP;
    endpoint.peer.starttls =
        !settings_is_yes(postfix_get(postfix, service, "smtpd_tls_wrappermode"));
    endpoint.decides_late = !postfix_refuses_early(postfix, service);
    walk->each(walk->context, &endpoint);
}

void
doctor_endpoints_each(const struct doctor_facts *facts, doctor_endpoint_fn *each, void *context)
{
    const struct walk walk = {facts, each, context};
    char service[POSTFIX_NAME];

    for (size_t i = 0; i < DOVECOT_SERVICES; i++) {
        if (dovecot_has(&facts->dovecot, &dovecot_services[i]))
            give_service(&walk, &dovecot_services[i]);
    }
    for (size_t at = 0; postfix_next_with_logins(&facts->postfix, &at, service);)
        give_postfix(&walk, service);
}
