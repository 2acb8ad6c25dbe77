/* SPDX-License-Identifier: MIT */
/*
 * The table of cipher suites against itself, against the meaning of the IANA
 * names, which a parser of this file works out anew, and against every suite
 * that the linked OpenSSL knows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <openssl/objects.h>
#include <openssl/ssl.h>

#include "cipher-suites.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define NO_LONGER_A_NAME 30000
#define LEAST_COMPARED 100
#define EMPTY_RENEGOTIATION_INFO_SCSV 0x00FF
#define FALLBACK_SCSV 0x5600

#define FIRST tlsfloor_cipher_suites
#define END (tlsfloor_cipher_suites + tlsfloor_cipher_suites_count)

/* What a name says. */
struct parts {
    int key_exchange;
    int authentication;
    int encryption;
    int strength;
    int mac;
    int export_grade;
};

/* Looks up bytes in memory of exactly their size: a step beyond is seen. */
static const struct tlsfloor_cipher_suite *
find_bytes(const char *bytes, size_t size)
{
    char *copy = malloc(size == 0 ? 1 : size);
    const struct tlsfloor_cipher_suite *suite;

    assert_non_null(copy);
    memcpy(copy, bytes, size);
    suite = tlsfloor_cipher_suite_find((struct tlsfloor_text){copy, size});
    free(copy);
    return suite;
}

static const struct tlsfloor_cipher_suite *
find(const char *name)
{
    return find_bytes(name, strlen(name));
}

static int
is_name(const char *name, const char *bytes, size_t size)
{
    return strlen(name) == size && memcmp(name, bytes, size) == 0;
}

static int
starts_with(const char *string, const char *prefix)
{
    return strncmp(string, prefix, strlen(prefix)) == 0;
}

/* --- the table as such --- */

static void
names_are_sorted(void **state)
{
    (void)state;
    for (size_t i = 1; i < tlsfloor_cipher_suites_count; i++)
        if (strcmp(tlsfloor_cipher_suites[i - 1].openssl, tlsfloor_cipher_suites[i].openssl) >= 0)
            fail_msg("%s is not before %s", tlsfloor_cipher_suites[i - 1].openssl,
                     tlsfloor_cipher_suites[i].openssl);
}

static void
no_name_or_code_occurs_twice(void **state)
{
    (void)state;
    for (const struct tlsfloor_cipher_suite *a = FIRST; a < END; a++) {
        for (const struct tlsfloor_cipher_suite *b = FIRST; b < END; b++) {
            if (a == b)
                continue;
            if (a->code == b->code)
                fail_msg("%s and %s have the same code", a->iana, b->iana);
            if (strcmp(a->iana, b->iana) == 0 || strcmp(a->openssl, b->iana) == 0)
                fail_msg("%s occurs twice", b->iana);
        }
    }
}

static const struct {
    unsigned code;
    const char *openssl;
    const char *iana;
} known[] = {
    {0x0000, "TLS_NULL_WITH_NULL_NULL", "TLS_NULL_WITH_NULL_NULL"},
    {0x0003, "EXP-RC4-MD5", "TLS_RSA_EXPORT_WITH_RC4_40_MD5"},
    {0x000A, "DES-CBC3-SHA", "TLS_RSA_WITH_3DES_EDE_CBC_SHA"},
    {0x0015, "EDH-RSA-DES-CBC-SHA", "TLS_DHE_RSA_WITH_DES_CBC_SHA"},
    {0x0016, "DHE-RSA-DES-CBC3-SHA", "TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA"},
    {0x0061, "EXP1024-RC2-CBC-MD5", "TLS_RSA_EXPORT1024_WITH_RC2_CBC_56_MD5"},
    {0x00C6, "TLS_SM4_GCM_SM3", "TLS_SM4_GCM_SM3"},
    {0x1301, "TLS_AES_128_GCM_SHA256", "TLS_AES_128_GCM_SHA256"},
    {0xC02F, "ECDHE-RSA-AES128-GCM-SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"},
    {0xC060, "ECDHE-ARIA128-GCM-SHA256", "TLS_ECDHE_RSA_WITH_ARIA_128_GCM_SHA256"},
    {0xC0AA, "DHE-PSK-AES128-CCM8", "TLS_PSK_DHE_WITH_AES_128_CCM_8"},
    {0xC0B4, "TLS_SHA256_SHA256", "TLS_SHA256_SHA256"},
    {0xC102, "IANA-GOST2012-GOST8912-GOST8912", "TLS_GOSTR341112_256_WITH_28147_CNT_IMIT"},
    {0xCCA8, "ECDHE-RSA-CHACHA20-POLY1305", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256"},
    {0xD005, "TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256", "TLS_ECDHE_PSK_WITH_AES_128_CCM_SHA256"},
    {0xFF85, "LEGACY-GOST2012-GOST8912-GOST8912", "GOST2012-GOST8912-GOST8912"},
};

static void
known_suites_have_their_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(known); i++) {
        const struct tlsfloor_cipher_suite *suite = find(known[i].openssl);

        assert_non_null(suite);
        assert_int_equal(suite->code, known[i].code);
        assert_string_equal(suite->openssl, known[i].openssl);
        assert_string_equal(suite->iana, known[i].iana);
    }
}

