/* SPDX-License-Identifier: MIT */
/*
 * tlsfloor.conf. Each case is a text with the policy that it gives, as the
 * lines that differ from the defaults, and all that is told about it; every
 * policy is also written and read again. What the members hold is looked at
 * for the defaults, and for one case with all parameters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include <cmocka.h>

#include "policy-text.h"
#include "reply.h"
#include "time-text.h"

#define COUNT(table) (sizeof(table) / sizeof(table[0]))
#define LITERAL(string) string, sizeof(string) - 1

#define TEN "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

/* A label with its dot, 51 bytes. */
#define LABEL TEN TEN TEN TEN TEN "."

struct test_case {
    const char *name;
    const char *text;
    size_t size;
    const char *policy;   /* what differs from the defaults; NULL: there is no policy */
    const char *problems; /* "error 3: sentence\n" each, or "unfit 3: ..." or "warning 3: ..." */
};

#define GOOD(name, text, policy)        \
    {                                   \
        name, LITERAL(text), policy, "" \
    }
#define WARNS(name, text, policy, problems)   \
    {                                         \
        name, LITERAL(text), policy, problems \
    }
#define BAD(name, text, problems)           \
    {                                       \
        name, LITERAL(text), NULL, problems \
    }

/* A parameter with a value that is right but not the default, in its canonical form. */
#define SAME(line) GOOD(line, line "\n", line "\n")
/* A parameter with a value that is wrong. */
#define WRONG(line, sentence) BAD(line, line "\n", "error 1: " sentence "\n")

#define NO_MODE "is none of observe, tag, enforce"
#define NO_FLOOR "is none of cleartext, SSLv3, TLSv1, TLSv1.1, TLSv1.2, TLSv1.3"
#define NO_PERCENT "is not a whole number from 0 to 100"
#define NO_DATE "is not a date such as 2027-03-31"
#define NO_PORT "is not a port number from 1 to 65535"
#define NO_NETWORK "is not an IP address or network (write 192.0.2.0/24 or 2001:db8::/32)"
#define NO_DAY "is none of Sun, Mon, Tue, Wed, Thu, Fri, Sat"
#define NO_HOURS "is not HH:MM-HH:MM, 00:00 to 24:00"
#define NO_WINDOW "does not begin a window such as \"Mon-Fri 09:00-10:00\"; commas separate windows"
#define MIDNIGHT \
    "goes over midnight: write two windows, one to 24:00 and one from 00:00 of the next day"
#define NO_CONTEXT "is not NAME=submission, NAME=none or NAME=unknown-tls (without blanks)"
#define NO_PATH "is not none, or a file's full path without blanks"
#define NO_DOMAIN "is not a domain name such as example.org"
#define NO_URL "is not https://..., http://... or mailto:... without blanks"
#define NO_HEADER "is not none, or the name of a header field without colon"
#define HAS_MEANING "is a header field that has a meaning already; one such as X-TLS-Floor has not"
#define NO_FACILITY                                                                               \
    "is none of auth, authpriv, cron, daemon, ftp, lpr, mail, news, syslog, user, uucp, local0, " \
    "local1, local2, local3, local4, local5, local6, local7"
#define COMMENT "; comments stand on lines of their own"
#define BELOW "floor is below TLSv1.2, which RFC 8997 asks for at least\n"
#define BROWNOUT                                                                               \
    "brownout without rollout_from: enforce binds outside of the windows too, they only make " \
    "refusals temporary\n"
#define URL_UNSEEN "help_url is told to nobody: reject_text does not hold %{help_url}\n"
#define PARTIAL                                                                          \
    "rollout_percent from 1 to 99 cannot work in Dovecot with dovecot_passdb = no: set " \
    "dovecot_passdb = yes, or, if only Postfix is meant, rollout_percent in [submission] alone\n"
#define NOTHING_BEFORE \
    "the line begins with white space, but there is no line that it could continue\n"
#define INDENTED \
    "begins with white space and would continue the line before: begin it in the first column\n"
#define ROLLOUT "rollout_from = 2027-01-01\n"

