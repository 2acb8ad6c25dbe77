/* SPDX-License-Identifier: MIT */
/*
 * The audit line: its exact form, and that whatever a client sends stays one
 * line of printable ASCII under 1,000 bytes that a reader, written from the
 * manual alone, reads back to the same values.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audit-line.h"
#include "audit.h"
#include "exception.h"

#define COUNT(table) (sizeof(table) / sizeof(table[0]))
#define PIECE(literal)               \
    (struct tlsfloor_text)           \
    {                                \
        literal, sizeof(literal) - 1 \
    }

static const struct tlsfloor_text missing = {NULL, 0};

static struct audit_line line;

/* --- the line, read back --- */

static const struct audit_line_value *
find_value(const char *key)
{
    const struct audit_line_value *found = audit_line_find(&line, key);

    if (found == NULL)
        fail_msg("no %s=", key);
    return found;
}

static void
assert_value(const char *key, struct tlsfloor_text want)
{
    const struct audit_line_value *value = find_value(key);

    if (value->size != want.size ||
        (want.size > 0 && memcmp(value->bytes, want.data, want.size) != 0))
        fail_msg("%s: \"%.*s\", not \"%.*s\"", key, (int)value->size, value->bytes, (int)want.size,
                 want.data);
    assert_int_equal(value->is_empty, want.size == 0);
}

static int
has_key(const char *key)
{
    return audit_line_find(&line, key) != NULL;
}

/* --- a line with everything in its place --- */

struct entry {
    struct tlsfloor_audit audit;
    struct tlsfloor_facts facts;
    struct tlsfloor_decision decision;
    struct tlsfloor_exception exception;
    char line[TLSFLOOR_AUDIT_LINE + 1]; /* one byte to see a step beyond */
};

static void
begin(struct entry *entry)
{
    memset(entry, 0, sizeof(*entry));
    entry->audit.stage = TLSFLOOR_STAGE_AUTH;
    entry->audit.session = PIECE("Qq54oYN59uas");
    entry->facts.service = TLSFLOOR_SERVICE_IMAP;
    entry->facts.tls = TLSFLOOR_TLS_1_1;
    entry->facts.tls_name = PIECE("TLSv1.1");
    entry->facts.cipher = PIECE("ECDHE-RSA-AES256-SHA");
    entry->facts.bits = 256;
    entry->facts.user = tlsfloor_user_named(PIECE("ann@example.org"), missing);
    assert_int_equal(tlsfloor_address_parse(PIECE("192.0.2.7"), &entry->facts.client), 0);
    entry->facts.port = 50312;
    entry->decision.reason = TLSFLOOR_REASON_VERSION;
    entry->decision.rule = TLSFLOOR_RULE_RFC8997;
    entry->decision.floor = TLSFLOOR_TLS_1_2;
}

/* Writes the line, and reads it back with the properties that every line has. */
static const char *
format(struct entry *entry)
{
    size_t size;

    memset(entry->line, '!', sizeof(entry->line));
    size = tlsfloor_audit_format(&entry->audit, &entry->facts, &entry->decision, entry->line);
    assert_int_equal(entry->line[TLSFLOOR_AUDIT_LINE], '!');
    assert_true(size < TLSFLOOR_AUDIT_LINE);
    assert_int_equal(entry->line[size], '\0');
    assert_int_equal(strlen(entry->line), size);
    for (size_t i = 0; i < size; i++)
        assert_true(entry->line[i] >= ' ' && entry->line[i] <= '~');
    assert_int_equal(audit_line_read(entry->line, &line), 0);
    assert_string_equal(entry->line + audit_line_size(entry->line), "");
    return entry->line;
}

static void
test_example(void **state)
{
    struct entry entry;

    (void)state;
    begin(&entry);
    assert_string_equal(
        format(&entry),
        "tlsfloor: action=refuse reason=version rule=RFC8997 service=imap stage=auth "
        "user=ann@example.org client=192.0.2.7 port=50312 tls=TLSv1.1 "
        "cipher=ECDHE-RSA-AES256-SHA bits=256 floor=TLSv1.2 mode=enforce exception=- "
        "session=Qq54oYN59uas");
}

/* Nothing known, nothing filled in. */
static void
test_zero(void **state)
{
    struct entry entry;

    (void)state;
    memset(&entry, 0, sizeof(entry));
    assert_string_equal(
        format(&entry),
        "tlsfloor: action=refuse reason=store-error rule=local service=none stage=connect user=- "
        "client=unknown port=0 tls=unknown cipher=- bits=0 floor=unknown mode=enforce "
        "exception=- session=-");
}

