/* SPDX-License-Identifier: MIT */
/*
 * Exceptions: every key, every sentence about a bad line, text and record both
 * ways, and whom, from where, how far down and until when one covers. Lines
 * live in memory of exactly their size, so that a sanitizer sees a step beyond.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "exception.h"
#include "time-text.h"

#define COUNT(table) (sizeof(table) / sizeof(table[0]))

#define IMAP (1U << TLSFLOOR_SERVICE_IMAP)
#define POP3 (1U << TLSFLOOR_SERVICE_POP3)
#define SIEVE (1U << TLSFLOOR_SERVICE_SIEVE)
#define SUBMISSION (1U << TLSFLOOR_SERVICE_SUBMISSION)
#define ALL (IMAP | POP3 | SIEVE | SUBMISSION)

/* The shortest end of a good line, and the middle of most. */
#define REST " allow=TLSv1 until=2027-03-31 service=imap"
#define LAST_DAY INT64_C(1806451200) /* 2027-03-31 */

/* A line, its copy and what came of it. */
struct parsed {
    char *copy;
    struct tlsfloor_exception exception;
    char error[512];
    int result;
};

static void
parse(struct parsed *parsed, const char *line, size_t size, const char *default_domain)
{
    parsed->copy = malloc(size == 0 ? 1 : size);
    assert_non_null(parsed->copy);
    memcpy(parsed->copy, line, size);
    memset(&parsed->exception, 0xa5, sizeof(parsed->exception));
    parsed->error[0] = '\0';
    parsed->result = tlsfloor_exception_parse(
        (struct tlsfloor_text){parsed->copy, size}, tlsfloor_text_from(default_domain),
        &parsed->exception, parsed->error, sizeof(parsed->error));
}

/* A line that is known to be good; its text stays where it is. */
static struct tlsfloor_exception
exception(const char *line)
{
    struct tlsfloor_exception made;
    char error[512];

    if (tlsfloor_exception_parse(tlsfloor_text_from(line), tlsfloor_text_from(NULL), &made, error,
                                 sizeof(error)) != 1)
        fail_msg("%s: %s", line, error);
    return made;
}

/* --- text to record and back --- */

#define TURNED_ROUND \
    "ann note=\"n\" ciphers=any from=192.0.2.7/32 service=imap until=2027-03-31 allow=TLSv1"

/* Lines and the canonical form of their records, NULL: the line itself. */
static const struct {
    const char *line;
    const char *want;
} good[] = {
    {"ann@example.org allow=TLSv1 until=2027-03-31 service=imap", NULL},
    {"ann allow=TLSv1 until=2027-03-31 service=imap", NULL},
    {"@example.org allow=TLSv1 until=2027-03-31 service=imap", NULL},
    {"ann@example.org allow=cleartext until=2027-03-31 service=imap", NULL},
    {"ann@example.org allow=SSLv3 until=2027-03-31 service=imap", NULL},
    {"ann@example.org allow=TLSv1.1 until=2027-03-31 service=imap", NULL},
    {"ann@example.org allow=TLSv1.2 until=2027-03-31 service=imap ciphers=any", NULL},
    {"ann@example.org allow=TLSv1.3 until=2027-03-31 service=imap ciphers=any", NULL},
    {"ann@example.org allow=TLSv1.0 until=2027-03-31 service=imap",
     "ann@example.org allow=TLSv1 until=2027-03-31 service=imap"},
    {"ann@example.org allow=TLSv1 until=never service=imap", NULL},
    {"ann@example.org allow=TLSv1 until=1970-01-01 service=imap", NULL},
    {"ann@example.org allow=TLSv1 until=2028-02-29 service=imap", NULL},
    {"ann@example.org allow=TLSv1 until=9999-12-31 service=imap", NULL},
    {"ann@example.org allow=TLSv1 until=2027-03-31 service=imap,pop3,sieve", NULL},
    {"ann@example.org allow=TLSv1 until=2027-03-31 service=sieve,imap,pop3",
     "ann@example.org allow=TLSv1 until=2027-03-31 service=imap,pop3,sieve"},
    {"ann@example.org allow=TLSv1 until=2027-03-31 service=imap,imap",
     "ann@example.org allow=TLSv1 until=2027-03-31 service=imap"},
    {"ann@example.org allow=TLSv1 until=2027-03-31 service=submission from=any", NULL},
    {"ann@example.org allow=TLSv1 until=2027-03-31 service=submission from=192.0.2.0/24", NULL},
    {"ann@example.org allow=TLSv1 until=2027-03-31 from=any", NULL},
    {"ann@example.org allow=TLSv1 until=2027-03-31 service=submission,sieve,pop3,imap from=any",
     "ann@example.org allow=TLSv1 until=2027-03-31 from=any"},
    {"* allow=TLSv1 until=2027-03-31 from=192.0.2.0/24,2001:db8::/32", NULL},
    {"* allow=TLSv1 until=2027-03-31 service=imap from=any", NULL},
    {"* allow=TLSv1 until=2027-03-31 service=imap from=192.0.2.7",
     "* allow=TLSv1 until=2027-03-31 service=imap from=192.0.2.7/32"},
    {"* allow=TLSv1 until=2027-03-31 service=imap from=::ffff:192.0.2.0/120",
     "* allow=TLSv1 until=2027-03-31 service=imap from=192.0.2.0/24"},
    {"ann@example.org allow=TLSv1 until=2027-03-31 service=imap from=0.0.0.0/0,::/0", NULL},
    {"ann" REST " note=\"\"", NULL},
    {"ann" REST " note=\"scanner in room 5\"", NULL},
    {"ann" REST " note=\"a = b, # c\"", NULL},
    {"ann" REST " note=\"she said \\\"soon\\\"\"", NULL},
    {"ann" REST " note=\"say \\\"not now\\\" twice\"", NULL},
    {"ann" REST " note=\"C:\\\\mail\\\\\"", NULL},
    {"ann" REST " note=\"\\x41 \\\xff\"", NULL},
    {"ann" REST " note=\"with\ttab\"", NULL},
    {"ann" REST " note=\"caf\xc3\xa9\"", NULL},
    {TURNED_ROUND, "ann allow=TLSv1 until=2027-03-31 service=imap from=192.0.2.7/32 ciphers=any "
                   "note=\"n\""},
    {"  ann\t allow=TLSv1 \t until=2027-03-31  service=imap\t ", "ann" REST},
    {"Ann@Example.ORG" REST, NULL},
    {"a@b@example.org" REST, NULL},
    {"\xc3\xa4nn@example.org" REST, NULL},
    {"ann+tag/x!'$%&^`{|}~;:<>()[]@example.org" REST, NULL},
    {"ann#x" REST, NULL},
};

