#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tlsfloor retire says yes only when the logs are whole and nobody is below the floor."""

import datetime
import json
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from cases import case, run  # noqa: E402
from log_lines import GOOD, Logs, dovecot, policyd  # noqa: E402
from tap import expect, expect_true  # noqa: E402

AT = datetime.date(2026, 11, 29)


def stamp(days_ago):
    return f"{AT - datetime.timedelta(days_ago)}T12:00:00Z"


def whole(days=91):
    """A good login to each server each day."""
    return [make(time=stamp(ago), **GOOD) for ago in range(days, -1, -1)
            for make in (dovecot, policyd)]


def without_servers(directory, **tools):
    """An environment whose mail servers are these scripts, if any."""
    path = Path(directory) / "bin"
    path.mkdir(exist_ok=True)
    for name, text in tools.items():
        (path / name).write_text("#!/bin/sh\n" + text)
        (path / name).chmod(0o755)
    return {**os.environ, "PATH": f"{path}:/nowhere", "TZ": "UTC"}


def retire(logs, lines, *arguments, at=AT.isoformat(), **tools):
    path = logs.write("log", lines)
    return logs.run(*arguments, path, command="retire", at=at,
                    env=without_servers(logs.directory, **tools))


def expect_no(logs, lines, words, *arguments):
    output, errors, status = retire(logs, lines, *arguments)
    expect(("error" in errors, status), (False, 1), output)
    reasons = [line for line in output.split("\n") if line.startswith("no: ")]
    expect(len(reasons), 1, output)
    expect_true(words in output and "yes: " not in output and "ssl_min" not in output, output)


@case
def yes_and_the_settings(directory):
    output, errors, status = retire(Logs(directory), whole())
    expect((errors, status), ("", 0), output)
    expect_true(output.startswith("yes: nobody was let in below the floor from 2026-08-31 to "
                                  "2026-11-29; 182 good logins of 1 user\n"), output)
    for words in ("  ssl_min_protocol = TLSv1.2\n", "  ssl = required\n",
                  "-o smtpd_tls_mandatory_protocols=>=TLSv1.2\n", "tlsfloor doctor --live"):
        expect_true(words in output, output)


@case
def somebody_is_below(directory):
    logs = Logs(directory)
    expect_no(logs, whole() + [dovecot(time=stamp(89), user="ben")], "of 1 user: ben\n")
    expect_no(logs, whole() + [policyd(time=stamp(0), user="-")], "1 login below the floor, of 0")
    expect(retire(logs, whole() + [dovecot(time=stamp(91))])[2], 0, "longer ago")
    expect(retire(logs, whole() + [dovecot(time=stamp(31))], "--days", "30")[2], 0, "30 days")


@case
def an_exception_is_left(directory):
    line = "ann@example.org allow=TLSv1 until=2026-12-01 service=imap\n"
    expect_no(Logs(directory, exceptions=line), whole(),
              "1 exception is in force: ann@example.org until 2026-12-01;")
    expect(retire(Logs(directory, exceptions=line), whole(), at="2026-11-29")[2], 1)
    ended = line.replace("2026-12-01", "2026-11-28")
    expect(retire(Logs(directory, exceptions=ended), whole())[2], 0, "one that has ended")


@case
def what_is_not_judged(directory):
    logs = Logs(directory)
    trusted = dovecot(time=stamp(3), action="accept", reason="trusted-network", tls="cleartext",
                      cipher="-", client="127.0.0.1")
    expect_no(logs, whole() + [trusted], "from trusted_networks")
    expect(retire(logs, whole() + [trusted], "--ignore-trusted")[2], 0)
    logs.configure("unknown_tls = accept\n")
    expect_no(logs, whole() + [dovecot(time=stamp(3), action="accept", reason="unknown-tls",
                                       tls="unknown", cipher="-")], "unknown TLS version",
              "--ignore-trusted")


