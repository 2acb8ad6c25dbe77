#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Whom no exception can cover never gets to send a password, though exceptions exist.

One exception, for submission from one network: every other client with TLS 1.0
or without TLS is refused at the end of the handshake, or offered no mechanism,
and what it sends all the same never reaches the auth process. The gate opens
and closes with the exception, and with its last day, without a restart.
"""

import contextlib
import itertools
import pathlib
import re
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from dovecot_exceptions import (CLEARTEXT, BOB, CARL, DENIED, GATE, GRANTED,  # noqa: E402
                                OF_ANOTHER, ExceptionsLab, avoid_midnight, day)
from dovecot_words import (AFTER_HANDSHAKE, ANN, GOOD, OF_ATTEMPT, OLD, PASSWORD,  # noqa: E402
                           credentials, greeting, refusal_read, said, session_of)
from lab import sasl  # noqa: E402
from lab.workspace import Workspace  # noqa: E402
from state_files import age_envelope, age_snapshot  # noqa: E402
from tap import Tap, expect, expect_true, skip_unless_root  # noqa: E402

INSIDE = "127.0.0.16", "127.0.0.31"
# The neighbours of the network, and an ordinary client.
OUTSIDE = "127.0.0.15", "127.0.0.32", "127.0.0.1"
SCANNER = f"{CARL} allow=TLSv1 until=2099-01-01 service=submission from=127.0.0.16/28"
SUBMISSION = "submission", "submissions"
OTHERS = "imap", "imaps", "pop3", "pop3s", "sieve"
OLDER = OLD, ("TLSv1.1", "ECDHE-RSA-AES256-SHA")


class Tests:
    def __init__(self, workspace, tap, high_performance):
        self.tap = tap
        self.mode = "high-performance" if high_performance else "high-security"
        self.lab = ExceptionsLab(workspace, SCANNER, high_performance=high_performance)
        self.server = self.lab.server
        self.refused = []

    def case(self, name):
        return self.tap.case(f"{self.mode}: {name}")

    def never_asked(self, client, number=1):
        """To be looked up in the auth process's log at the end."""
        lines = self.server.audit(client, number)
        expect(len(lines), number, "audit lines")
        self.refused.append(session_of(lines[-1]))

    def refused_at_gate(self, listener, tls, source, user=CARL):
        """Told why and disconnected, whatever it sends meanwhile."""
        with self.server.connect(listener, *tls, source=source) as client:
            with contextlib.suppress(OSError):  # it has closed the connection already
                client.send(credentials(client.service, user))
            want = AFTER_HANDSHAKE[client.service]["refuse"].format(said(tls[0]))
            expect(refusal_read(client, want).split("\n")[-1], want,
                   f"{listener}, {tls}, {source}")
            self.never_asked(client)

    def refused_in_cleartext(self, listener, source, user=CARL):
        with self.server.open(listener, source) as client:
            hello = client.greet()
            offered = client.capabilities()
            found = re.search(r"AUTH=|\nUSER\n|SASL \w|\"SASL\" \"\w|AUTH \w", hello + offered)
            expect(found and found[0], None, f"offered to {source} at {listener}")
            for mechanism in (sasl.Plain, sasl.Login):
                expect(client.authenticate(mechanism(user, PASSWORD)),
                       OF_ATTEMPT[client.service]["refuse"].format(said("cleartext")), "reply")
            self.never_asked(client, 2)


def test_closed(tests):
    for listener in OTHERS:
        with tests.case(f"{listener}: an exception for submission opens nothing"):
            for tls, source in itertools.product(OLDER, INSIDE + OUTSIDE):
                tests.refused_at_gate(listener, tls, source)
    for listener in SUBMISSION:
        with tests.case(f"{listener}: nobody from elsewhere gets in"):
            for tls, source in itertools.product(OLDER, OUTSIDE):
                tests.refused_at_gate(listener, tls, source)
                tests.refused_at_gate(listener, tls, source, BOB)
    for listener in ("imap", "pop3", "sieve", "submission"):
        with tests.case(f"{listener}: an exception for TLS 1.0 opens nothing in cleartext"):
            for source in INSIDE + OUTSIDE[:2]:
                tests.refused_in_cleartext(listener, source)
    with tests.case("nor for a suite without encryption"):
        for source in INSIDE:
            tests.refused_at_gate("submissions", ("TLSv1", "NULL-SHA"), source)