static const struct test_case cases[] = {
    /* Values, parameter by parameter */
    SAME("mode = observe"),
    SAME("mode = tag"),
    GOOD("mode = enforce", "mode = enforce\n", ""),
    WRONG("mode = enforced", "mode: \"enforced\" " NO_MODE "; did you mean \"enforce\"?"),
    WRONG("mode = Tag", "mode: \"Tag\" " NO_MODE "; did you mean \"tag\"?"),
    WRONG("mode = off", "mode: \"off\" " NO_MODE),
    WRONG("mode =", "mode: \"\" " NO_MODE),
    WRONG("mode = tag enforce", "mode: \"tag enforce\" " NO_MODE),
    WRONG("mode = tag # until May", "mode: \"tag # until May\" " NO_MODE COMMENT),
    WRONG("mode = # tag", "mode: \"# tag\" " NO_MODE COMMENT "; did you mean \"tag\"?"),

    WARNS("floor = cleartext", "floor = cleartext", "floor = cleartext\n", "warning 1: " BELOW),
    WARNS("floor = SSLv3", "floor = SSLv3", "floor = SSLv3\n", "warning 1: " BELOW),
    WARNS("floor = TLSv1", "floor = TLSv1", "floor = TLSv1\n", "warning 1: " BELOW),
    WARNS("floor = TLSv1.1", "\nfloor = TLSv1.1", "floor = TLSv1.1\n", "warning 2: " BELOW),
    GOOD("floor = TLSv1.2", "floor = TLSv1.2\n", ""),
    SAME("floor = TLSv1.3"),
    WRONG("floor = tlsv1.2", "floor: \"tlsv1.2\" " NO_FLOOR "; did you mean \"TLSv1.2\"?"),
    WRONG("floor = TLS1.2", "floor: \"TLS1.2\" " NO_FLOOR "; did you mean \"TLSv1.2\"?"),
    WRONG("floor = TLSv1.0", "floor: \"TLSv1.0\" " NO_FLOOR),
    WRONG("floor = 1.2", "floor: \"1.2\" " NO_FLOOR),
    WRONG("floor = newer", "floor: \"newer\" " NO_FLOOR),
    WRONG("floor = unknown", "floor: \"unknown\" " NO_FLOOR),

    SAME("cipher_profile = none"),
    GOOD("cipher_profile = rfc9325", "cipher_profile = rfc9325\n", ""),
    SAME("cipher_profile = rfc10015"),
    WRONG("cipher_profile = rfc7525",
          "cipher_profile: \"rfc7525\" is none of none, rfc9325, rfc10015; did you mean "
          "\"rfc9325\"?"),

    SAME("weak_ciphers = reject"),
    GOOD("weak_ciphers = tag", "weak_ciphers = tag\n", ""),
    WRONG("weak_ciphers = accept", "weak_ciphers: \"accept\" is none of tag, reject"),
    SAME("unknown_cipher = reject"),
    WRONG("unknown_cipher = accept", "unknown_cipher: \"accept\" is none of tag, reject"),
    SAME("unknown_tls = accept"),
    SAME("unknown_tls = reject"),
    GOOD("unknown_tls = tag", "unknown_tls = tag\n", ""),
    WRONG("unknown_tls = refuse", "unknown_tls: \"refuse\" is none of accept, tag, reject"),
    SAME("proxied_tls = unknown"),
    GOOD("proxied_tls = cleartext", "proxied_tls = cleartext\n", ""),
    WRONG("proxied_tls = TLSv1.2", "proxied_tls: \"TLSv1.2\" is none of cleartext, unknown"),

    GOOD("trusted_networks is empty", "trusted_networks =\n", "trusted_networks =\n"),
    GOOD("trusted_networks is sorted", "trusted_networks = ::1, 10.1.2.3 10.0.0.0/8,192.0.2.1\n",
         "trusted_networks = 10.0.0.0/8 192.0.2.1/32 ::1/128\n"),
    GOOD("trusted_networks in another order", "trusted_networks = ::1 127.0.0.0/8 127.0.0.1\n", ""),
    GOOD("many networks stand on a line each",
         "trusted_networks = 10.0.0.0/8 10.1.0.0/16 11.0.0.0/8 12.0.0.0/8 13.0.0.0/8 14.0.0.0/8\n",
         "trusted_networks =\n    10.0.0.0/8\n    11.0.0.0/8\n    12.0.0.0/8\n    13.0.0.0/8\n    "
         "14.0.0.0/8\n"),
    WRONG("trusted_networks = 10.0.0.0/33",
          "trusted_networks: \"10.0.0.0/33\" has a bad prefix length (0 to 32 for IPv4, 0 to 128 "
          "for IPv6)"),
    WRONG("trusted_networks = 10.0.0.1/8",
          "trusted_networks: \"10.0.0.1/8\" has bits set beyond its prefix length"),
    WRONG("trusted_networks = none", "trusted_networks: \"none\" " NO_NETWORK),
    BAD("bad networks, each in its line",
        "trusted_networks = 10.0.0.0/8 first,\n\n# second\n  ::1 third,fourth\n\t127.0.0.1\n",
        "error 1: trusted_networks: \"first\" " NO_NETWORK "\n"
        "error 4: trusted_networks: \"third\" " NO_NETWORK "\n"
        "error 4: trusted_networks: \"fourth\" " NO_NETWORK "\n"),
    BAD("a comment behind a network",
        "trusted_networks = 10.0.0.0/8 # the office, upstairs\n  nowhere\n",
        "error 1: trusted_networks: \"#\" is no item" COMMENT "\n"
        "error 2: trusted_networks: \"nowhere\" " NO_NETWORK "\n"),
    SAME("legacy_networks ="),
    GOOD("legacy_networks = everything", "legacy_networks = ::/0 0.0.0.0/0\n", ""),
    SAME("legacy_networks = 192.0.2.0/24 2001:db8::/32"),
    WRONG("legacy_networks = any", "legacy_networks: \"any\" " NO_NETWORK),

    SAME("exceptions = none"),
    SAME("exceptions = /srv/mail/exceptions"),
    WRONG("exceptions = exceptions", "exceptions: \"exceptions\" " NO_PATH),
    WRONG("exceptions =", "exceptions: \"\" " NO_PATH),
    WRONG("exceptions = /etc/exceptions # ours",
          "exceptions: \"/etc/exceptions # ours\" " NO_PATH COMMENT),

    BAD("a long exceptions",
        "exceptions = /" HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED HUNDRED
            HUNDRED TEN TEN TEN "\n",
        "error 1: exceptions is longer than 1023 bytes\n"),

    SAME("dovecot_passdb = yes"),
    WRONG("dovecot_passdb = Yes",
          "dovecot_passdb: \"Yes\" is none of yes, no; did you mean \"yes\"?"),
    WRONG("dovecot_passdb = 1", "dovecot_passdb: \"1\" is none of yes, no"),

    SAME("default_domain = example.org"),
    SAME("default_domain = LocalHost"),
    GOOD("default_domain =", "default_domain =\n", ""),
    WRONG("default_domain = @example.org", "default_domain: \"@example.org\" " NO_DOMAIN),
    WRONG("default_domain = example..org", "default_domain: \"example..org\" " NO_DOMAIN),
    WRONG("default_domain = example.org.", "default_domain: \"example.org.\" " NO_DOMAIN),
    WRONG("default_domain = .example.org", "default_domain: \".example.org\" " NO_DOMAIN),
    WRONG("default_domain = -a.example", "default_domain: \"-a.example\" " NO_DOMAIN),
    WRONG("default_domain = a-.example", "default_domain: \"a-.example\" " NO_DOMAIN),
    WRONG("default_domain = a b", "default_domain: \"a b\" " NO_DOMAIN),
    SAME("default_domain = " TEN TEN TEN TEN TEN TEN "012.example"),
    WRONG("default_domain = " TEN TEN TEN TEN TEN TEN "0123.example",
          "default_domain: \"0123456789012345678901234567890123456...\" " NO_DOMAIN),
    BAD("a long default_domain", "default_domain = " HUNDRED HUNDRED HUNDRED "\n",
        "error 1: default_domain is longer than 255 bytes\n"),

    SAME("default_domain = " LABEL LABEL LABEL LABEL "0." TEN TEN TEN TEN "0123456"),
    WRONG("default_domain = " LABEL LABEL LABEL LABEL "0." TEN TEN TEN TEN "01234567",
          "default_domain: \"0123456789012345678901234567890123456...\" " NO_DOMAIN),

    SAME("rollout_from = 2027-03-31"),
    SAME("rollout_from = 1970-01-01"),
    GOOD("rollout_from =", "rollout_from =\n", ""),
    WRONG("rollout_from = 2027-02-29", "rollout_from: \"2027-02-29\" " NO_DATE),
    WRONG("rollout_from = 31.3.2027", "rollout_from: \"31.3.2027\" " NO_DATE),
    WRONG("rollout_from = 2027-03-31T00:00Z", "rollout_from: \"2027-03-31T00:00Z\" " NO_DATE),
    WRONG("rollout_from = tomorrow", "rollout_from: \"tomorrow\" " NO_DATE),

    SAME("rollout_percent = 0"),
    WARNS("rollout_percent = 99", "rollout_percent = 99", "rollout_percent = 99\n",
          "unfit 1: " PARTIAL),
    GOOD("rollout_percent = 100", "rollout_percent = 100\n", ""),
    WRONG("rollout_percent = 101", "rollout_percent: \"101\" " NO_PERCENT),
    WRONG("rollout_percent = -1", "rollout_percent: \"-1\" " NO_PERCENT),
    WRONG("rollout_percent = 50%", "rollout_percent: \"50%\" " NO_PERCENT),
    WRONG("rollout_percent = 50 60", "rollout_percent: \"50 60\" " NO_PERCENT),
    WRONG("rollout_percent = 4294967346", "rollout_percent: \"4294967346\" " NO_PERCENT),
    WRONG("rollout_percent =", "rollout_percent: \"\" " NO_PERCENT),

    GOOD("brownout = a day", ROLLOUT "brownout = Sun 00:00-24:00\n",
         ROLLOUT "brownout = Sun 00:00-24:00\n"),
    GOOD("brownout = two windows", ROLLOUT "brownout=Mon-Fri  09:00-10:00 ,Sat 20:00-24:00,\n",
         ROLLOUT "brownout = Mon-Fri 09:00-10:00, Sat 20:00-24:00\n"),
    GOOD("brownout = over the weekend", ROLLOUT "brownout = Fri-Mon 23:59-24:00\n",
         ROLLOUT "brownout = Fri-Mon 23:59-24:00\n"),
    GOOD("brownout = Sat-Sun", ROLLOUT "brownout = Sat-Sun 00:00-00:01, Sun-Sat 00:01-00:02\n",
         ROLLOUT "brownout = Sat-Sun 00:00-00:01, Mon-Sun 00:01-00:02\n"),
    GOOD("brownout = on two lines", ROLLOUT "brownout = Mon\n\t09:00-10:00,\n# b\n Wed 11:00-12:00",
         ROLLOUT "brownout = Mon 09:00-10:00, Wed 11:00-12:00\n"),
    WRONG("brownout = Mon 22:00-02:00", "brownout: \"22:00-02:00\" " MIDNIGHT),
    WRONG("brownout = Mon 10:00-10:00", "brownout: \"10:00-10:00\" is no time at all"),
    WRONG("brownout = mon 10:00-11:00", "brownout: \"mon\" " NO_DAY "; did you mean \"Mon\"?"),
    WRONG("brownout = Mon-Friday 10:00-11:00", "brownout: \"Friday\" " NO_DAY),
    WRONG("brownout = Mon- 10:00-11:00", "brownout: \"\" " NO_DAY),
    WRONG("brownout = Mon 9:00-10:00", "brownout: \"9:00-10:00\" " NO_HOURS),
    WRONG("brownout = Mon 23:00-24:01", "brownout: \"23:00-24:01\" " NO_HOURS),
    WRONG("brownout = Mon 23:60-24:00", "brownout: \"23:60-24:00\" " NO_HOURS),
    WRONG("brownout = Mon 09:00", "brownout: \"09:00\" " NO_HOURS),
    WRONG("brownout = Mon", "brownout: \"Mon\" " NO_WINDOW),
    WRONG("brownout = Mon 09:00-10:00 Tue 09:00-10:00", "brownout: \"Mon\" " NO_WINDOW),
    WRONG("brownout = Mon 09:00-10:00 # meeting, weekly", "brownout: \"#\" is no item" COMMENT),
    BAD("brownout = several wrong windows",
        "brownout = Mo 09:00-10:00,\n Tue 9-10,\n Wed 11:00-12:00, Thu 11:00 - 12:00\n",
        "error 1: brownout: \"Mo\" " NO_DAY "; did you mean \"Mon\"?\n"
        "error 2: brownout: \"9-10\" " NO_HOURS "\n"
        "error 3: brownout: \"Thu\" " NO_WINDOW "\n"),

    SAME("reject_text = none"),
    SAME("reject_text = No. Use TLS. %{help_url}"),
    SAME("reject_text = %{version} %{floor}  # = [imap]"),
    GOOD("reject_text = # is part of it", "reject_text = # 1\n", "reject_text = # 1\n"),
    GOOD("reject_text on three lines", "reject_text =\n  Use\n# no\n\n  a newer \n program\n",
         "reject_text = Use a newer program\n"),
    WRONG("reject_text =", "reject_text: \"\" must not be empty"),
    WRONG("reject_text = Say \"no\"",
          "reject_text: \"Say \"no\"\" must be one line of printable ASCII without \" and \\"),
    WRONG("reject_text = %{user}",
          "reject_text: \"%{user}\" may hold %{version}, %{floor} and %{help_url}, and no other "
          "%{...}"),
    WRONG("reject_text = a\tb",
          "reject_text: \"a\\x09b\" must be one line of printable ASCII without \" and \\"),
    BAD("a long reject_text", "reject_text = " HUNDRED HUNDRED "\n",
        "error 1: reject_text is longer than 199 bytes\n"),

    SAME("help_url = https://mail.example.org/tls#old"),
    SAME("help_url = http://example.org"),
    SAME("help_url = mailto:postmaster@example.org"),
    GOOD("help_url =", "help_url =\n", ""),
    WRONG("help_url = www.example.org", "help_url: \"www.example.org\" " NO_URL),
    WRONG("help_url = https://", "help_url: \"https://\" " NO_URL),
    WRONG("help_url = https://a b", "help_url: \"https://a b\" " NO_URL),
    WRONG("help_url = https://a/\"", "help_url: \"https://a/\"\" " NO_URL),
    WRONG("help_url = https://a # b", "help_url: \"https://a # b\" " NO_URL COMMENT),
    BAD("a long help_url", "help_url = https://" HUNDRED TEN TEN "\n",
        "error 1: help_url is longer than 119 bytes\n"),

    SAME("imap_alert = no"),
    WRONG("imap_alert = never", "imap_alert: \"never\" is none of yes, no"),

    SAME("tag_header = none"),
    SAME("tag_header = X-Old-TLS"),
    WRONG("tag_header =", "tag_header: \"\" " NO_HEADER),
    WRONG("tag_header = X-TLS:", "tag_header: \"X-TLS:\" " NO_HEADER),
    WRONG("tag_header = X TLS", "tag_header: \"X TLS\" " NO_HEADER),
    WRONG("tag_header = received", "tag_header: \"received\" " HAS_MEANING),
    WRONG("tag_header = To", "tag_header: \"To\" " HAS_MEANING),
    SAME("tag_header = Tool"),
    WRONG("tag_header = Resent-Anything", "tag_header: \"Resent-Anything\" " HAS_MEANING),
    WRONG("tag_header = " TEN TEN TEN TEN TEN TEN TEN, "tag_header is longer than 63 bytes"),

    SAME("audit = none"),
    SAME("audit = violations"),
    GOOD("audit = all", "audit = all\n", ""),
    WRONG("audit = violation",
          "audit: \"violation\" is none of none, violations, all; did you mean \"violations\"?"),

    SAME("syslog_facility = local7"),
    SAME("syslog_facility = authpriv"),
    WRONG("syslog_facility = kern", "syslog_facility: \"kern\" " NO_FACILITY),
    WRONG("syslog_facility = LOG_MAIL", "syslog_facility: \"LOG_MAIL\" " NO_FACILITY),
    WRONG("syslog_facility = MAIL",
          "syslog_facility: \"MAIL\" " NO_FACILITY "; did you mean \"mail\"?"),
    WRONG("syslog_facility = local8", "syslog_facility: \"local8\" " NO_FACILITY),

    SAME("submission_ports ="),
    SAME("submission_ports = 465 587 1 65535"),
    GOOD("submission_ports = 587, 465", "submission_ports = 587, 465\n", ""),
    WRONG("submission_ports = 0", "submission_ports: \"0\" " NO_PORT),
    WRONG("submission_ports = 65536", "submission_ports: \"65536\" " NO_PORT),
    WRONG("submission_ports = 587 smtps", "submission_ports: \"smtps\" " NO_PORT),
    WRONG("submission_ports = 587 465 0587", "submission_ports: \"0587\" is there twice"),
    SAME("submission_ports = 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16"),
    WRONG("submission_ports = 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18",
          "submission_ports: \"17\" is one port too many: 16 is the most"),

    SAME("policy_contexts = mua=submission mx=none lb=unknown-tls"),
    SAME("policy_contexts = floor=none"),
    GOOD("policy_contexts =", "policy_contexts =\n", ""),
    WRONG("policy_contexts = mua", "policy_contexts: \"mua\" " NO_CONTEXT),
    WRONG("policy_contexts = mua=", "policy_contexts: \"mua=\" " NO_CONTEXT),
    WRONG("policy_contexts = =none", "policy_contexts: \"=none\" " NO_CONTEXT),
    WRONG("policy_contexts = mua=imap", "policy_contexts: \"mua=imap\" " NO_CONTEXT),
    WRONG("policy_contexts = a=b=none", "policy_contexts: \"a=b=none\" " NO_CONTEXT),
    WRONG("policy_contexts = a=none a=submission",
          "policy_contexts: \"a=submission\" names a context for the second time"),
    WRONG("policy_contexts = " TEN TEN TEN TEN TEN TEN "0123=none",
          "policy_contexts: \"0123456789012345678901234567890123456...\" has a name of more than "
          "63 bytes"),
    SAME("policy_contexts = a=none b=none c=none d=none e=none f=none g=none h=none i=none j=none "
         "k=none l=none m=none n=none o=none p=none"),
    WRONG("policy_contexts = a=none b=none c=none d=none e=none f=none g=none h=none i=none j=none "
          "k=none l=none m=none n=none o=none p=none q=none r=none",
          "policy_contexts: \"q=none\" is one context too many: 16 is the most"),

    /* Lines */
    GOOD("an empty text", "", ""),
    GOOD("comments and blank lines", "# \xc3\xa4\n\n \t\n   # b\n\t#c", ""),
    GOOD("no blanks, no last line end", "mode=tag", "mode = tag\n"),
    GOOD("blanks and tabs", "mode \t=\ttag \t\n", "mode = tag\n"),
    GOOD("the value begins in the next line", "mode =\n  # now\n\n\ttag", "mode = tag\n"),
    WRONG("flor = TLSv1.2", "unknown parameter \"flor\"; did you mean \"floor\"?"),
    WRONG("Floor = TLSv1.2", "unknown parameter \"Floor\"; did you mean \"floor\"?"),
    WRONG("rollout-percent = 5",
          "unknown parameter \"rollout-percent\"; did you mean \"rollout_percent\"?"),
    WRONG("ssl_min_protocol = TLSv1.2", "unknown parameter \"ssl_min_protocol\""),
    WRONG("mode tag", "\"mode tag\" is not name = value"),
    WRONG("= tag", "\"= tag\" is not name = value"),
    WRONG("a\\b\"c = 1", "unknown parameter \"a\\b\"c\""),
    BAD("a second time", "mode = tag\nfloor = TLSv1.3\nmode = tag\n",
        "error 3: mode is set a second time: line 1 set it already\n"),
    BAD("a long name is quoted in short", HUNDRED " = 1",
        "error 1: unknown parameter \"0123456789012345678901234567890123456...\"\n"),
    BAD("nothing to continue", "# mode\n tag\n", "error 2: " NOTHING_BEFORE),
    BAD("an unknown parameter's continuation", "list = a\n b\n c\nmode = x\n",
        "error 1: unknown parameter \"list\"\nerror 4: mode: \"x\" " NO_MODE "\n"),
    BAD("an indented parameter", "reject_text = No.\n  help_url = https://a\n  floor = TLSv2\n",
        "error 2: \"help_url = https://a\" " INDENTED "error 3: \"floor = TLSv2\" " INDENTED
        "error 3: floor: \"TLSv2\" " NO_FLOOR "; did you mean \"TLSv1\"?\n"),
    BAD("an indented section", "mode = tag\n [imap]\nmode = observe\nexceptions = none\n",
        "error 2: \"[imap]\" " INDENTED
        "error 4: exceptions is for all services: it belongs before the first section\n"),
    BAD("a NUL byte", "mode = t\0g\n", "error 1: column 9 is a NUL byte\n"),
    BAD("a NUL byte in a comment", "# \0\n", "error 1: column 3 is a NUL byte\n"),
    BAD("an escape", "# \x1b[2J\nmode = tag\x7f\n",
        "error 1: column 3 is a control character (byte 0x1b)\n"
        "error 2: column 11 is a control character (byte 0x7f)\n"),
    BAD("a damaged line ends the value before, not the file",
        "mode = x\nfloor = \x01\n y\naudit = z",
        "error 2: column 9 is a control character (byte 0x01)\n"
        "error 1: mode: \"x\" " NO_MODE "\n"
        "error 4: audit: \"z\" is none of none, violations, all\n"),
    BAD("a damaged line in the middle of a value", "mode = x\n \x01\n",
        "error 2: column 2 is a control character (byte 0x01)\n"),
    BAD("a letter that is not ASCII", "reject_text = Gr\xc3\xbc\xc3\x9f Gott\n",
        "error 1: column 17 is not ASCII (byte 0xc3), which only a comment may hold\n"),
    BAD("CR LF is told of once", "mode = tag\r\nfloor = TLSv1.2\r\n\r\n[imap]\r\nmode = x\r\n",
        "error 1: the line ends in CR LF: convert the file to Unix line ends\n"
        "error 5: mode: \"x\" " NO_MODE "\n"),
    BAD("CR LF in a list", "trusted_networks = 10.0.0.0/8\r\n  11.0.0.0/8\r\n",
        "error 1: the line ends in CR LF: convert the file to Unix line ends\n"),
    BAD("CR alone", "mode = tag\rfloor = TLSv1.2\r#\n",
        "error 1: column 11 is a control character (byte 0x0d)\n"),
    BAD("a byte order mark", "\xef\xbb\xbfmode = x\n",
        "error 1: the file begins with a byte order mark: save it as plain ASCII\n"
        "error 1: mode: \"x\" " NO_MODE "\n"),
    BAD("UTF-16, little end first", "\xff\xfem\0o\0d\0e\0",
        "error 1: the file is UTF-16: save it as plain ASCII\n"),
    BAD("UTF-16, big end first", "\xfe\xff\0m\0o\0d\0e",
        "error 1: the file is UTF-16: save it as plain ASCII\n"),
    BAD("a mark alone", "\xfe",
        "error 1: column 1 is not ASCII (byte 0xfe), which only a comment "
        "may hold\n"),
    BAD("every problem is told",
        "mode = x\nfloor\n[imap]\nexceptions = none\nfloor = y\n[imap]\nfloor = z\n[smtp]\nmoode = "
        "1\n"
        "mode = zz\n",
        "error 1: mode: \"x\" " NO_MODE "\n"
        "error 2: \"floor\" is not name = value\n"
        "error 4: exceptions is for all services: it belongs before the first section\n"
        "error 5: floor: \"y\" " NO_FLOOR "\n"
        "error 6: section [imap] begins a second time: it began in line 3 already\n"
        "error 7: floor is set a second time: line 5 set it already\n"
        "error 8: \"[smtp]\" is no section: there are [imap], [pop3], [sieve] and [submission]\n"
        "error 9: unknown parameter \"moode\"; did you mean \"mode\"?\n"),
    BAD("twenty problems", "a\na\na\na\na\na\na\na\na\na\nb\nb\nb\nb\nb\nb\nb\nb\nb\nb\n",
        "error 1: \"a\" is not name = value\nerror 2: \"a\" is not name = value\n"
        "error 3: \"a\" is not name = value\nerror 4: \"a\" is not name = value\n"
        "error 5: \"a\" is not name = value\nerror 6: \"a\" is not name = value\n"
        "error 7: \"a\" is not name = value\nerror 8: \"a\" is not name = value\n"
        "error 9: \"a\" is not name = value\nerror 10: \"a\" is not name = value\n"
        "error 11: \"b\" is not name = value\nerror 12: \"b\" is not name = value\n"
        "error 13: \"b\" is not name = value\nerror 14: \"b\" is not name = value\n"
        "error 15: \"b\" is not name = value\nerror 16: \"b\" is not name = value\n"
        "error 17: \"b\" is not name = value\nerror 18: \"b\" is not name = value\n"
        "error 19: \"b\" is not name = value\nerror 20: \"b\" is not name = value\n"),

    /* Sections */
    GOOD("a section overrides", "mode = tag\n[imap]\nmode = enforce\n",
         "mode = tag\n\n[imap]\nmode = enforce\n"),
    GOOD("a section that says the same", "mode = tag\n[pop3]\nmode = tag\n", "mode = tag\n"),
    GOOD("an empty section", "[sieve]\n", ""),
    GOOD("sections in the order of the services",
         "[submission] \nrollout_percent = 5\n[imap]\nrollout_percent = 0\n",
         "[imap]\nrollout_percent = 0\n\n[submission]\nrollout_percent = 5\n"),
    GOOD("every parameter of a section",
         "[sieve]\nhelp_url = https://a\nreject_text = No %{help_url}\naudit = none\n"
         "brownout = Mon 09:00-10:00\nrollout_percent = 0\nrollout_from = 2027-01-01\n"
         "legacy_networks = 10.0.0.0/8\ntrusted_networks =\nproxied_tls = unknown\n"
         "unknown_tls = reject\nunknown_cipher = reject\nweak_ciphers = reject\n"
         "cipher_profile = none\nfloor = TLSv1.3\nmode = tag\n",
         "[sieve]\nmode = tag\nfloor = TLSv1.3\ncipher_profile = none\nweak_ciphers = reject\n"
         "unknown_cipher = reject\nunknown_tls = reject\nproxied_tls = unknown\n"
         "trusted_networks =\nlegacy_networks = 10.0.0.0/8\nrollout_from = 2027-01-01\n"
         "rollout_percent = 0\nbrownout = Mon 09:00-10:00\nreject_text = No %{help_url}\n"
         "help_url = https://a\naudit = none\n"),
    BAD("parameters that are for all services",
        "[imap]\nexceptions = none\ndovecot_passdb = no\ndefault_domain = a\nimap_alert = no\n"
        "tag_header = none\nsyslog_facility = mail\nsubmission_ports = 1\npolicy_contexts =\n",
        "error 2: exceptions is for all services: it belongs before the first section\n"
        "error 3: dovecot_passdb is for all services: it belongs before the first section\n"
        "error 4: default_domain is for all services: it belongs before the first section\n"
        "error 5: imap_alert is for all services: it belongs before the first section\n"
        "error 6: tag_header is for all services: it belongs before the first section\n"
        "error 7: syslog_facility is for all services: it belongs before the first section\n"
        "error 8: submission_ports is for all services: it belongs before the first section\n"
        "error 9: policy_contexts is for all services: it belongs before the first section\n"),
    BAD("near a section", "[imaps]\n[pop]\n[SIEVE]\n[none]\n[]\n[\n[imap] # x\n[ imap ]\n",
        "error 1: \"[imaps]\" is no section: there are [imap], [pop3], [sieve] and [submission]; "
        "did you mean [imap]?\n"
        "error 2: \"[pop]\" is no section: there are [imap], [pop3], [sieve] and [submission]; "
        "did you mean [pop3]?\n"
        "error 3: \"[SIEVE]\" is no section: there are [imap], [pop3], [sieve] and [submission]; "
        "did you mean [sieve]?\n"
        "error 4: \"[none]\" is no section: there are [imap], [pop3], [sieve] and [submission]\n"
        "error 5: \"[]\" is no section: there are [imap], [pop3], [sieve] and [submission]\n"
        "error 6: \"[\" is no section: there are [imap], [pop3], [sieve] and [submission]\n"
        "error 7: \"[imap] # x\" is no section: there are [imap], [pop3], [sieve] and "
        "[submission]" COMMENT "\n"
        "error 8: \"[ imap ]\" is no section: there are [imap], [pop3], [sieve] and [submission]; "
        "did you mean [imap]?\n"),
    BAD("a continuation after a section", "mode = tag\n[imap]\n tag\n", "error 3: " NOTHING_BEFORE),

    /* Warnings */
    WARNS("brownout without rollout_from", "# x\nbrownout = Mon 09:00-10:00\n",
          "brownout = Mon 09:00-10:00\n", "warning 2: " BROWNOUT),
    GOOD("brownout in mode tag", "mode = tag\nbrownout = Mon 09:00-10:00\n",
         "mode = tag\nbrownout = Mon 09:00-10:00\n"),
    WARNS(
        "brownout for a section that enforces",
        "mode = tag\nbrownout = Mon 09:00-10:00\n[imap]\nmode = enforce\n[pop3]\nfloor = TLSv1.3\n",
        "mode = tag\nbrownout = Mon 09:00-10:00\n\n[imap]\nmode = enforce\n\n[pop3]\n"
        "floor = TLSv1.3\n",
        "warning 2: " BROWNOUT),
    WARNS("a section without the global date",
          ROLLOUT "brownout = Mon 09:00-10:00\n[imap]\nrollout_from =\n",
          ROLLOUT "brownout = Mon 09:00-10:00\n\n[imap]\nrollout_from =\n", "warning 2: " BROWNOUT),
    WARNS("help_url that is not told", "help_url = https://a\nreject_text = No\n",
          "reject_text = No\nhelp_url = https://a\n", "warning 1: " URL_UNSEEN),
    WARNS("help_url that a section does not tell",
          "help_url = https://a\n[imap]\nreject_text = No\n",
          "help_url = https://a\n\n[imap]\nreject_text = No\n", "warning 1: " URL_UNSEEN),
    WARNS("a floor below, by service",
          "floor = TLSv1.1\n[imap]\nfloor = TLSv1\n[pop3]\nmode = tag\n",
          "floor = TLSv1.1\n\n[imap]\nfloor = TLSv1\n\n[pop3]\nmode = tag\n",
          "warning 1: " BELOW "warning 3: " BELOW),

    /* A partial rollout in Dovecot without the passdb */
    WARNS("a partial rollout for all", "mode = tag\nrollout_percent = 1\n",
          "mode = tag\nrollout_percent = 1\n", "unfit 2: " PARTIAL),
    GOOD("a partial rollout with the passdb", "rollout_percent = 50\ndovecot_passdb = yes\n",
         "dovecot_passdb = yes\nrollout_percent = 50\n"),
    GOOD("a partial rollout in Postfix alone", "[submission]\nrollout_percent = 50\n",
         "[submission]\nrollout_percent = 50\n"),
    GOOD("a partial rollout that Dovecot's sections undo",
         "rollout_percent = 50\n[sieve]\nrollout_percent = 0\n[pop3]\nrollout_percent = 100\n"
         "[imap]\nrollout_percent = 0\n",
         "rollout_percent = 50\n\n[imap]\nrollout_percent = 0\n\n[pop3]\nrollout_percent = 100\n"
         "\n[sieve]\nrollout_percent = 0\n"),
    WARNS("a partial rollout that one section does not undo",
          "rollout_percent = 50\n[sieve]\nrollout_percent = 0\n[imap]\nrollout_percent = 0\n",
          "rollout_percent = 50\n\n[imap]\nrollout_percent = 0\n\n[sieve]\nrollout_percent = 0\n",
          "unfit 1: " PARTIAL),
    WARNS("partial rollouts in two places",
          "rollout_percent = 50\n[pop3]\nrollout_percent = 20\n[submission]\nrollout_percent = 7\n",
          "rollout_percent = 50\n\n[pop3]\nrollout_percent = 20\n\n[submission]\n"
          "rollout_percent = 7\n",
          "unfit 1: " PARTIAL "unfit 3: " PARTIAL),
    BAD("an error hides the warnings", "floor = TLSv1\nmode = x\n",
        "error 2: mode: \"x\" " NO_MODE "\n"),
};