static void
assert_canonical(const char *line, const char *want)
{
    char text[TLSFLOOR_EXCEPTION_LINE], again[TLSFLOOR_EXCEPTION_LINE];
    struct parsed first, second;

    parse(&first, line, strlen(line), NULL);
    if (first.result != 1)
        fail_msg("%s: %s", line, first.error);
    tlsfloor_exception_format(&first.exception, text);
    assert_string_equal(text, want);
    parse(&second, text, strlen(text), NULL);
    if (second.result != 1)
        fail_msg("%s: %s", text, second.error);
    tlsfloor_exception_format(&second.exception, again);
    assert_string_equal(again, want);
    assert_int_equal(second.exception.kind, first.exception.kind);
    assert_int_equal(second.exception.allow, first.exception.allow);
    assert_true(second.exception.until == first.exception.until);
    assert_int_equal(second.exception.services, first.exception.services);
    assert_int_equal(second.exception.ciphers_any, first.exception.ciphers_any);
    assert_int_equal(second.exception.from_any, first.exception.from_any);
    assert_int_equal(second.exception.from_count, first.exception.from_count);
    assert_true(tlsfloor_text_equal(second.exception.who, first.exception.who));
    assert_true(tlsfloor_text_equal(second.exception.local, first.exception.local));
    assert_true(tlsfloor_text_equal(second.exception.domain, first.exception.domain));
    assert_true(tlsfloor_text_equal(second.exception.note, first.exception.note));
    free(first.copy);
    free(second.copy);
}

static void
test_round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        assert_canonical(good[i].line, good[i].want == NULL ? good[i].line : good[i].want);
}

static void
assert_text(struct tlsfloor_text got, const char *want)
{
    if (!tlsfloor_text_equal(got, tlsfloor_text_from(want)))
        fail_msg("\"%.*s\", not \"%s\"", (int)got.size, got.data, want);
}

static void
test_members(void **state)
{
    struct tlsfloor_exception one = exception(TURNED_ROUND);

    (void)state;
    assert_int_equal(one.kind, TLSFLOOR_WHO_USER);
    assert_text(one.who, "ann");
    assert_text(one.local, "ann");
    assert_null(one.domain.data);
    assert_int_equal(one.allow, TLSFLOOR_TLS_1_0);
    assert_true(one.until == LAST_DAY + TLSFLOOR_DAY);
    assert_int_equal(one.services, IMAP);
    assert_int_equal(one.ciphers_any, 1);
    assert_int_equal(one.from_any, 0);
    assert_int_equal(one.from_count, 1);
    assert_text(one.note, "n");

    one = exception("@example.org allow=cleartext until=never from=any");
    assert_int_equal(one.kind, TLSFLOOR_WHO_DOMAIN);
    assert_text(one.who, "@example.org");
    assert_int_equal(one.local.size, 0);
    assert_text(one.domain, "example.org");
    assert_int_equal(one.allow, TLSFLOOR_TLS_CLEARTEXT);
    assert_true(one.until == TLSFLOOR_NEVER);
    assert_int_equal(one.services, ALL);
    assert_int_equal(one.from_any, 1);
    assert_int_equal(one.from_count, 0);
    assert_null(one.note.data);

    one = exception("*" REST " from=192.0.2.0/24,2001:db8::/32");
    assert_int_equal(one.kind, TLSFLOOR_WHO_ANYBODY);
    assert_text(one.who, "*");
    assert_int_equal(one.from_count, 2);
}

