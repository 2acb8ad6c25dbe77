/* SPDX-License-Identifier: MIT */
/*
 * The envelope says yes wherever an exception could apply, whatever was put
 * together to make it fit; where it fits, it says no wherever none could. What
 * a damaged block says is yes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "envelope.h"
#include "time-text.h"

#define COUNT(table) (sizeof(table) / sizeof(table[0]))
#define NOW INT64_C(1806000000) /* 2027-03-25 */

/* The envelopes are large for a stack. */
static struct tlsfloor_envelope envelope, other;
static unsigned char block[TLSFLOOR_ENVELOPE_SIZE];

static int
set_up(void **state)
{
    (void)state;
    memset(&envelope, 0, sizeof(envelope));
    memset(&other, 0, sizeof(other));
    return 0;
}

static struct tlsfloor_exception
parse(const char *line)
{
    struct tlsfloor_exception exception;
    char error[256];

    if (tlsfloor_exception_parse(tlsfloor_text_from(line), tlsfloor_text_from(NULL), &exception,
                                 error, sizeof(error)) != 1)
        fail_msg("%s: %s", line, error);
    return exception;
}

static void
add(struct tlsfloor_envelope *to, const char *line)
{
    struct tlsfloor_exception exception = parse(line);

    tlsfloor_envelope_add(to, &exception, NOW);
}

/* A session whose user is not named yet. */
static struct tlsfloor_facts
session(enum tlsfloor_service service, const char *tls, const char *cipher, const char *client)
{
    struct tlsfloor_facts facts = {.service = service};

    facts.tls = tlsfloor_tls_parse(tlsfloor_text_from(tls));
    facts.suite = tlsfloor_cipher_suite_find(tlsfloor_text_from(cipher));
    assert_int_equal(tlsfloor_address_parse(tlsfloor_text_from(client), &facts.client), 0);
    return facts;
}

/* --- what it says --- */