/* --- one fact against the other --- */

static int
key_exchange_is_forward_secret(enum tlsfloor_key_exchange kx)
{
    switch (kx) {
    case TLSFLOOR_KX_ANY:
    case TLSFLOOR_KX_DHE:
    case TLSFLOOR_KX_ECDHE:
    case TLSFLOOR_KX_DHE_PSK:
    case TLSFLOOR_KX_ECDHE_PSK:
    case TLSFLOOR_KX_SRP:
    case TLSFLOOR_KX_CECPQ1:
    case TLSFLOOR_KX_ECCPWD:
        return 1;
    case TLSFLOOR_KX_NONE:
    case TLSFLOOR_KX_RSA:
    case TLSFLOOR_KX_DH:
    case TLSFLOOR_KX_ECDH:
    case TLSFLOOR_KX_PSK:
    case TLSFLOOR_KX_RSA_PSK:
    case TLSFLOOR_KX_KRB5:
    case TLSFLOOR_KX_GOST:
        return 0;
    }
    fail_msg("key exchange %d", (int)kx);
    return 0;
}

/* 1 if the encryption is authenticated by itself. */
static int
encryption_is_aead(const struct tlsfloor_cipher_suite *suite)
{
    const char *name = tlsfloor_encryption_name((enum tlsfloor_encryption)suite->encryption);

    return strstr(name, "GCM") != NULL || strstr(name, "CCM") != NULL ||
           strstr(name, "POLY1305") != NULL || strstr(suite->iana, "_MGM_") != NULL;
}

static int
strength_fits(const struct tlsfloor_cipher_suite *suite)
{
    int bits = suite->strength;
    int weakened = suite->export_grade && (bits == 40 || bits == 56);

    switch ((enum tlsfloor_encryption)suite->encryption) {
    case TLSFLOOR_ENC_NULL:
        return bits == 0;
    case TLSFLOOR_ENC_RC2_CBC:
        return weakened;
    case TLSFLOOR_ENC_RC4:
        return weakened || (!suite->export_grade && bits == 128);
    case TLSFLOOR_ENC_DES_CBC:
        return weakened || bits == 56;
    case TLSFLOOR_ENC_3DES_CBC:
        return bits == 112;
    case TLSFLOOR_ENC_IDEA_CBC:
    case TLSFLOOR_ENC_SEED_CBC:
    case TLSFLOOR_ENC_SM4_GCM:
    case TLSFLOOR_ENC_SM4_CCM:
        return bits == 128;
    case TLSFLOOR_ENC_GOST:
    case TLSFLOOR_ENC_CHACHA20_POLY1305:
        return bits == 256;
    case TLSFLOOR_ENC_AES_CBC:
    case TLSFLOOR_ENC_AES_GCM:
    case TLSFLOOR_ENC_AES_CCM:
    case TLSFLOOR_ENC_AES_CCM_8:
    case TLSFLOOR_ENC_CAMELLIA_CBC:
    case TLSFLOOR_ENC_CAMELLIA_GCM:
    case TLSFLOOR_ENC_ARIA_CBC:
    case TLSFLOOR_ENC_ARIA_GCM:
        return bits == 128 || bits == 256;
    }
    return 0;
}

static int
version_fits(const struct tlsfloor_cipher_suite *suite)
{
    if (suite->first_version < TLSFLOOR_TLS_SSLV3 || suite->first_version > TLSFLOOR_TLS_1_3)
        return 0;
    if (suite->aead && suite->first_version < TLSFLOOR_TLS_1_2)
        return 0;
    if (strstr(suite->iana, "ECDH") != NULL && suite->first_version < TLSFLOOR_TLS_1_0)
        return 0;
    return (suite->first_version == TLSFLOOR_TLS_1_3) == (suite->key_exchange == TLSFLOOR_KX_ANY);
}

static int
is_consistent(const struct tlsfloor_cipher_suite *suite)
{
    enum tlsfloor_key_exchange kx = (enum tlsfloor_key_exchange)suite->key_exchange;

    return suite->aead == (suite->mac == TLSFLOOR_MAC_AEAD) &&
           suite->aead == encryption_is_aead(suite) && strength_fits(suite) &&
           (suite->encryption == TLSFLOOR_ENC_NULL) == (suite->strength == 0) &&
           suite->export_grade == starts_with(suite->openssl, "EXP") &&
           suite->export_grade == (strstr(suite->iana, "EXPORT") != NULL) &&
           suite->forward_secrecy == key_exchange_is_forward_secret(kx) &&
           (kx == TLSFLOOR_KX_ANY) == (suite->authentication == TLSFLOOR_AUTH_ANY) &&
           version_fits(suite);
}

