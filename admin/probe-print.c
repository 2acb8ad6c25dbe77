/* SPDX-License-Identifier: MIT */
/*
 * A probe's result for people, and for programs. Every text of the server has
 * been made printable before it comes here.
 */
#include <openssl/crypto.h>
#include <openssl/opensslv.h>
#include <stdio.h>
#include <string.h>

#include "json-values.h"
#include "probe-result.h"

static void
print_target(const struct probe_result *result)
{
    const struct probe_target *target = &result->target;

    printf("%s port %u (%s), %s, TLS %s\n", target->host, target->port, result->address,
           probe_protocol_title(result->today.protocol),
           target->starttls ? "by STARTTLS" : "from the beginning");
    if (target->domain[0] != '\0')
        printf("found by the SRV record of %s\n", target->domain);
}

static void
print_certificate(const struct probe_result *result)
{
    const struct probe_certificate *certificate = &result->today.certificate;

    if (!certificate->given)
        return;
    printf("certificate: for %s, until %s\n", certificate->names, certificate->until);
    printf("             by %s\n", certificate->issuer);
    printf("             %s\n", certificate->trusted ? "trusted" : certificate->why);
    printf("             %s %s\n", certificate->matches ? "is for" : "is not for",
           result->target.domain[0] == '\0' ? result->name : result->target.domain);
}

static const char *
outcome(const struct probe_talk *talk)
{
    switch (talk->end) {
    case PROBE_END_FAILED:
        return "no answer: ";
    case PROBE_END_INJECTED:
        return "unsafe: ";
    case PROBE_END_NO_STARTTLS:
        return "no TLS: ";
    case PROBE_END_UNABLE:
        return "not tried: ";
    case PROBE_END_HANDSHAKE:
        return "no handshake: ";
    case PROBE_END_SILENT:
        return "then: ";
    case PROBE_END_REFUSED:
        return "refused: ";
    case PROBE_END_NO_LOGIN:
    case PROBE_END_LOGIN:
        break;
    }
    return "";
}

static void
print_talk(const struct probe_talk *talk)
{
    if (talk->version[0] != '\0')
        printf("%s %s (%s), ", talk->version, talk->suite, probe_judge_suite(talk->suite));
    printf("%s%s\n", outcome(talk), talk->why);
}

static void
print_client(const struct probe_result *result, size_t i)
{
    const struct probe_client *client = &result->clients[i];

    if (client->offer.plain && !result->target.starttls)
        return;
    printf("%-17s", client->offer.plain ? "no TLS" : client->name);
    if (client->tls == TLSFLOOR_TLS_UNKNOWN && client->spoken == 0)
        printf("not tried: this OpenSSL has none of its %u suites\n", client->known);
    else
        print_talk(&result->talks[i]);
}

/* Where suites are missing, that nobody found them is no proof. */
static void
print_untried(const struct probe_result *result)
{
    const char *before = "\nNot tried with every suite, as OpenSSL ";

    for (size_t i = 0; i < PROBE_CLIENTS; i++) {
        const struct probe_client *client = &result->clients[i];

        if (client->spoken == 0 || client->spoken == client->known)
            continue;
        if (before[0] == '\n')
            printf("%s%s has not got them: ", before, OpenSSL_version(OPENSSL_VERSION_STRING));
        printf("%s%s (%u of %u)", before[0] == '\n' ? "" : before, client->name, client->spoken,
               client->known);
        before = ", ";
    }
    if (before[0] != '\n')
        puts(".");
}

/* 1 if the client was below what RFC 8997 and RFC 9325 ask for, and was tried. */
static int
is_below(const struct probe_result *result, size_t i)
{
    enum tlsfloor_tls tls = result->clients[i].tls;

    if (probe_is_untried(result, i))
        return 0;
    return tls == TLSFLOOR_TLS_UNKNOWN
               ? strcmp(probe_judge_suite(result->talks[i].suite), "violation") == 0
               : tls < TLSFLOOR_TLS_1_2;
}