static void
test_default_domain(void **state)
{
    static const struct {
        const char *line, *default_domain;
        const char *local, *domain;
    } cases[] = {
        {"ann" REST, "example.org", "ann", "example.org"},
        {"ann" REST, "", "ann", NULL},
        {"ann" REST, NULL, "ann", NULL},
        {"ann@example.net" REST, "example.org", "ann", "example.net"},
        {"@example.net" REST, "example.org", "", "example.net"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        char text[TLSFLOOR_EXCEPTION_LINE];
        struct parsed parsed;

        parse(&parsed, cases[i].line, strlen(cases[i].line), cases[i].default_domain);
        assert_int_equal(parsed.result, 1);
        assert_text(parsed.exception.local, cases[i].local);
        assert_text(parsed.exception.domain, cases[i].domain);
        assert_int_equal(parsed.exception.domain.data != NULL, cases[i].domain != NULL);
        /* the text keeps the name as it was written */
        tlsfloor_exception_format(&parsed.exception, text);
        assert_string_equal(text, cases[i].line);
        free(parsed.copy);
    }
}

static void
test_no_record(void **state)
{
    static const char *const cases[] = {
        "", " ", "\t \t", "#", "# ann" REST, "  #ann" REST, "\t# caf\xc3\xa9", "## ==",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct parsed parsed;

        parse(&parsed, cases[i], strlen(cases[i]), NULL);
        if (parsed.result != 0)
            fail_msg("\"%s\": %d", cases[i], parsed.result);
        assert_string_equal(parsed.error, "");
        free(parsed.copy);
    }
    assert_int_equal(tlsfloor_exception_parse(tlsfloor_text_from(NULL), tlsfloor_text_from(NULL),
                                              &(struct tlsfloor_exception){0}, (char[8]){""}, 8),
                     0);
}

/* --- sentences --- */

#define VERSIONS ": write cleartext, SSLv3, TLSv1, TLSv1.1, TLSv1.2 or TLSv1.3"
#define A_DATE ": write a date such as 2027-03-31, or never"
#define SERVICES ": write imap, pop3, sieve, submission, with commas"
#define NO_NETWORK " is not an IP address or network (write 192.0.2.0/24 or 2001:db8::/32)"
#define BAD_PREFIX " has a bad prefix length (0 to 32 for IPv4, 0 to 128 for IPv6)"
#define HOST_BITS " has bits set beyond its prefix length"
#define NO_QUOTES "note= needs its text in double quotes (inside, write \\\" and \\\\)"
#define KEYS ": keys are allow, until, service, from, ciphers and note"
#define NO_USER " is not a user: write user@domain, user, @domain or * first"
#define NEEDS_FROM                                                                             \
    "an exception for submission needs from=, because Postfix learns the user only after the " \
    "password: write networks, from=any if you mean it, or service= without submission"
#define SIXTY "123456789012345678901234567890123456789012345678901234567890"
#define BYTES(literal) literal, sizeof(literal) - 1

static const struct {
    const char *line;
    size_t size;
    const char *want;
} bad[] = {
    /* WHO */
    {BYTES("ann@" REST), "ann@ has no domain after its @"},
    {BYTES("@" REST), "@ has no domain after its @"},
    {BYTES("a@b@" REST), "a@b@ has no domain after its @"},
    {BYTES("allow=TLSv1 until=never"), "allow=TLSv1" NO_USER},
    {BYTES("ann,bob" REST), "ann,bob" NO_USER},
    {BYTES("*@example.org" REST), "*@example.org" NO_USER},
    {BYTES("ann*" REST), "ann*" NO_USER},
    {BYTES("**" REST), "**" NO_USER},
    {BYTES("\"ann\"" REST), "\"ann\"" NO_USER},
    {BYTES("\"ann b\"@example.org" REST), "\"ann b\"@example.org" NO_USER},
    {BYTES("ann\\b" REST), "ann\\b" NO_USER},
    {BYTES("\xff=" REST), "?=" NO_USER},
    {BYTES(SIXTY "12345=" REST), SIXTY NO_USER},
    /* missing */
    {BYTES("ann"), "allow= is missing: say which version is still allowed"},
    {BYTES("ann until=never service=imap"),
     "allow= is missing: say which version is still allowed"},
    {BYTES("ann allow=TLSv1 service=imap"),
     "until= is missing: write a date such as 2027-03-31, or never"},
    {BYTES("*" REST), "* needs from=: say which networks everybody may come from"},
    {BYTES("ann allow=TLSv1 until=never"), NEEDS_FROM},
    {BYTES("ann allow=TLSv1 until=never service=submission"), NEEDS_FROM},
    {BYTES("@example.org allow=TLSv1 until=never service=imap,submission"), NEEDS_FROM},
    /* allow= */
    {BYTES("ann allow= until=never"), "allow=" VERSIONS},
    {BYTES("ann allow=TLSv1.4 until=never"), "allow=TLSv1.4" VERSIONS},
    {BYTES("ann allow=SSLv2 until=never"), "allow=SSLv2" VERSIONS},
    {BYTES("ann allow=tlsv1 until=never"), "allow=tlsv1" VERSIONS},
    {BYTES("ann allow=any until=never"), "allow=any" VERSIONS},
    {BYTES("ann allow=unknown until=never"), "allow=unknown" VERSIONS},
    {BYTES("ann allow=TLSv1,TLSv1.1 until=never"), "allow=TLSv1,TLSv1.1" VERSIONS},
    {BYTES("ann allow=" SIXTY "12345"), "allow=" SIXTY VERSIONS},
    {BYTES("ann allow=\xff\x80"), "allow=??" VERSIONS},
    /* until= */
    {BYTES("ann allow=TLSv1 until="), "until=" A_DATE},
    {BYTES("ann allow=TLSv1 until=Never"), "until=Never" A_DATE},
    {BYTES("ann allow=TLSv1 until=2027-02-29"), "until=2027-02-29" A_DATE},
    {BYTES("ann allow=TLSv1 until=31.03.2027"), "until=31.03.2027" A_DATE},
    {BYTES("ann allow=TLSv1 until=2027-03-31T00:00Z"), "until=2027-03-31T00:00Z" A_DATE},
    {BYTES("ann allow=TLSv1 until=1969-12-31"), "until=1969-12-31" A_DATE},
    /* service= */
    {BYTES("ann allow=TLSv1 until=never service="), "service=" SERVICES},
    {BYTES("ann allow=TLSv1 until=never service=smtp"), "service=smtp" SERVICES},
    {BYTES("ann allow=TLSv1 until=never service=none"), "service=none" SERVICES},
    {BYTES("ann allow=TLSv1 until=never service=IMAP"), "service=IMAP" SERVICES},
    {BYTES("ann allow=TLSv1 until=never service=imap,smtp"), "service=smtp" SERVICES},
    {BYTES("ann allow=TLSv1 until=never service=,imap"), "service=" SERVICES},
    {BYTES("ann allow=TLSv1 until=never service=imap,,pop3"), "service=" SERVICES},
    {BYTES("ann allow=TLSv1 until=never service=imap,"), "service=" SERVICES},
    /* from= */
    {BYTES("ann" REST " from="), "from=" NO_NETWORK},
    {BYTES("ann" REST " from=office"), "from=office" NO_NETWORK},
    {BYTES("ann" REST " from=ANY"), "from=ANY" NO_NETWORK},
    {BYTES("ann" REST " from=any,192.0.2.0/24"), "from=any" NO_NETWORK},
    {BYTES("ann" REST " from=192.0.2.0/24,any"), "from=any" NO_NETWORK},
    {BYTES("ann" REST " from=192.0.2.0/24,"), "from=" NO_NETWORK},
    {BYTES("ann" REST " from=,192.0.2.0/24"), "from=" NO_NETWORK},
    {BYTES("ann" REST " from=192.0.2.0/33"), "from=192.0.2.0/33" BAD_PREFIX},
    {BYTES("ann" REST " from=192.0.2.0/24,192.0.2.1/24"), "from=192.0.2.1/24" HOST_BITS},
    {BYTES("ann" REST " from=10.0.0.0,10.0.0.1,10.0.0.2,10.0.0.3,10.0.0.4,10.0.0.5,10.0.0.6,"
           "10.0.0.7,10.0.0.8,10.0.0.9,10.0.1.0,10.0.1.1,10.0.1.2,10.0.1.3,10.0.1.4,"
           "10.0.1.5,10.0.1.6"),
     "from= holds more than 16 networks: write a second line"},
    /* ciphers= */
    {BYTES("ann" REST " ciphers="), "ciphers=: only ciphers=any has a meaning"},
    {BYTES("ann" REST " ciphers=all"), "ciphers=all: only ciphers=any has a meaning"},
    {BYTES("ann" REST " ciphers=RC4-SHA"), "ciphers=RC4-SHA: only ciphers=any has a meaning"},
    /* note= */
    {BYTES("ann" REST " note="), NO_QUOTES},
    {BYTES("ann" REST " note=\""), NO_QUOTES},
    {BYTES("ann" REST " note=soon"), NO_QUOTES},
    {BYTES("ann" REST " note='soon'"), NO_QUOTES},
    {BYTES("ann" REST " note=\"soon"), NO_QUOTES},
    {BYTES("ann" REST " note=\"soon\\\""), NO_QUOTES},
    {BYTES("ann" REST " note=\"soon\\"), NO_QUOTES},
    {BYTES("ann" REST " note=\"soon\"x"), NO_QUOTES},
    {BYTES("ann" REST " note=\"soon\"\"x\""), NO_QUOTES},
    {BYTES("ann" REST " note=x\"soon\""), NO_QUOTES},
    /* keys */
    {BYTES("ann TLSv1"), "TLSv1 is not key=value"},
    {BYTES("ann" REST " note = \"x\""), "note is not key=value"},
    {BYTES("ann" REST " bob"), "bob is not key=value"},
    {BYTES("ann" REST " # soon"),
     "comments stand on lines of their own; for a remark use note=\"...\""},
    {BYTES("ann" REST " #soon=x"),
     "comments stand on lines of their own; for a remark use note=\"...\""},
    {BYTES("ann" REST " Allow=TLSv1"), "unknown key Allow=" KEYS},
    {BYTES("ann" REST " services=imap"), "unknown key services=" KEYS},
    {BYTES("ann" REST " allo=TLSv1"), "unknown key allo=" KEYS},
    {BYTES("ann" REST " =x"), "unknown key =" KEYS},
    {BYTES("ann" REST " a=b=c"), "unknown key a=" KEYS},
    {BYTES("ann" REST " \xe2\x82\xac=x"), "unknown key ?"
                                          "?"
                                          "?=" KEYS},
    {BYTES("ann" REST " allow=TLSv1"), "allow= is there twice"},
    {BYTES("ann" REST " until=never"), "until= is there twice"},
    {BYTES("ann" REST " service=imap"), "service= is there twice"},
    {BYTES("ann" REST " from=any from=any"), "from= is there twice"},
    {BYTES("ann" REST " ciphers=any ciphers=any"), "ciphers= is there twice"},
    {BYTES("ann" REST " note=\"a\" note=\"b\""), "note= is there twice"},
    /* bytes */
    {BYTES("ann" REST "\r"), "the line ends in CR LF: convert the file to Unix line ends"},
    {BYTES("# ann\r"), "the line ends in CR LF: convert the file to Unix line ends"},
    {BYTES("\r"), "the line ends in CR LF: convert the file to Unix line ends"},
    {BYTES("ann\r" REST), "the line holds the control character 0x0d"},
    {BYTES("ann\0" REST), "the line holds the control character 0x00"},
    {BYTES("\0"), "the line holds the control character 0x00"},
    {BYTES("ann" REST "\n"), "the line holds the control character 0x0a"},
    {BYTES("ann" REST " note=\"\x1b[2J\""), "the line holds the control character 0x1b"},
    {BYTES("ann" REST "\x7f"), "the line holds the control character 0x7f"},
    {BYTES("# \x01"), "the line holds the control character 0x01"},
};

static void
test_sentences(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct parsed parsed;

        parse(&parsed, bad[i].line, bad[i].size, NULL);
        if (parsed.result != -1)
            fail_msg("%s: %d", bad[i].line, parsed.result);
        assert_string_equal(parsed.error, bad[i].want);
        free(parsed.copy);
    }
}

