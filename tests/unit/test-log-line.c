/* SPDX-License-Identifier: MIT */
/*
 * Lines of logs: every form that has an audit line, its time and values; and
 * everything that only looks like one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "log-line.h"

#define COUNT(table) (sizeof(table) / sizeof(table[0]))

#define LINE_OF(service, user)                                                                   \
    "tlsfloor: action=tag reason=version rule=RFC8997 service=" service " stage=auth user=" user \
    " client=192.0.2.7 port=50312 tls=TLSv1 cipher=AES128-SHA bits=128 floor=TLSv1.2 "           \
    "mode=observe exception=- session=Qq54oYN59uas"
#define IMAP LINE_OF("imap", "ann@example.org")
#define SUBMISSION LINE_OF("submission", "ann@example.org")
#define BEHIND ": user=<ann@example.org>, method=PLAIN, rip=192.0.2.7, session=<Qq54oYN59uas>"
#define SYSLOG "Nov 29 03:37:47 mail "
#define POLICYD SYSLOG "tlsfloor-policyd[77]: "
#define DOVECOT SYSLOG "dovecot: imap-login: "

static struct tlsfloor_log_line line;

static enum tlsfloor_log_kind
read_line(const char *text)
{
    return tlsfloor_log_line_read(tlsfloor_text_from(text), &line);
}

static void
expect_text(struct tlsfloor_text text, const char *want)
{
    assert_true(tlsfloor_text_equal(text, tlsfloor_text_from(want)));
}

static void
test_forms(void **state)
{
    static const struct {
        const char *text, *host;
        enum tlsfloor_log_program program;
    } cases[] = {
        {POLICYD SUBMISSION, "mail", TLSFLOOR_LOG_POSTFIX},
        {POLICYD SUBMISSION "\r", "mail", TLSFLOOR_LOG_POSTFIX},
        {SYSLOG "tlsfloor-policyd: " SUBMISSION, "mail", TLSFLOOR_LOG_POSTFIX},
        {"<22>Nov 29 03:37:47 tlsfloor-policyd[77]: " SUBMISSION, "", TLSFLOOR_LOG_POSTFIX},
        {"<22>Nov 29 03:37:47 dovecot: imap-login: " IMAP BEHIND, "", TLSFLOOR_LOG_DOVECOT},
        {"<22>" POLICYD SUBMISSION, "mail", TLSFLOOR_LOG_POSTFIX},
        {DOVECOT IMAP BEHIND, "mail", TLSFLOOR_LOG_DOVECOT},
        {DOVECOT IMAP, "mail", TLSFLOOR_LOG_DOVECOT},
        {SYSLOG "dovecot[9]: imap-login: Info: " IMAP BEHIND, "mail", TLSFLOOR_LOG_DOVECOT},
        {SYSLOG "dovecot: pop3-login: " LINE_OF("pop3", "a") BEHIND, "mail", TLSFLOOR_LOG_DOVECOT},
        {SYSLOG "dovecot: managesieve-login: " LINE_OF("sieve", "a") BEHIND, "mail",
         TLSFLOOR_LOG_DOVECOT},
        {SYSLOG "dovecot: submission-login: " SUBMISSION BEHIND, "mail", TLSFLOOR_LOG_DOVECOT},
        {"Nov 29 03:37:47 imap-login: Info: " IMAP BEHIND, "", TLSFLOOR_LOG_DOVECOT},
        {"2026-11-29 03:37:47 imap-login: Info: " IMAP BEHIND, "", TLSFLOOR_LOG_DOVECOT},
        {"2026-11-29T03:37:47.123456+00:00 mail dovecot: imap-login: " IMAP BEHIND, "mail",
         TLSFLOOR_LOG_DOVECOT},
        {"2026-11-29T03:37:47+0000 mail tlsfloor-policyd[77]: " SUBMISSION, "mail",
         TLSFLOOR_LOG_POSTFIX},
        {"<22>1 2026-11-29T03:37:47.123456Z mail tlsfloor-policyd 77 - - " SUBMISSION, "mail",
         TLSFLOOR_LOG_POSTFIX},
        {"<22>1 2026-11-29T03:37:47Z mail dovecot - - [a@1 b=\"\\\"]\" c=\"]\"][d] \xef\xbb\xbf "
         "imap-login: " IMAP BEHIND,
         "mail", TLSFLOOR_LOG_DOVECOT},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_int_equal(read_line(cases[i].text), TLSFLOOR_LOG_AUDIT);
        assert_int_equal(line.kind, TLSFLOOR_LOG_AUDIT);
        assert_int_equal(line.program, cases[i].program);
        expect_text(line.host, cases[i].host);
        assert_int_equal(line.stamp.month, 11);
        assert_int_equal(line.stamp.day, 29);
        assert_int_equal(line.stamp.hour, 3);
        assert_int_equal(line.stamp.second, 47);
    }
}

static void
test_others(void **state)
{
    static const char *const cases[] = {
        "",
        IMAP,
        SUBMISSION,
        SYSLOG,
        SYSLOG "tlsfloor-policyd[77]",
        "mail tlsfloor-policyd[77]: " SUBMISSION,
        "Nov 31 03:37:47 mail tlsfloor-policyd[77]: " SUBMISSION,
        "Now 29 03:37:47 mail tlsfloor-policyd[77]: " SUBMISSION,
        "Nov 29 24:37:47 mail tlsfloor-policyd[77]: " SUBMISSION,
        "Nov 29 03:37:47mail tlsfloor-policyd[77]: " SUBMISSION,
        "  2026-11-29T03:37:47Z mail tlsfloor-policyd[77]: " SUBMISSION,
        "2026-13-29T03:37:47Z mail tlsfloor-policyd[77]: " SUBMISSION,
        /* Another program says it. */
        SYSLOG "postfix/smtpd[77]: " SUBMISSION,
        "Nov 29 03:37:47 postfix/smtpd[77]: tlsfloor-policyd[77]: " SUBMISSION,
        SYSLOG "tlsfloor-policyd2[77]: " SUBMISSION,
        SYSLOG "xtlsfloor-policyd[77]: " SUBMISSION,
        SYSLOG "tlsfloor-policyd[x]: " SUBMISSION,
        SYSLOG "tlsfloor-policyd[77] " SUBMISSION,
        SYSLOG "logger: tlsfloor-policyd[77]: " SUBMISSION,
        SYSLOG "dovecot: auth: " IMAP,
        SYSLOG "dovecot: imap: " IMAP,
        SYSLOG "dovecot: imap-login2: " IMAP,
        SYSLOG "dovecot: imap-login: Error: " IMAP,
        SYSLOG "dovecot: " IMAP,
        SYSLOG "imap-login: " IMAP,
        "Nov 29 03:37:47 auth: Info: " IMAP BEHIND,
        "<22>1 2026-11-29T03:37:47Z mail postfix/smtpd 77 - - " SUBMISSION,
        "<22>1 2026-11-29T03:37:47Z mail tlsfloor-policyd 77 - [a " SUBMISSION,
        /* A client says it. */
        SYSLOG "postfix/smtpd[77]: NOQUEUE: reject: RCPT from unknown[192.0.2.7]: 530 5.7.10 "
               "<" SUBMISSION ">: Helo command rejected: ...; helo=<" SUBMISSION ">",
        SYSLOG "postfix/smtpd[77]: warning: hostname tlsfloor-policyd[77]: " SUBMISSION,
        DOVECOT "Aborted login (auth failed): user=<" IMAP ">, rip=192.0.2.7",
        DOVECOT "Login: user=<imap-login: " IMAP ">, rip=192.0.2.7",
        DOVECOT "ID sent: name=" IMAP ": user=<>",
        SYSLOG "dovecot: auth: passwd-file(" IMAP ",192.0.2.7): unknown user",
        SYSLOG "dovecot: imap(dovecot: imap-login: " IMAP ")<1><x>: Logged out",
        "Nov 29 03:37:47 imap-login: Info: Disconnected: user=<" IMAP ">",
        /* We say something else. */
        POLICYD "a new policy is in force",
        POLICYD "tlsfloor: started",
        POLICYD " lost",
        DOVECOT "tlsfloor: something",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(read_line(cases[i]), TLSFLOOR_LOG_OTHER);
}

