/* SPDX-License-Identifier: MIT */
/*
 * Lines as names of versions, suites, services and users, and as dates: a name
 * means something exactly if it is one of the list, and what is understood is
 * written as it was read. No line but the right ones is a good version.
 */
#include <string.h>

#include "cipher-suites.h"
#include "facts.h"
#include "fuzz.h"
#include "hash.h"
#include "time-text.h"

#define LINES 16

/* Skips one or two digits, none of them a leading zero. NULL: there is no such number. */
static const char *
skip_number(const char *text, int *number_r)
{
    if (*text < '0' || *text > '9')
        return NULL;
    *number_r = *text - '0';
    if (text[0] == '0' || text[1] < '0' || text[1] > '9')
        return text + 1;
    *number_r = *number_r * 10 + text[1] - '0';
    return text + 2;
}

/* 1 if a name says 1.4 or newer. */
static int
is_newer(const char *name)
{
    int major, minor = 0;

    if (strncmp(name, "TLSv", 4) != 0)
        return 0;
    name = skip_number(name + 4, &major);
    if (name != NULL && *name == '.')
        name = skip_number(name + 1, &minor);
    return name != NULL && *name == '\0' && (major > 1 || (major == 1 && minor > 3));
}

static void
try_version(struct tlsfloor_text name, const char *string)
{
    enum tlsfloor_tls tls = tlsfloor_tls_parse(name);
    int whole = strlen(string) == name.size;

    if (tls == TLSFLOOR_TLS_UNKNOWN)
        for (int known = TLSFLOOR_TLS_CLEARTEXT; known <= TLSFLOOR_TLS_1_3; known++)
            REQUIRE(!whole || strcmp(string, tlsfloor_tls_name((enum tlsfloor_tls)known)) != 0);
    else if (tls == TLSFLOOR_TLS_1_0)
        REQUIRE(whole && (strcmp(string, "TLSv1") == 0 || strcmp(string, "TLSv1.0") == 0));
    else if (tls != TLSFLOOR_TLS_NEWER)
        REQUIRE(whole && strcmp(string, tlsfloor_tls_name(tls)) == 0);
    REQUIRE((tls == TLSFLOOR_TLS_NEWER) == (whole && is_newer(string)));
}

