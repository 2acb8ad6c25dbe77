/* SPDX-License-Identifier: MIT */
/*
 * Replies of mail servers, whole, cut and foreign: what they offer, and whether
 * they say yes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "probe-reply.h"

/* said: what is taken; behind it more may follow. result: 1 taken, 0 incomplete, -1 foreign. */
static const struct {
    enum probe_protocol protocol;
    enum probe_moment moment;
    const char *said;
    int result, good, starttls, login, policy;
} cases[] = {
    {PROBE_IMAP, PROBE_GREETING, "* OK [CAPABILITY IMAP4rev1 STARTTLS] hello\r\n", 1, 1, 0, 0, 0},
    {PROBE_IMAP, PROBE_GREETING, "* PREAUTH hello\r\n", 1, 1, 0, 0, 0},
    {PROBE_IMAP, PROBE_GREETING, "* BYE too old\r\n", 1, 0, 0, 0, 0},
    {PROBE_IMAP, PROBE_GREETING, "* bye\n", 1, 0, 0, 0, 0},
    {PROBE_IMAP, PROBE_GREETING, "* OKAY\r\n", -1, 0, 0, 0, 0},
    {PROBE_IMAP, PROBE_GREETING, "220 hello\r\n", -1, 0, 0, 0, 0},
    {PROBE_IMAP, PROBE_GREETING, "* OK", 0, 0, 0, 0, 0},
    {PROBE_IMAP, PROBE_CAPABILITIES, "* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\na OK\r\n", 1, 1, 0, 1,
     0},
    {PROBE_IMAP, PROBE_CAPABILITIES,
     "* CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED\r\na OK done\r\n", 1, 1, 1, 0, 0},
    {PROBE_IMAP, PROBE_CAPABILITIES, "* CAPABILITY LOGINDISABLED AUTH=SCRAM-SHA-256\r\na OK\r\n", 1,
     1, 0, 1, 0},
    {PROBE_IMAP, PROBE_CAPABILITIES, "* CAPABILITY XSTARTTLS NOLOGINDISABLED\r\na OK\r\n", 1, 1, 0,
     1, 0},
    {PROBE_IMAP, PROBE_CAPABILITIES, "* OK [ALERT] x\r\n* CAPABILITY IMAP4rev1\r\n", 0, 0, 0, 1, 0},
    {PROBE_IMAP, PROBE_CAPABILITIES, "* BYE too old\r\n", 1, 0, 0, 0, 0},
    {PROBE_IMAP, PROBE_CAPABILITIES, "b OK\r\n", -1, 0, 0, 0, 0},
    {PROBE_IMAP, PROBE_STARTTLS, "a OK begin\r\n", 1, 1, 0, 0, 0},
    {PROBE_IMAP, PROBE_STARTTLS, "a BAD no\r\n", 1, 0, 0, 0, 0},
    {PROBE_IMAP, PROBE_LOGIN, "a NO [PRIVACYREQUIRED] too old\r\n", 1, 0, 0, 0, 1},
    {PROBE_IMAP, PROBE_LOGIN, "a NO [AUTHENTICATIONFAILED] wrong\r\n", 1, 0, 0, 0, 0},
    {PROBE_POP3, PROBE_GREETING, "+OK hello\r\n", 1, 1, 0, 0, 0},
    {PROBE_POP3, PROBE_GREETING, "-ERR [SYS/PERM] too old\r\n", 1, 0, 0, 0, 1},
    {PROBE_POP3, PROBE_GREETING, "+OKAY\r\n", -1, 0, 0, 0, 0},
    {PROBE_POP3, PROBE_CAPABILITIES, "+OK\r\nSTLS\r\nUSER\r\n.\r\n", 1, 1, 1, 1, 0},
    {PROBE_POP3, PROBE_CAPABILITIES, "+OK\r\nSTLS\r\nSASL\r\n.\r\n", 1, 1, 1, 0, 0},
    {PROBE_POP3, PROBE_CAPABILITIES, "+OK\r\nSASL  \r\n.\r\n", 1, 1, 0, 0, 0},
    {PROBE_POP3, PROBE_CAPABILITIES, "+OK\r\nSASL PLAIN\r\n.\r\n", 1, 1, 0, 1, 0},
    {PROBE_POP3, PROBE_CAPABILITIES, "+OK\r\nSTLS\r\n", 0, 0, 1, 0, 0},
    {PROBE_POP3, PROBE_CAPABILITIES, "-ERR what\r\n", 1, 0, 0, 0, 0},
    {PROBE_SIEVE, PROBE_GREETING,
     "\"IMPLEMENTATION\" \"x\"\r\n\"SASL\" \"PLAIN\"\r\n\"STARTTLS\"\r\nOK\r\n", 1, 1, 1, 1, 0},
    {PROBE_SIEVE, PROBE_GREETING, "\"SASL\" \"\"\r\n\"STARTTLS\"\r\nOK \"x\"\r\n", 1, 1, 1, 0, 0},
    {PROBE_SIEVE, PROBE_GREETING, "BYE \"too old\"\r\n", 1, 0, 0, 0, 0},
    {PROBE_SIEVE, PROBE_GREETING, "hello\r\n", -1, 0, 0, 0, 0},
    {PROBE_SIEVE, PROBE_GREETING, "\r\n", -1, 0, 0, 0, 0},
    {PROBE_SIEVE, PROBE_LOGIN, "NO (ENCRYPT-NEEDED) \"too old\"\r\n", 1, 0, 0, 0, 1},
    {PROBE_SMTP, PROBE_GREETING, "220-a\r\n220 b\r\n", 1, 1, 0, 0, 0},
    {PROBE_SMTP, PROBE_GREETING, "220-a\r\n", 0, 0, 0, 0, 0},
    {PROBE_SMTP, PROBE_GREETING, "421 4.0.0 too old\r\n", 1, 0, 0, 0, 0},
    {PROBE_SMTP, PROBE_GREETING, "22O a\r\n", -1, 0, 0, 0, 0},
    {PROBE_SMTP, PROBE_GREETING, "920 a\r\n", -1, 0, 0, 0, 0},
    {PROBE_SMTP, PROBE_GREETING, "2200 a\r\n", -1, 0, 0, 0, 0},
    {PROBE_SMTP, PROBE_CAPABILITIES, "250-STARTTLS\r\n250-AUTH PLAIN\r\n250 OK\r\n", 1, 1, 0, 1, 0},
    {PROBE_SMTP, PROBE_CAPABILITIES, "250-h\r\n250-STARTTLS\r\n250 AUTH \r\n", 1, 1, 1, 0, 0},
    {PROBE_SMTP, PROBE_CAPABILITIES, "250-h\r\n250 AUTH=PLAIN\r\n", 1, 1, 0, 1, 0},
    {PROBE_SMTP, PROBE_CAPABILITIES, "530 5.7.10 <x>: Helo command rejected: too old\r\n", 1, 0, 0,
     0, 1},
    {PROBE_SMTP, PROBE_LOGIN, "535 5.7.8 wrong\r\n", 1, 0, 0, 0, 0},
    {PROBE_SMTP, PROBE_LOGIN, "530 5.7.0 too old\r\n", 1, 0, 0, 0, 1},
    {PROBE_UNKNOWN, PROBE_GREETING, "hello\r\n", -1, 0, 0, 0, 0},
    {PROBE_UNKNOWN, PROBE_GREETING, "* OK", 0, 0, 0, 0, 0},
};
#define CASES (sizeof(cases) / sizeof(cases[0]))