static void
test_everything(void **state)
{
    struct entry entry;

    (void)state;
    begin(&entry);
    entry.audit.login = PIECE("ann.smith@example.org");
    entry.facts.service = TLSFLOOR_SERVICE_SUBMISSION;
    assert_int_equal(tlsfloor_address_parse(PIECE("2001:db8::7"), &entry.facts.client), 0);
    entry.decision.action = TLSFLOOR_ACCEPT;
    entry.decision.reason = TLSFLOOR_REASON_EXCEPTION;
    entry.decision.rule = TLSFLOOR_RULE_RFC8314_4_1;
    entry.decision.mode = TLSFLOOR_MODE_OBSERVE;
    entry.decision.exception = &entry.exception;
    entry.exception.who = PIECE("@example.org");
    assert_string_equal(
        format(&entry),
        "tlsfloor: action=accept reason=exception rule=RFC8314-4.1 service=submission stage=auth "
        "user=ann@example.org client=2001:db8::7 port=50312 tls=TLSv1.1 "
        "cipher=ECDHE-RSA-AES256-SHA bits=256 floor=TLSv1.2 mode=observe exception=@example.org "
        "session=Qq54oYN59uas login=ann.smith@example.org");
}

static void
test_stages(void **state)
{
    static const char *const want[] = {
        [TLSFLOOR_STAGE_CONNECT] = "connect", [TLSFLOOR_STAGE_HELO] = "helo",
        [TLSFLOOR_STAGE_AUTH] = "auth",       [TLSFLOOR_STAGE_MAIL] = "mail",
        [TLSFLOOR_STAGE_RCPT] = "rcpt",       [TLSFLOOR_STAGE_DATA] = "data",
    };
    struct entry entry;

    (void)state;
    begin(&entry);
    for (size_t i = 0; i < COUNT(want); i++) {
        entry.audit.stage = (enum tlsfloor_stage)i;
        format(&entry);
        assert_value("stage", tlsfloor_text_from(want[i]));
    }
}

/* --- values --- */

static void
test_user_text(void **state)
{
    static const struct {
        const char *name;
        struct tlsfloor_text user;
        const char *want; /* as it stands in the line */
    } cases[] = {
        {"plain", PIECE("ann"), " user=ann "},
        {"all plain bytes", PIECE("aZ09._:@/+=%-"), " user=aZ09._:@/+=%- "},
        {"empty", PIECE(""), " user=- "},
        {"a hyphen is not empty", PIECE("-"), " user=\"-\" "},
        {"two hyphens", PIECE("--"), " user=-- "},
        {"an @ alone", PIECE("@"), " user=@ "},
        {"no domain behind the @", PIECE("ann@"), " user=ann@ "},
        {"no local part", PIECE("@example.org"), " user=@example.org "},
        {"several @", PIECE("a@b@c"), " user=a@b@c "},
        {"blank", PIECE("ann b"), " user=\"ann b\" "},
        {"quote", PIECE("ann\"b"), " user=\"ann\\\"b\" "},
        {"backslash", PIECE("ann\\b"), " user=\"ann\\\\b\" "},
        {"line feed", PIECE("ann\nb"), " user=\"ann\\x0ab\" "},
        {"carriage return", PIECE("ann\rb"), " user=\"ann\\x0db\" "},
        {"NUL", PIECE("ann\0b"), " user=\"ann\\x00b\" "},
        {"delete", PIECE("ann\x7f"), " user=\"ann\\x7f\" "},
        {"UTF-8", PIECE("\xc3\xa4nn"), " user=\"\\xc3\\xa4nn\" "},
        {"0xff", PIECE("\xff"), " user=\"\\xff\" "},
        {"comma", PIECE("a,b"), " user=\"a,b\" "},
        {"tilde", PIECE("~a"), " user=\"~a\" "},
        {"colon at the end", PIECE("ann:"), " user=\"ann:\" "},
        {"colon alone", PIECE(":"), " user=\":\" "},
        {"what looks escaped", PIECE("\\x41"), " user=\"\\\\x41\" "},
        {"what looks like a key", PIECE("a action=accept"), " user=\"a action=accept\" "},
        {"what would end the quotes", PIECE("a\" action=accept x=\""),
         " user=\"a\\\" action=accept x=\\\"\" "},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct entry entry;

        begin(&entry);
        entry.facts.user = tlsfloor_user_named(cases[i].user, missing);
        if (strstr(format(&entry), cases[i].want) == NULL)
            fail_msg("%s: %s", cases[i].name, entry.line);
        assert_value("user", cases[i].user);
        assert_false(has_key("cut"));
    }
}

