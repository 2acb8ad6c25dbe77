#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Without our passdb no credentials from below the floor are handed on, whatever the way.

Each mechanism of each listener, with and without an initial response, sent
right behind the handshake; master users, proxied users, users who may not log
in. The same bytes with TLS 1.2 do reach the auth process.
"""

import pathlib
import re
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from dovecot_passdbs import BOSS, masters  # noqa: E402
from dovecot_words import (AFTER_HANDSHAKE, ANN, ELSEWHERE, ENDED, GOOD, OF_ATTEMPT,  # noqa: E402
                           OLD, PASSWORD, SAID, URL, WRONG, credentials, greeting, refusal_read,
                           said, session_of)
from lab import sasl  # noqa: E402
from lab.clients import TAG  # noqa: E402
from lab.dovecot_server import CLIENTS, IMPLICIT, DovecotServer, service_of  # noqa: E402
from lab.policyd import Site  # noqa: E402
from lab.workspace import Workspace  # noqa: E402
from tap import Tap, expect, expect_true, skip_unless_root  # noqa: E402

CARL = "carl@example.org"
CLOSED, AWAY = "closed@example.org", "away@example.org"
MECHANISMS = "plain login cram-md5 scram-sha-256 external oauthbearer"
TLS_1_1 = "TLSv1.1", "ECDHE-RSA-AES256-SHA"


def sent_blindly(listener, mechanism, initial):
    """The bytes of an attempt, of a client that does not wait to be asked."""
    client = CLIENTS[listener]
    first = mechanism.first if initial else None
    lines = [client.auth_command(mechanism.name, first)]
    if first is None and mechanism.first is not None:
        lines.append(client.auth_response(mechanism.first))
    elif isinstance(mechanism, sasl.Login):
        lines += [client.auth_response(answer) for answer in mechanism.answers]
    if client.service == "imap":
        lines[0] = f"{TAG} {lines[0]}"
    if client.service == "submission":
        lines.insert(0, client.CAPABILITY)
    return "".join(f"{line}\r\n" for line in lines).encode()


def attempts(listener):
    """(name, bytes) of each way to log in."""
    with_names = sasl.Plain, sasl.Login, sasl.CramMd5, sasl.ScramSha256, sasl.OauthBearer
    mechanisms = [kind(ANN, PASSWORD) for kind in with_names] + [sasl.External()]
    for mechanism in mechanisms:
        for initial in (True, False):
            if initial and mechanism.first is None:
                continue
            yield (f"{mechanism.name}, {'with' if initial else 'without'} initial response",
                   sent_blindly(listener, mechanism, initial))
    for mechanism in (sasl.Plain(BOSS, PASSWORD, asking=ANN), sasl.External(asking=ANN)):
        yield f"{mechanism.name} for somebody else", sent_blindly(listener, mechanism, True)
    service = service_of(listener)
    for name, user in (("the plainest login", ANN), ("a master user", f"{ANN}*{BOSS}"),
                       ("a user who may not log in", CLOSED)):
        yield name, credentials(service, user)
    if service == "imap":
        yield "a proxied user", credentials(service, AWAY)
    yield "two attempts", credentials(service, CLOSED) + credentials(service)


class Tests:
    def __init__(self, workspace, tap):
        self.tap, self.refused = tap, []
        self.site = Site(workspace, reject_text=SAID, help_url=URL)
        self.site.apply()
        self.backend = DovecotServer(workspace, self.site, {AWAY: PASSWORD}, name="backend",
                                     protocols=("imap",), plugin=False)
        users = {ANN: PASSWORD, CARL: ("", "nopassword=y"),
                 CLOSED: (PASSWORD, "nologin=y reason=Closed."),
                 AWAY: (PASSWORD, f"proxy=y host=127.0.0.1 port={self.backend.ports['imap']}")}
        self.server = DovecotServer(workspace, self.site, users, mechanisms=MECHANISMS,
                                    client_certificate=CARL, passdbs=masters(workspace))

    def connect(self, listener, tls, name="", **options):
        """With a certificate only where the name of what is done asks for it: it names the user."""
        return self.server.connect(listener, *tls, certified=name.startswith("EXTERNAL"), **options)

    def log_in(self, listener, user=ANN):
        """The reply to a compliant login."""
        with self.connect(listener, GOOD) as client:
            greeting(client)
            client.capabilities()
            return client, client.login(user, PASSWORD)


def test_behind_handshake(tests):
    for listener in tests.server.ports:
        for name, data in attempts(listener):
            for tls in (OLD, TLS_1_1):
                with tests.tap.case(f"{listener}: {tls[0]}, {name}, is refused"), \
                        tests.connect(listener, tls, name, behind=data) as client:
                    want = AFTER_HANDSHAKE[client.service]["refuse"].format(said(tls[0]))
                    expect(refusal_read(client, want), want)
                    line, = tests.server.audit(client)
                    tests.refused.append(session_of(line))
            with tests.tap.case(f"{listener}: TLS 1.2, {name}, reaches the auth process"), \
                    tests.connect(listener, GOOD, name, behind=data) as client:
                tests.server.wait_for_auth(client)


def test_without_ehlo(tests):
    """Submission need not greet again after STARTTLS: then AUTH is the first sight of its TLS."""
    auth = credentials("submission").split(b"\r\n", 1)[1]
    for name, before, reply in (("AUTH", b"", ""), ("HELO and AUTH", b"HELO x\r\n",
                                                    "250 mail.example.org\n")):
        with tests.tap.case(f"submission: TLSv1, {name}, is refused"), \
                tests.connect("submission", OLD, behind=before + auth) as client:
            want = AFTER_HANDSHAKE["submission"]["refuse"].format(said("TLSv1"))
            expect(client.rest(), reply + want)
            line, = tests.server.audit(client)
            tests.server.wait_for(f"{ENDED}: .*{re.escape(session_of(line))}")
            expect(len(tests.server.audit_so_far(client)), 1, "audit lines")
            tests.refused.append(session_of(line))
        with tests.tap.case(f"submission: TLS 1.2, {name}, reaches the auth process"), \
                tests.connect("submission", GOOD, behind=before + auth) as client:
            tests.server.wait_for_auth(client)


def handshake(listener, client, **options):
    """From the first byte to TLS 1.0."""
    if listener in IMPLICIT:
        client.wrap(*OLD, **options)
        return
    client.greeting = client.greet()
    if listener == "submission":
        client.capabilities()
    client.command(client.STARTTLS)
    client.wrap(*OLD, **options)


def test_resumed(tests, busy):
    """A TLS session that is taken up again ends with a packet of the client's: it holds a login."""
    for listener in busy.ports:
        behind = credentials(service_of(listener))
        want = AFTER_HANDSHAKE[service_of(listener)]["refuse"].format(said("TLSv1"))
        with tests.tap.case(f"{listener}: a login in one packet with the handshake's end"), \
                busy.open(listener) as first, busy.open(listener) as client:
            handshake(listener, first)
            handshake(listener, client, resume=first, behind=behind)
            expect_true(client.socket.session_reused, "the session was not taken up again")
            expect(client.rest(), want)
            expect(len(busy.audit(client)), 1, "audit lines")
    with tests.tap.case("none of these reached the auth process"):
        with busy.connect("imaps", *GOOD) as client:
            client.greet()
            expect_true(client.is_good(client.login(ANN, PASSWORD)), "a compliant login")
        expect(len(busy.sessions_in_auth()), 1, "sessions")


