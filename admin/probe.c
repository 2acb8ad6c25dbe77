/* SPDX-License-Identifier: MIT */
/*
 * tlsfloor probe: what a mail program gets from a server. May it call the
 * connection confidential (RFC 8314 section 5, as amended by RFC 8997), and
 * what would old mail programs get?
 */
#include <netdb.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy.h"
#include "probe-result.h"
#include "tlsfloor.h"

#define TIMEOUT 10 /* seconds */
#define LONGEST_TIMEOUT 600

const char *
probe_judge_suite(const char *suite)
{
    static const char *const words[] = {
        [TLSFLOOR_CIPHER_VIOLATION] = "violation",
        [TLSFLOOR_CIPHER_WEAK] = "weak",
        [TLSFLOOR_CIPHER_FINE] = "fine",
        [TLSFLOOR_CIPHER_UNKNOWN] = "unknown",
    };

    if (suite[0] == '\0')
        return "";
    return words[tlsfloor_policy_judge_cipher(
        TLSFLOOR_PROFILE_RFC9325, tlsfloor_cipher_suite_find(tlsfloor_text_from(suite)))];
}

int
probe_is_untried(const struct probe_result *result, size_t client)
{
    const struct probe_client *asked = &result->clients[client];

    if (asked->offer.plain)
        return !result->target.starttls;
    return result->talks[client].end == PROBE_END_UNABLE ||
           (asked->tls == TLSFLOOR_TLS_UNKNOWN && asked->spoken == 0);
}

static int
fail(const char *what, const char *sentence)
{
    fprintf(stderr, "error: probe: %.200s: %s\n", what, sentence);
    return EXIT_ERROR;
}

/* --- the verdict: C1 to C4 --- */

static void __attribute__((format(printf, 2, 3)))
object(struct probe_result *result, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(result->reasons[result->reason_count++], sizeof(result->reasons[0]), format,
              arguments);
    va_end(arguments);
}

static void
judge_certificate(struct probe_result *result)
{
    const struct probe_certificate *certificate = &result->today.certificate;

    if (!certificate->given) {
        object(result, "the server has no certificate");
        return;
    }
    if (!certificate->trusted)
        object(result, "the certificate does not verify: %s", certificate->why);
    if (certificate->matches)
        return;
    if (result->target.domain[0] == '\0')
        object(result, "the certificate is not for %s, but for %s", result->name,
               certificate->names);
    else
        object(result,
               "the certificate is not for %s or %s, but for %s: who came by the SRV record has "
               "to ask its user",
               result->target.domain, result->target.srv_id, certificate->names);
}

/* A mail program of today offers TLS 1.2 and 1.3 alone, so their versions need no look. */
static void
judge(struct probe_result *result)
{
    const struct probe_talk *today = &result->today;

    switch (today->end) {
    case PROBE_END_FAILED:
    case PROBE_END_NO_STARTTLS:
        object(result, "there is no TLS: %s", today->why);
        return;
    case PROBE_END_INJECTED:
    case PROBE_END_UNABLE:
        object(result, "%s", today->why);
        return;
    case PROBE_END_HANDSHAKE:
        object(result, "there is no TLS 1.2 or 1.3: %s", today->why);
        return;
    case PROBE_END_SILENT:
        object(result, "after the handshake: %s", today->why);
        break;
    case PROBE_END_REFUSED:
    case PROBE_END_NO_LOGIN:
    case PROBE_END_LOGIN:
        break;
    }
    if (strcmp(probe_judge_suite(today->suite), "violation") == 0)
        object(result, "the cipher suite %s protects nothing", today->suite);
    judge_certificate(result);
}

/* --- asking --- */

static struct probe_peer
make_peer(const struct invocation *invocation, const struct probe_result *result)
{
    const struct probe_target *target = &result->target;

    return (struct probe_peer){
        .protocol = target->protocol,
        .starttls = target->starttls,
        .name = result->name,
        .domain = target->domain[0] == '\0' ? NULL : target->domain,
        .srv_id = target->srv_id[0] == '\0' ? NULL : target->srv_id,
        .ca = invocation->ca,
    };
}

