#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A crash costs no session: the daemon, socket-activated, is killed again and again under load.

Many clients send mail to a real Postfix meanwhile, and none of them may be
put off. The control shows what becomes of a session without socket activation.
"""

import pathlib
import sys
import threading
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from lab.host import PASSWORD, host  # noqa: E402
from lab.policyd import Launcher  # noqa: E402
from lab.workspace import wait_until  # noqa: E402
from tap import Tap, comment, expect, expect_true, skip_unless_root  # noqa: E402

ANN = "ann@example.org"
SERVICES = "submission", "submissions", "conservative"
CLIENTS = 9
KILLS = 12
SESSIONS = 150


class Client(threading.Thread):
    """Has one session after the other until told to stop."""

    def __init__(self, mail, service, stop):
        super().__init__()
        self.mail, self.service, self.ending = mail, service, stop
        self.since = None  # when the command that is not answered yet was sent
        self.sessions, self.bad, self.waited = 0, [], 0

    def run(self):
        while not self.ending.is_set():
            try:
                # Ends with the EHLO before STARTTLS, which is a question too.
                self.since = time.monotonic()
                with self.mail.connect(self.service, "TLSv1.2") as session:
                    self.since = None
                    self.talk(session)
                self.sessions += 1
            except Exception as exception:  # counts as a session that failed
                self.bad.append(repr(exception))

    def talk(self, session):
        self.ask(session.command, "EHLO client.example.net")
        self.ask(session.auth, ANN, PASSWORD)
        self.ask(session.command, f"MAIL FROM:<{ANN}>")
        for number in range(5):
            self.ask(session.command, f"RCPT TO:<user{number}@example.org>")
        self.ask(session.command, "QUIT")

    def ask(self, function, *arguments):
        self.since = time.monotonic()
        reply = function(*arguments)
        if time.monotonic() - self.since > 0.9:
            self.waited += 1
        self.since = None
        if reply[0] != "2":
            self.bad.append(reply)


def is_calm(clients):
    """Nobody waits for a second try.

    Postfix asks twice, a second apart. It bears any number of crashes, but
    not two that hit both tries of one question.
    """
    now = time.monotonic()
    return all((client.since or now) > now - 0.5 for client in clients)


def test_activated(tap):
    with host(SERVICES, policyd=Launcher) as mail:
        stop = threading.Event()
        clients = [Client(mail, SERVICES[number % len(SERVICES)], stop)
                   for number in range(CLIENTS)]
        for client in clients:
            client.start()
        try:
            for _ in range(KILLS):
                done = [client.sessions for client in clients]
                wait_until(lambda: any(client.sessions > number + 1 for client, number in
                                       zip(clients, done)) and is_calm(clients), "a calm moment")
                mail.policyd.kill()
            wait_until(lambda: sum(client.sessions for client in clients) >= SESSIONS, "sessions")
        finally:
            stop.set()
            for client in clients:
                client.join()
        sessions = sum(client.sessions for client in clients)
        waited = sum(client.waited for client in clients)
        bad = [reply for client in clients for reply in client.bad]
        comment(f"{sessions} sessions, {mail.policyd.starts - 1} kills, "
                f"{waited} questions were asked a second time")
        with tap.case(f"killed {KILLS} times, the daemon is there again each time"):
            expect(mail.policyd.starts, KILLS + 1, "starts")
        with tap.case("the kills hit sessions that were going on"):
            expect_true(waited >= KILLS, f"{waited} questions asked twice")
        with tap.case("no session of a compliant client gets a 4xx or 5xx"):
            expect(bad, [], "replies")
            expect_true(sessions >= SESSIONS, f"{sessions} sessions")
        with tap.case("tlsfloor-policyd ends as it should"):
            expect(mail.policyd.stop(), 0, "exit status")


def test_down(tap):
    with host(["submission"]) as mail:
        with tap.case("without socket activation a session is put off (control)"):
            mail.policyd.stop()
            with mail.connect("submission") as session:
                expect(session.command("EHLO client.example.net"),
                       "451 4.3.0 <client.example.net>: Helo command rejected: "
                       "TLS policy service unavailable, try again later")
        with tap.case("and goes on when the daemon is back"):
            mail.policyd.start()
            with mail.connect("submission", "TLSv1.2") as session:
                expect(session.command("EHLO client.example.net")[:4], "250-")
                expect(session.auth(ANN, PASSWORD)[:3], "235")
                expect(session.command(f"MAIL FROM:<{ANN}>"), "250 2.1.0 Ok")


def main():
    skip_unless_root()
    tap = Tap()
    test_activated(tap)
    test_down(tap)
    return tap.finish()


sys.exit(main())