@case
def what_is_missing(directory):
    logs = Logs(directory)
    expect_no(logs, whole(60), "the audit lines begin on 2026-09-30")
    expect_no(logs, whole()[:-6], "the audit lines end on 2026-11-26")
    some = [line for line in whole() if stamp(40)[:10] not in line or "policyd" not in line]
    expect_no(logs, some, "no audit line of Postfix on mail on 2026-10-20\n")
    expect_no(logs, whole() + [f"{stamp(5)} mail tlsfloor-policyd[7]: 1 line was lost while the "
                               "system log was not reading\n"], "told 1 time that they lost")
    expect_no(logs, whole() + [dovecot(time=stamp(5))[:200] + "\n"], "1 audit line is cut")
    logs.configure("[sieve]\naudit = none\n")
    expect_no(logs, whole(), "nothing is known of sieve: audit = none")
    logs.configure("[pop3]\nfloor = cleartext\n")
    expect_no(logs, whole(), "the floor of pop3 is cleartext")


@case
def who_is_turned_away_already_does_not_count(directory):
    output, _, status = retire(Logs(directory), whole() + [
        dovecot(time=stamp(5), action="refuse", user="-")])
    expect(status, 0, output)
    expect_true("1 session was turned away" in output, output)


@case
def settings_for_what_is_installed(directory):
    logs = Logs(directory, "floor = TLSv1.2\nsubmission_ports = 587 10587\n[pop3]\n"
                           "floor = TLSv1.3\n")
    master = """case "$1" in -h) echo VERSION;; -F) cat <<END
smtp/inet/command = smtpd
submission/inet/command = smtpd -o smtpd_tls_security_level=encrypt
submission/inet/chroot = y
127.0.0.1:10587/inet/command = smtpd
465/inet/command = smtpd
pickup/unix/command = pickup
END
esac
"""
    conf = 'printf "ssl_min_protocol = TLSv1\\nprotocol imap {\\n  ssl_cipher_list = x\\n}\\n"\n'
    lines = [line.replace("TLSv1.2", "TLSv1.3") for line in whole()]
    cat = {"cat": "exec /bin/cat\n"}
    for dovecot_version, postfix, own, other, protocols in (
            ("2.3.19.1 (9b5)", "3.7.11", "disable_plaintext_auth = yes", "auth_allow_cleartext",
             ">=TLSv1.2"),
            ("2.4.1-4 (7d8)", "3.5.6", "auth_allow_cleartext = no", "disable_plaintext_auth",
             "!SSLv2,!SSLv3,!TLSv1,!TLSv1.1")):
        output, _, status = retire(logs, lines, dovecot=f'echo "{dovecot_version}"\n',
                                   doveconf=conf, postconf=master.replace("VERSION", postfix),
                                   **cat)
        expect(status, 0, output)
        expect_true(own in output and other not in output, output)
        expect_true(f"Dovecot {dovecot_version.split()[0]}: " in output, output)
        expect_true("  protocol pop3 {\n    ssl_min_protocol = TLSv1.3\n  }\n" in output, output)
        expect_true("# now: ssl_min_protocol = TLSv1\n" in output, output)
        expect_true("# now: ssl_cipher_list = x\n" in output, output)
        commands = [line for line in output.split("\n") if "postconf -P" in line]
        expect(len(commands), 6, output)
        expect_true(f"  postconf -P 'submission/inet/smtpd_tls_mandatory_protocols={protocols}'"
                    in commands, output)
        expect_true(not any("smtp/" in line or "465/" in line for line in commands), output)


DOVECOT_23 = {"dovecot": 'echo "2.3.19.1 (9b5)"\n',
              "doveconf": 'printf "ssl_min_protocol = TLSv1\\nssl = yes\\nprotocol imap {\\n  '
                          'ssl_cipher_list = x\\n}\\n"\n'}
POSTFIX_35 = {"postconf": 'case "$1" in -h) echo 3.5.6;; -F) echo "587/inet/command = smtpd\n'
                          '25/inet/command = smtpd";; esac\n'}
PERIOD = {"first": "2026-08-31", "last": "2026-11-29", "days": 91, "lines": 182,
          "sources": ["Dovecot on mail", "Postfix on mail"], "missing": [], "damaged": 0,
          "losses": 0}
