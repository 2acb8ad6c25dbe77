/* SPDX-License-Identifier: MIT */
/*
 * Kinds of suites are told by common/cipher-suites; each suite is of the first
 * kind that it fits.
 */
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>

#include "cipher-suites.h"
#include "probe-clients.h"

#define EVERY_SUITE "ALL:COMPLEMENTOFALL"

static const struct {
    enum tlsfloor_tls tls;
    int number; /* OpenSSL's */
} versions[] = {
    {TLSFLOOR_TLS_CLEARTEXT, 0},        {TLSFLOOR_TLS_SSLV3, SSL3_VERSION},
    {TLSFLOOR_TLS_1_0, TLS1_VERSION},   {TLSFLOOR_TLS_1_1, TLS1_1_VERSION},
    {TLSFLOOR_TLS_1_2, TLS1_2_VERSION}, {TLSFLOOR_TLS_1_3, TLS1_3_VERSION},
};
#define VERSIONS (sizeof(versions) / sizeof(versions[0]))

/* --- kinds of suites --- */

static int
is_unencrypted(const struct tlsfloor_cipher_suite *suite)
{
    return suite->encryption == TLSFLOOR_ENC_NULL;
}

static int
is_anonymous(const struct tlsfloor_cipher_suite *suite)
{
    return suite->authentication == TLSFLOOR_AUTH_NONE;
}

static int
is_export(const struct tlsfloor_cipher_suite *suite)
{
    return suite->export_grade;
}

static int
is_rc4(const struct tlsfloor_cipher_suite *suite)
{
    return suite->encryption == TLSFLOOR_ENC_RC4;
}

static int
is_short(const struct tlsfloor_cipher_suite *suite)
{
    return suite->strength < 128 || suite->encryption == TLSFLOOR_ENC_IDEA_CBC;
}

static int
is_static(const struct tlsfloor_cipher_suite *suite)
{
    return suite->key_exchange == TLSFLOOR_KX_RSA || suite->key_exchange == TLSFLOOR_KX_DH ||
           suite->key_exchange == TLSFLOOR_KX_ECDH;
}

static int
is_dhe(const struct tlsfloor_cipher_suite *suite)
{
    return suite->key_exchange == TLSFLOOR_KX_DHE;
}

static int
is_cbc(const struct tlsfloor_cipher_suite *suite)
{
    return !suite->aead;
}

static const struct {
    const char *name;
    int (*has)(const struct tlsfloor_cipher_suite *suite);
} kinds[] = {
    {"no encryption", is_unencrypted},
    {"anonymous server", is_anonymous},
    {"export suites", is_export},
    {"RC4", is_rc4},
    {"3DES, DES, IDEA", is_short},
    {"static keys", is_static},
    {"DHE", is_dhe},
    {"CBC", is_cbc},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

_Static_assert(VERSIONS + KINDS == PROBE_CLIENTS, "the number of clients");

/* 1 if a mail program could use it without a secret that it shares with the server. */
static int
is_for_mail(const struct tlsfloor_cipher_suite *suite)
{
    switch ((enum tlsfloor_key_exchange)suite->key_exchange) {
    case TLSFLOOR_KX_RSA:
    case TLSFLOOR_KX_DH:
    case TLSFLOOR_KX_DHE:
    case TLSFLOOR_KX_ECDH:
    case TLSFLOOR_KX_ECDHE:
        return 1;
    case TLSFLOOR_KX_ANY:
    case TLSFLOOR_KX_NONE:
    case TLSFLOOR_KX_PSK:
    case TLSFLOOR_KX_RSA_PSK:
    case TLSFLOOR_KX_DHE_PSK:
    case TLSFLOOR_KX_ECDHE_PSK:
    case TLSFLOOR_KX_SRP:
    case TLSFLOOR_KX_KRB5:
    case TLSFLOOR_KX_GOST:
    case TLSFLOOR_KX_CECPQ1:
    case TLSFLOOR_KX_ECCPWD:
        break;
    }
    return 0;
}

/* KINDS: none. */
static size_t
kind_of(const struct tlsfloor_cipher_suite *suite)
{
    size_t kind = is_for_mail(suite) ? 0 : KINDS;

    while (kind < KINDS && !kinds[kind].has(suite))
        kind++;
    return kind;
}

/* --- the clients --- */

static void
make_version(size_t i, struct probe_client *client)
{
    client->name = tlsfloor_tls_name(versions[i].tls);
    client->tls = versions[i].tls;
    client->offer.least = client->offer.most = versions[i].number;
    client->offer.plain = versions[i].tls == TLSFLOOR_TLS_CLEARTEXT;
    client->offer.suites = EVERY_SUITE;
}

static void
make_kind(size_t kind, struct probe_client *client)
{
    client->name = kinds[kind].name;
    client->tls = TLSFLOOR_TLS_UNKNOWN;
    client->offer.most = TLS1_2_VERSION;
    client->offer.suites = client->suites;
}

static void
add_suite(const char *name, struct probe_client *client)
{
    size_t used = strlen(client->suites);

    if (used + strlen(name) + 2 > sizeof(client->suites))
        return;
    snprintf(client->suites + used, sizeof(client->suites) - used, "%s%s", used == 0 ? "" : ":",
             name);
    client->spoken++;
}

/* Hands out the suites that this OpenSSL has. */
static void
share_suites(const STACK_OF(SSL_CIPHER) * ciphers, struct probe_client clients[KINDS])
{
    for (int i = 0; i < sk_SSL_CIPHER_num(ciphers); i++) {
        const char *name = SSL_CIPHER_get_name(sk_SSL_CIPHER_value(ciphers, i));
        const struct tlsfloor_cipher_suite *suite =
            tlsfloor_cipher_suite_find(tlsfloor_text_from(name));
        size_t kind = suite == NULL ? KINDS : kind_of(suite);

        if (kind < KINDS)
            add_suite(name, &clients[kind]);
    }
}

int
probe_clients_make(struct probe_client clients_r[PROBE_CLIENTS])
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    size_t kind;

    if (context == NULL)
        return -1;
    memset(clients_r, 0, PROBE_CLIENTS * sizeof(*clients_r));
    for (size_t i = 0; i < VERSIONS; i++)
        make_version(i, &clients_r[i]);
    for (size_t i = 0; i < KINDS; i++)
        make_kind(i, &clients_r[VERSIONS + i]);
    for (size_t i = 0; i < tlsfloor_cipher_suites_count; i++) {
        kind = kind_of(&tlsfloor_cipher_suites[i]);
        if (kind < KINDS)
            clients_r[VERSIONS + kind].known++;
    }
    SSL_CTX_set_security_level(context, 0);
    if (SSL_CTX_set_cipher_list(context, EVERY_SUITE) == 1)
        share_suites(SSL_CTX_get_ciphers(context), &clients_r[VERSIONS]);
    SSL_CTX_free(context);
    return 0;
}