static void
each_reply_is_understood(void **state)
{
    struct probe_reply reply;

    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        size_t size = strlen(cases[i].said);
        int used =
            probe_reply_parse(cases[i].protocol, cases[i].moment, cases[i].said, size, &reply);

        print_message("# %s\n", cases[i].said);
        assert_int_equal(used, cases[i].result == 1 ? (int)size : cases[i].result);
        assert_int_equal(reply.good, cases[i].good);
        assert_int_equal(reply.starttls, cases[i].starttls);
        assert_int_equal(reply.login, cases[i].login);
        assert_int_equal(reply.policy, cases[i].policy);
    }
}

/* Until its last byte is there, a reply is not complete, whatever it says. */
static void
a_part_of_a_reply_is_no_reply(void **state)
{
    struct probe_reply reply;

    (void)state;
    for (size_t i = 0; i < CASES; i++) {
        if (cases[i].result != 1)
            continue;
        for (size_t size = 0; size < strlen(cases[i].said); size++)
            assert_int_equal(
                probe_reply_parse(cases[i].protocol, cases[i].moment, cases[i].said, size, &reply),
                0);
    }
}

static void
what_follows_a_reply_is_left(void **state)
{
    static const char said[] = "a OK begin\r\na OK injected\r\n";
    struct probe_reply reply;

    (void)state;
    assert_int_equal(probe_reply_parse(PROBE_IMAP, PROBE_STARTTLS, said, strlen(said), &reply), 12);
    assert_string_equal(reply.text, "a OK begin");
}