/* Helpers */

static void
note_problem(void *context, enum tlsfloor_severity severity, unsigned line, const char *sentence)
{
    static const char *const words[] = {
        [TLSFLOOR_ERROR] = "error", [TLSFLOOR_UNFIT] = "unfit", [TLSFLOOR_WARNING] = "warning"};
    char *problems = context;
    size_t size = strlen(problems);

    snprintf(problems + size, 8192 - size, "%s %u: %s\n", words[severity], line, sentence);
}

static void
count_problem(void *context, enum tlsfloor_severity severity, unsigned line, const char *sentence)
{
    unsigned *count = context;

    (void)severity;
    (void)line;
    assert_true(strlen(sentence) < 512);
    for (; *sentence != '\0'; sentence++)
        assert_in_range(*sentence, ' ', '~');
    ++*count;
}

/* Parses a copy of exactly its size, so that a sanitizer sees a step beyond. */
static struct tlsfloor_policy *
parse(const char *text, size_t size, char problems[8192])
{
    char *copy = malloc(size == 0 ? 1 : size);
    struct tlsfloor_policy *policy;

    assert_non_null(copy);
    memcpy(copy, text, size);
    problems[0] = '\0';
    policy = tlsfloor_policy_parse((struct tlsfloor_text){copy, size}, note_problem, problems);
    free(copy);
    return policy;
}

