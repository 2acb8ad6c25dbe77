/* SPDX-License-Identifier: MIT */
/*
 * Comes from the address that it connects to, so that a server on all
 * addresses is tried on one that is not the loopback: the policy trusts that.
 */
#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor-dovecot.h"
#include "doctor-live.h"
#include "doctor-postfix.h"
#include "probe-talk.h"

#define TIMEOUT 10 /* seconds */
#define OLD "TLSv1"

/* A listener, and what is claimed of it. */
struct endpoint {
    char title[160]; /* "Dovecot imap, 127.0.0.1 port 993" */
    enum tlsfloor_service service;
    enum tlsfloor_tls oldest; /* that the settings accept */
    int decides_late;         /* 1: the refusal may come after a good login only */
    struct probe_peer peer;
    struct tlsfloor_address address;
};

struct trial {
    const struct doctor_facts *facts;
    struct findings *findings;
    struct doctor_proofs *proofs;
    const struct endpoint *endpoint;
};

static void __attribute__((format(printf, 2, 3)))
prove(const struct trial *trial, const char *format, ...)
{
    char sentence[280];
    va_list arguments;

    if (trial->proofs->count == DOCTOR_PROOFS)
        return;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    snprintf(trial->proofs->items[trial->proofs->count++], sizeof(trial->proofs->items[0]),
             "%.150s: %.150s", trial->endpoint->title, sentence);
}

static void
disprove(const struct trial *trial, enum finding_severity severity, const char *what,
         const char *why, const char *mend)
{
    struct finding *finding =
        find(trial->findings, severity, "%s%s%s", what, why[0] == '\0' ? "" : ": ", why);

    find_where(finding, "%s", trial->endpoint->title);
    find_mend(finding, "%s", mend);
}

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

/* The address of the first word of a list, as "127.0.0.1, ::1"; our own if it means all. */
static void
choose_address(const char *list, char text_r[INET6_ADDRSTRLEN])
{
    struct tlsfloor_address address;
    size_t size = list == NULL ? 0 : strcspn(list, " ,");

    if (list != NULL && size < INET6_ADDRSTRLEN && strncmp(list, "::", 3) != 0 &&
        tlsfloor_address_parse((struct tlsfloor_text){list, size}, &address) == 0 &&
        strspn(list, "0.") != size)
        snprintf(text_r, INET6_ADDRSTRLEN, "%.*s", (int)size, list);
    else if (list != NULL && strncmp(list, "loopback-only", 13) == 0)
        snprintf(text_r, INET6_ADDRSTRLEN, "127.0.0.1");
    else
        own_address(text_r);
}