/* A sentence is cut at the size that the caller has room for. */
static void
test_sentence_cut(void **state)
{
    static const char whole[] = "ann@ has no domain after its @";
    struct tlsfloor_exception one;

    (void)state;
    for (size_t size = 1; size <= sizeof(whole) + 1; size++) {
        char error[64];

        memset(error, '!', sizeof(error));
        assert_int_equal(tlsfloor_exception_parse(tlsfloor_text_from("ann@" REST),
                                                  tlsfloor_text_from(NULL), &one, error, size),
                         -1);
        assert_int_equal(strlen(error), size > sizeof(whole) ? sizeof(whole) - 1 : size - 1);
        assert_memory_equal(error, whole, strlen(error));
        assert_int_equal(error[size], '!');
    }
}

/* --- lengths --- */

static void
test_line_length(void **state)
{
    size_t sizes[] = {TLSFLOOR_EXCEPTION_LINE - 1, TLSFLOOR_EXCEPTION_LINE, 1024 * 1024};

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        char *line = malloc(sizes[i]);
        struct parsed parsed;

        assert_non_null(line);
        memset(line, ' ', sizes[i]);
        memcpy(line, "ann" REST, sizeof("ann" REST) - 1);
        parse(&parsed, line, sizes[i], NULL);
        assert_int_equal(parsed.result, i == 0 ? 1 : -1);
        if (i > 0)
            assert_string_equal(parsed.error, "the line is longer than 2047 bytes");
        free(parsed.copy);
        free(line);
    }
}

