#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Logins without TLS at Dovecot: not offered where policy refuses them, and refused if tried.

Every protocol and mechanism, with and without an initial response: the words
of policy, nothing for the auth process, and STARTTLS in the same session still
leads to a login.
"""

import hashlib
import pathlib
import re
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from dovecot_words import (AFTER_HANDSHAKE, ALWAYS, ANN, ELSEWHERE, FUTURE, GOOD,  # noqa: E402
                           OF_ATTEMPT, OLD, PASSWORD, SAID, URL, audit, greeting, provoke_refusal,
                           said, session_of)
from lab import sasl  # noqa: E402
from lab.dovecot_release import RELEASE, syntax  # noqa: E402
from lab.dovecot_server import DovecotServer  # noqa: E402
from lab.policyd import Site  # noqa: E402
from lab.workspace import Workspace  # noqa: E402
from tap import Tap, expect, expect_true, skip_unless_root  # noqa: E402

LISTENERS = "imap", "pop3", "sieve", "submission"
MECHANISMS = "plain login cram-md5 scram-sha-256 external oauthbearer"
RARE = "digest-md5 scram-sha-1 anonymous xoauth2"
WITH_NAMES = sasl.Plain, sasl.Login, sasl.CramMd5, sasl.ScramSha256, sasl.OauthBearer
CLEARTEXT = "cleartext", "-"
REFUSED = CLEARTEXT, "refuse", "cleartext", "RFC8314-4.1", "auth"
# To Dovecot this address is as good as TLS, and so is its own.
FRIEND = "127.0.0.3"
# What IMAP says by itself when LOGIN is used where it is not offered.
PLAINTEXT = {"2.3": "Plaintext", "2.4": "cleartext"}[RELEASE]
IMAP_ALARM = (f"* BAD [ALERT] {PLAINTEXT} authentication not allowed without SSL/TLS, but your"
              " client did it anyway. If anyone was listening, the password was exposed.\n")


def attempts():
    """Each mechanism: a function that makes it."""
    made = [lambda kind=kind: kind(ANN, PASSWORD) for kind in WITH_NAMES]
    return made + [sasl.External]


def not_offered(service, text):
    """Of what Dovecot tells its clients by default, what it tells those who may not log in."""
    return {
        "imap": lambda: re.sub(r"( AUTH=[\w-]+)+", " LOGINDISABLED", text),
        "pop3": lambda: re.sub(r"\nUSER\nSASL .*", "\nSASL", text),
        "sieve": lambda: re.sub(r'"SASL" ".*"', '"SASL" ""', text),
        "submission": lambda: re.sub("-AUTH .*", "-AUTH ", text),
    }[service]()


class Tests:
    def __init__(self, workspace, tap):
        self.tap = tap
        self.site = Site(workspace, reject_text=SAID, help_url=URL)
        self.site.apply()
        options = {"mechanisms": MECHANISMS, "extra": f"login_trusted_networks = {FRIEND}\n"}
        self.server = DovecotServer(workspace, self.site, {ANN: PASSWORD}, **options)
        self.stock = DovecotServer(workspace, self.site, {ANN: PASSWORD}, name="stock",
                                   plugin=False, **options)
        self.refused, self.replies = [], {}

    def reference(self, listener):
        """Greeting, capabilities and reply to a cleartext login without the plugin."""
        if listener not in self.replies:
            with self.stock.connect(listener, source=ELSEWHERE) as client:
                replies = [client.greet(), client.capabilities(), client.login(ANN, PASSWORD)]
            expect_true(client.is_good(replies[2]), f"{replies[2]} (without the plugin)")
            self.replies[listener] = replies
        return self.replies[listener]

    def connect(self, listener, source=ELSEWHERE, greet=True):
        client = self.server.open(listener, source)
        if greet:
            client.greet()
            client.capabilities()
        return client

    def expect_lines(self, client, *arguments, number=1, **changes):
        lines = self.server.audit(client, number)
        expect(lines, [audit(line, client, *arguments, **changes) for line in lines],
               "audit lines")
        expect(len(lines), number, "number of audit lines")

    def take_refused(self, client):
        """To be looked up in the auth process's log at the end."""
        self.refused.append(session_of(self.server.audit(client)[0]))

    def in_session(self, client):
        """STARTTLS and a login, where cleartext has been refused."""
        reply = client.command(client.STARTTLS)
        expect_true(client.is_good(reply), f"STARTTLS: {reply}")
        client.wrap(*GOOD)
        if client.service == "sieve":
            client.greet()
        client.capabilities()
        reply = client.login(ANN, PASSWORD)
        expect_true(client.is_good(reply), f"login with TLS: {reply}")