/* 0, or -1: it is no address. */
static int
place(struct endpoint *endpoint, const char *program, const char *name, const char *address,
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

/* --- trials --- */

/* What a mail program of today gets. */
static int
try_today(const struct trial *trial)
{
    static const struct probe_offer offer = {.least = TLS1_2_VERSION,
                                             .suites = "ALL:COMPLEMENTOFALL"};
    struct probe_talk talk;

    probe_talk(&trial->endpoint->peer, &offer, &talk);
    if (talk.end == PROBE_END_LOGIN) {
        prove(trial, "%s is offered a login", talk.version);
        return 0;
    }
    disprove(trial, FINDING_ERROR,
             talk.connected ? "a mail program with TLS 1.2 or 1.3 is offered no login"
                            : "nobody listens",
             talk.why, "");
    return -1;
}

static int
is_trusted(const struct trial *trial)
{
    return tlsfloor_networks_match(
        trial->facts->policy->services[trial->endpoint->service].trusted_networks,
        &trial->endpoint->address);
}

/* A login with old TLS was offered, and tried. */
static void
judge_login(const struct trial *trial, const struct probe_talk *talk)
{
    const struct endpoint *endpoint = trial->endpoint;
    int excepted = trial->facts->oldest[endpoint->service] <= TLSFLOOR_TLS_1_0;

    if (talk->login.policy)
        prove(trial, OLD " is refused at the login: %s", talk->login.text);
    else if (is_trusted(trial))
        disprove(trial, FINDING_NOTE,
                 "what " OLD " gets cannot be proved from here: this address is in "
                 "trusted_networks",
                 "", "tlsfloor probe, from elsewhere");
    else if (!doctor_enforces(trial->facts, endpoint->service))
        prove(trial, OLD " is offered a login, for nobody is refused yet");
    else if (endpoint->decides_late || (excepted && endpoint->peer.protocol == PROBE_SMTP))
        disprove(trial, FINDING_NOTE,
                 OLD " is offered a login: what follows a good one cannot be proved", "", "");
    else
        disprove(trial, FINDING_ERROR, OLD " is offered a login, and not refused at it",
                 talk->login.text, "see what else is found; then tlsfloor decide");
}

static void
judge_no_handshake(const struct trial *trial, const struct probe_talk *talk)
{
    const struct endpoint *endpoint = trial->endpoint;
    int needed = trial->facts->oldest[endpoint->service] <= TLSFLOOR_TLS_1_0;

    if (endpoint->oldest > TLSFLOOR_TLS_1_0)
        prove(trial, OLD " ends in the handshake: %s", talk->why);
    else
        disprove(trial, needed ? FINDING_ERROR : FINDING_WARNING,
                 "the settings accept " OLD ", and the handshake does not", talk->why,
                 "look for MinProtocol and CipherString in /etc/ssl/openssl.cnf, or a "
                 "crypto-policy");
}

/* 1 if a login was looked at in SMTP: RFC 4954. */
static int
passwords_are_judged(const struct probe_reply *login)
{
    return strncmp(login->text, "535 ", 4) == 0 || strncmp(login->text, "235 ", 4) == 0;
}

static void
try_old(const struct trial *trial)
{
    static const struct probe_offer offer = {
        .least = TLS1_VERSION, .most = TLS1_VERSION, .suites = "ALL:COMPLEMENTOFALL", .login = 1};
    struct probe_talk talk;

    probe_talk(&trial->endpoint->peer, &offer, &talk);
    switch (talk.end) {
    case PROBE_END_LOGIN:
        judge_login(trial, &talk);
        return;
    case PROBE_END_REFUSED:
    case PROBE_END_NO_LOGIN:
        if (passwords_are_judged(&talk.login))
            disprove(trial, FINDING_ERROR, OLD " is refused, and may log in all the same",
                     talk.login.text, "-o smtpd_helo_required=yes");
        else
            prove(trial, OLD " is refused: %s", talk.why);
        return;
    case PROBE_END_HANDSHAKE:
        judge_no_handshake(trial, &talk);
        return;
    case PROBE_END_FAILED:
    case PROBE_END_INJECTED:
    case PROBE_END_NO_STARTTLS:
    case PROBE_END_UNABLE:
    case PROBE_END_SILENT:
        break;
    }
    disprove(trial, FINDING_WARNING, "what " OLD " gets is not to be found out", talk.why, "");
}

static void
try_plain(const struct trial *trial)
{
    static const struct probe_offer offer = {.plain = 1};
    struct probe_talk talk;

    if (!trial->endpoint->peer.starttls)
        return;
    probe_talk(&trial->endpoint->peer, &offer, &talk);
    if (talk.end == PROBE_END_NO_LOGIN || talk.end == PROBE_END_REFUSED)
        prove(trial, "without TLS no login is offered");
}

static void
try_endpoint(struct trial *trial, const struct endpoint *endpoint)
{
    trial->endpoint = endpoint;
    if (try_today(trial) != 0)
        return;
    try_old(trial);
    try_plain(trial);
}

/* --- Dovecot's listeners --- */

/* What Dovecot has where nothing is said; 2.4 does not print it. */
static const struct {
    const char *program, *name;
    unsigned port;
    int tls;
} defaults[] = {
    {"imap-login", "imap", 143, 0},          {"imap-login", "imaps", 993, 1},
    {"pop3-login", "pop3", 110, 0},          {"pop3-login", "pop3s", 995, 1},
    {"managesieve-login", "sieve", 4190, 0}, {"submission-login", "submission", 587, 0},
};

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
try_dovecot(struct trial *trial, const struct dovecot_service *service, const char *name,
            const char *list, unsigned port, int tls)
{
    const struct doctor_dovecot *dovecot = &trial->facts->dovecot;
    struct endpoint endpoint = {.service = service->service,
                                .oldest = dovecot_oldest_tls(dovecot, service)};
    char address[INET6_ADDRSTRLEN];

    choose_address(list == NULL || list[0] == '\0'
                       ? settings_get(&dovecot->settings, SETTINGS_TOP, "listen")
                       : list,
                   address);
    if (port == 0 || place(&endpoint, "Dovecot", name, address, port) != 0)
        return;
    endpoint.peer.protocol = protocol_of(service->service);
    endpoint.peer.starttls = !tls;
    try_endpoint(trial, &endpoint);
}

/* Tries the listeners of a block; how many it has. */
static size_t
try_block(struct trial *trial, const struct dovecot_service *service, int block)
{
    const struct settings *settings = &trial->facts->dovecot.settings;
    size_t count = 0;

    for (int listener = settings_block(settings, block, "inet_listener", 0); listener >= 0;
         listener = settings_block(settings, block, "inet_listener", (size_t)listener + 1)) {
        const char *port = settings_get(settings, listener, "port");
        const char *list = settings_get(settings, listener, "address");

        count++;
        if (port == NULL || settings_is_yes(settings_get(settings, listener, "haproxy")))
            continue;
        try_dovecot(trial, service, settings_block_name(settings, listener),
                    list == NULL ? settings_get(settings, listener, "listen") : list,
                    (unsigned)atoi(port), settings_is_yes(settings_get(settings, listener, "ssl")));
    }
    return count;
}

static void
try_service(struct trial *trial, const struct dovecot_service *service)
{
    const struct settings *settings = &trial->facts->dovecot.settings;
    size_t count = 0;

    for (int block = settings_block(settings, SETTINGS_TOP, "service", 0); block >= 0;
         block = settings_block(settings, SETTINGS_TOP, "service", (size_t)block + 1)) {
        if (strcmp(settings_block_name(settings, block), service->program) == 0)
            count += try_block(trial, service, block);
    }
    for (size_t i = 0; count == 0 && i < sizeof(defaults) / sizeof(defaults[0]); i++) {
        if (strcmp(defaults[i].program, service->program) == 0)
            try_dovecot(trial, service, defaults[i].name, NULL, defaults[i].port, defaults[i].tls);
    }
}

/* --- Postfix's services --- */

static void
try_postfix(struct trial *trial, const char *service)
{
    const struct doctor_postfix *postfix = &trial->facts->postfix;
    struct endpoint endpoint = {.service = TLSFLOOR_SERVICE_SUBMISSION,
                                .oldest = postfix_oldest_tls(postfix, service)};
    char address[INET6_ADDRSTRLEN], host[POSTFIX_NAME], *colon;

    snprintf(host, sizeof(host), "%.*s", (int)strcspn(service, "/"), service);
    colon = strrchr(host, ':');
    if (colon != NULL)
        *colon = '\0';
    choose_address(colon == NULL ? postfix_get(postfix, service, "inet_interfaces") : host,
                   address);
    if (postfix_port(service) == 0 ||
        place(&endpoint, "Postfix", service, address, postfix_port(service)) != 0)
        return;
    *strstr(endpoint.title, "/inet/") = '\0';
    snprintf(endpoint.title + strlen(endpoint.title), 80, ", %s port %u", address,
             postfix_port(service));
    endpoint.peer.protocol = PROBE_SMTP;
    endpoint.peer.starttls =
        !settings_is_yes(postfix_get(postfix, service, "smtpd_tls_wrappermode"));
    endpoint.decides_late = !postfix_refuses_early(postfix, service);
    try_endpoint(trial, &endpoint);
}

void
doctor_prove(const struct doctor_facts *facts, struct findings *findings,
             struct doctor_proofs *proofs)
{
    struct trial trial = {facts, findings, proofs, NULL};
    char service[POSTFIX_NAME];

    findings->check = "live";
    if (facts->policy == NULL)
        return;
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < DOVECOT_SERVICES; i++) {
        if (dovecot_has(&facts->dovecot, &dovecot_services[i]))
            try_service(&trial, &dovecot_services[i]);
    }
    for (size_t at = 0; postfix_next(&facts->postfix, &at, service);) {
        if (postfix_offers_logins(&facts->postfix, service))
            try_postfix(&trial, service);
    }
}