static void
test_name_and_note_length(void **state)
{
    char line[TLSFLOOR_EXCEPTION_LINE], filler[600];
    struct parsed parsed;

    (void)state;
    memset(filler, 'a', sizeof(filler));
    for (int size = 511; size <= 513; size++) {
        snprintf(line, sizeof(line), "%.*s" REST, size, filler);
        parse(&parsed, line, strlen(line), NULL);
        assert_int_equal(parsed.result, size <= 512 ? 1 : -1);
        if (size > 512)
            assert_string_equal(parsed.error, "the name is longer than 512 bytes");
        free(parsed.copy);
        snprintf(line, sizeof(line), "ann" REST " note=\"%.*s\"", size, filler);
        parse(&parsed, line, strlen(line), NULL);
        assert_int_equal(parsed.result, size <= 512 ? 1 : -1);
        if (size > 512)
            assert_string_equal(parsed.error, "note= is longer than 512 bytes");
        free(parsed.copy);
    }
}

/* The longest of everything is not cut: the text reads back to the same record. */
static void
test_longest_record(void **state)
{
    char line[TLSFLOOR_EXCEPTION_LINE], filler[513], text[TLSFLOOR_EXCEPTION_LINE];
    size_t used;

    (void)state;
    memset(filler, 'a', sizeof(filler));
    used = (size_t)snprintf(line, sizeof(line),
                            "%.512s allow=cleartext until=2027-03-31 "
                            "service=pop3,sieve,submission from=",
                            filler);
    for (unsigned i = 0; i < TLSFLOOR_EXCEPTION_NETWORKS; i++)
        used += (size_t)snprintf(line + used, sizeof(line) - used,
                                 "%s2001:db8:1111:2222:3333:4444:5555:%04x/128", i == 0 ? "" : ",",
                                 0x6660 + i);
    used +=
        (size_t)snprintf(line + used, sizeof(line) - used, " ciphers=any note=\"%.512s\"", filler);
    assert_true(used < sizeof(line) - 1);
    assert_canonical(line, line);
    tlsfloor_exception_format(&(struct tlsfloor_exception){0}, text);
    assert_true(strlen(text) < 80);
}

/* --- what an exception covers --- */

static const struct tlsfloor_cipher_suite fine = {.openssl = "ECDHE-RSA-AES256-GCM-SHA384",
                                                  .strength = 256,
                                                  .key_exchange = TLSFLOOR_KX_ECDHE,
                                                  .authentication = TLSFLOOR_AUTH_RSA,
                                                  .encryption = TLSFLOOR_ENC_AES_GCM};
static const struct tlsfloor_cipher_suite weak = {.openssl = "DES-CBC3-SHA",
                                                  .strength = 112,
                                                  .key_exchange = TLSFLOOR_KX_RSA,
                                                  .authentication = TLSFLOOR_AUTH_RSA,
                                                  .encryption = TLSFLOOR_ENC_3DES_CBC};
static const struct tlsfloor_cipher_suite rc4 = {.openssl = "RC4-SHA",
                                                 .strength = 64,
                                                 .key_exchange = TLSFLOOR_KX_RSA,
                                                 .authentication = TLSFLOOR_AUTH_RSA,
                                                 .encryption = TLSFLOOR_ENC_RC4};
static const struct tlsfloor_cipher_suite null = {.openssl = "NULL-SHA",
                                                  .key_exchange = TLSFLOOR_KX_RSA,
                                                  .authentication = TLSFLOOR_AUTH_RSA,
                                                  .encryption = TLSFLOOR_ENC_NULL};
static const struct tlsfloor_cipher_suite anonymous = {.openssl = "AECDH-AES128-SHA",
                                                       .strength = 128,
                                                       .key_exchange = TLSFLOOR_KX_ECDHE,
                                                       .authentication = TLSFLOOR_AUTH_NONE,
                                                       .encryption = TLSFLOOR_ENC_AES_CBC};
static const struct tlsfloor_cipher_suite export = {.openssl = "EXP-RC2-CBC-MD5",
                                                    .strength = 40,
                                                    .key_exchange = TLSFLOOR_KX_RSA,
                                                    .authentication = TLSFLOOR_AUTH_RSA,
                                                    .encryption = TLSFLOOR_ENC_RC2_CBC,
                                                    .export_grade = 1};

/* An ordinary session, IMAP with TLS 1.0, on the last day of REST. */
static struct tlsfloor_facts
session(const char *user, const char *client)
{
    struct tlsfloor_facts facts = {
        .service = TLSFLOOR_SERVICE_IMAP,
        .tls = TLSFLOOR_TLS_1_0,
        .suite = &weak,
    };

    if (user != NULL)
        facts.user = tlsfloor_user_named(tlsfloor_text_from(user), tlsfloor_text_from(NULL));
    assert_int_equal(tlsfloor_address_parse(tlsfloor_text_from(client), &facts.client), 0);
    return facts;
}