static void
facts_of_a_suite_fit_together(void **state)
{
    (void)state;
    for (const struct tlsfloor_cipher_suite *suite = FIRST; suite < END; suite++) {
        if (!is_consistent(suite))
            fail_msg("%s contradicts itself", suite->iana);
    }
}

/* --- the facts against the IANA name --- */

static const struct {
    const char *name;
    enum tlsfloor_key_exchange kx;
    enum tlsfloor_authentication auth;
} exchanges[] = {
    {"NULL", TLSFLOOR_KX_NONE, TLSFLOOR_AUTH_NONE},
    {"RSA", TLSFLOOR_KX_RSA, TLSFLOOR_AUTH_RSA},
    {"RSA_FIPS", TLSFLOOR_KX_RSA, TLSFLOOR_AUTH_RSA},
    {"RSA_OLDFIPS", TLSFLOOR_KX_RSA, TLSFLOOR_AUTH_RSA},
    {"DH_DSS", TLSFLOOR_KX_DH, TLSFLOOR_AUTH_DSS},
    {"DH_RSA", TLSFLOOR_KX_DH, TLSFLOOR_AUTH_RSA},
    {"DH_anon", TLSFLOOR_KX_DHE, TLSFLOOR_AUTH_NONE},
    {"DHE_DSS", TLSFLOOR_KX_DHE, TLSFLOOR_AUTH_DSS},
    {"DHE_RSA", TLSFLOOR_KX_DHE, TLSFLOOR_AUTH_RSA},
    {"ECDH_ECDSA", TLSFLOOR_KX_ECDH, TLSFLOOR_AUTH_ECDSA},
    {"ECDH_RSA", TLSFLOOR_KX_ECDH, TLSFLOOR_AUTH_RSA},
    {"ECDH_anon", TLSFLOOR_KX_ECDHE, TLSFLOOR_AUTH_NONE},
    {"ECDHE_ECDSA", TLSFLOOR_KX_ECDHE, TLSFLOOR_AUTH_ECDSA},
    {"ECDHE_RSA", TLSFLOOR_KX_ECDHE, TLSFLOOR_AUTH_RSA},
    {"PSK", TLSFLOOR_KX_PSK, TLSFLOOR_AUTH_PSK},
    {"RSA_PSK", TLSFLOOR_KX_RSA_PSK, TLSFLOOR_AUTH_RSA},
    {"DHE_PSK", TLSFLOOR_KX_DHE_PSK, TLSFLOOR_AUTH_PSK},
    {"PSK_DHE", TLSFLOOR_KX_DHE_PSK, TLSFLOOR_AUTH_PSK},
    {"ECDHE_PSK", TLSFLOOR_KX_ECDHE_PSK, TLSFLOOR_AUTH_PSK},
    {"SRP_SHA", TLSFLOOR_KX_SRP, TLSFLOOR_AUTH_SRP},
    {"SRP_SHA_RSA", TLSFLOOR_KX_SRP, TLSFLOOR_AUTH_RSA},
    {"SRP_SHA_DSS", TLSFLOOR_KX_SRP, TLSFLOOR_AUTH_DSS},
    {"KRB5", TLSFLOOR_KX_KRB5, TLSFLOOR_AUTH_KRB5},
    {"CECPQ1_RSA", TLSFLOOR_KX_CECPQ1, TLSFLOOR_AUTH_RSA},
    {"CECPQ1_ECDSA", TLSFLOOR_KX_CECPQ1, TLSFLOOR_AUTH_ECDSA},
    {"ECCPWD", TLSFLOOR_KX_ECCPWD, TLSFLOOR_AUTH_ECCPWD},
    {"GOSTR341094", TLSFLOOR_KX_GOST, TLSFLOOR_AUTH_GOST},
    {"GOSTR341001", TLSFLOOR_KX_GOST, TLSFLOOR_AUTH_GOST},
    {"GOSTR341112_256", TLSFLOOR_KX_GOST, TLSFLOOR_AUTH_GOST},
    {"GOSTR341094_RSA", TLSFLOOR_KX_RSA, TLSFLOOR_AUTH_RSA},
};

