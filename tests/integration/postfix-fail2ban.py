#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Refusals must not get anybody banned: fail2ban's stock filter for Postfix meets their log lines.

Every kind of refusal, in every mode of the filter. The control is a wrong
password in the same log, which the filter has to find.
"""

import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from lab.host import ANYBODY, OTHERS, SUBMISSION, host  # noqa: E402
from tap import Tap, expect, expect_true, skip_unless_root  # noqa: E402

ANN = "ann@example.org"
BOB = "bob@example.org"
OLD = "TLSv1", "ECDHE-RSA-AES256-SHA"
NOW = {"rollout_from": "2099-01-01", "brownout": "Sun-Sat 00:00-24:00"}
PASSWORD_MODES = {"auth", "extra", "aggressive"}
MODES = ["more", "normal", "auth", "rbl", "ddos", "extra", "aggressive", "errors"]


def talk(mail, service, version, commands, code):
    """The last command gets code; then QUIT, as a mail program does."""
    with mail.connect(service, *version) as session:
        for command in commands:
            reply = (session.auth(ANN, ANYBODY) if command == "AUTH" else
                     session.command(command))
        expect(reply[:len(code)], code, f"{service} {commands[-1]}: {reply}")
        expect(session.command("QUIT"), "221 2.0.0 Bye")


EHLO, HELO, MAIL, RCPT = "EHLO c", "HELO c", f"MAIL FROM:<{ANN}>", f"RCPT TO:<{BOB}>"
XCLIENT = f"XCLIENT ADDR=192.0.2.7 LOGIN={ANN}"


def refuse_all(mail):
    """Refuses at every point where Postfix can ask; returns how many times."""
    count = 0
    for policy, code, bare_code in (({}, "530 5.7.10", "530 5.7.10"),
                                    (NOW, "454 4.7.0", "451 4.7.0")):
        mail.policyd.apply(unknown_tls="reject", **policy)
        for service in ("submission", "submissions", "both"):
            talk(mail, service, OLD, [EHLO], code)
            talk(mail, service, OLD, [HELO], code)
            # A client that does not understand, and tries to log in all the same.
            talk(mail, service, OLD, [EHLO, "AUTH", EHLO], code)
            count += 4
        for service in ("conservative", "conservative-submissions"):
            talk(mail, service, OLD, [EHLO, "AUTH", MAIL, RCPT], code)
            talk(mail, service, OLD, [EHLO, "AUTH", f"VRFY {BOB}"], code)
            count += 2
        talk(mail, "cleartext", (), [EHLO, "AUTH", MAIL], code)
        talk(mail, "xclient-submission", (), [EHLO, XCLIENT, EHLO, MAIL], code)
        talk(mail, "xclient-unknown", (), [EHLO, XCLIENT, EHLO, MAIL], code)
        talk(mail, "data-only", OLD, [EHLO, "AUTH", MAIL, RCPT, "DATA"], bare_code)
        with mail.connect("connect-submissions", *OLD) as session:
            expect(session.greeting[:len(bare_code)], bare_code, session.greeting)
        count += 5
    mail.policyd.apply(rollout_percent=99, dovecot_passdb="yes")
    talk(mail, "submission", OLD, [EHLO, "AUTH", MAIL], "454 4.7.0")
    return count + 1


def matches(log, mode):
    """The lines that fail2ban takes for an attack."""
    result = subprocess.run(
        ["fail2ban-regex", "--print-all-matched", str(log), f"postfix[mode={mode}]"],
        capture_output=True, text=True, check=True)
    expect_true("Lines: " in result.stdout, result.stdout + result.stderr)
    matched = result.stdout.partition("Matched line(s):")[2].partition("`-")[0]
    return [line[3:] for line in matched.splitlines() if line.startswith("|  ")]


def main():
    skip_unless_root()
    tap = Tap()
    with host([*SUBMISSION, *OTHERS]) as mail:
        with tap.case("all kinds of refusals are in Postfix's log"):
            count = refuse_all(mail)
            lines = mail.postfix.wait_for_log(" reject: [A-Z]+ from .* rejected: ", count)
            expect(len(lines), count)
        # Connections without a word are the harness's own, to see whether Postfix is there.
        ours = {line for line in mail.postfix.log_lines("") if " after CONNECT from " not in line}
        with mail.connect("submissions", "TLSv1.3") as session:
            session.command(EHLO)
            expect(session.auth("control@example.org", "wrong")[:3], "535")
        control, = mail.postfix.wait_for_log(r"SASL PLAIN authentication failed: ")
        for mode in MODES:
            found = matches(mail.postfix.log, mode)
            with tap.case(f"mode = {mode} matches nothing of a refused session"):
                expect([line for line in found if line in ours], [], "matched")
            if mode in PASSWORD_MODES:
                with tap.case(f"mode = {mode} matches the wrong password (control)"):
                    expect([line for line in found if line == control], [control], "matched")
        with tap.case("tlsfloor-policyd ends as it should"):
            expect(mail.policyd.stop(), 0, "exit status")
    return tap.finish()


sys.exit(main())