static void
assert_lists_equal(const struct tlsfloor_networks *one, const struct tlsfloor_networks *other)
{
    assert_int_equal(one->count, other->count);
    for (size_t i = 0; i < one->count; i++) {
        assert_int_equal(one->items[i].prefix, other->items[i].prefix);
        assert_int_equal(one->items[i].address.family, other->items[i].address.family);
        assert_memory_equal(one->items[i].address.bytes, other->items[i].address.bytes, 16);
    }
}

static void
assert_services_equal(const struct tlsfloor_service_policy *one,
                      const struct tlsfloor_service_policy *other)
{
    assert_int_equal(one->mode, other->mode);
    assert_int_equal(one->floor, other->floor);
    assert_int_equal(one->cipher_profile, other->cipher_profile);
    assert_int_equal(one->weak_ciphers, other->weak_ciphers);
    assert_int_equal(one->unknown_cipher, other->unknown_cipher);
    assert_int_equal(one->unknown_tls, other->unknown_tls);
    assert_int_equal(one->proxied_tls, other->proxied_tls);
    assert_lists_equal(one->trusted_networks, other->trusted_networks);
    assert_lists_equal(one->legacy_networks, other->legacy_networks);
    assert_true(one->rollout_from == other->rollout_from);
    assert_int_equal(one->rollout_percent, other->rollout_percent);
    assert_int_equal(one->brownout_count, other->brownout_count);
    for (size_t i = 0; i < one->brownout_count; i++) {
        assert_int_equal(one->brownout[i].days, other->brownout[i].days);
        assert_int_equal(one->brownout[i].start, other->brownout[i].start);
        assert_int_equal(one->brownout[i].end, other->brownout[i].end);
    }
    assert_int_equal(one->audit, other->audit);
    assert_string_equal(one->reject_text, other->reject_text);
    assert_string_equal(one->help_url, other->help_url);
}