/* A cipher stands after every other whose name begins with its own. */
static const struct {
    const char *name;
    enum tlsfloor_encryption enc;
    int strength;
    int aead;
} ciphers[] = {
    {"NULL", TLSFLOOR_ENC_NULL, 0, 0},
    {"SHA256", TLSFLOOR_ENC_NULL, 0, 0},
    {"SHA384", TLSFLOOR_ENC_NULL, 0, 0},
    {"RC2_CBC_40", TLSFLOOR_ENC_RC2_CBC, 40, 0},
    {"RC2_CBC_56", TLSFLOOR_ENC_RC2_CBC, 56, 0},
    {"RC4_40", TLSFLOOR_ENC_RC4, 40, 0},
    {"RC4_56", TLSFLOOR_ENC_RC4, 56, 0},
    {"RC4_128", TLSFLOOR_ENC_RC4, 128, 0},
    {"DES40_CBC", TLSFLOOR_ENC_DES_CBC, 40, 0},
    {"DES_CBC_40", TLSFLOOR_ENC_DES_CBC, 40, 0},
    {"DES_CBC", TLSFLOOR_ENC_DES_CBC, 56, 0},
    {"3DES_EDE_CBC", TLSFLOOR_ENC_3DES_CBC, 112, 0},
    {"IDEA_CBC", TLSFLOOR_ENC_IDEA_CBC, 128, 0},
    {"SEED_CBC", TLSFLOOR_ENC_SEED_CBC, 128, 0},
    {"28147_CNT", TLSFLOOR_ENC_GOST, 256, 0},
    {"KUZNYECHIK_CTR", TLSFLOOR_ENC_GOST, 256, 0},
    {"KUZNYECHIK_MGM", TLSFLOOR_ENC_GOST, 256, 1},
    {"MAGMA_CTR", TLSFLOOR_ENC_GOST, 256, 0},
    {"MAGMA_MGM", TLSFLOOR_ENC_GOST, 256, 1},
    {"AES_128_CBC", TLSFLOOR_ENC_AES_CBC, 128, 0},
    {"AES_256_CBC", TLSFLOOR_ENC_AES_CBC, 256, 0},
    {"AES_128_GCM", TLSFLOOR_ENC_AES_GCM, 128, 1},
    {"AES_256_GCM", TLSFLOOR_ENC_AES_GCM, 256, 1},
    {"AES_128_CCM_8", TLSFLOOR_ENC_AES_CCM_8, 128, 1},
    {"AES_256_CCM_8", TLSFLOOR_ENC_AES_CCM_8, 256, 1},
    {"AES_128_CCM", TLSFLOOR_ENC_AES_CCM, 128, 1},
    {"AES_256_CCM", TLSFLOOR_ENC_AES_CCM, 256, 1},
    {"CAMELLIA_128_CBC", TLSFLOOR_ENC_CAMELLIA_CBC, 128, 0},
    {"CAMELLIA_256_CBC", TLSFLOOR_ENC_CAMELLIA_CBC, 256, 0},
    {"CAMELLIA_128_GCM", TLSFLOOR_ENC_CAMELLIA_GCM, 128, 1},
    {"CAMELLIA_256_GCM", TLSFLOOR_ENC_CAMELLIA_GCM, 256, 1},
    {"ARIA_128_CBC", TLSFLOOR_ENC_ARIA_CBC, 128, 0},
    {"ARIA_256_CBC", TLSFLOOR_ENC_ARIA_CBC, 256, 0},
    {"ARIA_128_GCM", TLSFLOOR_ENC_ARIA_GCM, 128, 1},
    {"ARIA_256_GCM", TLSFLOOR_ENC_ARIA_GCM, 256, 1},
    {"SM4_GCM", TLSFLOOR_ENC_SM4_GCM, 128, 1},
    {"SM4_CCM", TLSFLOOR_ENC_SM4_CCM, 128, 1},
    {"CHACHA20_POLY1305", TLSFLOOR_ENC_CHACHA20_POLY1305, 256, 1},
};

static const struct {
    const char *name;
    enum tlsfloor_mac mac;
} hashes[] = {
    {"_NULL", TLSFLOOR_MAC_NONE},      {"_MD5", TLSFLOOR_MAC_MD5},
    {"_SHA", TLSFLOOR_MAC_SHA1},       {"_SHA256", TLSFLOOR_MAC_SHA256},
    {"_SHA384", TLSFLOOR_MAC_SHA384},  {"_IMIT", TLSFLOOR_MAC_GOST},
    {"_OMAC", TLSFLOOR_MAC_GOST},      {"_GOST94", TLSFLOOR_MAC_GOST},
    {"_GOSTR3411", TLSFLOOR_MAC_GOST},
};

static int
parse_exchange(struct parts *parts, const char *name, size_t size)
{
    static const char *const exports[] = {"_EXPORT1024", "_EXPORT"};

    for (size_t i = 0; i < COUNT(exports); i++) {
        size_t length = strlen(exports[i]);

        if (size > length && memcmp(name + size - length, exports[i], length) == 0) {
            parts->export_grade = 1;
            size -= length;
        }
    }
    for (size_t i = 0; i < COUNT(exchanges); i++) {
        if (is_name(exchanges[i].name, name, size)) {
            parts->key_exchange = (int)exchanges[i].kx;
            parts->authentication = (int)exchanges[i].auth;
            return 0;
        }
    }
    return -1;
}

static int
parse_hash(struct parts *parts, const char *name)
{
    for (size_t i = 0; i < COUNT(hashes); i++) {
        if (strcmp(hashes[i].name, name) == 0) {
            parts->mac = (int)hashes[i].mac;
            return 0;
        }
    }
    return -1;
}