static void
no_byte_of_a_terminal_comes_through(void **state)
{
    static const char said[] = "* BYE \033[2J\x9b\0x\r\n";
    struct probe_reply reply;

    (void)state;
    assert_int_equal(probe_reply_parse(PROBE_IMAP, PROBE_GREETING, said, sizeof(said) - 1, &reply),
                     sizeof(said) - 1);
    assert_string_equal(reply.text, "* BYE ?[2J??x");
}

static void
a_long_line_is_cut(void **state)
{
    char said[1000];
    struct probe_reply reply;

    (void)state;
    memset(said, 'x', sizeof(said));
    memcpy(said, "* BYE ", 6);
    said[sizeof(said) - 1] = '\n';
    assert_int_equal(probe_reply_parse(PROBE_IMAP, PROBE_GREETING, said, sizeof(said), &reply),
                     sizeof(said));
    assert_int_equal(strlen(reply.text), PROBE_TEXT - 1);
}

static void
a_greeting_tells_the_protocol(void **state)
{
    static const struct {
        const char *said;
        enum probe_protocol protocol;
    } greetings[] = {
        {"* OK x\r\n", PROBE_IMAP},
        {"* BYE x\r\n", PROBE_IMAP},
        {"+OK x\r\n", PROBE_POP3},
        {"-ERR x\r\n", PROBE_POP3},
        {"\"IMPLEMENTATION\" \"x\"\r\n", PROBE_SIEVE},
        {"BYE \"x\"\r\n", PROBE_SIEVE},
        {"220 x\r\n", PROBE_SMTP},
        {"220-x\r\n", PROBE_SMTP},
        {"554 x\r\n", PROBE_SMTP},
        {"* OK x", PROBE_UNKNOWN},
        {"", PROBE_UNKNOWN},
        {"SSH-2.0-x\r\n", PROBE_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(greetings) / sizeof(greetings[0]); i++)
        assert_int_equal(probe_reply_protocol(greetings[i].said, strlen(greetings[i].said)),
                         greetings[i].protocol);
}

static void
options_name_protocols(void **state)
{
    (void)state;
    assert_int_equal(probe_protocol_parse("imap"), PROBE_IMAP);
    assert_int_equal(probe_protocol_parse("smtp"), PROBE_SMTP);
    assert_int_equal(probe_protocol_parse("IMAP"), PROBE_UNKNOWN);
    assert_int_equal(probe_protocol_parse(""), PROBE_UNKNOWN);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_reply_is_understood),
        cmocka_unit_test(a_part_of_a_reply_is_no_reply),
        cmocka_unit_test(what_follows_a_reply_is_left),
        cmocka_unit_test(no_byte_of_a_terminal_comes_through),
        cmocka_unit_test(a_long_line_is_cut),
        cmocka_unit_test(a_greeting_tells_the_protocol),
        cmocka_unit_test(options_name_protocols),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
