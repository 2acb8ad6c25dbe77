#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Exceptions on a real Postfix: given and taken with the command while sessions come and go.

Clients have TLS 1.0 unless it says otherwise, and come from 127.0.0.2, where
exceptions are for, or from 127.0.0.3.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from lab.host import PASSWORD, host  # noqa: E402
from lab.policyd import build_tree  # noqa: E402
from lab.smtp import Session  # noqa: E402
from tap import Tap, expect, expect_true, skip_unless_root  # noqa: E402

ANN, BOB, ALIAS = "ann@example.org", "bob@example.org", "alias@example.org"
THERE, ELSEWHERE = "127.0.0.2", "127.0.0.3"
ALLOW = ("allow=TLSv1", "until=2099-12-31", f"from={THERE}")
FORMS = ("submission", "submissions", "conservative")
REFUSED = "530 5.7.10"
PUT_OFF = "454 4.7.0"


class Site:
    """The mail host with an exceptions file, and the command as its admin runs it."""

    def __init__(self, mail):
        self.mail = mail
        self.file = mail.workspace.write("exceptions", "")
        # A passdb that rewrites a name.
        with (mail.workspace.path / "dovecot" / "users").open("a") as users:
            users.write(f"{ALIAS}:{PASSWORD}::::::user={ANN}\n")
        # The daemon runs as nobody.
        shutil.chown(mail.site.state, group="nogroup")
        mail.policyd.apply(exceptions=str(self.file))

    def exception(self, *arguments):
        done = subprocess.run(
            [build_tree() / "admin" / "tlsfloor", "-c", self.mail.site.conf, "-S",
             self.mail.site.state, "exception", *arguments], capture_output=True, text=True,
            check=False)
        expect(done.returncode, 0, f"exception {arguments}: {done.stdout}{done.stderr}")

    def clear(self, *lines):
        self.file.write_text("".join(f"{line}\n" for line in lines))
        # Twice: the first news may be of what a command applied just before.
        self.mail.policyd.apply(exceptions=str(self.file))
        self.mail.policyd.apply(exceptions=str(self.file))


def open_session(mail, service, source, version="TLSv1"):
    """At the point where the client is to send EHLO, TLS being up."""
    session = Session(mail.ports[service], source=source)
    if service.endswith("submissions"):
        session.wrap(version)
        session.reply()
    else:
        session.starttls(version)
    return session


def talk(mail, service, user, source=THERE, version="TLSv1"):
    """How far a client gets: the refusal's code and where it came, or "sent"."""
    with open_session(mail, service, source, version) as session:
        for where, function, arguments in (
                ("EHLO", session.command, ["EHLO client.example.net"]),
                ("AUTH", session.auth, [user, PASSWORD]),
                ("message", session.message, [user, [BOB]])):
            reply = function(*arguments)
            if reply[0] != "2":
                return f"{' '.join(reply.split()[:2])} at {where}"
    return "sent"


def soon(function, want, what):
    """A second is what is promised; the rest is for a busy machine."""
    start = time.monotonic()
    while (got := function()) != want and time.monotonic() - start < 5:
        pass
    expect(got, want, what)
    expect_true(time.monotonic() - start < 3, f"{what}: after {time.monotonic() - start:.2f} s")


def test_who_gets_in(mail, site, tap):
    site.clear(f"{ANN} {' '.join(ALLOW)}")
    for service in FORMS:
        early = "EHLO" if service != "conservative" else "message"
        with tap.case(f"{service}: the excepted user gets in, another one is refused at MAIL"):
            expect(talk(mail, service, ANN), "sent")
            expect(talk(mail, service, BOB), f"{REFUSED} at message")
        with tap.case(f"{service}: from elsewhere all are refused at {early}"):
            expect(talk(mail, service, ANN, ELSEWHERE), f"{REFUSED} at {early}")
            expect(talk(mail, service, BOB, ELSEWHERE), f"{REFUSED} at {early}")
        with tap.case(f"{service}: compliant clients get in from anywhere"):
            expect(talk(mail, service, BOB, ELSEWHERE, "TLSv1.2"), "sent")
    mail.postfix.take_messages(2 * len(FORMS))