static int
parse_cipher(struct parts *parts, const char *name)
{
    for (size_t i = 0; i < COUNT(ciphers); i++) {
        if (!starts_with(name, ciphers[i].name))
            continue;
        parts->encryption = (int)ciphers[i].enc;
        parts->strength = ciphers[i].strength;
        parts->mac = (int)TLSFLOOR_MAC_AEAD;
        return ciphers[i].aead ? 0 : parse_hash(parts, name + strlen(ciphers[i].name));
    }
    return -1;
}

/* What an IANA name says, -1 if it is none. */
static int
parse_name(struct parts *parts, const char *name)
{
    const char *with = strstr(name, "_WITH_");

    memset(parts, 0, sizeof(*parts));
    if (!starts_with(name, "TLS_") && !starts_with(name, "SSL_"))
        return -1;
    name += 4;
    parts->key_exchange = (int)TLSFLOOR_KX_ANY;
    parts->authentication = (int)TLSFLOOR_AUTH_ANY;
    if (with == NULL)
        return parse_cipher(parts, name);
    /* RFC 9367 writes GOST and _WITH_, but means TLS 1.3. */
    if (strstr(with, "_MGM_") == NULL && parse_exchange(parts, name, (size_t)(with - name)) != 0)
        return -1;
    return parse_cipher(parts, with + strlen("_WITH_"));
}

/* Private code points of OpenSSL, without an IANA name. */
static int
is_private(unsigned code)
{
    return code == 0xFF02 || code == 0xFF03 || code == 0xFF85 || code == 0xFF87;
}

static void
facts_follow_from_the_iana_name(void **state)
{
    (void)state;
    for (const struct tlsfloor_cipher_suite *suite = FIRST; suite < END; suite++) {
        struct parts parts;

        if (is_private(suite->code)) {
            assert_int_equal(suite->mac, TLSFLOOR_MAC_GOST);
            continue;
        }
        if (parse_name(&parts, suite->iana) != 0)
            fail_msg("%s is not an IANA name", suite->iana);
        if (suite->key_exchange != parts.key_exchange ||
            suite->authentication != parts.authentication ||
            suite->encryption != parts.encryption || suite->strength != parts.strength ||
            suite->mac != parts.mac || suite->export_grade != parts.export_grade)
            fail_msg("%s does not mean what the table says", suite->iana);
    }
}

/* --- look-ups --- */

static void
every_suite_is_found_by_both_names(void **state)
{
    (void)state;
    for (const struct tlsfloor_cipher_suite *suite = FIRST; suite < END; suite++) {
        assert_ptr_equal(find(suite->openssl), suite);
        assert_ptr_equal(find(suite->iana), suite);
    }
}

/* Some cut names are names themselves: ..._CCM of ..._CCM_8. */
static void
assert_found_only_if_known(const char *bytes, size_t size)
{
    const struct tlsfloor_cipher_suite *found = find_bytes(bytes, size);

    for (const struct tlsfloor_cipher_suite *suite = FIRST; suite < END; suite++) {
        if (is_name(suite->openssl, bytes, size) || is_name(suite->iana, bytes, size)) {
            assert_ptr_equal(found, suite);
            return;
        }
    }
    assert_null(found);
}

static void
a_changed_name_is_another_name(void **state)
{
    (void)state;
    for (const struct tlsfloor_cipher_suite *suite = FIRST; suite < END; suite++) {
        const char *names[] = {suite->openssl, suite->iana};

        for (size_t i = 0; i < COUNT(names); i++) {
            size_t size = strlen(names[i]);
            char longer[100];

            for (size_t cut = 0; cut < size; cut++)
                assert_found_only_if_known(names[i], cut);
            assert_found_only_if_known(names[i] + 1, size - 1);
            assert_true(size + 2 < sizeof(longer));
            memcpy(longer, names[i], size + 1);
            assert_null(find_bytes(longer, size + 1)); /* its NUL */
            longer[size] = ' ';
            assert_null(find_bytes(longer, size + 1));
            longer[size] = '\xff';
            assert_null(find_bytes(longer, size + 1));
            longer[0] = (char)(longer[0] ^ 0x20); /* the other case */
            assert_null(find_bytes(longer, size));
        }
    }
}

static const struct {
    const char *name;
    const char *bytes;
    size_t size;
} unknown[] = {
    {"empty", "", 0},
    {"NUL", "\0", 1},
    {"NUL first", "\0AES128-SHA", 11},
    {"NUL within", "AES128\0-SHA", 11},
    {"blank first", " AES128-SHA", 11},
    {"line end", "AES128-SHA\r\n", 12},
    {"lower case", "aes128-sha", 10},
    {"lower case of IANA", "tls_rsa_with_aes_128_cbc_sha", 28},
    {"IANA name with dashes", "TLS-RSA-WITH-AES-128-CBC-SHA", 28},
    {"after all others", "\xff\xff\xff\xff", 4},
    {"OpenSSL's word for none", "(NONE)", 6},
    {"two names", "AES128-SHA:AES256-SHA", 21},
    {"signal of renegotiation", "TLS_EMPTY_RENEGOTIATION_INFO_SCSV", 33},
    {"signal of fallback", "TLS_FALLBACK_SCSV", 17},
};