static void
assert_match(const char *line, const struct tlsfloor_facts *facts, int64_t now,
             enum tlsfloor_match want)
{
    struct tlsfloor_exception one = exception(line);
    enum tlsfloor_match got = tlsfloor_exception_match(&one, facts, now);

    if (got != want)
        fail_msg("%s, session of %.*s with %s: %d, not %d", line, (int)facts->user.local.size,
                 facts->user.local.data, facts->suite == NULL ? "-" : facts->suite->openssl,
                 (int)got, (int)want);
}

static void
test_expiry(void **state)
{
    static const struct {
        const char *line;
        int64_t now;
        enum tlsfloor_match want;
    } cases[] = {
        {"ann" REST, 0, TLSFLOOR_MATCH_YES},
        {"ann" REST, LAST_DAY - 1, TLSFLOOR_MATCH_YES},
        {"ann" REST, LAST_DAY, TLSFLOOR_MATCH_YES},
        {"ann" REST, LAST_DAY + 86398, TLSFLOOR_MATCH_YES},
        {"ann" REST, LAST_DAY + 86399, TLSFLOOR_MATCH_YES},
        {"ann" REST, LAST_DAY + 86400, TLSFLOOR_MATCH_EXPIRED},
        {"ann" REST, LAST_DAY + 86401, TLSFLOOR_MATCH_EXPIRED},
        {"ann" REST, INT64_MAX, TLSFLOOR_MATCH_EXPIRED},
        {"ann" REST, INT64_MIN, TLSFLOOR_MATCH_YES},
        {"ann allow=TLSv1 until=1970-01-01 service=imap", 86399, TLSFLOOR_MATCH_YES},
        {"ann allow=TLSv1 until=1970-01-01 service=imap", 86400, TLSFLOOR_MATCH_EXPIRED},
        {"ann allow=TLSv1 until=never service=imap", 0, TLSFLOOR_MATCH_YES},
        {"ann allow=TLSv1 until=never service=imap", INT64_MAX - 1, TLSFLOOR_MATCH_YES},
        {"ann allow=TLSv1 until=never service=imap", INT64_MAX, TLSFLOOR_MATCH_YES},
    };
    struct tlsfloor_facts facts = session("ann", "192.0.2.7");

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_match(cases[i].line, &facts, cases[i].now, cases[i].want);
}

static void
test_services(void **state)
{
    static const struct {
        const char *line;
        unsigned services;
    } cases[] = {
        {"ann allow=TLSv1 until=never from=any", ALL},
        {"ann allow=TLSv1 until=never service=imap", IMAP},
        {"ann allow=TLSv1 until=never service=pop3", POP3},
        {"ann allow=TLSv1 until=never service=sieve", SIEVE},
        {"ann allow=TLSv1 until=never service=submission from=any", SUBMISSION},
        {"ann allow=TLSv1 until=never service=imap,sieve", IMAP | SIEVE},
    };
    struct tlsfloor_facts facts = session("ann", "192.0.2.7");

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (unsigned service = 0; service < TLSFLOOR_SERVICES; service++) {
            facts.service = (enum tlsfloor_service)service;
            assert_match(cases[i].line, &facts, LAST_DAY,
                         cases[i].services & 1U << service ? TLSFLOOR_MATCH_YES
                                                           : TLSFLOOR_MATCH_SERVICE);
        }
    }
}

static void
test_networks(void **state)
{
    static const struct {
        const char *from, *client;
        enum tlsfloor_match want;
    } cases[] = {
        {"", "192.0.2.7", TLSFLOOR_MATCH_YES},
        {" from=any", "2001:db8::7", TLSFLOOR_MATCH_YES},
        {" from=192.0.2.0/24", "192.0.2.255", TLSFLOOR_MATCH_YES},
        {" from=192.0.2.0/24", "192.0.3.0", TLSFLOOR_MATCH_NETWORK},
        {" from=192.0.2.0/24", "::ffff:192.0.2.7", TLSFLOOR_MATCH_YES},
        {" from=192.0.2.0/24", "2001:db8::7", TLSFLOOR_MATCH_NETWORK},
        {" from=192.0.2.0/24,2001:db8::/32", "2001:db8::7", TLSFLOOR_MATCH_YES},
        {" from=2001:db8::/32,192.0.2.0/24", "192.0.2.7", TLSFLOOR_MATCH_YES},
        {" from=2001:db8::/32,192.0.2.0/24", "2001:db9::7", TLSFLOOR_MATCH_NETWORK},
        {" from=0.0.0.0/0", "2001:db8::7", TLSFLOOR_MATCH_NETWORK},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tlsfloor_facts facts = session("ann", cases[i].client);
        char line[256];

        snprintf(line, sizeof(line), "ann" REST "%s", cases[i].from);
        assert_match(line, &facts, LAST_DAY, cases[i].want);
    }
}

/* Whoever comes from no address is in no network; from the connection nothing is read. */
static void
test_no_address(void **state)
{
    struct tlsfloor_facts facts = session("ann", "192.0.2.7");

    (void)state;
    facts.connection = facts.client;
    memset(&facts.client, 0, sizeof(facts.client));
    assert_match("ann" REST " from=0.0.0.0/0,::/0", &facts, LAST_DAY, TLSFLOOR_MATCH_NETWORK);
    assert_match("ann" REST " from=any", &facts, LAST_DAY, TLSFLOOR_MATCH_YES);
    assert_match("ann" REST, &facts, LAST_DAY, TLSFLOOR_MATCH_YES);
}