/* As in Dovecot's log, where a ':' and a blank behind it end the line. */
static void
test_client_text(void **state)
{
    static const struct {
        const char *client, *want;
    } cases[] = {
        {"192.0.2.7", "192.0.2.7"},
        {"2001:db8::7", "2001:db8::7"},
        {"2001:db8::", "2001:db8::0"},
        {"::", "::0"},
    };
    struct entry entry;

    (void)state;
    begin(&entry);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct tlsfloor_text client = tlsfloor_text_from(cases[i].client);

        assert_int_equal(tlsfloor_address_parse(client, &entry.facts.client), 0);
        format(&entry);
        assert_value("client", tlsfloor_text_from(cases[i].want));
    }
}

/* The name that was judged: with the default domain. */
static void
test_user_default_domain(void **state)
{
    struct entry entry;

    (void)state;
    begin(&entry);
    entry.facts.user = tlsfloor_user_named(PIECE("ann"), PIECE("example.org"));
    format(&entry);
    assert_value("user", PIECE("ann@example.org"));
}

static void
set_value(struct entry *entry, const char *key, struct tlsfloor_text value)
{
    if (strcmp(key, "user") == 0)
        entry->facts.user = tlsfloor_user_named(value, missing);
    else if (strcmp(key, "tls") == 0)
        entry->facts.tls_name = value;
    else if (strcmp(key, "cipher") == 0)
        entry->facts.cipher = value;
    else if (strcmp(key, "session") == 0)
        entry->audit.session = value;
    else if (strcmp(key, "login") == 0)
        entry->audit.login = value;
    else
        entry->exception.who = value;
    entry->decision.exception = &entry->exception;
}

static const char *const outside[] = {"user", "tls", "cipher", "exception", "session", "login"};

/* Every byte, alone and between others, in every value that comes from outside. */
static void
test_every_byte(void **state)
{
    (void)state;
    for (size_t k = 0; k < COUNT(outside); k++) {
        for (int byte = 0; byte < 256; byte++) {
            char text[] = {(char)byte, 'x', (char)byte, (char)byte};
            struct entry entry;

            for (size_t size = 1; size <= sizeof(text); size++) {
                begin(&entry);
                set_value(&entry, outside[k], (struct tlsfloor_text){text, size});
                format(&entry);
                assert_value(outside[k], (struct tlsfloor_text){text, size});
                assert_false(has_key("cut"));
            }
        }
    }
}

/* --- shares --- */

static const struct {
    const char *key;
    size_t share;
} shares[] = {
    {"user", 256}, {"tls", 24}, {"cipher", 80}, {"exception", 120}, {"session", 70}, {"login", 120},
};

/* A plain value of exactly its share is whole; one byte more, and it is cut and said so. */
static void
test_shares_plain(void **state)
{
    char text[512];

    (void)state;
    memset(text, 'a', sizeof(text));
    for (size_t i = 0; i < COUNT(shares); i++) {
        struct entry entry;

        begin(&entry);
        set_value(&entry, shares[i].key, (struct tlsfloor_text){text, shares[i].share});
        format(&entry);
        assert_value(shares[i].key, (struct tlsfloor_text){text, shares[i].share});
        assert_false(has_key("cut"));
        set_value(&entry, shares[i].key, (struct tlsfloor_text){text, shares[i].share + 1});
        format(&entry);
        assert_value(shares[i].key, (struct tlsfloor_text){text, shares[i].share - 2});
        assert_value("cut", tlsfloor_text_from(shares[i].key));
    }
}

/* In quotes the share holds two bytes less, and a quarter of what must be escaped. */
static void
test_shares_quoted(void **state)
{
    char text[512];

    (void)state;
    for (size_t i = 0; i < COUNT(shares); i++) {
        size_t whole = (shares[i].share - 2) / 4;
        struct entry entry;

        begin(&entry);
        memset(text, ' ', sizeof(text));
        set_value(&entry, shares[i].key, (struct tlsfloor_text){text, shares[i].share - 2});
        format(&entry);
        assert_value(shares[i].key, (struct tlsfloor_text){text, shares[i].share - 2});
        assert_false(has_key("cut"));
        set_value(&entry, shares[i].key, (struct tlsfloor_text){text, shares[i].share - 1});
        format(&entry);
        assert_value(shares[i].key, (struct tlsfloor_text){text, shares[i].share - 2});
        assert_value("cut", tlsfloor_text_from(shares[i].key));
        memset(text, '\xff', sizeof(text));
        set_value(&entry, shares[i].key, (struct tlsfloor_text){text, whole});
        format(&entry);
        assert_value(shares[i].key, (struct tlsfloor_text){text, whole});
        assert_false(has_key("cut"));
        set_value(&entry, shares[i].key, (struct tlsfloor_text){text, whole + 1});
        format(&entry);
        assert_value(shares[i].key, (struct tlsfloor_text){text, whole});
        assert_value("cut", tlsfloor_text_from(shares[i].key));
    }
}