def test_controls(tests):
    """What the users would get, if they were let in."""
    for listener in tests.server.ports:
        service = service_of(listener)
        with tests.tap.case(f"{listener}: with TLS 1.2 all these users get their due"):
            client, reply = tests.log_in(listener, f"{ANN}*{BOSS}")
            expect_true(client.is_good(reply), reply)
            client, reply = tests.log_in(listener, CLOSED)
            expect_true("Closed." in reply and not client.is_good(reply), reply)
        for mechanism in (sasl.Plain(ANN, PASSWORD), sasl.Login(ANN, PASSWORD),
                          sasl.CramMd5(ANN, PASSWORD), sasl.ScramSha256(ANN, PASSWORD),
                          sasl.OauthBearer(ANN, PASSWORD), sasl.External()):
            with tests.tap.case(f"{listener}: {mechanism.name} works with TLS 1.2"), \
                    tests.connect(listener, GOOD, mechanism.name) as client:
                greeting(client)
                client.capabilities()
                reply = client.authenticate(mechanism)
                expect_true(client.is_good(reply), reply)
                user = CARL if isinstance(mechanism, sasl.External) else ANN
                line, = tests.server.audit(client)
                expect_true(f" user={user} " in line and " login=" not in line, line)
        with tests.tap.case(f"{listener}: a wrong password is Dovecot's business"), \
                tests.connect(listener, GOOD) as client:
            greeting(client)
            client.capabilities()
            expect(client.login(ANN, "wrong"), WRONG[service])
            expect_true(client.is_good(client.login(ANN, PASSWORD)), "the login after it")
            expect(len(tests.server.audit(client)), 1, "audit lines")


def test_cleartext(tests):
    """The users whose logins take other ways; the mechanisms are in dovecot-cleartext.py."""
    for listener in ("imap", "pop3", "sieve", "submission"):
        want = OF_ATTEMPT[listener]["refuse"].format(said("cleartext"))
        for user in (f"{ANN}*{BOSS}", CLOSED, *([AWAY] if listener == "imap" else [])):
            with tests.tap.case(f"{listener}: {user} is refused in cleartext"), \
                    tests.server.open(listener, ELSEWHERE) as client:
                client.greet()
                client.capabilities()
                expect(client.authenticate(sasl.Plain(user, PASSWORD)), want)
                expect(client.authenticate(sasl.Plain(BOSS, PASSWORD, asking=ANN)), want)
                expect(client.login(user, PASSWORD).split("\n")[-1], want)
                tests.refused.append(session_of(tests.server.audit(client)[0]))


def test_nothing_reached(tests):
    with tests.tap.case("the backend saw the proxied user's compliant logins, and no others"):
        client, reply = tests.log_in("imaps", AWAY)
        expect_true(client.is_good(reply), reply)
        # Before it one at each listener of IMAP.
        expect(len(tests.backend.wait_for("client in: AUTH\t", 3)), 3, "logins at the backend")
    with tests.tap.case("no credentials of a refused session reached the auth process"):
        expect_true(len(tests.refused) > 200, f"{len(tests.refused)} refused sessions")
        expect(tests.server.sessions_in_auth() & set(tests.refused), set(), "sessions")
    with tests.tap.case("nothing panicked and nothing is wrong"):
        expect(tests.server.find(r"Panic|Fatal|Error|core dumped|killed with signal"), [])


def main():
    skip_unless_root()
    tap = Tap()
    with Workspace() as workspace:
        tests = Tests(workspace, tap)
        for test in (test_cleartext, test_behind_handshake, test_without_ehlo, test_controls,
                     test_nothing_reached):
            test(tests)
        busy = DovecotServer(workspace, tests.site, {ANN: PASSWORD}, name="busy",
                             high_performance=True)
        test_resumed(tests, busy)
    return tap.finish()


sys.exit(main())