def test_not_offered(tests):
    for values, name in (({}, "refused"), ({"rollout_from": FUTURE, "brownout": ALWAYS},
                                           "deferred")):
        tests.site.apply(**values)
        for listener in LISTENERS:
            with tests.tap.case(f"{listener}: a cleartext login that would be {name} is not "
                                "offered"), tests.connect(listener, greet=False) as client:
                hello, capabilities, _ = tests.reference(listener)
                expect(client.greet(), not_offered(listener, hello), "greeting")
                expect(client.capabilities(), not_offered(listener, capabilities), "capabilities")
                expect_true(client.capabilities() != capabilities, "something is missing")


def test_offered(tests):
    """Where it is let in, it is as without the plugin, but for IMAP's alert."""
    for values, action, reason, alert in (
            ({"mode": "tag"}, "tag", "cleartext", True),
            ({"mode": "observe"}, "tag", "cleartext", True),
            ({"rollout_from": FUTURE}, "tag", "cleartext", True),
            ({"floor": "cleartext"}, "accept", "compliant", False),
            ({"trusted_networks": "127.0.0.2/32"}, "accept", "trusted-network", False)):
        tests.site.apply(**values)
        rule = "RFC8314-4.1" if reason == "cleartext" else "local"
        changes = {name: values[name] for name in ("mode", "floor") if name in values}
        for listener in LISTENERS:
            with tests.tap.case(f"{listener}: cleartext is offered and accepted with {values}"), \
                    tests.connect(listener, greet=False) as client:
                hello, capabilities, login = tests.reference(listener)
                expect(client.greet(), hello, "greeting")
                expect(client.capabilities(), capabilities, "capabilities")
                if listener == "imap" and alert:
                    login = f"* OK [ALERT] {said('cleartext')}\n{login}"
                expect(client.login(ANN, PASSWORD), login, "login")
                tests.expect_lines(client, CLEARTEXT, action, reason, rule, "auth", ANN, "PLAIN",
                                   protection="", **changes)


def test_each_mechanism(tests):
    """One in each session; without an initial response there is no challenge either."""
    tests.site.apply()
    for listener in LISTENERS:
        want = OF_ATTEMPT[listener]["refuse"].format(said("cleartext"))
        for make in attempts():
            for initial in (True, False):
                mechanism = make()
                first = mechanism.first if initial else None
                with tests.tap.case(f"{listener}: {mechanism.name} is refused, "
                                    f"{'with' if initial else 'without'} initial response"), \
                        tests.connect(listener) as client:
                    command = client.auth_command(mechanism.name, first)
                    expect(client.command(command), want)
                    tests.take_refused(client)
                    tests.expect_lines(client, *REFUSED, method=mechanism.name, protection="")
        with tests.tap.case(f"{listener}: the login without SASL is refused"), \
                tests.connect(listener) as client:
            expect(client.login(ANN, PASSWORD), (IMAP_ALARM if listener == "imap" else "") + want)
            tests.take_refused(client)
            expect(len(tests.server.audit(client)), 1, "audit lines")