/* Not strcmp(), which sanitizers slow down: there are hundreds of names. */
static int
is_same(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

static void
try_suite(struct tlsfloor_text name, const char *string)
{
    const struct tlsfloor_cipher_suite *suite = tlsfloor_cipher_suite_find(name), *want = NULL;

    for (size_t i = 0; i < tlsfloor_cipher_suites_count; i++) {
        if (is_same(tlsfloor_cipher_suites[i].openssl, string) ||
            is_same(tlsfloor_cipher_suites[i].iana, string))
            want = &tlsfloor_cipher_suites[i];
    }
    REQUIRE(suite == (strlen(string) == name.size ? want : NULL));
    if (suite == NULL)
        return;
    REQUIRE(strcmp(tlsfloor_key_exchange_name(suite->key_exchange), "unknown") != 0);
    REQUIRE(strcmp(tlsfloor_authentication_name(suite->authentication), "unknown") != 0);
    REQUIRE(strcmp(tlsfloor_encryption_name(suite->encryption), "unknown") != 0);
    REQUIRE(strcmp(tlsfloor_mac_name(suite->mac), "unknown") != 0);
}

static void
try_service(struct tlsfloor_text name)
{
    enum tlsfloor_service service = tlsfloor_service_parse(name);

    if (service != TLSFLOOR_SERVICE_NONE)
        REQUIRE(tlsfloor_text_equal(name, tlsfloor_text_from(tlsfloor_service_name(service))));
}

static void
require_date(int64_t seconds, struct tlsfloor_text want)
{
    char text[11];

    tlsfloor_date_format(seconds, text);
    REQUIRE(tlsfloor_text_equal(tlsfloor_text_from(text), want));
}

static void
try_time(struct tlsfloor_text text)
{
    int64_t date = -1, time = -1;
    int is_date = tlsfloor_date_parse(text, &date) == 0;
    int is_time = tlsfloor_time_parse(text, &time) == 0;

    REQUIRE(!is_date || (is_time && date == time && date % TLSFLOOR_DAY == 0));
    REQUIRE(is_date || date == -1);
    if (!is_time)
        return;
    REQUIRE(time >= 0 && (text.size == 10 || text.size == 17 || text.size == 20));
    require_date(time, (struct tlsfloor_text){text.data, 10});
}

/* The line's first bytes as a number of seconds. */
static void
try_seconds(struct tlsfloor_text text)
{
    const int64_t end = INT64_C(2932897) * TLSFLOOR_DAY; /* 10000-01-01 */
    int64_t seconds, again;
    char date[11];

    if (text.size < sizeof(seconds))
        return;
    memcpy(&seconds, text.data, sizeof(seconds));
    tlsfloor_date_format(seconds, date);
    REQUIRE(strlen(date) == 10);
    seconds = (int64_t)((uint64_t)seconds % (uint64_t)end);
    tlsfloor_date_format(seconds, date);
    REQUIRE(tlsfloor_date_parse(tlsfloor_text_from(date), &again) == 0);
    REQUIRE(again == seconds - seconds % TLSFLOOR_DAY);
}

static void
try_user(struct tlsfloor_text name, char *upper)
{
    const struct tlsfloor_text none = {NULL, 0}, domain = tlsfloor_text_from("example.org");
    struct tlsfloor_user user = tlsfloor_user_named(name, none);
    struct tlsfloor_user completed = tlsfloor_user_named(name, domain), folded;
    size_t at = user.domain.data == NULL ? 0 : 1;

    REQUIRE(user.state == TLSFLOOR_USER_NAMED && completed.state == TLSFLOOR_USER_NAMED);
    REQUIRE(user.local.data == name.data && user.local.size + at + user.domain.size == name.size);
    REQUIRE(at == 0 || user.domain.data == name.data + user.local.size + 1);
    REQUIRE(at == 1 || name.size == 0 || memchr(name.data, '@', name.size) == NULL);
    REQUIRE(user.domain.size == 0 || memchr(user.domain.data, '@', user.domain.size) == NULL);
    REQUIRE(tlsfloor_text_equal(completed.local, user.local));
    REQUIRE(tlsfloor_text_equal(completed.domain, at == 1 ? user.domain : domain));
    for (size_t i = 0; i < name.size; i++)
        upper[i] -= upper[i] >= 'a' && upper[i] <= 'z' ? 'a' - 'A' : 0;
    REQUIRE(tlsfloor_text_equal_fold(name, (struct tlsfloor_text){upper, name.size}));
    folded = tlsfloor_user_named((struct tlsfloor_text){upper, name.size}, none);
    REQUIRE(tlsfloor_user_hash(TLSFLOOR_HASH_START, &user) ==
            tlsfloor_user_hash(TLSFLOOR_HASH_START, &folded));
}

static void
try_line(const char *data, size_t size)
{
    /* Of exactly its size, so that a step beyond is seen; and as a C string. */
    char *exact = malloc(size == 0 ? 1 : size), *string = calloc(size + 1, 1);
    struct tlsfloor_text text = {exact, size};

    REQUIRE(exact != NULL && string != NULL);
    if (size > 0) {
        memcpy(exact, data, size);
        memcpy(string, data, size);
    }
    try_version(text, string);
    try_suite(text, string);
    try_service(text);
    try_time(text);
    try_seconds(text);
    try_user(text, string);
    free(exact);
    free(string);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *rest = (const char *)data;

    for (int lines = 0; lines < LINES && size > 0; lines++) {
        const char *end = memchr(rest, '\n', size);
        size_t length = end == NULL ? size : (size_t)(end - rest);

        try_line(rest, length);
        length += end != NULL;
        rest += length;
        size -= length;
    }
    return 0;
}