static void
assert_policies_equal(const struct tlsfloor_policy *one, const struct tlsfloor_policy *other)
{
    for (size_t i = 0; i < TLSFLOOR_SERVICES; i++)
        assert_services_equal(&one->services[i], &other->services[i]);
    assert_string_equal(one->exceptions, other->exceptions);
    assert_int_equal(one->dovecot_passdb, other->dovecot_passdb);
    assert_string_equal(one->default_domain, other->default_domain);
    assert_int_equal(one->imap_alert, other->imap_alert);
    assert_string_equal(one->tag_header, other->tag_header);
    assert_int_equal(one->syslog_facility, other->syslog_facility);
    assert_int_equal(one->submission_ports_count, other->submission_ports_count);
    for (size_t i = 0; i < one->submission_ports_count; i++)
        assert_int_equal(one->submission_ports[i], other->submission_ports[i]);
    assert_int_equal(one->policy_contexts_count, other->policy_contexts_count);
    for (size_t i = 0; i < one->policy_contexts_count; i++) {
        assert_string_equal(one->policy_contexts[i].name, other->policy_contexts[i].name);
        assert_int_equal(one->policy_contexts[i].kind, other->policy_contexts[i].kind);
    }
}

/* Writes, reads and writes again: the same policy, the same text. */
static void
assert_round_trip(const struct tlsfloor_policy *policy, enum tlsfloor_format format)
{
    char problems[8192];
    char *text = tlsfloor_policy_format(policy, format), *again;
    struct tlsfloor_policy *parsed;

    assert_non_null(text);
    for (const char *line = text; *line != '\0'; line = strchr(line, '\n') + 1)
        assert_true(strcspn(line, "\n") <= TLSFLOOR_CONF_LINE);
    parsed = parse(text, strlen(text), problems);
    if (parsed == NULL)
        fail_msg("%s%s", text, problems);
    assert_policies_equal(policy, parsed);
    again = tlsfloor_policy_format(parsed, format);
    assert_string_equal(text, again);
    tlsfloor_policy_free(parsed);
    free(again);
    free(text);
}

