#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Exceptions in Dovecot: who gets in with one, from what day to what day, and within a second.

Every protocol, with TLS at once, STARTTLS and cleartext: an excepted user reads what a compliant
one reads, but for IMAP's alert, and leaves a line that names the exception; everybody else is
refused. Exceptions come, change and go while other sessions go on.
"""

import contextlib
import json
import pathlib
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from dovecot_exceptions import (BOB, CARL, CLEARTEXT, DENIED, DORA, FOR_NOW, GATE,  # noqa: E402
                                GATE_FOR_NOW, GRANTED, OF_ANN, OF_ANOTHER, OF_DORA, STARTTLS,
                                ExceptionsLab, avoid_midnight, day)
from dovecot_words import (ALWAYS, ANN, AUTH_ERROR, ELSEWHERE, FUTURE, GOOD,  # noqa: E402
                           OF_ATTEMPT, OLD, PASSWORD, WRONG, at_work, audit, greeting, said)
from lab import sasl  # noqa: E402
from lab.dovecot_release import RELEASE  # noqa: E402
from lab.workspace import Workspace  # noqa: E402
from tap import Tap, expect, expect_true, skip_unless_root  # noqa: E402

OLD_1_1 = "TLSv1.1", "ECDHE-RSA-AES256-SHA"
NO_ENCRYPTION = "TLSv1", "NULL-SHA"
JUDGES_NOBODY = AUTH_ERROR + ".*tlsfloor: judges nobody here: set dovecot_passdb = yes"
# What OAUTHBEARER says of the good token of a user who is denied.
TOKEN_OF_DENIED = {"2.3": "invalid_token", "2.4": "insufficient_scope"}[RELEASE]
EVER = "until=2099-01-01"


class Tests:
    def __init__(self, workspace, tap, high_performance):
        self.tap = tap
        self.lab = ExceptionsLab(workspace, OF_ANN, high_performance=high_performance)
        self.server = self.lab.server


# --- who gets in ---

def refuse_names(tests, listener, user, password, want, tls=OLD, source=None):
    """A denial, and its line; or a wrong password, and no line."""
    version = None if tls == CLEARTEXT else tls[0]
    with tests.server.connect(listener, version, tls[1] if version else "DEFAULT",
                              source=source) as client:
        greeting(client)
        client.capabilities()
        expect(client.login(user, password), want, "reply")
        client.command("NOOP")
    if want == WRONG[client.service]:
        tests.server.wait_for(r"auth failed, 1 attempts", start=client.log_start)
        expect(tests.server.audit_so_far(client), [], "audit lines")
        return
    lines = tests.server.audit(client)
    reason, rule = (("cleartext", "RFC8314-4.1") if version is None else ("version", "RFC8997"))
    expect(lines, [audit(lines[0], client, tls, "refuse", reason, rule, "auth", user, "PLAIN",
                         protection="TLS" if version else "")], "audit lines")


def test_every_listener(tests):
    """The greeting, the capabilities and the reply to the login are those of TLS 1.2."""
    for listener in tests.server.ports:
        with tests.tap.case(f"{listener}: an excepted user gets in with TLS 1.0"):
            with tests.server.connect(listener, *GOOD) as client:
                want = [greeting(client), client.capabilities(), client.login(BOB, PASSWORD)]
            if client.service == "imap":
                want[2] = f"* OK [ALERT] {said('TLSv1')}\n{want[2]}"
            with tests.server.connect(listener, *OLD) as client:
                got = [greeting(client), client.capabilities(), client.login(ANN, PASSWORD)]
                expect(got, want, "replies")
                lines = tests.server.audit(client)
                expect(lines, [audit(lines[0], client, OLD, "accept", "exception", "RFC8314-4.1",
                                     "auth", ANN, "PLAIN", exception=ANN)], "audit lines")
        service = client.service
        with tests.tap.case(f"{listener}: with a wrong password the excepted user reads just that"):
            refuse_names(tests, listener, ANN, "wrong", WRONG[service])
        with tests.tap.case(f"{listener}: another user is denied, before the password"):
            want = OF_ATTEMPT[service]["refuse"].format(said("TLSv1"))
            refuse_names(tests, listener, CARL, PASSWORD, want)
    with tests.tap.case("the password of the denied user was never looked at"):
        expect_true(tests.server.find(at_work("passwd-file", ANN)), "those of others were")
        expect(tests.server.find(at_work("passwd-file", CARL)), [])


def test_cleartext(tests):
    tests.lab.give(f"{CARL} allow=cleartext {EVER} from=any", OF_ANN)
    for listener in STARTTLS:
        with tests.tap.case(f"{listener}: an exception for cleartext, an alert on IMAP"), \
                tests.server.open(listener, ELSEWHERE) as client:
            client.greet()
            client.capabilities()
            reply = client.login(CARL, PASSWORD)
            expect_true(client.is_good(reply), reply)
            alert = client.service == "imap"
            expect(reply.startswith(f"* OK [ALERT] {said('cleartext')}\n"), alert, "alert")
            lines = tests.server.audit(client)
            expect(lines, [audit(lines[0], client, CLEARTEXT, "accept", "exception", "RFC8314-4.1",
                                 "auth", CARL, "PLAIN", protection="", exception=CARL)])
        with tests.tap.case(f"{listener}: one for TLS 1.0 is none for cleartext"):
            refuse_names(tests, listener, ANN, PASSWORD, OF_ATTEMPT[client.service][
                "refuse"].format(said("cleartext")), CLEARTEXT, ELSEWHERE)


# Line; user, listener, TLS, source: what becomes of it. OF_ANOTHER is there where it says DENIED.
LINES = [
    ("ANN@Example.ORG allow=TLSv1 {} service=imap", [
        (ANN, "imaps", OLD, None, GRANTED), ("Ann@example.org", "imap", OLD, None, GRANTED),
        (ANN, "imaps", OLD_1_1, None, GRANTED), (ANN, "imaps", GOOD, None, GRANTED),
        (BOB, "imaps", OLD, None, DENIED), (ANN, "pop3s", OLD, None, GATE),
        (ANN, "sieve", OLD, None, GATE), (ANN, "submission", OLD, None, GATE),
        (ANN, "imap", CLEARTEXT, None, GATE)]),
    ("@old.example.net allow=TLSv1.1 {} service=pop3,sieve", [
        (DORA, "pop3", OLD_1_1, None, GRANTED), (DORA, "sieve", OLD_1_1, None, GRANTED),
        (DORA, "pop3", OLD, None, GATE), (ANN, "pop3", OLD_1_1, None, DENIED),
        (DORA, "imap", OLD_1_1, None, GATE)]),
    ("* allow=cleartext {} from=127.0.0.2,127.0.0.16/28", [
        (BOB, "submissions", OLD, "127.0.0.2", GRANTED), (BOB, "pop3", CLEARTEXT, None, GRANTED),
        (ANN, "imaps", OLD, "127.0.0.31", GRANTED), (ANN, "imaps", OLD, "127.0.0.32", GATE),
        (ANN, "imaps", OLD, None, GATE)]),
    ("ann allow=TLSv1 {} from=any ciphers=any", [
        (ANN, "imaps", OLD, None, GRANTED), (ANN, "imaps", NO_ENCRYPTION, None, GRANTED),
        (BOB, "imaps", NO_ENCRYPTION, None, DENIED)]),
    (OF_ANN, [(ANN, "imaps", NO_ENCRYPTION, None, GATE),
              (ANN, "imaps", ("TLSv1.2", "NULL-SHA"), None, GATE)]),
    # Several lines for one user: any will do.
    (f"{ANN} allow=TLSv1 {{}} service=pop3\n{ANN} allow=TLSv1.1 {{}} service=imap", [
        (ANN, "pop3s", OLD, None, GRANTED), (ANN, "imaps", OLD_1_1, None, GRANTED),
        (ANN, "imaps", OLD, None, GATE)]),
]


def test_lines(tests):
    for lines, sessions in LINES:
        lines = lines.replace("{}", EVER)
        tests.lab.give(lines, default_domain="example.org")
        outcomes = tests.lab.outcomes([(listener, user, tls, source)
                                       for user, listener, tls, source, _ in sessions])
        for (user, listener, tls, source, want), got in zip(sessions, outcomes):
            with tests.tap.case(f"{lines!r}: {user}, {listener}, {' '.join(tls)}, "
                                f"from {source or 'here'}: {want}"):
                expect(got, want)


# --- when ---

def test_days(tests):
    """Today is the last day, or yesterday was."""
    avoid_midnight()
    ends = {number: f"{ANN} allow=TLSv1 until={day(number)} from=any" for number in (-1, 0)}
    with tests.tap.case("an exception that ended yesterday opens nothing"):
        tests.lab.give(ends[-1])
        tests.lab.expect_outcomes(GATE, tests.server.ports)
    with tests.tap.case("nor does it help its user where another exception opens the gate"):
        tests.lab.give(ends[-1], OF_ANOTHER)
        tests.lab.expect_outcomes(DENIED, tests.server.ports)
    with tests.tap.case("one that ends today holds"):
        tests.lab.give(ends[0])
        tests.lab.expect_outcomes(GRANTED, tests.server.ports)
    with tests.tap.case("of two for one user the one that has not ended holds"):
        tests.lab.give(ends[-1], OF_ANN)
        tests.lab.expect_outcome(GRANTED, "imaps")
    with tests.tap.case("until its last second"):
        tests.lab.give(ends[0])
        session = ["--service", "imap", "--user", ANN, "--client", "192.0.2.1", "--tls", "TLSv1",
                   "--cipher", OLD[1], "--at"]
        for at, want in ((f"{day(0)}T23:59:59Z", "accept"), (f"{day(1)}T00:00:00Z", "refuse")):
            expect(tests.lab.decide(*session, at).split(), ["action:", want], at)


@contextlib.contextmanager
def other_sessions(tests):
    """Sessions of others that must not notice anything: logged in, and about to log in."""
    with contextlib.ExitStack() as stack:
        inside, before = [], []
        for listener, user, tls in (("imaps", BOB, GOOD), ("pop3", BOB, GOOD), ("imap", ANN, OLD),
                                    ("sieve", BOB, GOOD)):
            client = stack.enter_context(tests.server.connect(listener, *tls))
            greeting(client)
            client.capabilities()
            reply = client.login(user, PASSWORD)
            expect_true(client.is_good(reply), reply)
            inside.append(client)
        for listener in tests.server.ports:
            client = stack.enter_context(tests.server.connect(listener, *GOOD))
            greeting(client)
            client.capabilities()
            before.append(client)
        yield inside
        for client in before:
            reply = client.login(BOB, PASSWORD)
            expect_true(client.is_good(reply), f"{client.service}: {reply}")
        for client in inside:
            reply = client.command("NOOP")
            expect_true(client.is_good(reply), f"{client.service}: {reply}")


# What is in force from then on: of two sessions what becomes of them.
CHANGES = [
    ("taken back", [], [("imaps", OLD, GATE)]),
    ("given", [OF_ANN], [("submission", OLD, GRANTED)]),
    ("for another service", [OF_ANN + " service=pop3"],
     [("pop3s", OLD, GRANTED), ("imaps", OLD, GATE)]),
    ("for a newer version", [f"{ANN} allow=TLSv1.1 {EVER} from=any"],
     [("imaps", OLD_1_1, GRANTED), ("imaps", OLD, GATE)]),
    ("for elsewhere", [f"{ANN} allow=TLSv1 {EVER} from=192.0.2.1"], [("sieve", OLD, GATE)]),
    ("for TLS, with one for cleartext of another", [OF_ANN, OF_ANOTHER],
     [("imap", CLEARTEXT, DENIED)]),
    ("taken from the one, not from the others", [OF_DORA, OF_ANOTHER], [("sieve", OLD, DENIED)]),
    ("given to all of the domain", [OF_DORA, f"@example.org allow=TLSv1 {EVER} from=any"],
     [("pop3", OLD, GRANTED)]),
]


def test_changes(tests):
    """Each after its opposite, which must have been in force."""
    lab = tests.lab
    lab.give(OF_ANN)
    with tests.tap.case("nobody else has noticed the changes below"), other_sessions(tests):
        loaded = len(tests.server.find("auth: Debug: Loading modules"))
        for name, lines, sessions in CHANGES:
            with tests.tap.case(f"within a second: {name}"):
                for listener, tls, want in sessions:
                    if want == GRANTED:
                        lab.expect_soon(lab.apply(OF_ANOTHER), DENIED, listener, ANN, tls)
                    else:
                        lab.expect_soon(lab.apply(OF_ANN.replace("TLSv1", "cleartext")), GRANTED,
                                        listener, ANN, tls)
                    lab.expect_soon(lab.apply(*lines), want, listener, ANN, tls)
        expect_true(loaded, "the auth process has started")
        expect(len(tests.server.find("auth: Debug: Loading modules")), loaded, "starts of it")


def test_not_applied(tests):
    with tests.tap.case("an edit that is not applied changes nothing"):
        tests.lab.give(OF_ANN, OF_ANOTHER)
        tests.lab.write(OF_DORA, f"{BOB} allow=TLSv1 {EVER} from=any")
        tests.lab.expect_outcomes(GRANTED, tests.server.ports)
        tests.lab.expect_outcomes(DENIED, tests.server.ports, BOB)
    with tests.tap.case("nor does one that cannot be applied"):
        try:
            tests.lab.give(OF_DORA, "ann@example.org allow=TLSv1")
        except RuntimeError as error:
            expect_true("exceptions:2: " in str(error), f"{error}")
        else:
            raise RuntimeError("it was applied")
        tests.lab.expect_outcome(GRANTED, "imaps")
        tests.lab.expect_outcome(DENIED, "imaps", DORA)


def test_other_parameters(tests):
    """Exceptions among the rest of a policy."""
    lab = tests.lab
    with tests.tap.case("legacy_networks bounds every exception"):
        lab.give(OF_ANN, legacy_networks="127.0.0.2")
        lab.expect_outcome(GRANTED, "imaps", source="127.0.0.2")
        lab.expect_outcome(GATE, "imaps")
    with tests.tap.case("trusted_networks needs none"):
        lab.give(OF_ANN, trusted_networks="127.0.0.3")
        lab.expect_outcome(GRANTED, "imaps", BOB, source="127.0.0.3")
        lab.expect_outcome(DENIED, "imaps", BOB)
    with tests.tap.case("a brown-out lets the excepted in, and puts the others off"):
        lab.give(OF_ANN, rollout_from=FUTURE, brownout=ALWAYS)
        lab.expect_outcome(GRANTED, "imaps")
        lab.expect_outcome(FOR_NOW, "pop3s", BOB)
        lab.give(rollout_from=FUTURE, brownout=ALWAYS)
        lab.expect_outcome(GATE_FOR_NOW, "imaps")
    with tests.tap.case("dovecot_passdb = no: no exception, and no password is asked for"):
        lab.give(OF_ANN, dovecot_passdb="no")
        lab.expect_outcomes(GATE, tests.server.ports)
        lab.expect_outcomes(GATE, STARTTLS, tls=CLEARTEXT)
        lab.expect_outcome(GRANTED, "imaps", BOB, GOOD)
        expect(len(tests.server.find(JUDGES_NOBODY)), 1, "errors")
    with tests.tap.case("an exception, then the password of another user, in one session"):
        lab.give(OF_ANN)
        with tests.server.connect("imaps", *OLD) as client:
            client.greet()
            denied = OF_ATTEMPT["imap"]["refuse"].format(said("TLSv1"))
            expect([client.login(BOB, PASSWORD), client.login(ANN, "wrong"),
                    client.login(BOB, "wrong")], [denied, WRONG["imap"], denied])
            expect_true(client.is_good(client.login(ANN, PASSWORD)), "the excepted user")
            expect(len(tests.server.audit(client, 3)), 3, "audit lines")


def test_bearer_tokens(tap, workspace):
    """Without a password there is a token; a denial is first told as the mechanism tells it."""
    lab = ExceptionsLab(workspace, OF_ANN, mechanisms="plain oauthbearer", protocols=("imap",))

    def log_in(client, user, password):
        """The status that the mechanism tells, if there is one, and the last line."""
        client.greet()
        mechanism = sasl.OauthBearer(user, password)
        reply = client.command(client.auth_command(mechanism.name, mechanism.first))
        if (challenge := client.challenge(reply)) is None:
            return None, reply.split("\n")[-1]
        status = json.loads(challenge)["status"]
        return status, client.command(client.auth_response(mechanism.answer(challenge)))

    denied = OF_ATTEMPT["imap"]["refuse"].format(said(OLD[0]))
    for tls, user, password, want in (
            (OLD, ANN, PASSWORD, None), (GOOD, BOB, PASSWORD, None),
            (OLD, BOB, PASSWORD, (TOKEN_OF_DENIED, denied)),
            (OLD, ANN, "wrong", ("invalid_token", WRONG["imap"]))):
        with tap.case(f"OAUTHBEARER, {tls[0]}, {user}, {password}"), \
                lab.server.connect("imaps", *tls) as client:
            got = log_in(client, user, password)
            if want is None:
                expect_true(client.is_good(got[1]), f"{got}")
            else:
                expect(got, want)


def main():
    skip_unless_root()
    tap = Tap()
    with Workspace() as workspace:
        tests = Tests(workspace, tap, high_performance=False)
        for test in (test_every_listener, test_cleartext, test_lines, test_days, test_changes,
                     test_not_applied, test_other_parameters):
            test(tests)
        with tap.case("nothing panicked and nothing is wrong"):
            tests.lab.expect_sound(JUDGES_NOBODY)
        tests.server.stop()
    with Workspace() as workspace:
        tests = Tests(workspace, tap, high_performance=True)
        for test in (test_days, test_changes, test_not_applied):
            test(tests)
        with tap.case("nothing panicked and nothing is wrong in high-performance mode"):
            tests.lab.expect_sound()
    with Workspace() as workspace:
        test_bearer_tokens(tap, workspace)
    return tap.finish()


sys.exit(main())