static void
test_lost(void **state)
{
    static const char *const cases[] = {
        POLICYD "1 line was lost while the system log was not reading",
        POLICYD "12 lines were lost while the system log was not reading",
        SYSLOG "rsyslogd: imuxsock[pid 7]: begin to drop messages due to rate-limiting",
        SYSLOG "systemd-journald[3]: Suppressed 23 messages from dovecot.service",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(read_line(cases[i]), TLSFLOOR_LOG_LOST);
    assert_int_equal(
        read_line(POLICYD LINE_OF("submission",
                                  "\"3 lines were lost while the system log was not reading\"")),
        TLSFLOOR_LOG_AUDIT);
}

static void
test_damaged(void **state)
{
    static const char *const cases[] = {
        POLICYD TLSFLOOR_AUDIT_BEGIN,
        POLICYD SUBMISSION BEHIND,
        POLICYD SUBMISSION " x",
        POLICYD LINE_OF("submission", "a b"),
        POLICYD IMAP,
        DOVECOT SUBMISSION BEHIND,
        DOVECOT LINE_OF("none", "a"),
        DOVECOT LINE_OF("imap", "\"a"),
    };
    char text[] = POLICYD SUBMISSION;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(read_line(cases[i]), TLSFLOOR_LOG_DAMAGED);
    /* Cut anywhere before its last value. */
    for (size_t size = strlen(POLICYD TLSFLOOR_AUDIT_BEGIN);
         size <= strlen(text) - strlen("Qq54oYN59uas"); size++) {
        struct tlsfloor_text cut = {text, size};

        assert_int_equal(tlsfloor_log_line_read(cut, &line), TLSFLOOR_LOG_DAMAGED);
    }
}

static void
test_stamps(void **state)
{
    static const struct {
        const char *stamp;
        int year, day, zone, offset;
    } cases[] = {
        {"Nov  9 03:37:47", 0, 9, TLSFLOOR_STAMP_LOCAL, 0},
        {"Nov 09 03:37:47", 0, 9, TLSFLOOR_STAMP_LOCAL, 0},
        {"2026-11-09T03:37:47", 2026, 9, TLSFLOOR_STAMP_LOCAL, 0},
        {"2026-11-09T03:37:47Z", 2026, 9, TLSFLOOR_STAMP_OFFSET, 0},
        {"2026-11-09T03:37:47.5+01:30", 2026, 9, TLSFLOOR_STAMP_OFFSET, 5400},
        {"2026-11-09T03:37:47,123-0800", 2026, 9, TLSFLOOR_STAMP_OFFSET, -28800},
    };
    char text[1000];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        snprintf(text, sizeof(text), "%s mail tlsfloor-policyd[7]: %s", cases[i].stamp, SUBMISSION);
        assert_int_equal(read_line(text), TLSFLOOR_LOG_AUDIT);
        assert_int_equal(line.stamp.year, cases[i].year);
        assert_int_equal(line.stamp.day, cases[i].day);
        assert_int_equal(line.stamp.zone, cases[i].zone);
        assert_int_equal(line.stamp.offset, cases[i].offset);
    }
}

static void
test_messages(void **state)
{
    (void)state;
    assert_int_equal(tlsfloor_log_message_read(tlsfloor_text_from("dovecot"),
                                               tlsfloor_text_from("imap-login: " IMAP BEHIND),
                                               &line),
                     TLSFLOOR_LOG_AUDIT);
    assert_int_equal(tlsfloor_log_message_read(tlsfloor_text_from("imap-login"),
                                               tlsfloor_text_from(IMAP BEHIND), &line),
                     TLSFLOOR_LOG_OTHER);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),  cmocka_unit_test(test_others),
        cmocka_unit_test(test_lost),   cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_stamps), cmocka_unit_test(test_messages),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