/* Tests */

static void
test_case(void **state)
{
    const struct test_case *test = *state;
    char problems[8192];
    struct tlsfloor_policy *policy = parse(test->text, test->size, problems);

    assert_string_equal(problems, test->problems);
    if (test->policy == NULL) {
        assert_null(policy);
        return;
    }
    char *text = tlsfloor_policy_format(policy, TLSFLOOR_FORMAT_CHANGED);

    assert_string_equal(text, test->policy);
    free(text);
    assert_round_trip(policy, TLSFLOOR_FORMAT_CHANGED);
    assert_round_trip(policy, TLSFLOOR_FORMAT_ALL);
    tlsfloor_policy_free(policy);
}

static void
assert_networks(const struct tlsfloor_networks *list, const char *first, const char *second)
{
    char text[TLSFLOOR_NETWORK_TEXT];

    assert_int_equal(list->count, 2);
    tlsfloor_network_format(&list->items[0], text);
    assert_string_equal(text, first);
    tlsfloor_network_format(&list->items[1], text);
    assert_string_equal(text, second);
}

static void
test_defaults(void **state)
{
    struct tlsfloor_policy *policy = tlsfloor_policy_new();

    (void)state;
    assert_non_null(policy);
    for (size_t i = 0; i < TLSFLOOR_SERVICES; i++) {
        const struct tlsfloor_service_policy *service = &policy->services[i];

        assert_int_equal(service->mode, TLSFLOOR_MODE_ENFORCE);
        assert_int_equal(service->floor, TLSFLOOR_TLS_1_2);
        assert_int_equal(service->cipher_profile, TLSFLOOR_PROFILE_RFC9325);
        assert_int_equal(service->weak_ciphers, TLSFLOOR_ANSWER_TAG);
        assert_int_equal(service->unknown_cipher, TLSFLOOR_ANSWER_TAG);
        assert_int_equal(service->unknown_tls, TLSFLOOR_ANSWER_TAG);
        assert_int_equal(service->proxied_tls, TLSFLOOR_TLS_CLEARTEXT);
        assert_networks(service->trusted_networks, "127.0.0.0/8", "::1/128");
        assert_networks(service->legacy_networks, "0.0.0.0/0", "::/0");
        assert_true(service->rollout_from == INT64_MIN);
        assert_int_equal(service->rollout_percent, 100);
        assert_int_equal(service->brownout_count, 0);
        assert_int_equal(service->audit, TLSFLOOR_AUDIT_ALL);
        assert_non_null(strstr(service->reject_text, " %{help_url}"));
        assert_string_equal(service->help_url, "");
    }
    assert_string_equal(policy->exceptions, TLSFLOOR_SYSCONFDIR "/exceptions");
    assert_int_equal(policy->dovecot_passdb, 0);
    assert_string_equal(policy->default_domain, "");
    assert_int_equal(policy->imap_alert, 1);
    assert_string_equal(policy->tag_header, "X-TLS-Floor");
    assert_int_equal(policy->syslog_facility, LOG_MAIL);
    assert_int_equal(policy->submission_ports_count, 2);
    assert_int_equal(policy->submission_ports[0], 587);
    assert_int_equal(policy->submission_ports[1], 465);
    assert_int_equal(policy->policy_contexts_count, 0);
    tlsfloor_policy_free(policy);
}