def test_open(tests):
    with tests.case("the excepted one gets in from inside"):
        for listener, tls, source in itertools.product(SUBMISSION, OLDER, INSIDE):
            tests.lab.expect_outcome(GRANTED, listener, CARL, tls, source=source)
    with tests.case("others from inside are denied when they say who they are"):
        for listener in SUBMISSION:
            tests.lab.expect_outcome(DENIED, listener, BOB, source=INSIDE[0])
    with tests.case("compliant clients get in from everywhere"):
        for listener in SUBMISSION + OTHERS:
            tests.lab.expect_outcome(GRANTED, listener, ANN, GOOD, source=OUTSIDE[0])


def test_without_restart(tests):
    """Clients that are connected all the while, too."""
    for listener in SUBMISSION:
        with tests.case(f"{listener}: the gate closes when the exception is removed"), \
                tests.server.connect(listener, *OLD, source=INSIDE[0]) as early:
            greeting(early)
            expect_true(" AUTH PLAIN" in early.capabilities().replace("-", " "), "not offered")
            tests.lab.expect_soon(tests.lab.apply(), GATE, listener, CARL, source=INSIDE[0])
            tests.refused_at_gate(listener, OLD, INSIDE[0])
            expect(early.login(CARL, PASSWORD), OF_ATTEMPT["submission"]["refuse"].format(
                said("TLSv1")), "a client that was connected before")
            tests.never_asked(early)
        with tests.case(f"{listener}: and opens when it is given again"):
            since = tests.lab.apply(SCANNER)
            tests.lab.expect_soon(since, GRANTED, listener, CARL, source=INSIDE[0])
            tests.refused_at_gate(listener, OLD, OUTSIDE[0])
    with tests.case("and moves with its network"):
        since = tests.lab.apply(SCANNER.replace("127.0.0.16/28", "127.0.0.15"))
        tests.lab.expect_soon(since, GRANTED, "submissions", CARL, source=OUTSIDE[0])
        tests.refused_at_gate("submissions", OLD, INSIDE[0])
    with tests.case("it is as wide as all exceptions together, and the passdb as each"):
        tests.lab.give(SCANNER, OF_ANOTHER)
        for listener, source in (("imaps", OUTSIDE[0]), ("submissions", OUTSIDE[0])):
            tests.lab.expect_outcome(DENIED, listener, CARL, source=source)
        tests.lab.expect_outcome(DENIED, "imap", CARL, CLEARTEXT, source=INSIDE[0])
        tests.lab.expect_outcome(GRANTED, "submissions", CARL, source=INSIDE[0])


def test_last_day(tests):
    """Nobody builds anything anew: the days of what is in force are a day earlier."""
    avoid_midnight()
    tests.lab.give(SCANNER.replace("2099-01-01", day(0)))
    with tests.case("it is open on the last day"):
        tests.lab.expect_outcome(GRANTED, "submissions", CARL, source=INSIDE[0])
    with tests.case("and closed on the next, without anybody doing anything"):
        age_envelope(tests.lab.site.state, 1)
        tests.refused_at_gate("submissions", OLD, INSIDE[0])
        tests.refused_at_gate("submission", OLD, INSIDE[1])
    with tests.case("where another exception keeps it open, the passdb knows the last day"):
        tests.lab.give(SCANNER.replace("2099-01-01", day(0)), OF_ANOTHER)
        tests.lab.expect_outcome(GRANTED, "submissions", CARL, source=INSIDE[0])
        age_snapshot(tests.lab.site.state, CARL, 1)
        tests.lab.pass_second()
        tests.lab.expect_outcome(DENIED, "submissions", CARL, source=INSIDE[0])


def test_credentials(tests):
    with tests.case("nothing of a refused client reached the auth process"):
        with tests.server.connect("imaps", *GOOD) as client:
            greeting(client)
            client.login(ANN, PASSWORD)
        # The auth process logs in order: what a refused one had sent stands before this.
        tests.server.wait_for_auth(client)
        expect_true(len(tests.refused) > 50, f"{len(tests.refused)} refused sessions")
        asked = tests.server.sessions_in_auth()
        expect_true(len(asked) > 10, f"{len(asked)} sessions in the auth process")
        expect(asked & set(tests.refused), set(), "sessions")
    with tests.case("nothing was started again, and nothing is wrong"):
        expect(len(tests.server.find(r"master: .*(starting up|SIGHUP|reload)")), 1, "starts")
        tests.lab.expect_sound()


def main():
    skip_unless_root()
    tap = Tap()
    for high_performance in (False, True):
        with Workspace() as workspace:
            tests = Tests(workspace, tap, high_performance)
            for test in (test_closed, test_open, test_without_restart, test_last_day,
                         test_credentials):
                test(tests)
    return tap.finish()


sys.exit(main())