static const struct {
    const char *name;
    const char *lines[4];
    enum tlsfloor_service service;
    const char *tls, *cipher, *client;
    int64_t after; /* seconds after NOW */
    int want;
} cases[] = {
    {"nobody", {NULL}, TLSFLOOR_SERVICE_IMAP, "TLSv1", "AES128-SHA", "192.0.2.1", 0, 0},
    {"the scanner",
     {"scan allow=TLSv1 until=2027-03-31 service=submission from=192.0.2.0/28"},
     TLSFLOOR_SERVICE_SUBMISSION,
     "TLSv1",
     "AES128-SHA",
     "192.0.2.1",
     0,
     1},
    {"from elsewhere",
     {"scan allow=TLSv1 until=2027-03-31 service=submission from=192.0.2.0/28"},
     TLSFLOOR_SERVICE_SUBMISSION,
     "TLSv1",
     "AES128-SHA",
     "192.0.2.16",
     0,
     0},
    {"to another service",
     {"scan allow=TLSv1 until=2027-03-31 service=submission from=192.0.2.0/28"},
     TLSFLOOR_SERVICE_IMAP,
     "TLSv1",
     "AES128-SHA",
     "192.0.2.1",
     0,
     0},
    {"older still",
     {"scan allow=TLSv1 until=2027-03-31 service=submission from=192.0.2.0/28"},
     TLSFLOOR_SERVICE_SUBMISSION,
     "SSLv3",
     "AES128-SHA",
     "192.0.2.1",
     0,
     0},
    {"cleartext",
     {"scan allow=TLSv1 until=2027-03-31 service=submission from=192.0.2.0/28"},
     TLSFLOOR_SERVICE_SUBMISSION,
     "cleartext",
     NULL,
     "192.0.2.1",
     0,
     0},
    {"a suite that protects nothing",
     {"scan allow=TLSv1 until=2027-03-31 service=submission from=192.0.2.0/28"},
     TLSFLOOR_SERVICE_SUBMISSION,
     "TLSv1",
     "NULL-SHA",
     "192.0.2.1",
     0,
     0},
    {"ciphers=any",
     {"scan allow=TLSv1 until=2027-03-31 service=submission from=192.0.2.0/28 ciphers=any"},
     TLSFLOOR_SERVICE_SUBMISSION,
     "TLSv1",
     "NULL-SHA",
     "192.0.2.1",
     0,
     1},
    {"the last second",
     {"a allow=TLSv1 until=2027-03-31 service=imap"},
     TLSFLOOR_SERVICE_IMAP,
     "TLSv1",
     "AES128-SHA",
     "192.0.2.1",
     537599,
     1},
    {"expired by itself",
     {"a allow=TLSv1 until=2027-03-31 service=imap"},
     TLSFLOOR_SERVICE_IMAP,
     "TLSv1",
     "AES128-SHA",
     "192.0.2.1",
     537600,
     0},
    {"expired before",
     {"a allow=TLSv1 until=2027-03-24 service=imap"},
     TLSFLOOR_SERVICE_IMAP,
     "TLSv1",
     "AES128-SHA",
     "192.0.2.1",
     -864000,
     0},
    {"never",
     {"a allow=TLSv1 until=never service=imap"},
     TLSFLOOR_SERVICE_IMAP,
     "TLSv1",
     "AES128-SHA",
     "192.0.2.1",
     INT64_C(1) << 60,
     1},
    {"ends are kept apart",
     {"a allow=TLSv1 until=2027-03-31 from=192.0.2.1", "b allow=TLSv1 until=never from=192.0.2.9"},
     TLSFLOOR_SERVICE_IMAP,
     "TLSv1",
     "AES128-SHA",
     "192.0.2.1",
     537600,
     0},
    {"versions are kept apart",
     {"a allow=SSLv3 until=2027-03-31 from=192.0.2.1", "b allow=TLSv1 until=never from=192.0.2.9"},
     TLSFLOOR_SERVICE_IMAP,
     "SSLv3",
     "AES128-SHA",
     "192.0.2.9",
     0,
     0},
    {"second network",
     {"a allow=SSLv3 until=2027-03-31 from=192.0.2.1,2001:db8::/64"},
     TLSFLOOR_SERVICE_IMAP,
     "SSLv3",
     "AES128-SHA",
     "2001:db8::5",
     0,
     1},
    {"a wider line makes the narrow one needless",
     {"a allow=TLSv1 until=2027-03-30 from=192.0.2.1", "b allow=SSLv3 until=2027-03-31 from=any"},
     TLSFLOOR_SERVICE_IMAP,
     "SSLv3",
     "AES128-SHA",
     "192.0.2.1",
     537599,
     1},
    {"cleartext takes what has no version",
     {"a allow=cleartext until=2027-03-30 from=192.0.2.1"},
     TLSFLOOR_SERVICE_IMAP,
     "unknown",
     NULL,
     "192.0.2.1",
     0,
     1},
    {"everybody",
     {"* allow=TLSv1 until=2027-03-31 from=198.51.100.0/28"},
     TLSFLOOR_SERVICE_POP3,
     "TLSv1",
     "AES128-SHA",
     "198.51.100.15",
     0,
     1},
};

static int
asked(const struct tlsfloor_envelope *of, size_t i)
{
    struct tlsfloor_facts facts =
        session(cases[i].service, cases[i].tls, cases[i].cipher, cases[i].client);

    return tlsfloor_envelope_match(of, &facts, NOW + cases[i].after);
}

static void
test_cases(void **state)
{
    for (size_t i = 0; i < COUNT(cases); i++) {
        set_up(state);
        for (size_t line = 0; line < 4 && cases[i].lines[line] != NULL; line++)
            add(&envelope, cases[i].lines[line]);
        if (asked(&envelope, i) != cases[i].want)
            fail_msg("%s: not %d", cases[i].name, cases[i].want);
        tlsfloor_envelope_encode(&envelope, block);
        assert_int_equal(tlsfloor_envelope_decode(block, sizeof(block), &other), 0);
        if (asked(&other, i) != cases[i].want)
            fail_msg("%s, from a block: not %d", cases[i].name, cases[i].want);
        memset(&other, 0, sizeof(other));
        tlsfloor_envelope_join(&other, &envelope);
        if (asked(&other, i) != cases[i].want)
            fail_msg("%s, joined to nothing: not %d", cases[i].name, cases[i].want);
    }
}