/* Tries the host's addresses in turn, until one lets us in. 0, or -1: told. */
static int
find_address(struct probe_result *result, struct probe_peer *peer)
{
    static const struct probe_offer today = {.least = TLS1_2_VERSION};
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list;
    char port[8];
    int error;

    snprintf(port, sizeof(port), "%u", result->target.port);
    error = getaddrinfo(result->target.host, port, &hints, &list);
    if (error != 0)
        return fail(result->target.host, gai_strerror(error)), -1;
    for (struct addrinfo *one = list; one != NULL && !result->today.connected; one = one->ai_next) {
        memcpy(&peer->address, one->ai_addr, one->ai_addrlen);
        peer->size = one->ai_addrlen;
        getnameinfo(one->ai_addr, one->ai_addrlen, result->address, sizeof(result->address), NULL,
                    0, NI_NUMERICHOST);
        probe_talk(peer, &today, &result->today);
    }
    freeaddrinfo(list);
    return 0;
}

static void
play_old_clients(struct probe_result *result, const struct probe_peer *peer)
{
    for (size_t i = 0; i < PROBE_CLIENTS; i++) {
        if (!probe_is_untried(result, i))
            probe_talk(peer, &result->clients[i].offer, &result->talks[i]);
    }
}

/* 0, or an exit status: told. */
static int
ask(struct probe_result *result, struct probe_peer *peer)
{
    if (find_address(result, peer) != 0)
        return EXIT_ERROR;
    if (result->today.end == PROBE_END_FAILED)
        return fail(result->target.host, result->today.why);
    if (probe_clients_make(result->clients) != 0)
        return fail(result->target.host, "no memory");
    peer->protocol = result->today.protocol;
    play_old_clients(result, peer);
    judge(result);
    return 0;
}

/* --- the command --- */

/* The option's seconds, the default's, or 0: they are none. */
static unsigned
timeout_of(const struct invocation *invocation)
{
    char *end;
    unsigned long seconds;

    if (invocation->timeout == NULL)
        return TIMEOUT;
    seconds = strtoul(invocation->timeout, &end, 10);
    if (invocation->timeout[0] < '0' || invocation->timeout[0] > '9' || *end != '\0' ||
        seconds > LONGEST_TIMEOUT)
        return 0;
    return (unsigned)seconds;
}

static int
can_trust(const char *ca)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    int can = context != NULL && (ca == NULL || SSL_CTX_load_verify_file(context, ca) == 1);

    SSL_CTX_free(context);
    return can;
}

static int
run(const struct invocation *invocation, struct probe_result *result)
{
    char error[TLSFLOOR_ERROR_TEXT];
    struct probe_peer peer;
    int status;

    if (probe_target_find(invocation->argv[0], invocation->starttls, &result->target, error) != 0) {
        fprintf(stderr, "error: %s\n", error);
        return EXIT_ERROR;
    }
    result->name = result->target.host;
    if (invocation->name != NULL) {
        result->name = invocation->name;
        result->target.domain[0] = result->target.srv_id[0] = '\0';
    }
    peer = make_peer(invocation, result);
    peer.timeout = timeout_of(invocation);
    if (peer.timeout == 0)
        return fail(invocation->timeout, "--timeout takes seconds, from 1 to 600");
    if (!can_trust(invocation->ca))
        return fail(invocation->ca, "--ca takes a readable file of certificates (PEM)");
    status = ask(result, &peer);
    if (status != 0)
        return status;
    if (!invocation->json)
        probe_print(result);
    else if (probe_print_json(result) != 0)
        return fail(result->target.host, "no memory to print what was found");
    return result->reason_count == 0 ? EXIT_OK : EXIT_WARNINGS;
}

int
command_probe(const struct invocation *invocation)
{
    struct probe_result *result;
    int status;

    if (invocation->argc == 0)
        return fail("HOST", "is missing: see tlsfloor --help");
    result = calloc(1, sizeof(*result));
    if (result == NULL)
        return fail(invocation->argv[0], "no memory");
    signal(SIGPIPE, SIG_IGN);
    status = run(invocation, result);
    free(result);
    return status;
}