/* A user of exactly the share, split in two, at every place of the '@'. */
static void
test_user_of_its_share(void **state)
{
    char text[257];

    (void)state;
    for (size_t at = 0; at < 256; at++) {
        struct entry entry;

        begin(&entry);
        memset(text, 'a', sizeof(text));
        text[at] = '@';
        entry.facts.user = tlsfloor_user_named((struct tlsfloor_text){text, 256}, missing);
        format(&entry);
        assert_value("user", (struct tlsfloor_text){text, 256});
        assert_false(has_key("cut"));
        entry.facts.user = tlsfloor_user_named((struct tlsfloor_text){text, 257}, missing);
        format(&entry);
        assert_value("user", (struct tlsfloor_text){text, 254});
        assert_value("cut", PIECE("user"));
    }
}

/* The longest of everything: under 1,000 bytes, each value cut and named, none lost. */
static void
test_longest(void **state)
{
    static const char fillers[] = {'a', ' ', '"', '\0', '\xff', '-'};
    size_t size = 30 * 1024;
    char *text = malloc(size);
    size_t longest = 0;

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < sizeof(fillers); i++) {
        struct entry entry;

        memset(text, fillers[i], size);
        begin(&entry);
        for (size_t k = 0; k < COUNT(outside); k++)
            set_value(&entry, outside[k], (struct tlsfloor_text){text, size});
        entry.audit.stage = TLSFLOOR_STAGE_CONNECT;
        entry.facts.service = TLSFLOOR_SERVICE_SUBMISSION;
        entry.facts.port = UINT32_MAX;
        entry.facts.bits = UINT32_MAX;
        entry.decision.action = TLSFLOOR_UNDECIDED;
        entry.decision.reason = TLSFLOOR_REASON_TRUSTED_NETWORK;
        entry.decision.rule = TLSFLOOR_RULE_RFC8314_4_1;
        entry.decision.floor = TLSFLOOR_TLS_CLEARTEXT;
        assert_int_equal(tlsfloor_address_parse(PIECE("2001:db8:1111:2222:3333:4444:5555:6666"),
                                                &entry.facts.client),
                         0);
        if (strlen(format(&entry)) > longest)
            longest = strlen(entry.line);
        assert_int_equal(line.count, 17);
        assert_value("cut", PIECE("user,tls,cipher,exception,session,login"));
        assert_non_null(strstr(entry.line, " cut=\"user,tls,cipher,exception,session,login\""));
        assert_string_equal(line.values[16].key, "cut");
        for (size_t k = 0; k < COUNT(outside); k++)
            assert_in_range(find_value(outside[k])->size, (shares[k].share - 2) / 4 - 1,
                            shares[k].share - 2);
    }
    free(text);
    /* the shares must leave room: nothing may be lost at the end of the line */
    assert_true(longest < TLSFLOOR_AUDIT_LINE - 1);
}

static void
test_order_of_keys(void **state)
{
    static const char *const want[] = {
        "action", "reason", "rule", "service", "stage", "user",      "client",  "port",
        "tls",    "cipher", "bits", "floor",   "mode",  "exception", "session", "login"};
    struct entry entry;

    (void)state;
    begin(&entry);
    entry.audit.login = PIECE("bob");
    format(&entry);
    assert_int_equal(line.count, COUNT(want));
    for (size_t i = 0; i < COUNT(want); i++)
        assert_string_equal(line.values[i].key, want[i]);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example),           cmocka_unit_test(test_zero),
        cmocka_unit_test(test_everything),        cmocka_unit_test(test_stages),
        cmocka_unit_test(test_user_text),         cmocka_unit_test(test_user_default_domain),
        cmocka_unit_test(test_client_text),       cmocka_unit_test(test_every_byte),
        cmocka_unit_test(test_shares_plain),      cmocka_unit_test(test_shares_quoted),
        cmocka_unit_test(test_user_of_its_share), cmocka_unit_test(test_longest),
        cmocka_unit_test(test_order_of_keys),
    };

    return cmocka_run_group_tests_name("audit", tests, NULL, NULL);
}