def test_many_attempts(tests):
    """All mechanisms one after the other, a line for each; then TLS."""
    tests.site.apply()
    for listener in LISTENERS:
        want = OF_ATTEMPT[listener]["refuse"].format(said("cleartext"))
        with tests.tap.case(f"{listener}: all mechanisms in a session, then STARTTLS"), \
                tests.connect(listener) as client:
            for make in attempts():
                expect(client.authenticate(make()), want)
            expect(client.login(ANN, PASSWORD).split("\n")[-1], want)
            number = len(attempts()) + 1
            expect(len(tests.server.audit(client, number)), number, "audit lines")
            expect(tests.server.auth_requests(client), [], "requests")
            tests.in_session(client)
            lines = tests.server.audit(client, number + 1)
            expect(len(lines), number + 1, "audit lines")
            expect(lines[-1], audit(lines[-1], client, GOOD, "accept", "compliant", "RFC8997",
                                    "auth", ANN, "PLAIN"))
        with tests.tap.case(f"{listener}: 100 attempts do no harm"), \
                tests.connect(listener) as client:
            for _ in range(100):
                reply = client.authenticate(sasl.Plain(ANN, "wrong"))
                expect(reply, want)
            tests.in_session(client)


def test_old_tls_after(tests):
    tests.site.apply()
    for listener in LISTENERS:
        with tests.tap.case(f"{listener}: STARTTLS with TLS 1.0 after a refused login"), \
                tests.connect(listener) as client:
            client.authenticate(sasl.Plain(ANN, PASSWORD))
            client.command(client.STARTTLS)
            client.wrap(*OLD)
            provoke_refusal(client, listener)
            want = AFTER_HANDSHAKE[listener]["refuse"].format(said("TLSv1"))
            expect(client.rest(), want)
            tests.take_refused(client)
            lines = tests.server.audit(client, 2)
            expect([re.search("reason=(.*?) ", line)[1] for line in lines],
                   ["cleartext", "version"])


def test_deferred(tests):
    tests.site.apply(rollout_from=FUTURE, brownout=ALWAYS)
    for listener in LISTENERS:
        with tests.tap.case(f"{listener}: a brown-out defers cleartext logins"), \
                tests.connect(listener) as client:
            want = OF_ATTEMPT[listener]["defer"].format(said("cleartext"))
            for make in attempts():
                expect(client.authenticate(make()), want)
            expect(client.login(ANN, PASSWORD).split("\n")[-1], want)
            tests.take_refused(client)
            lines = tests.server.audit(client, len(attempts()) + 1)
            expect({re.search("action=(.*?) ", line)[1] for line in lines}, {"defer"}, "actions")


def test_safe_to_dovecot(tests):
    """Addresses whose cleartext logins Dovecot never minds."""
    tests.site.apply()
    for source in ("127.0.0.1", FRIEND):
        for listener in LISTENERS:
            want = OF_ATTEMPT[listener]["refuse"].format(said("cleartext"))
            with tests.tap.case(f"{listener}: cleartext is refused from {source} too"), \
                    tests.connect(listener, source) as client:
                for make in attempts():
                    expect(client.authenticate(make()), want)
                expect(client.login(ANN, PASSWORD).split("\n")[-1], want)
                tests.take_refused(client)
                number = len(attempts()) + 1
                lines = tests.server.audit(client, number)
                expect(len(lines), number, "audit lines")
                expect(lines[0], audit(lines[0], client, *REFUSED, method="PLAIN",
                                       protection="secured"))
    tests.site.apply(trusted_networks="127.0.0.0/8")
    for listener in LISTENERS:
        with tests.tap.case(f"{listener}: trusted_networks lets cleartext in from the same host"), \
                tests.connect(listener, "127.0.0.1") as client:
            reply = client.login(ANN, PASSWORD)
            expect_true(client.is_good(reply), reply)
            tests.expect_lines(client, CLEARTEXT, "accept", "trusted-network", "local", "auth", ANN,
                               "PLAIN", protection="secured")