/* What it means that old TLS is accepted: nothing yet, where the refusal comes later. */
static void
print_below(const struct probe_result *result)
{
    int told = 0, in = 0;

    for (size_t i = 0; i < PROBE_CLIENTS; i++) {
        enum probe_end end = is_below(result, i) ? result->talks[i].end : PROBE_END_FAILED;

        told |= end == PROBE_END_REFUSED || end == PROBE_END_NO_LOGIN;
        in |= end == PROBE_END_LOGIN;
    }
    if (in)
        puts("\nBelow TLS 1.2, or with a suite that is a violation, a login is offered. Either "
             "there\n"
             "is an exception for somebody, or the server refuses only what follows; else\n"
             "passwords are sent here that nothing protects.");
    else if (result->today.end != PROBE_END_LOGIN)
        puts("\nNobody is offered a login here.");
    else if (told)
        puts("\nBelow TLS 1.2, or with a suite that is a violation, no login is offered: where "
             "such\n"
             "a handshake is finished, it is to say why.");
    else
        puts("\nBelow TLS 1.2 there is no handshake, as far as it was tried.");
}

void
probe_print(const struct probe_result *result)
{
    print_target(result);
    putchar('\n');
    print_certificate(result);
    printf("today:       ");
    print_talk(&result->today);
    puts("\nA CLIENT WITH    GETS");
    for (size_t i = 0; i < PROBE_CLIENTS; i++)
        print_client(result, i);
    print_untried(result);
    print_below(result);
    if (result->reason_count == 0)
        puts("\nyes: a mail program may call this confidential");
    for (size_t i = 0; i < result->reason_count; i++)
        printf("%sno: %s\n", i == 0 ? "\n" : "", result->reasons[i]);
}

/* --- JSON --- */

static const char *
end_name(enum probe_end end)
{
    static const char *const names[] = {
        [PROBE_END_FAILED] = "failed",       [PROBE_END_INJECTED] = "injected",
        [PROBE_END_NO_STARTTLS] = "no-tls",  [PROBE_END_UNABLE] = "not-tried",
        [PROBE_END_HANDSHAKE] = "handshake", [PROBE_END_SILENT] = "silent",
        [PROBE_END_REFUSED] = "refused",     [PROBE_END_NO_LOGIN] = "no-login",
        [PROBE_END_LOGIN] = "login",
    };

    return names[end];
}

static json_t *
json_talk(const struct probe_talk *talk, int untried)
{
    return json_pack("{s:s, s:o, s:o, s:o, s:o}", "outcome",
                     end_name(untried ? PROBE_END_UNABLE : talk->end), "tls",
                     json_text(talk->version), "cipher", json_text(talk->suite), "judged",
                     json_text(probe_judge_suite(talk->suite)), "text", json_text(talk->why));
}

static json_t *
json_certificate(const struct probe_certificate *certificate)
{
    if (!certificate->given)
        return json_null();
    return json_pack("{s:b, s:o, s:b, s:s, s:s, s:s}", "trusted", certificate->trusted, "fault",
                     json_text(certificate->why), "matches", certificate->matches, "names",
                     certificate->names, "issuer", certificate->issuer, "until",
                     certificate->until);
}

static json_t *
json_clients(const struct probe_result *result)
{
    json_t *list = json_array();

    for (size_t i = 0; i < PROBE_CLIENTS; i++) {
        const struct probe_client *client = &result->clients[i];
        json_t *object = json_talk(&result->talks[i], probe_is_untried(result, i));

        json_object_set_new(object, "client", json_string(client->name));
        if (client->tls == TLSFLOOR_TLS_UNKNOWN) {
            json_object_set_new(object, "suites_known", json_integer(client->known));
            json_object_set_new(object, "suites_tried", json_integer(client->spoken));
        }
        json_array_append_new(list, object);
    }
    return list;
}

int
probe_print_json(const struct probe_result *result)
{
    const struct probe_target *target = &result->target;
    json_t *reasons = json_array(), *root;

    for (size_t i = 0; i < result->reason_count; i++)
        json_array_append_new(reasons, json_string(result->reasons[i]));
    root = json_pack("{s:b, s:o, s:s, s:i, s:s, s:s, s:b, s:o, s:s, s:o, s:o, s:o}", "confidential",
                     result->reason_count == 0, "reasons", reasons, "host", target->host, "port",
                     (int)target->port, "address", result->address, "protocol",
                     probe_protocol_title(result->today.protocol), "starttls", target->starttls,
                     "srv_domain", json_text(target->domain), "openssl",
                     OpenSSL_version(OPENSSL_VERSION_STRING), "certificate",
                     json_certificate(&result->today.certificate), "today",
                     json_talk(&result->today, 0), "clients", json_clients(result));
    return json_print(root);
}
