/* SPDX-License-Identifier: MIT */
/*
 * tlsfloor ciphers: the table of cipher suites, and how each profile judges
 * them.
 */
#include <stdio.h>
#include <string.h>

#include "json-values.h"
#include "policy.h"
#include "tlsfloor.h"

static const char *
judgement(enum tlsfloor_profile profile, const struct tlsfloor_cipher_suite *suite)
{
    switch (tlsfloor_policy_judge_cipher(profile, suite)) {
    case TLSFLOOR_CIPHER_VIOLATION:
        return "violation";
    case TLSFLOOR_CIPHER_WEAK:
        return "weak";
    case TLSFLOOR_CIPHER_FINE:
        return "fine";
    case TLSFLOOR_CIPHER_UNKNOWN:
        break;
    }
    return "unknown";
}

static void
print_row(const struct tlsfloor_cipher_suite *suite)
{
    printf("%-45s %4u  %-9s  %s\n", suite->openssl, suite->strength,
           judgement(TLSFLOOR_PROFILE_RFC9325, suite), judgement(TLSFLOOR_PROFILE_RFC10015, suite));
}

static void
print_suite(const struct tlsfloor_cipher_suite *suite)
{
    printf("OpenSSL name:     %s\n", suite->openssl);
    printf("IANA name:        %s (0x%04X)\n", suite->iana, suite->code);
    printf("since:            %s\n", tlsfloor_tls_name((enum tlsfloor_tls)suite->first_version));
    printf("key exchange:     %s%s\n",
           tlsfloor_key_exchange_name((enum tlsfloor_key_exchange)suite->key_exchange),
           suite->forward_secrecy ? ", forward secrecy" : "");
    printf("authentication:   %s\n",
           tlsfloor_authentication_name((enum tlsfloor_authentication)suite->authentication));
    printf("encryption:       %s, %u bits%s%s\n",
           tlsfloor_encryption_name((enum tlsfloor_encryption)suite->encryption), suite->strength,
           suite->aead ? ", AEAD" : "", suite->export_grade ? ", export grade" : "");
    printf("MAC:              %s\n", tlsfloor_mac_name((enum tlsfloor_mac)suite->mac));
    printf("profile none:     %s\n", judgement(TLSFLOOR_PROFILE_NONE, suite));
    printf("profile rfc9325:  %s\n", judgement(TLSFLOOR_PROFILE_RFC9325, suite));
    printf("profile rfc10015: %s\n", judgement(TLSFLOOR_PROFILE_RFC10015, suite));
}

static json_t *
json_suite(const struct tlsfloor_cipher_suite *suite)
{
    return json_pack(
        "{s:s, s:s, s:i, s:s, s:s, s:s, s:s, s:i, s:s, s:b, s:b, s:b, s:{s:s, s:s, s:s}}",
        "openssl", suite->openssl, "iana", suite->iana, "code", (int)suite->code, "since",
        tlsfloor_tls_name((enum tlsfloor_tls)suite->first_version), "key_exchange",
        tlsfloor_key_exchange_name((enum tlsfloor_key_exchange)suite->key_exchange),
        "authentication",
        tlsfloor_authentication_name((enum tlsfloor_authentication)suite->authentication),
        "encryption", tlsfloor_encryption_name((enum tlsfloor_encryption)suite->encryption),
        "strength", (int)suite->strength, "mac", tlsfloor_mac_name((enum tlsfloor_mac)suite->mac),
        "aead", suite->aead, "forward_secrecy", suite->forward_secrecy, "export",
        suite->export_grade, "judged", "none", judgement(TLSFLOOR_PROFILE_NONE, suite), "rfc9325",
        judgement(TLSFLOOR_PROFILE_RFC9325, suite), "rfc10015",
        judgement(TLSFLOOR_PROFILE_RFC10015, suite));
}

static int
dump(json_t *root)
{
    if (json_print(root) == 0)
        return EXIT_OK;
    fputs("error: no memory to print the cipher suites\n", stderr);
    return EXIT_ERROR;
}

static int
print_one(const struct invocation *invocation, const char *name)
{
    const struct tlsfloor_cipher_suite *suite =
        tlsfloor_cipher_suite_find(tlsfloor_text_from(name));

    if (suite == NULL) {
        fprintf(stderr,
                "error: %.80s: no cipher suite of that OpenSSL or IANA name is known; a session "
                "with it is judged as unknown_cipher says\n",
                name);
        return EXIT_ERROR;
    }
    if (invocation->json)
        return dump(json_suite(suite));
    print_suite(suite);
    return EXIT_OK;
}

static int
print_all(const struct invocation *invocation)
{
    json_t *list;

    if (invocation->json) {
        list = json_array();
        for (size_t i = 0; i < tlsfloor_cipher_suites_count; i++)
            json_array_append_new(list, json_suite(&tlsfloor_cipher_suites[i]));
        return dump(list);
    }
    printf("%-45s %4s  %-9s  %s\n", "cipher suite", "bits", "rfc9325", "rfc10015");
    for (size_t i = 0; i < tlsfloor_cipher_suites_count; i++)
        print_row(&tlsfloor_cipher_suites[i]);
    return EXIT_OK;
}

int
command_ciphers(const struct invocation *invocation)
{
    return invocation->argc == 1 ? print_one(invocation, invocation->argv[0])
                                 : print_all(invocation);
}
