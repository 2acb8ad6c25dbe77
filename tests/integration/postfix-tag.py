#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What becomes of messages: the tag header, mail from other servers, sessions behind a front end.

A tagged message arrives with exactly one header in every form of the
configuration; mail on the MX's port is delivered whatever its TLS; XCLIENT
sessions are judged by their policy_context; one audit line a session and user.
"""

import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from lab.host import ANYBODY, OTHERS, PASSWORD, host  # noqa: E402
from lab.postfix import PACKAGING  # noqa: E402
from lab.workspace import answers, free_ports, wait_until  # noqa: E402
from tap import Tap, expect, expect_true, skip_unless_root  # noqa: E402

ANN = "ann@example.org"
BOB = "bob@example.org"
EVE = "eve@example.org"
OLD = "TLSv1", "ECDHE-RSA-AES256-SHA"
WEAK = "TLSv1.2", "AES128-SHA"
SAID = "Too old."
FORMS = ("submission", "submissions", "conservative", "conservative-submissions", "both")
TAG_OLD = "X-TLS-Floor: reason=version; version=TLSv1; tls TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA"
TAG_WEAK = "X-TLS-Floor: reason=weak-cipher; version=TLSv1.2; tls TLS_RSA_WITH_AES_128_CBC_SHA"


def log_in(session, user=ANN):
    expect(session.command("EHLO client.example.net")[:4], "250-")
    expect(session.auth(user, ANYBODY)[:3], "235")


def sent(session, recipients=(BOB, EVE), sender=ANN, text="Subject: test\r\n\r\ntest\r\n"):
    reply = session.message(sender, recipients, text)
    expect(reply[:9], "250 2.0.0", reply)


def tags(message, name="X-TLS-Floor"):
    """The tag headers of a delivered message."""
    headers = message.split("\n\n", 1)[0].split("\n")
    return [line for line in headers if line.lower().startswith(f"{name.lower()}:")]


def expect_tags(mail, number, want):
    """So many copies arrive, each with just this header."""
    for message in mail.postfix.take_messages(number):
        expect(tags(message), want, "tag headers")


def test_header(mail, tap):
    for service in FORMS:
        mail.policyd.apply(mode="tag")
        for session_of, want in ((OLD, [TAG_OLD]), (WEAK, [TAG_WEAK]), (("TLSv1.3",), [])):
            with tap.case(f"{service}: {session_of[0]}, two recipients, {len(want)} header"), \
                    mail.connect(service, *session_of) as session:
                log_in(session)
                sent(session)
                expect_tags(mail, 2, want)
        with tap.case(f"{service}: one header each, also after RSET and refused recipients"), \
                mail.connect(service, *OLD) as session:
            log_in(session)
            sent(session)
            expect(session.command(f"MAIL FROM:<{ANN}>"), "250 2.1.0 Ok")
            expect(session.command(f"RCPT TO:<{BOB}>"), "250 2.1.5 Ok")
            expect(session.command("RSET"), "250 2.0.0 Ok")
            expect(session.command(f"MAIL FROM:<{ANN}>"), "250 2.1.0 Ok")
            expect(session.command("DATA"), "554 5.5.1 Error: no valid recipients")
            expect(session.command("RSET"), "250 2.0.0 Ok")
            sent(session)
            expect_tags(mail, 4, [TAG_OLD])
        with tap.case(f"{service}: mode = observe adds no header"):
            mail.policyd.apply(mode="observe")
            with mail.connect(service, *OLD) as session:
                log_in(session)
                sent(session)
                expect_tags(mail, 2, [])
    with tap.case("tag_header names another header"):
        mail.policyd.apply(mode="tag", tag_header="X-Old-TLS")
        with mail.connect("submission", *OLD) as session:
            log_in(session)
            sent(session, [BOB])
        message, = mail.postfix.take_messages(1)
        expect((tags(message), len(tags(message, "X-Old-TLS"))), ([], 1))
    with tap.case("tag_header = none adds no header"):
        mail.policyd.apply(mode="tag", tag_header="none")
        with mail.connect("submission", *OLD) as session:
            log_in(session)
            sent(session)
            expect_tags(mail, 2, [])


def test_way_out(mail, tap, sink):
    """Mail that leaves the site loses the header, mail that stays keeps it."""
    with tap.case("the header is removed from mail that leaves, with the snippet installed"):
        mail.policyd.apply(mode="tag")
        with mail.connect("submission", *OLD) as session:
            log_in(session)
            sent(session, [BOB, "far@outside.example"])
        expect_tags(mail, 1, [TAG_OLD])

        def left():
            return [text for text in (path.read_text() for path in sink.iterdir())
                    if text.rstrip().endswith("test")]

        message, = wait_until(left, "mail at the other site")
        expect_true("far@outside.example" in message, message)
        expect(tags(message.replace("\r\n", "\n")), [], "tag headers")


def test_audit(mail, tap):
    with tap.case("100 recipients and three messages make one audit line"):
        mail.policyd.apply(mode="tag")
        with mail.connect("submission", *OLD) as session:
            log_in(session)
            recipients = [f"user{number}@example.org" for number in range(100)]
            for _ in range(3):
                sent(session, recipients)
            expect(session.command("QUIT"), "221 2.0.0 Bye")
        mail.postfix.take_messages(300)
        expect(len(mail.audit(session)), 1, "audit lines")
    with tap.case("the same in the conservative form"):
        with mail.connect("conservative", *OLD) as session:
            log_in(session)
            for _ in range(3):
                sent(session, recipients)
            expect(session.command("QUIT"), "221 2.0.0 Bye")
        mail.postfix.take_messages(300)
        line, = mail.audit(session)
        expect_true(" stage=rcpt user=ann@example.org " in line, line)
    with tap.case("a refused session that tries on makes one audit line"):
        mail.policyd.apply()
        with mail.connect("conservative", *OLD) as session:
            log_in(session)
            for _ in range(3):
                expect(session.command(f"MAIL FROM:<{ANN}>"), "250 2.1.0 Ok")
                expect(session.command(f"RCPT TO:<{BOB}>"),
                       f"530 5.7.10 <{BOB}>: Recipient address rejected: {SAID}")
                session.command("RSET")
        expect(len(mail.audit(session)), 1, "audit lines")


def test_mail_transfer(mail, tap, recorder):
    """The port of the MX: policyd is asked in every list, and has nothing against it."""
    mail.policyd.apply()
    for version, cipher in ((None, None), OLD, ("TLSv1.3", "DEFAULT")):
        with tap.case(f"mail from another server is delivered, {version or 'without TLS'}"):
            before = len(recorder.exchanges)
            with mail.connect("smtp", version, cipher) as session:
                expect(session.command("EHLO mx.outside.example")[:4], "250-")
                sent(session, sender="someone@outside.example")
                expect(session.command("QUIT"), "221 2.0.0 Bye")
            expect_tags(mail, 2, [])
            asked = recorder.exchanges[before:]
            states = [request["protocol_state"] for request, _ in asked]
            want = ["CONNECT", "EHLO", "MAIL", "RCPT", "RCPT", "DATA"]
            expect(states, want if version is None else want[:2] + want[1:], "asked at")
            expect({request["encryption_protocol"] for request, _ in asked if
                    request["protocol_state"] == "RCPT"}, {version or ""}, "TLS as asked")
            expect({answer for _, answer in asked}, {"action=DUNNO"}, "answers")
            expect(mail.audit_so_far(session), [], "audit lines")


def test_contexts(mail, tap):
    """A front end says who the client is; the context says what its TLS means."""
    def introduce(session, user=ANN):
        session.command("EHLO front-end.example.org")
        expect(session.command(f"XCLIENT ADDR=192.0.2.7 PORT=4711 LOGIN={user}")[:4], "220 ")
        expect(session.command("EHLO client.example.net")[:4], "250-")

    def line_of(user):
        def found():
            return [line for line in mail.policyd.audit_lines() if f" user={user} " in line]

        line, = wait_until(found, f"audit line of {user}")
        return line

    mail.policyd.apply()
    with tap.case("context of submission: no TLS is cleartext"), \
            mail.connect("xclient-submission") as session:
        introduce(session, "one@example.org")
        expect(session.command(f"MAIL FROM:<{ANN}>"),
               f"530 5.7.10 <{ANN}>: Sender address rejected: {SAID}")
        expect(line_of("one@example.org"),
               "tlsfloor: action=refuse reason=cleartext rule=RFC8314-4.1 service=submission "
               "stage=mail user=one@example.org client=192.0.2.7 port=4711 tls=cleartext cipher=- "
               "bits=0 floor=TLSv1.2 mode=enforce exception=- session=-")
    with tap.case("context of TLS that ended elsewhere: unknown_tls = tag"), \
            mail.connect("xclient-unknown") as session:
        introduce(session, "two@example.org")
        sent(session, [BOB])
        expect_tags(mail, 1, ["X-TLS-Floor: reason=unknown-tls; version=unknown"])
        line = line_of("two@example.org")
        expect_true("action=tag reason=unknown-tls rule=local " in line, line)
    mail.policyd.apply(unknown_tls="accept")
    with tap.case("unknown_tls = accept"), mail.connect("xclient-unknown") as session:
        introduce(session, "three@example.org")
        sent(session, [BOB])
        expect_tags(mail, 1, [])
        line = line_of("three@example.org")
        expect_true("action=accept reason=unknown-tls rule=local " in line, line)
    mail.policyd.apply(unknown_tls="reject")
    with tap.case("unknown_tls = reject"), mail.connect("xclient-unknown") as session:
        introduce(session, "four@example.org")
        expect(session.command(f"MAIL FROM:<{ANN}>"),
               f"530 5.7.10 <{ANN}>: Sender address rejected: {SAID}")
        line = line_of("four@example.org")
        expect_true("action=refuse reason=unknown-tls rule=local " in line, line)
    mail.policyd.apply(policy_contexts=None)
    with tap.case("a context that is not configured is warned about, and SASL decides"), \
            mail.connect("xclient-unknown") as session:
        introduce(session, "five@example.org")
        expect(session.command(f"MAIL FROM:<{ANN}>"),
               f"530 5.7.10 <{ANN}>: Sender address rejected: {SAID}")
        wait_until(lambda: [line for line in mail.policyd.lines() if
                            re.search('warning: .*"tls-elsewhere"', line)], "warning")


def main():
    skip_unless_root()
    tap = Tap()
    port, = free_ports(1)
    main_cf = (f"transport_maps = inline:{{ outside.example=smtp:[127.0.0.1]:{port} }}\n"
               f"smtp_header_checks = regexp:{PACKAGING}/tlsfloor_header_checks\n"
               "mx_policy = unix:tlsfloor/recorder\n")
    with host([*FORMS, *OTHERS], main=main_cf, reject_text=SAID) as mail:
        sink = mail.workspace.directory("sink", 0o700, "nobody")
        process = mail.workspace.start(
            ["smtp-sink", "-u", "nobody", "-d", f"{sink}/%M.", f"127.0.0.1:{port}", "10"],
            "sink.out")
        mail.workspace.wait_for(process, lambda: answers(port), "smtp-sink")
        test_header(mail, tap)
        test_way_out(mail, tap, sink)
        test_audit(mail, tap)
        test_mail_transfer(mail, tap, mail.record())
        test_contexts(mail, tap)
        with tap.case("tlsfloor-policyd ends as it should"):
            expect(mail.policyd.stop(), 0, "exit status")
    return tap.finish()


sys.exit(main())