static void
assert_before_sections(const struct tlsfloor_service_policy *service)
{
    assert_int_equal(service->mode, TLSFLOOR_MODE_OBSERVE);
    assert_networks(service->trusted_networks, "10.0.0.0/8", "::1/128");
    assert_networks(service->legacy_networks, "11.0.0.0/8", "2001:db8::/32");
    assert_true(service->rollout_from == TLSFLOOR_DAY);
    assert_int_equal(service->brownout_count, 2);
    assert_int_equal(service->brownout[0].days, 1U << 6 | 1U << 0 | 1U << 1);
    assert_int_equal(service->brownout[0].start, 9 * 60 + 30);
    assert_int_equal(service->brownout[0].end, 24 * 60);
    assert_int_equal(service->brownout[1].days, 1U << 3);
    assert_string_equal(service->help_url, "https://a");
}

static void
assert_section(const struct tlsfloor_service_policy *pop3)
{
    assert_int_equal(pop3->mode, TLSFLOOR_MODE_TAG);
    assert_networks(pop3->trusted_networks, "12.0.0.0/8", "::2/128");
    assert_int_equal(pop3->legacy_networks->count, 0);
    assert_true(pop3->rollout_from == INT64_MIN);
    assert_int_equal(pop3->brownout_count, 1);
    assert_int_equal(pop3->brownout[0].days, 1U << 5);
    assert_string_equal(pop3->help_url, "");
}

static void
assert_for_all_services(const struct tlsfloor_policy *policy)
{
    assert_string_equal(policy->exceptions, "");
    assert_int_equal(policy->dovecot_passdb, 1);
    assert_string_equal(policy->default_domain, "example.org");
    assert_int_equal(policy->imap_alert, 0);
    assert_string_equal(policy->tag_header, "");
    assert_int_equal(policy->syslog_facility, LOG_LOCAL3);
    assert_int_equal(policy->submission_ports_count, 1);
    assert_int_equal(policy->submission_ports[0], 2525);
    assert_int_equal(policy->policy_contexts_count, 3);
    assert_string_equal(policy->policy_contexts[0].name, "a");
    assert_int_equal(policy->policy_contexts[0].kind, TLSFLOOR_CONTEXT_SUBMISSION);
    assert_int_equal(policy->policy_contexts[1].kind, TLSFLOOR_CONTEXT_NONE);
    assert_int_equal(policy->policy_contexts[2].kind, TLSFLOOR_CONTEXT_UNKNOWN_TLS);
}

/* The members, not their text: reading and writing could be wrong alike. */
static void
test_members(void **state)
{
    static const char text[] =
        "mode = observe\nfloor = TLSv1.3\ncipher_profile = rfc10015\nweak_ciphers = reject\n"
        "unknown_cipher = reject\nunknown_tls = accept\nproxied_tls = unknown\n"
        "trusted_networks = 10.0.0.0/8 ::1\nlegacy_networks = 11.0.0.0/8 2001:db8::/32\n"
        "exceptions = none\ndovecot_passdb = yes\ndefault_domain = example.org\n"
        "rollout_from = 1970-01-02\nrollout_percent = 7\n"
        "brownout = Sat-Mon 09:30-24:00, Wed 00:00-00:01\n"
        "reject_text = No %{help_url}\nhelp_url = https://a\nimap_alert = no\ntag_header = none\n"
        "audit = violations\nsyslog_facility = local3\nsubmission_ports = 2525\n"
        "policy_contexts = a=submission b=none c=unknown-tls\n"
        "[pop3]\nmode = tag\ntrusted_networks = 12.0.0.0/8 ::2\nlegacy_networks =\n"
        "rollout_from =\nbrownout = Fri 01:00-02:00\nhelp_url =\n";
    char problems[8192];
    struct tlsfloor_policy *policy = parse(text, sizeof text - 1, problems);

    (void)state;
    assert_string_equal(problems, "");
    for (size_t i = 0; i < TLSFLOOR_SERVICES; i++) {
        const struct tlsfloor_service_policy *service = &policy->services[i];

        assert_int_equal(service->floor, TLSFLOOR_TLS_1_3);
        assert_int_equal(service->cipher_profile, TLSFLOOR_PROFILE_RFC10015);
        assert_int_equal(service->weak_ciphers, TLSFLOOR_ANSWER_REJECT);
        assert_int_equal(service->unknown_cipher, TLSFLOOR_ANSWER_REJECT);
        assert_int_equal(service->unknown_tls, TLSFLOOR_ANSWER_ACCEPT);
        assert_int_equal(service->proxied_tls, TLSFLOOR_TLS_UNKNOWN);
        assert_int_equal(service->rollout_percent, 7);
        assert_int_equal(service->audit, TLSFLOOR_AUDIT_VIOLATIONS);
        assert_string_equal(service->reject_text, "No %{help_url}");
        if (i != TLSFLOOR_SERVICE_POP3)
            assert_before_sections(service);
    }
    assert_section(&policy->services[TLSFLOOR_SERVICE_POP3]);
    assert_for_all_services(policy);
    tlsfloor_policy_free(policy);
}

/* FORMAT_ALL of the defaults has every parameter once, in the order of the list. */
static void
test_all_parameters(void **state)
{
    struct tlsfloor_policy *policy = tlsfloor_policy_new();
    char *text = tlsfloor_policy_format(policy, TLSFLOOR_FORMAT_ALL);
    const char *line = text;

    (void)state;
    assert_non_null(text);
    for (const char *const *name = tlsfloor_policy_parameters(); *name != NULL; name++) {
        assert_memory_equal(line, *name, strlen(*name));
        assert_memory_equal(line + strlen(*name), " =", 2);
        line = strchr(line, '\n') + 1;
    }
    assert_string_equal(line, "");
    free(text);
    tlsfloor_policy_free(policy);
}