static void
what_is_no_name_is_not_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(unknown); i++)
        if (find_bytes(unknown[i].bytes, unknown[i].size) != NULL)
            fail_msg("%s is found", unknown[i].name);
    assert_null(tlsfloor_cipher_suite_find((struct tlsfloor_text){NULL, 0}));
}

static void
a_name_of_any_length_is_not_found(void **state)
{
    char *bytes = malloc(NO_LONGER_A_NAME);

    (void)state;
    assert_non_null(bytes);
    memset(bytes, 'A', NO_LONGER_A_NAME);
    assert_null(find_bytes(bytes, NO_LONGER_A_NAME));
    memcpy(bytes, "AES128-SHA", 10);
    assert_null(find_bytes(bytes, NO_LONGER_A_NAME));
    memset(bytes + 10, '\0', NO_LONGER_A_NAME - 10);
    assert_null(find_bytes(bytes, NO_LONGER_A_NAME));
    free(bytes);
}

/* --- the names of the parts --- */

static const char *
key_exchange_name(int value)
{
    return tlsfloor_key_exchange_name((enum tlsfloor_key_exchange)value);
}

static const char *
authentication_name(int value)
{
    return tlsfloor_authentication_name((enum tlsfloor_authentication)value);
}

static const char *
encryption_name(int value)
{
    return tlsfloor_encryption_name((enum tlsfloor_encryption)value);
}

static const char *
mac_name(int value)
{
    return tlsfloor_mac_name((enum tlsfloor_mac)value);
}

static const struct {
    const char *(*name)(int value);
    int count;
} kinds[] = {
    {key_exchange_name, TLSFLOOR_KX_ECCPWD + 1},
    {authentication_name, TLSFLOOR_AUTH_ECCPWD + 1},
    {encryption_name, TLSFLOOR_ENC_CHACHA20_POLY1305 + 1},
    {mac_name, TLSFLOOR_MAC_AEAD + 1},
};

static void
every_part_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(kinds); i++) {
        for (int a = 0; a < kinds[i].count; a++) {
            assert_string_not_equal(kinds[i].name(a), "unknown");
            for (int b = 0; b < a; b++)
                assert_string_not_equal(kinds[i].name(a), kinds[i].name(b));
        }
        assert_string_equal(kinds[i].name(kinds[i].count), "unknown");
    }
}

static void
parts_are_called_as_in_the_names_of_suites(void **state)
{
    (void)state;
    assert_string_equal(key_exchange_name(TLSFLOOR_KX_ECDHE), "ECDHE");
    assert_string_equal(key_exchange_name(TLSFLOOR_KX_RSA_PSK), "RSA-PSK");
    assert_string_equal(authentication_name(TLSFLOOR_AUTH_NONE), "none");
    assert_string_equal(encryption_name(TLSFLOOR_ENC_AES_GCM), "AES-GCM");
    assert_string_equal(encryption_name(TLSFLOOR_ENC_AES_CCM_8), "AES-CCM-8");
    assert_string_equal(mac_name(TLSFLOOR_MAC_SHA256), "SHA256");
}

/* --- the table against OpenSSL --- */

struct meaning {
    int nid;
    int value;
};

static const struct meaning openssl_exchanges[] = {
    {NID_kx_any, TLSFLOOR_KX_ANY},         {NID_kx_rsa, TLSFLOOR_KX_RSA},
    {NID_kx_dhe, TLSFLOOR_KX_DHE},         {NID_kx_ecdhe, TLSFLOOR_KX_ECDHE},
    {NID_kx_psk, TLSFLOOR_KX_PSK},         {NID_kx_rsa_psk, TLSFLOOR_KX_RSA_PSK},
    {NID_kx_dhe_psk, TLSFLOOR_KX_DHE_PSK}, {NID_kx_ecdhe_psk, TLSFLOOR_KX_ECDHE_PSK},
    {NID_kx_srp, TLSFLOOR_KX_SRP},         {NID_kx_gost, TLSFLOOR_KX_GOST},
#ifdef NID_kx_gost18
    {NID_kx_gost18, TLSFLOOR_KX_GOST},
#endif
};

static const struct meaning openssl_authentications[] = {
    {NID_auth_any, TLSFLOOR_AUTH_ANY},     {NID_auth_null, TLSFLOOR_AUTH_NONE},
    {NID_auth_rsa, TLSFLOOR_AUTH_RSA},     {NID_auth_dss, TLSFLOOR_AUTH_DSS},
    {NID_auth_ecdsa, TLSFLOOR_AUTH_ECDSA}, {NID_auth_psk, TLSFLOOR_AUTH_PSK},
    {NID_auth_srp, TLSFLOOR_AUTH_SRP},     {NID_auth_gost01, TLSFLOOR_AUTH_GOST},
    {NID_auth_gost12, TLSFLOOR_AUTH_GOST}, {NID_undef, TLSFLOOR_AUTH_GOST}, /* either of the two */
};