static void
test_one_row_is_enough(void **state)
{
    (void)state;
    add(&envelope, "a allow=TLSv1 until=2027-03-30 from=192.0.2.1");
    add(&envelope, "a allow=TLSv1 until=2027-03-30 from=192.0.2.0/24 service=submission");
    assert_int_equal(envelope.count, 2);
    add(&envelope, "b allow=SSLv3 until=2027-03-31 from=192.0.0.0/16 ciphers=any");
    assert_int_equal(envelope.count, 1);
    add(&envelope, "c allow=SSLv3 until=2027-03-31 from=192.0.77.0/24");
    assert_int_equal(envelope.count, 1);
    tlsfloor_envelope_open_all(&envelope);
    assert_int_equal(envelope.count, 1);
}

/* --- against the exceptions themselves --- */

static uint64_t seed;

static unsigned
random_below(unsigned limit)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(seed >> 33) % limit;
}

static const char *const versions[] = {"cleartext", "SSLv3", "TLSv1", "TLSv1.1", "TLSv1.2"};

static struct tlsfloor_exception
random_exception(unsigned spread)
{
    static const char *const services[] = {"service=imap", "service=pop3,sieve", "service=sieve",
                                           "service=imap,submission", ""};
    char line[200];

    snprintf(line, sizeof(line),
             "u allow=%s until=2027-03-%02u %s from=10.0.%u.%u,2001:db8:%x::/48%s",
             versions[random_below(COUNT(versions))], 20 + random_below(12),
             services[random_below(COUNT(services))], random_below(spread), random_below(spread),
             random_below(spread), random_below(3) == 0 ? " ciphers=any" : "");
    return parse(line);
}

static struct tlsfloor_facts
random_session(unsigned spread)
{
    static const char *const suites[] = {"AES128-SHA", "NULL-SHA", "ADH-AES128-SHA", "no-such"};
    char client[50];

    if (random_below(2))
        snprintf(client, sizeof(client), "10.0.%u.%u", random_below(spread), random_below(spread));
    else
        snprintf(client, sizeof(client), "2001:db8:%x::1", random_below(spread));
    return session((enum tlsfloor_service)(1 + random_below(4)),
                   versions[random_below(COUNT(versions))], suites[random_below(COUNT(suites))],
                   client);
}

static int
model_match(const struct tlsfloor_exception *exceptions, size_t count,
            const struct tlsfloor_facts *facts, int64_t now)
{
    for (size_t i = 0; i < count; i++) {
        if (now < exceptions[i].until &&
            tlsfloor_exception_match(&exceptions[i], facts, now) >= TLSFLOOR_MATCH_WHO)
            return 1;
    }
    return 0;
}

/* Of a few exceptions the envelope says the same as they; of many at least what they say. */
static void
compare(size_t count, unsigned spread, int exact, unsigned *yes, unsigned *no)
{
    static struct tlsfloor_exception exceptions[1000];

    set_up(NULL);
    for (size_t i = 0; i < count; i++) {
        exceptions[i] = random_exception(spread);
        tlsfloor_envelope_add(&envelope, &exceptions[i], NOW);
        assert_true(envelope.count <= TLSFLOOR_ENVELOPE_ROWS);
    }
    tlsfloor_envelope_encode(&envelope, block);
    assert_int_equal(tlsfloor_envelope_decode(block, sizeof(block), &other), 0);
    for (unsigned i = 0; i < 300; i++) {
        struct tlsfloor_facts facts = random_session(spread);
        int64_t now = NOW + random_below(10) * TLSFLOOR_DAY;
        int want = model_match(exceptions, count, &facts, now);
        int got = tlsfloor_envelope_match(&envelope, &facts, now);

        assert_int_equal(tlsfloor_envelope_match(&other, &facts, now), got);
        assert_true(got >= want);
        if (exact)
            assert_int_equal(got, want);
        *(got ? yes : no) += 1;
    }
}

static void
test_against_the_exceptions(void **state)
{
    unsigned yes = 0, no = 0;

    (void)state;
    for (unsigned round = 0; round < 200; round++) {
        seed = round;
        compare(1 + round % 40, 2 + round % 5, 1, &yes, &no);
    }
    assert_true(yes > 5000 && no > 5000);
    for (unsigned round = 0; round < 20; round++)
        compare(1000, 250, 0, &yes, &no);
}