/* allow=V covers V and newer; an unknown version only allow=cleartext. */
static void
test_versions(void **state)
{
    static const enum tlsfloor_tls allows[] = {TLSFLOOR_TLS_CLEARTEXT, TLSFLOOR_TLS_SSLV3,
                                               TLSFLOOR_TLS_1_0,       TLSFLOOR_TLS_1_1,
                                               TLSFLOOR_TLS_1_2,       TLSFLOOR_TLS_1_3};
    struct tlsfloor_facts facts = session("ann", "192.0.2.7");

    (void)state;
    for (size_t i = 0; i < COUNT(allows); i++) {
        for (int tls = TLSFLOOR_TLS_UNKNOWN; tls <= TLSFLOOR_TLS_NEWER; tls++) {
            int want = allows[i] == TLSFLOOR_TLS_CLEARTEXT ||
                       (tls != TLSFLOOR_TLS_UNKNOWN && tls >= (int)allows[i]);
            char line[128];

            facts.tls = (enum tlsfloor_tls)tls;
            snprintf(line, sizeof(line), "ann allow=%s until=never service=imap",
                     tlsfloor_tls_name(allows[i]));
            assert_match(line, &facts, LAST_DAY,
                         want ? TLSFLOOR_MATCH_YES : TLSFLOOR_MATCH_VERSION);
        }
    }
}

static void
test_ciphers(void **state)
{
    static const struct {
        const struct tlsfloor_cipher_suite *suite;
        enum tlsfloor_match want;
    } cases[] = {
        {&fine, TLSFLOOR_MATCH_YES},         {&weak, TLSFLOOR_MATCH_YES},
        {&rc4, TLSFLOOR_MATCH_YES},          {&null, TLSFLOOR_MATCH_CIPHER},
        {&anonymous, TLSFLOOR_MATCH_CIPHER}, {&export, TLSFLOOR_MATCH_CIPHER},
        {NULL, TLSFLOOR_MATCH_CIPHER},
    };
    struct tlsfloor_facts facts = session("ann", "192.0.2.7");

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        facts.suite = cases[i].suite;
        assert_match("ann" REST, &facts, LAST_DAY, cases[i].want);
        assert_match("ann" REST " ciphers=any", &facts, LAST_DAY, TLSFLOOR_MATCH_YES);
        assert_match("ann allow=cleartext until=never service=imap", &facts, LAST_DAY,
                     TLSFLOOR_MATCH_YES);
    }
}

static void
test_users(void **state)
{
    static const struct {
        const char *who, *user;
        enum tlsfloor_match want;
    } cases[] = {
        {"ann@example.org", "ann@example.org", TLSFLOOR_MATCH_YES},
        {"ann@example.org", "ANN@Example.Org", TLSFLOOR_MATCH_YES},
        {"ANN@EXAMPLE.ORG", "ann@example.org", TLSFLOOR_MATCH_YES},
        {"ann@example.org", "bob@example.org", TLSFLOOR_MATCH_WHO},
        {"ann@example.org", "ann@example.net", TLSFLOOR_MATCH_WHO},
        {"ann@example.org", "ann@sub.example.org", TLSFLOOR_MATCH_WHO},
        {"ann@example.org", "ann", TLSFLOOR_MATCH_WHO},
        {"ann@example.org", "annn@example.org", TLSFLOOR_MATCH_WHO},
        {"ann@example.org", "an@example.org", TLSFLOOR_MATCH_WHO},
        {"ann@example.org", "@example.org", TLSFLOOR_MATCH_WHO},
        {"ann@example.org", "x@ann@example.org", TLSFLOOR_MATCH_WHO},
        {"ann@example.org", "ann@example.org@evil.example", TLSFLOOR_MATCH_WHO},
        {"ann@example.org", "ann@example.org ", TLSFLOOR_MATCH_WHO},
        {"ann@example.org", "ann@example.org.", TLSFLOOR_MATCH_WHO},
        {"ann", "ann", TLSFLOOR_MATCH_YES},
        {"ann", "Ann", TLSFLOOR_MATCH_YES},
        {"ann", "ann@example.org", TLSFLOOR_MATCH_WHO},
        {"ann", "ann@", TLSFLOOR_MATCH_WHO},
        {"ann", "", TLSFLOOR_MATCH_WHO},
        {"@example.org", "ann@example.org", TLSFLOOR_MATCH_YES},
        {"@example.org", "bob@EXAMPLE.org", TLSFLOOR_MATCH_YES},
        {"@example.org", "a@b@example.org", TLSFLOOR_MATCH_YES},
        {"@example.org", "ann@sub.example.org", TLSFLOOR_MATCH_WHO},
        {"@example.org", "ann@example.org@evil.example", TLSFLOOR_MATCH_WHO},
        {"@example.org", "ann", TLSFLOOR_MATCH_WHO},
        {"@example.org", "example.org", TLSFLOOR_MATCH_WHO},
        {"\xc3\xa4nn", "\xc3\xa4nn", TLSFLOOR_MATCH_YES},
        {"\xc3\xa4nn", "\xc3\x84nn", TLSFLOOR_MATCH_WHO},
        {"*", "ann@example.org", TLSFLOOR_MATCH_YES},
        {"*", "", TLSFLOOR_MATCH_YES},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tlsfloor_facts facts = session(cases[i].user, "192.0.2.7");
        char line[256];

        snprintf(line, sizeof(line), "%s" REST " from=any", cases[i].who);
        assert_match(line, &facts, LAST_DAY, cases[i].want);
    }
}