static const struct meaning openssl_ciphers[] = {
    {NID_undef, TLSFLOOR_ENC_NULL},
    {NID_rc4, TLSFLOOR_ENC_RC4},
    {NID_des_ede3_cbc, TLSFLOOR_ENC_3DES_CBC},
    {NID_idea_cbc, TLSFLOOR_ENC_IDEA_CBC},
    {NID_seed_cbc, TLSFLOOR_ENC_SEED_CBC},
    {NID_gost89_cnt, TLSFLOOR_ENC_GOST},
    {NID_gost89_cnt_12, TLSFLOOR_ENC_GOST},
#ifdef NID_kuznyechik_ctr_acpkm
    {NID_kuznyechik_ctr_acpkm, TLSFLOOR_ENC_GOST},
    {NID_magma_ctr_acpkm, TLSFLOOR_ENC_GOST},
#endif
    {NID_aes_128_cbc, TLSFLOOR_ENC_AES_CBC},
    {NID_aes_256_cbc, TLSFLOOR_ENC_AES_CBC},
    {NID_aes_128_gcm, TLSFLOOR_ENC_AES_GCM},
    {NID_aes_256_gcm, TLSFLOOR_ENC_AES_GCM},
    {NID_aes_128_ccm, TLSFLOOR_ENC_AES_CCM},
    {NID_aes_256_ccm, TLSFLOOR_ENC_AES_CCM},
    {NID_aes_128_ccm, TLSFLOOR_ENC_AES_CCM_8},
    {NID_aes_256_ccm, TLSFLOOR_ENC_AES_CCM_8},
    {NID_camellia_128_cbc, TLSFLOOR_ENC_CAMELLIA_CBC},
    {NID_camellia_256_cbc, TLSFLOOR_ENC_CAMELLIA_CBC},
    {NID_aria_128_gcm, TLSFLOOR_ENC_ARIA_GCM},
    {NID_aria_256_gcm, TLSFLOOR_ENC_ARIA_GCM},
    {NID_chacha20_poly1305, TLSFLOOR_ENC_CHACHA20_POLY1305},
};

static const struct meaning openssl_digests[] = {
    {NID_undef, TLSFLOOR_MAC_AEAD},
    {NID_undef, TLSFLOOR_MAC_GOST}, /* without the module for GOST */
    {NID_md5, TLSFLOOR_MAC_MD5},
    {NID_sha1, TLSFLOOR_MAC_SHA1},
    {NID_sha256, TLSFLOOR_MAC_SHA256},
    {NID_sha384, TLSFLOOR_MAC_SHA384},
    {NID_id_GostR3411_94, TLSFLOOR_MAC_GOST},
    {NID_id_GostR3411_2012_256, TLSFLOOR_MAC_GOST},
    {NID_id_Gost28147_89_MAC, TLSFLOOR_MAC_GOST},
    {NID_gost_mac_12, TLSFLOOR_MAC_GOST},
#ifdef NID_kuznyechik_mac
    {NID_kuznyechik_mac, TLSFLOOR_MAC_GOST},
    {NID_magma_mac, TLSFLOOR_MAC_GOST},
#endif
};

static const struct {
    const char *name;
    enum tlsfloor_tls version;
} openssl_versions[] = {
    {"SSLv3", TLSFLOOR_TLS_SSLV3}, {"TLSv1", TLSFLOOR_TLS_1_0},   {"TLSv1.0", TLSFLOOR_TLS_1_0},
    {"TLSv1.2", TLSFLOOR_TLS_1_2}, {"TLSv1.3", TLSFLOOR_TLS_1_3},
};

static int
means(const struct meaning *meanings, size_t count, int nid, int value)
{
    for (size_t i = 0; i < count; i++)
        if (meanings[i].nid == nid && meanings[i].value == value)
            return 1;
    return 0;
}

#define MEANS(meanings, nid, value) means(meanings, COUNT(meanings), nid, value)

static int
version_agrees(const struct tlsfloor_cipher_suite *suite, const SSL_CIPHER *cipher)
{
    for (size_t i = 0; i < COUNT(openssl_versions); i++)
        if (strcmp(openssl_versions[i].name, SSL_CIPHER_get_version(cipher)) == 0)
            return suite->first_version == openssl_versions[i].version;
    return 0;
}

/*
 * OpenSSL 3.5 counts the short tag of CCM_8 as 64 bits, where we count the key,
 * and the bits of the hash where nothing is encrypted.
 */