/* More addresses than there are rows: the near ones come together, the far ones do not. */
static void
test_near_networks_come_together(void **state)
{
    struct tlsfloor_facts facts;
    char line[100];

    (void)state;
    add(&envelope, "z allow=TLSv1 until=2027-03-31 from=203.0.113.77");
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(line, sizeof(line), "u allow=TLSv1 until=2027-03-31 from=10.%u.%u.%u", i % 4,
                 i % 250, i % 255);
        add(&envelope, line);
    }
    facts = session(TLSFLOOR_SERVICE_IMAP, "TLSv1", "AES128-SHA", "203.0.113.77");
    assert_int_equal(tlsfloor_envelope_match(&envelope, &facts, NOW), 1);
    facts = session(TLSFLOOR_SERVICE_IMAP, "TLSv1", "AES128-SHA", "203.0.113.78");
    assert_int_equal(tlsfloor_envelope_match(&envelope, &facts, NOW), 0);
    facts = session(TLSFLOOR_SERVICE_IMAP, "TLSv1", "AES128-SHA", "192.0.2.1");
    assert_int_equal(tlsfloor_envelope_match(&envelope, &facts, NOW), 0);
    assert_true(envelope.count > TLSFLOOR_ENVELOPE_ROWS / 2);
}

/* --- blocks --- */

/* Damaged: everything. A bit behind the rows has no meaning. */
static void
test_damaged_blocks(void **state)
{
    struct tlsfloor_facts facts = session(TLSFLOOR_SERVICE_POP3, "cleartext", NULL, "203.0.113.77");
    unsigned char copy[TLSFLOOR_ENVELOPE_SIZE];
    unsigned bad = 0;

    (void)state;
    add(&envelope, "a allow=TLSv1 until=2027-03-31 from=192.0.2.1");
    add(&envelope, "b allow=SSLv3 until=2027-03-31 service=imap");
    tlsfloor_envelope_encode(&envelope, block);
    for (size_t bit = 0; bit < 8 * sizeof(block); bit++) {
        memcpy(copy, block, sizeof(copy));
        copy[bit / 8] ^= (unsigned char)(1U << bit % 8);
        if (tlsfloor_envelope_decode(copy, sizeof(copy), &other) != 0) {
            bad++;
            assert_int_equal(tlsfloor_envelope_match(&other, &facts, NOW), 1);
        }
    }
    assert_int_equal(bad, 8 * (24 + 2 * 22));
    for (size_t size = 0; size < sizeof(block); size++) {
        unsigned char *exact = malloc(size + 1);

        assert_non_null(exact);
        memcpy(exact, block, size);
        assert_int_equal(tlsfloor_envelope_decode(exact, size, &other), -1);
        assert_int_equal(tlsfloor_envelope_match(&other, &facts, NOW), 1);
        free(exact);
    }
}

static void
test_full_block(void **state)
{
    char line[100];

    (void)state;
    for (unsigned i = 0; i < TLSFLOOR_ENVELOPE_ROWS; i++) {
        snprintf(line, sizeof(line), "u allow=TLSv1 until=2027-03-31 from=2001:db8:%x:%x::", 7 * i,
                 i);
        add(&envelope, line);
    }
    assert_int_equal(envelope.count, TLSFLOOR_ENVELOPE_ROWS);
    tlsfloor_envelope_encode(&envelope, block);
    assert_int_equal(tlsfloor_envelope_decode(block, sizeof(block), &other), 0);
    envelope.hint = 0;
    assert_memory_equal(&other, &envelope, sizeof(other));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_cases, set_up),
        cmocka_unit_test_setup(test_one_row_is_enough, set_up),
        cmocka_unit_test_setup(test_against_the_exceptions, set_up),
        cmocka_unit_test_setup(test_near_networks_come_together, set_up),
        cmocka_unit_test_setup(test_damaged_blocks, set_up),
        cmocka_unit_test_setup(test_full_block, set_up),
    };

    return cmocka_run_group_tests_name("envelope", tests, NULL, NULL);
}
