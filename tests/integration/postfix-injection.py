#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Hostile HELO and user names through a real Postfix: reply, header and log stay one line each.

What Postfix lets pass arrives at tlsfloor-policyd as it is (the recorder
shows it), and the audit line reads back to it.
"""

import pathlib
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

import base64  # noqa: E402

from lab.host import ANYBODY, host  # noqa: E402
from policyd_client import parse_audit  # noqa: E402
from tap import Tap, expect, expect_true, skip_unless_root  # noqa: E402

OLD = "TLSv1", "ECDHE-RSA-AES256-SHA"
SAID = "Too old."
TAG = "X-TLS-Floor: reason=version; version=TLSv1; tls TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"

MAIN = "line_length_limit = 12288\ntlsfloor_policy = unix:tlsfloor/recorder\n"

HELOS = {
    "quotes and spaces": b'a"b\\c \'d\' tlsfloor: action=accept',
    "an equals sign": b"action=OK",
    "UTF-8": "h\u00e9lo.\u4e2d\u6587".encode(),
    "bytes that are not UTF-8": b"\xff\xfe\x80",
    "control characters": b"a\x01\x1b[31m\x7f\tb",
    "a carriage return": b"a\raction=OK",
    "a NUL byte": b"a\0b",
    "5,000 characters": b"x" * 5000,
    "a placeholder and a format": b"%{version}%s%n",
}
USERS = {
    "quotes and spaces": b'a"b\\c \'d\' action=accept',
    "a lone hyphen": b"-",
    "an equals sign": b"user=root",
    "UTF-8": "j\u00f6rg@ex\u00e4mple.org".encode(),
    "bytes that are not UTF-8": b"\xff\xfe\x80@example.org",
    "a newline": b"ann\naction=OK\n\n@example.org",
    "control characters": b"a\x01\x1b[31m\x7f\tb",
    "5,000 characters": b"x" * 5000,
    "many at signs": b"@@a@@b@",
}


def check_reply(reply, start):
    """One line, as every SMTP client reads it."""
    expect(reply[:len(start)], start, "reply")
    expect_true("\n" not in reply and reply.endswith(f"rejected: {SAID}"), f"one line: {reply!r}")


def check_audit(mail, session, **values):
    """One line, which reads back to the values."""
    line, = mail.audit(session)
    expect_true(len(line) < 1000 and line.isascii() and line.isprintable(), f"one line: {line!r}")
    read = parse_audit(line)
    cut = read.pop("cut", "").split(",")
    for key, value in values.items():
        if key in cut:
            expect_true(len(read[key]) > 100 and value.startswith(read[key]), f"{key} in {line}")
        else:
            expect(read[key], value, key)
    return read


def log_in(session, user):
    """AUTH PLAIN in two steps: a long name does not fit into the first line."""
    expect(session.command("AUTH PLAIN"), "334 ")
    response = base64.b64encode(b"\0" + user + b"\0" + ANYBODY.encode()).decode()
    return session.command(response)


def test_helo(mail, tap, recorder):
    mail.policyd.apply()
    asked = []
    for name, helo in HELOS.items():
        with tap.case(f"HELO with {name}"), mail.connect("submissions", *OLD) as session:
            reply = session.command(b"EHLO " + helo)
            if reply[:3] != "530":
                # Postfix would not have it: then nobody has to.
                expect_true(reply[:2] == "50" and "\n" not in reply, f"reply: {reply!r}")
                expect(session.command("EHLO good.example.net")[:3], "530")
            else:
                check_reply(reply, "530 5.7.10 <")
                expect(session.command("RSET"), "250 2.0.0 Ok")
                asked.append(recorder.exchanges[-1][0]["helo_name"])
            check_audit(mail, session, action="refuse", reason="version", user="", stage="helo",
                        tls="TLSv1", cipher=OLD[1])
    with tap.case("the daemon has met quotes, equals signs, UTF-8 and 5,000 characters"):
        for name in ("quotes and spaces", "an equals sign", "UTF-8", "5,000 characters"):
            told = HELOS[name].decode("ascii", "surrogateescape")
            expect_true(any(told in helo for helo in asked), f"{told!r} in {asked!r}")


def test_user(mail, tap, recorder):
    for name, user in USERS.items():
        mail.policyd.apply(mode="tag")
        with tap.case(f"user name with {name}: one header, one audit line"), \
                mail.connect("submissions", *OLD) as session:
            expect(session.command("EHLO client.example.net")[:4], "250-")
            reply = log_in(session, user)
            expect(reply[:3], "235", reply)
            before = len(recorder.exchanges)
            mail_reply = session.message("sender@example.org", ["bob@example.org"])
            expect(mail_reply[:9], "250 2.0.0", mail_reply)
            message, = mail.postfix.take_messages(1)
            headers = message.split("\n\n", 1)[0].split("\n")
            expect([line for line in headers if "tls" in line.lower() and "SMTPSA" not in line],
                   [TAG], "headers")
            told = recorder.exchanges[before][0]["sasl_username"]
            check_audit(mail, session, action="tag", stage="mail",
                        user=told.encode("ascii", "surrogateescape").decode("latin-1"))


def main():
    skip_unless_root()
    tap = Tap()
    with host(["submissions"], reject_text=SAID, main=MAIN) as mail:
        recorder = mail.record()
        test_helo(mail, tap, recorder)
        test_user(mail, tap, recorder)
        with tap.case("tlsfloor-policyd ends as it should"):
            expect(mail.policyd.stop(), 0, "exit status")
    return tap.finish()


sys.exit(main())