/* Whoever is not named has no name of an exception; '*' is for him too. */
static void
test_user_not_named(void **state)
{
    static const enum tlsfloor_user_state states[] = {TLSFLOOR_USER_NOT_YET, TLSFLOOR_USER_NONE};
    struct tlsfloor_facts facts = session("ann@example.org", "192.0.2.7");

    (void)state;
    for (size_t i = 0; i < COUNT(states); i++) {
        facts.user.state = states[i];
        assert_match("ann@example.org" REST, &facts, LAST_DAY, TLSFLOOR_MATCH_WHO);
        assert_match("@example.org" REST, &facts, LAST_DAY, TLSFLOOR_MATCH_WHO);
        assert_match("*" REST " from=any", &facts, LAST_DAY, TLSFLOOR_MATCH_YES);
    }
}

/* A name without domain is of the default domain on both sides, or on neither. */
static void
test_match_default_domain(void **state)
{
    static const struct {
        const char *who, *user;
        enum tlsfloor_match with, without;
    } cases[] = {
        {"ann", "ann", TLSFLOOR_MATCH_YES, TLSFLOOR_MATCH_YES},
        {"ann", "ann@example.org", TLSFLOOR_MATCH_YES, TLSFLOOR_MATCH_WHO},
        {"ann@example.org", "ann", TLSFLOOR_MATCH_YES, TLSFLOOR_MATCH_WHO},
        {"@example.org", "ann", TLSFLOOR_MATCH_YES, TLSFLOOR_MATCH_WHO},
        {"ann@example.net", "ann", TLSFLOOR_MATCH_WHO, TLSFLOOR_MATCH_WHO},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (int with = 0; with < 2; with++) {
            struct tlsfloor_text domain = tlsfloor_text_from(with ? "Example.Org" : "");
            struct tlsfloor_facts facts = session(NULL, "192.0.2.7");
            struct tlsfloor_exception one;
            char line[256], error[256];

            snprintf(line, sizeof(line), "%s" REST, cases[i].who);
            facts.user = tlsfloor_user_named(tlsfloor_text_from(cases[i].user), domain);
            assert_int_equal(tlsfloor_exception_parse(tlsfloor_text_from(line), domain, &one, error,
                                                      sizeof(error)),
                             1);
            assert_int_equal(tlsfloor_exception_match(&one, &facts, LAST_DAY),
                             with ? cases[i].with : cases[i].without);
        }
    }
}

/* What does not fit first is told: each step fits all that come before it. */
static void
test_order_of_match(void **state)
{
    struct tlsfloor_facts facts = session("bob", "203.0.113.9");
    static const char line[] = "ann allow=TLSv1.1 until=2027-03-31 service=pop3 from=192.0.2.0/24";

    (void)state;
    facts.suite = &null;
    assert_match(line, &facts, LAST_DAY + TLSFLOOR_DAY, TLSFLOOR_MATCH_EXPIRED);
    assert_match(line, &facts, LAST_DAY, TLSFLOOR_MATCH_SERVICE);
    facts.service = TLSFLOOR_SERVICE_POP3;
    assert_match(line, &facts, LAST_DAY, TLSFLOOR_MATCH_NETWORK);
    facts.client = session(NULL, "192.0.2.7").client;
    assert_match(line, &facts, LAST_DAY, TLSFLOOR_MATCH_VERSION);
    facts.tls = TLSFLOOR_TLS_1_1;
    assert_match(line, &facts, LAST_DAY, TLSFLOOR_MATCH_CIPHER);
    facts.suite = &weak;
    assert_match(line, &facts, LAST_DAY, TLSFLOOR_MATCH_WHO);
    facts.user.local = tlsfloor_text_from("ann");
    assert_match(line, &facts, LAST_DAY, TLSFLOOR_MATCH_YES);
}

/* A record of zeros covers nothing that happens after 1970. */
static void
test_zero(void **state)
{
    const struct tlsfloor_exception zero = {0};
    struct tlsfloor_facts facts = session("", "192.0.2.7");

    (void)state;
    assert_int_equal(tlsfloor_exception_match(&zero, &facts, 0), TLSFLOOR_MATCH_EXPIRED);
    assert_int_equal(tlsfloor_exception_match(&zero, &facts, -1), TLSFLOOR_MATCH_SERVICE);
}

static void
test_match_sentences(void **state)
{
    static const char *const want[] = {
        [TLSFLOOR_MATCH_EXPIRED] = "has expired",
        [TLSFLOOR_MATCH_SERVICE] = "is for other services",
        [TLSFLOOR_MATCH_NETWORK] = "is for other networks",
        [TLSFLOOR_MATCH_VERSION] = "does not go down to this version",
        [TLSFLOOR_MATCH_CIPHER] = "does not cover this cipher suite (ciphers=any would)",
        [TLSFLOOR_MATCH_WHO] = "is for somebody else",
        [TLSFLOOR_MATCH_YES] = "applies",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(want); i++)
        assert_string_equal(tlsfloor_match_sentence((enum tlsfloor_match)i), want[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),      cmocka_unit_test(test_members),
        cmocka_unit_test(test_default_domain),  cmocka_unit_test(test_no_record),
        cmocka_unit_test(test_sentences),       cmocka_unit_test(test_sentence_cut),
        cmocka_unit_test(test_line_length),     cmocka_unit_test(test_name_and_note_length),
        cmocka_unit_test(test_longest_record),  cmocka_unit_test(test_expiry),
        cmocka_unit_test(test_services),        cmocka_unit_test(test_networks),
        cmocka_unit_test(test_no_address),      cmocka_unit_test(test_versions),
        cmocka_unit_test(test_ciphers),         cmocka_unit_test(test_users),
        cmocka_unit_test(test_user_not_named),  cmocka_unit_test(test_match_default_domain),
        cmocka_unit_test(test_order_of_match),  cmocka_unit_test(test_zero),
        cmocka_unit_test(test_match_sentences),
    };

    return cmocka_run_group_tests_name("exception", tests, NULL, NULL);
}