/* What a person reads, with the longest names and without a page to look at. */
static void
test_default_reject_text(void **state)
{
    struct tlsfloor_policy *policy = tlsfloor_policy_new();
    struct tlsfloor_decision decision = {
        .reason = TLSFLOOR_REASON_CLEARTEXT,
        .floor = TLSFLOOR_TLS_1_2,
    };
    struct tlsfloor_facts facts = {
        .service = TLSFLOOR_SERVICE_SUBMISSION,
        .tls = TLSFLOOR_TLS_CLEARTEXT,
    };
    char text[TLSFLOOR_REPLY_TEXT];
    const char *error;

    (void)state;
    assert_int_equal(tlsfloor_reply_check(policy->services[0].reject_text, &error), 0);
    tlsfloor_reply_format(policy, &facts, &decision, text);
    assert_string_equal(text, "Your mail program does not protect this connection well enough "
                              "(cleartext; needed: TLSv1.2 or newer with a strong cipher). Please "
                              "update it or change its settings.");
    tlsfloor_policy_free(policy);
}

static void
test_too_many_problems(void **state)
{
    char text[2 * 300], problems[8192];

    (void)state;
    for (size_t i = 0; i < sizeof text; i += 2)
        memcpy(text + i, "x\n", 2);
    assert_null(parse(text, sizeof text, problems));
    assert_null(strstr(problems, "error 21: "));
    assert_non_null(strstr(problems, "error 20: \"x\" is not name = value\n"
                                     "error 0: more errors follow\n"));
    assert_string_equal(strstr(problems, "error 0: "), "error 0: more errors follow\n");
}

/* The same from one value with many items. */
static void
test_too_many_items(void **state)
{
    char text[2000] = "trusted_networks =", problems[8192];

    (void)state;
    for (size_t i = strlen(text); i + 3 < sizeof text; i += 2)
        strcpy(text + i, " x");
    assert_null(parse(text, strlen(text), problems));
    assert_string_equal(strstr(problems, "error 0: "), "error 0: more errors follow\n");
}

static void
test_long_lines(void **state)
{
    char text[TLSFLOOR_CONF_LINE + 2], problems[8192];
    struct tlsfloor_policy *policy;

    (void)state;
    memset(text, ' ', sizeof text);
    memcpy(text, "mode = tag", 10);
    text[TLSFLOOR_CONF_LINE] = '\n';
    policy = parse(text, TLSFLOOR_CONF_LINE + 1, problems);
    assert_non_null(policy);
    tlsfloor_policy_free(policy);
    text[TLSFLOOR_CONF_LINE] = ' ';
    text[TLSFLOOR_CONF_LINE + 1] = '\n';
    assert_null(parse(text, sizeof text, problems));
    assert_string_equal(problems, "error 1: the line is longer than 4096 bytes\n");
}

/* A list may be longer than a line, and what is written has no long line. */
static void
test_long_list(void **state)
{
    enum { ITEMS = 3000 };
    char *text = malloc(ITEMS * 24 + 100), problems[8192];
    size_t used = (size_t)sprintf(text, "[imap]\nlegacy_networks =");
    struct tlsfloor_policy *policy;

    (void)state;
    for (int i = 0; i < ITEMS; i++)
        used += (size_t)sprintf(text + used, "\n    10.%d.%d.1/32", i / 256, i % 256);
    policy = parse(text, used, problems);
    assert_string_equal(problems, "");
    assert_int_equal(policy->services[TLSFLOOR_SERVICE_IMAP].legacy_networks->count, ITEMS);
    assert_int_equal(policy->services[TLSFLOOR_SERVICE_POP3].legacy_networks->count, 2);
    assert_round_trip(policy, TLSFLOOR_FORMAT_CHANGED);
    tlsfloor_policy_free(policy);
    free(text);
}

static void
test_most_windows(void **state)
{
    char text[1024] = "rollout_from = 2027-01-01\nbrownout = ", problems[8192];
    struct tlsfloor_policy *policy;
    size_t used = strlen(text);

    (void)state;
    for (unsigned i = 0; i < TLSFLOOR_WINDOWS; i++)
        used += (size_t)sprintf(text + used, "Mon %02u:00-%02u:00,", i, i + 1);
    policy = parse(text, used, problems);
    assert_string_equal(problems, "");
    assert_int_equal(policy->services[0].brownout_count, TLSFLOOR_WINDOWS);
    assert_round_trip(policy, TLSFLOOR_FORMAT_ALL);
    tlsfloor_policy_free(policy);
    used += (size_t)sprintf(text + used, "Tue 00:00-01:00, Wed 00:00-01:00");
    assert_null(parse(text, used, problems));
    assert_string_equal(problems,
                        "error 2: brownout: \"Tue\" begins one window too many: 16 is the most\n");
}

/* Every byte in every place of a small file: no crash, and sentences stay printable. */
static void
test_any_byte(void **state)
{
    static const char text[] =
        "mode = tag\n a\n#c\n[imap]\nfloor = TLSv1.2\ntrusted_networks = ::1\n";

    (void)state;
    for (size_t i = 0; i < sizeof text - 1; i++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            char copy[sizeof text - 1];
            unsigned count = 0;

            memcpy(copy, text, sizeof copy);
            copy[i] = (char)byte;
            tlsfloor_policy_free(tlsfloor_policy_parse((struct tlsfloor_text){copy, sizeof copy},
                                                       count_problem, &count));
        }
    }
}

static void
test_nothing(void **state)
{
    unsigned count = 0;
    struct tlsfloor_policy *policy =
        tlsfloor_policy_parse((struct tlsfloor_text){NULL, 0}, count_problem, &count);

    (void)state;
    assert_non_null(policy);
    assert_int_equal(count, 0);
    tlsfloor_policy_free(policy);
    tlsfloor_policy_free(NULL);
}

/* A second would be days if the time grew with the square of the size. */
static void
test_large(void **state)
{
    static const char *const pieces[] = {"\n",           " \n",     "#\n", " #\n",
                                         "mode = tag\n", " ::1,\n", "\0"};
    size_t room = 4U * 1024 * 1024;
    char *text = malloc(room);

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < COUNT(pieces); i++) {
        size_t piece = pieces[i][0] == '\0' ? 1 : strlen(pieces[i]);
        size_t used = (size_t)sprintf(text, "trusted_networks = ::1\n");
        unsigned count = 0;

        for (; used + piece <= room; used += piece)
            memcpy(text + used, pieces[i], piece);
        tlsfloor_policy_free(
            tlsfloor_policy_parse((struct tlsfloor_text){text, used}, count_problem, &count));
        assert_true(count <= 21);
    }
    free(text);
}

int
main(void)
{
    static const struct CMUnitTest single[] = {
        cmocka_unit_test(test_defaults),          cmocka_unit_test(test_members),
        cmocka_unit_test(test_all_parameters),    cmocka_unit_test(test_default_reject_text),
        cmocka_unit_test(test_too_many_problems), cmocka_unit_test(test_too_many_items),
        cmocka_unit_test(test_long_lines),        cmocka_unit_test(test_long_list),
        cmocka_unit_test(test_most_windows),      cmocka_unit_test(test_any_byte),
        cmocka_unit_test(test_nothing),           cmocka_unit_test(test_large),
    };
    struct CMUnitTest tests[COUNT(cases) + COUNT(single)];

    for (size_t i = 0; i < COUNT(cases); i++)
        tests[i] = (struct CMUnitTest){
            .name = cases[i].name,
            .test_func = test_case,
            .initial_state = (void *)&cases[i],
        };
    memcpy(tests + COUNT(cases), single, sizeof single);
    return cmocka_run_group_tests_name("policy-text", tests, NULL, NULL);
}