def test_dovecots_own_refusal(tests, strict):
    """Where Dovecot's settings forbid cleartext: its words where they apply, ours elsewhere."""
    tests.site.apply(mode="tag")
    for listener in LISTENERS:
        with tests.tap.case(f"{listener}: Dovecot's own refusal is stronger than mode = tag"), \
                strict.open(listener, ELSEWHERE) as client:
            client.greet()
            capabilities = client.capabilities()
            expect_true("PLAIN" not in capabilities and "CRAM-MD5" in capabilities, capabilities)
            reply = client.authenticate(sasl.Plain(ANN, PASSWORD))
            expect_true(not client.is_good(reply) and "Here" not in reply, reply)
            reply = client.authenticate(sasl.CramMd5(ANN, PASSWORD))
            expect_true(client.is_good(reply), reply)
            lines = strict.audit(client)
            expect(lines, [audit(lines[0], client, CLEARTEXT, "tag", "cleartext", "RFC8314-4.1",
                                 "auth", ANN, "CRAM-MD5", protection="", mode="tag")])
    tests.site.apply()
    for listener in LISTENERS:
        with tests.tap.case(f"{listener}: and with enforce CRAM-MD5 is refused too"), \
                strict.open(listener, ELSEWHERE) as client:
            client.greet()
            expect(client.capabilities(), not_offered(listener, tests.reference(listener)[1]))
            expect(client.authenticate(sasl.CramMd5(ANN, PASSWORD)),
                   OF_ATTEMPT[listener]["refuse"].format(said("cleartext")))
            reply = client.login(ANN, PASSWORD)
            expect_true(not client.is_good(reply), reply)
            expect(strict.auth_requests(client), [], "requests")


def test_rare_mechanisms(tests, rare):
    """Those that need a server of their own: APOP is different in each greeting."""
    tests.site.apply()
    for listener in LISTENERS:
        want = OF_ATTEMPT[listener]["refuse"].format(said("cleartext"))
        with tests.tap.case(f"{listener}: {RARE} are refused"), \
                rare.open(listener, ELSEWHERE) as client:
            client.greet()
            expect_true("ANONYMOUS" not in client.capabilities(), "offered")
            for name in RARE.upper().split():
                expect(client.command(client.auth_command(name, None)), want, name)
            expect(len(rare.audit(client, 4)), 4, "audit lines")
    for mode, is_in in (("enforce", False), ("tag", True)):
        tests.site.apply(mode=mode)
        with tests.tap.case(f"pop3: APOP, {mode}"), rare.open("pop3", ELSEWHERE) as client:
            challenge = re.search("<.*>", client.greet())
            expect(bool(challenge), is_in, "APOP is offered")
            digest = hashlib.md5(f"{challenge and challenge[0]}{PASSWORD}".encode()).hexdigest()
            expect(client.is_good(client.command(f"APOP {ANN} {digest}")), is_in, "logged in")
            if is_in:
                lines = rare.audit(client)
                expect(lines, [audit(lines[0], client, CLEARTEXT, "tag", "cleartext",
                                     "RFC8314-4.1", "auth", ANN, "APOP", protection="",
                                     mode="tag")])
    with tests.tap.case("the auth process heard of the APOP that was let in, and of nothing else"):
        expect(len(rare.sessions_in_auth()), 1, "sessions")


def test_credentials(tests):
    tests.site.apply()
    with tests.tap.case("no credentials of a refused login reached the auth process"):
        with tests.server.connect("imaps", *GOOD) as client:
            greeting(client)
            client.login(ANN, PASSWORD)
        # The auth process logs in order: what a refused one had sent stands before this.
        tests.server.wait_for_auth(client)
        expect_true(len(tests.refused) > 50, f"{len(tests.refused)} refused sessions")
        expect(tests.server.sessions_in_auth() & set(tests.refused), set(), "sessions")
    with tests.tap.case("nothing panicked and nothing is wrong"):
        expect(tests.server.find(r"Panic|Fatal|Error|core dumped|killed with signal"), [])


def main():
    skip_unless_root()
    tap = Tap()
    with Workspace() as workspace:
        tests = Tests(workspace, tap)
        for test in (test_not_offered, test_offered, test_each_mechanism, test_many_attempts,
                     test_old_tls_after, test_deferred, test_safe_to_dovecot, test_credentials):
            test(tests)
        strict = DovecotServer(workspace, tests.site, {ANN: PASSWORD}, name="strict",
                               mechanisms=MECHANISMS, extra=syntax.cleartext(allowed=False))
        test_dovecots_own_refusal(tests, strict)
        rare = DovecotServer(workspace, tests.site, {ANN: PASSWORD}, name="rare",
                             mechanisms=f"apop {RARE}")
        test_rare_mechanisms(tests, rare)
    return tap.finish()


sys.exit(main())