def test_alias(mail, site, tap):
    with tap.case("judged is the name that SASL ends with, whatever was typed"):
        site.clear(f"{ANN} {' '.join(ALLOW)}")
        expect(talk(mail, "submission", ALIAS), "sent")
        site.clear(f"{ALIAS} {' '.join(ALLOW)}")
        expect(talk(mail, "submission", ALIAS), f"{REFUSED} at message")
    mail.postfix.take_messages(1)


def test_given_and_taken(mail, site, tap):
    def bob():
        return talk(mail, "submission", BOB)

    site.clear(f"{ANN} {' '.join(ALLOW)}")
    with tap.case("given with the command, it is in force within a second"):
        expect(bob(), f"{REFUSED} at message")
        site.exception("add", BOB, *ALLOW, "service=submission", "note=on the phone")
        soon(bob, "sent", "added")
    with tap.case("removed, it ends within a second; others' go on"):
        site.exception("remove", BOB.upper())
        soon(bob, f"{REFUSED} at message", "removed")
        expect(talk(mail, "submission", ANN), "sent")
    with tap.case("the last one removed closes the gate at EHLO"):
        site.exception("remove", ANN)
        soon(lambda: talk(mail, "submission", ANN), f"{REFUSED} at EHLO", "removed")
    with tap.case("one that has ended opens nothing"):
        site.exception("add", BOB, "allow=TLSv1", "until=2020-01-31", f"from={THERE}")
        site.exception("add", BOB, "allow=TLSv1", "until=2099-01-31", "service=imap")
        expect(bob(), f"{REFUSED} at EHLO")


def test_session_that_goes_on(mail, site, tap):
    with tap.case("a session is judged by what is in force at its MAIL"):
        site.clear(f"{ANN} {' '.join(ALLOW)}")
        with open_session(mail, "submission", THERE) as session:
            expect(session.command("EHLO client.example.net")[:3], "250", "EHLO")
            expect(session.auth(ANN, PASSWORD)[:3], "235", "AUTH")
            expect(session.message(ANN, [BOB])[:3], "250", "before")
            site.clear(f"{BOB} {' '.join(ALLOW)}")
            expect(session.message(ANN, [BOB])[:len(REFUSED)], REFUSED, "without")
            site.clear(f"{ANN} {' '.join(ALLOW)}")
            expect(session.message(ANN, [BOB])[:3], "250", "after")


def test_broken_store(mail, site, tap):
    snapshot = mail.site.state / "exceptions.cdb"
    for name, damage in (("missing", snapshot.unlink), ("cut", lambda: os.truncate(snapshot, 99)),
                         ("not readable", lambda: snapshot.chmod(0o600))):
        site.clear(f"{ANN} {' '.join(ALLOW)}")
        soon(lambda: talk(mail, "submission", ANN), "sent", "applied")
        with tap.case(f"{name}: who could be excepted is put off, others notice nothing"):
            damage()
            soon(lambda: talk(mail, "submission", ANN), f"{PUT_OFF} at EHLO", name)
            expect(talk(mail, "submission", ANN, ELSEWHERE), f"{REFUSED} at EHLO")
            expect(talk(mail, "submission", ANN, THERE, "TLSv1.2"), "sent")
            lines = [line for line in mail.policyd.audit_lines() if "store-error" in line]
            expect_true(lines and "action=defer" in lines[-1], lines)


def main():
    skip_unless_root()
    tap = Tap()
    with host(FORMS, (ANN, BOB)) as mail:
        site = Site(mail)
        test_who_gets_in(mail, site, tap)
        test_alias(mail, site, tap)
        test_given_and_taken(mail, site, tap)
        test_session_that_goes_on(mail, site, tap)
        test_broken_store(mail, site, tap)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