USERS = {"seen": 1, "ready": 1, "below": 0, "excepted": 0, "not_judged": 0, "turned_away": 0,
         "at_least": False}
LOGINS = {"ready": 182, "below": 0, "excepted": 0, "not_judged": 0, "turned_away": 0}
AS_JSON = {
    "retire": True, "days": 90, "reasons": [], "period": PERIOD, "users": USERS, "logins": LOGINS,
    "settings": {
        "dovecot": {
            "version": "2.3.19.1",
            "settings": {"ssl_min_protocol": "TLSv1.2", "ssl": "required",
                         "disable_plaintext_auth": "yes"},
            "protocols": {"pop3": {"ssl_min_protocol": "TLSv1.3"}},
            "now": [{"name": "ssl_min_protocol", "value": "TLSv1"}, {"name": "ssl", "value": "yes"},
                    {"name": "ssl_cipher_list", "value": "x"}]},
        "postfix": {
            "version": "3.5.6",
            "services": ["587/inet"],
            "settings": {"smtpd_tls_mandatory_protocols": "!SSLv2,!SSLv3,!TLSv1,!TLSv1.1",
                         "smtpd_tls_protocols": "!SSLv2,!SSLv3,!TLSv1,!TLSv1.1",
                         "smtpd_tls_auth_only": "yes"}}}}


def as_json(*arguments, **tools):
    output, errors, status = retire(*arguments, "--json", **tools)
    expect_true("error" not in errors, errors)
    return json.loads(output), status


@case
def json_of_a_yes(directory):
    logs = Logs(directory, "[pop3]\nfloor = TLSv1.3\n")
    found, status = as_json(logs, whole())
    both = {**AS_JSON["settings"]["dovecot"]["settings"], "auth_allow_cleartext": "no"}
    expect((status, found["settings"]["dovecot"]),
           (0, {**AS_JSON["settings"]["dovecot"], "version": None, "settings": both, "now": []}))
    expect((found["settings"]["postfix"]["version"], found["settings"]["postfix"]["services"]),
           (None, []))
    expect(as_json(logs, whole(), **DOVECOT_23, **POSTFIX_35), (AS_JSON, 0))


@case
def json_of_a_no(directory):
    line = "ann@example.org allow=TLSv1 until=2026-12-01 service=imap\n"
    logs = Logs(directory, "dovecot_passdb = yes\n[sieve]\naudit = none\n[pop3]\n"
                           "floor = cleartext\n", exceptions=line)
    lost = (f"{stamp(5)} mail tlsfloor-policyd[7]: 1 line was lost while the system log was not "
            "reading\n")
    trusted = dovecot(time=stamp(3), action="accept", reason="trusted-network", tls="cleartext",
                      cipher="-", client="127.0.0.1")
    lines = [line for line in whole(60)[:-6] if stamp(40)[:10] not in line or "policyd" not in line]
    lines += [dovecot(time=stamp(31), user="ben"), dovecot(time=stamp(30)), trusted, lost,
              dovecot(time=stamp(5))[:200] + "\n"]
    found, status = as_json(logs, lines, **DOVECOT_23)
    output = retire(logs, lines, **DOVECOT_23)[0].split("\n")
    expect((found["retire"], found["settings"], status), (False, None, 1))
    expect([f"no: {one['text']}" for one in found["reasons"]],
           [line for line in output if line.startswith("no: ")])
    expect([one["reason"] for one in found["reasons"]],
           ["below", "excepted", "exceptions", "trusted", "begins-late", "ends-early", "missing",
            "losses", "damaged", "floor", "audit"])


@case
def what_is_wrong_is_an_error(directory):
    logs = Logs(directory)
    for days in ("0", "x", "-5", "99999999999999999999"):
        output, errors, status = retire(logs, whole(), "--days", days)
        expect((output, status), ("", 2))
        expect_true("--days needs a number" in errors, errors)
    output, errors, status = retire(logs, ["nothing\n"])
    expect((output, status), ("", 2))
    expect_true("there is no audit line" in errors, errors)


if __name__ == "__main__":
    sys.exit(run())