static int
strength_agrees(const struct tlsfloor_cipher_suite *suite, const SSL_CIPHER *cipher)
{
    int algorithm_bits;
    int bits = SSL_CIPHER_get_bits(cipher, &algorithm_bits);

    if (suite->encryption == TLSFLOOR_ENC_NULL)
        return suite->strength == 0;
    if (suite->encryption == TLSFLOOR_ENC_AES_CCM_8)
        return suite->strength == algorithm_bits;
    return suite->strength == bits;
}

static int
standard_name_agrees(const struct tlsfloor_cipher_suite *suite, const SSL_CIPHER *cipher)
{
    const char *name = SSL_CIPHER_standard_name(cipher);

    return name == NULL || strcmp(name, "(NONE)") == 0 ||
           (strcmp(name, suite->iana) == 0 && find(name) == suite);
}

static void
compare_with_openssl(const SSL_CIPHER *cipher)
{
    const char *name = SSL_CIPHER_get_name(cipher);
    const struct tlsfloor_cipher_suite *suite = find(name);
    const char *differs = NULL;

    if (suite == NULL)
        fail_msg("OpenSSL has %s", name);
    if (suite->code != SSL_CIPHER_get_protocol_id(cipher))
        differs = "code";
    else if (!standard_name_agrees(suite, cipher))
        differs = "IANA name";
    else if (!version_agrees(suite, cipher))
        differs = "first version";
    else if (!MEANS(openssl_exchanges, SSL_CIPHER_get_kx_nid(cipher), suite->key_exchange))
        differs = "key exchange";
    else if (!MEANS(openssl_authentications, SSL_CIPHER_get_auth_nid(cipher),
                    suite->authentication))
        differs = "authentication";
    else if (!MEANS(openssl_ciphers, SSL_CIPHER_get_cipher_nid(cipher), suite->encryption))
        differs = "encryption";
    else if (!MEANS(openssl_digests, SSL_CIPHER_get_digest_nid(cipher), suite->mac))
        differs = "MAC";
    else if (SSL_CIPHER_is_aead(cipher) != suite->aead)
        differs = "aead";
    else if (!strength_agrees(suite, cipher))
        differs = "strength";
    if (differs != NULL)
        fail_msg("%s: OpenSSL has another %s", name, differs);
}

/* A session with every suite that can be asked for, and no floor. */
static SSL *
open_session(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_method());
    SSL *session;

    assert_non_null(context);
    assert_int_equal(SSL_CTX_set_min_proto_version(context, 0), 1);
    SSL_CTX_set_security_level(context, 0);
    assert_int_equal(SSL_CTX_set_cipher_list(context, "ALL:COMPLEMENTOFALL:@SECLEVEL=0"), 1);
    assert_int_equal(SSL_CTX_set_ciphersuites(context,
                                              "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:"
                                              "TLS_CHACHA20_POLY1305_SHA256:"
                                              "TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256"),
                     1);
    session = SSL_new(context);
    assert_non_null(session);
    SSL_CTX_free(context);
    return session;
}

static void
openssl_agrees_on_what_it_offers(void **state)
{
    SSL *session = open_session();
    STACK_OF(SSL_CIPHER) *offered = SSL_get_ciphers(session);

    (void)state;
    assert_true(sk_SSL_CIPHER_num(offered) >= LEAST_COMPARED);
    for (int i = 0; i < sk_SSL_CIPHER_num(offered); i++)
        compare_with_openssl(sk_SSL_CIPHER_value(offered, i));
    SSL_free(session);
}

/* Also what it does not offer, such as GOST without its module. */
static void
openssl_agrees_on_what_it_knows(void **state)
{
    SSL *session = open_session();
    int compared = 0;

    (void)state;
    for (unsigned code = 0; code <= 0xFFFF; code++) {
        const unsigned char bytes[] = {(unsigned char)(code >> 8), (unsigned char)(code & 0xFF)};
        const SSL_CIPHER *cipher = SSL_CIPHER_find(session, bytes);

        if (cipher == NULL || code == EMPTY_RENEGOTIATION_INFO_SCSV || code == FALLBACK_SCSV)
            continue;
        compare_with_openssl(cipher);
        compared++;
    }
    assert_true(compared >= LEAST_COMPARED);
    SSL_free(session);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_sorted),
        cmocka_unit_test(no_name_or_code_occurs_twice),
        cmocka_unit_test(known_suites_have_their_code),
        cmocka_unit_test(facts_of_a_suite_fit_together),
        cmocka_unit_test(facts_follow_from_the_iana_name),
        cmocka_unit_test(every_suite_is_found_by_both_names),
        cmocka_unit_test(a_changed_name_is_another_name),
        cmocka_unit_test(what_is_no_name_is_not_found),
        cmocka_unit_test(a_name_of_any_length_is_not_found),
        cmocka_unit_test(every_part_has_a_name_of_its_own),
        cmocka_unit_test(parts_are_called_as_in_the_names_of_suites),
        cmocka_unit_test(openssl_agrees_on_what_it_offers),
        cmocka_unit_test(openssl_agrees_on_what_it_knows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
