#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A Dovecot that hands its logins on to another Dovecot, both with the login plugin.

Whoever is refused is refused by the first: the backend sees no connection.
The same for a login that the passdb answers with nologin; and peers who may
name another client's address (ID, XCLIENT) cannot forge what is judged.
"""

import base64
import contextlib
import itertools
import pathlib
import re
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from dovecot_exceptions import OF_ANOTHER  # noqa: E402
from dovecot_passdbs import BLANKS, verdict  # noqa: E402
from dovecot_words import (AFTER_HANDSHAKE, ELSEWHERE, GOOD, OF_ATTEMPT, OLD,  # noqa: E402
                           PASSWORD, SAID, URL, WRONG, audit, expects_greeting, provoke_refusal,
                           said, stage_of_refusal)
from lab.dovecot_release import RELEASE  # noqa: E402
from lab.dovecot_server import DovecotServer, IMPLICIT  # noqa: E402
from lab.policyd import Site  # noqa: E402
from lab.workspace import Workspace  # noqa: E402
from tap import Tap, expect, expect_true, skip_unless_root  # noqa: E402

LISTENERS = ["imap", "imaps", "pop3", "pop3s", "sieve", "submission", "submissions"]
STARTTLS = [name for name in LISTENERS if name not in IMPLICIT]
NEWEST = "TLSv1.3", "TLS_AES_256_GCM_SHA384"

# Domains: users of the backend; those whom the passdb has granted old TLS; those
# whose connection to the backend has no TLS. User "closed" may not log in at all.
PLAIN, GRANTED, BARE = "example.org", "granted.example.org", "bare.example.org"
CLOSED = "closed"
VERDICT = verdict(f"accept exception @{GRANTED} %{{user}}")
# What the auth process believes of a session, told to the client.
TELLS = "nologin=y reason=%{passdb:forward_tlsfloor_tls}/%{passdb:forward_tlsfloor_connection}"

# A trusted peer, whose word of a client's address Dovecot takes, and such an address.
PEER, FARAWAY = "127.0.0.3", "192.0.2.7"
FARAWAY_PORTS = itertools.count(4711)

# Dovecot 2.4.1 leaves about one of 20 IMAP sessions that it proxies over TLS unanswered, with the
# plugin or without it.
STALLS = {"2.3": [], "2.4": ["imap"]}[RELEASE]


def proxied(backend, listener, how):
    return f"proxy=y host=127.0.0.1 port={backend.ports[listener]}{how}"


def users_of_front(backend):
    users = {f"{CLOSED}@{PLAIN}": (PASSWORD, TELLS),
             f"{CLOSED}@{GRANTED}": (PASSWORD, f"{TELLS} {VERDICT}")}
    for name in LISTENERS:
        tls = " ssl=any-cert" if name in IMPLICIT else " starttls=any-cert"
        users[f"{name}@{PLAIN}"] = PASSWORD, proxied(backend, name, tls)
        users[f"{name}@{GRANTED}"] = PASSWORD, proxied(backend, name, f"{tls} {VERDICT}")
        if name in STARTTLS:
            users[f"{name}@{BARE}"] = PASSWORD, proxied(backend, name, "")
    return users


class Tests:
    """Both servers have the same policy; the backend learns clients' addresses from the front."""

    def __init__(self, workspace, tap):
        self.tap = tap
        exceptions = workspace.write("exceptions", f"{OF_ANOTHER}\n")
        self.site = Site(workspace, reject_text=SAID, help_url=URL, exceptions=exceptions)
        self.site.apply()
        users = {f"{name}@{domain}": PASSWORD for name in LISTENERS
                 for domain in (PLAIN, GRANTED, BARE)}
        self.backend = DovecotServer(workspace, self.site, users, name="backend",
                                     extra="login_trusted_networks = 127.0.0.1\n")
        # Each port was asked once whether somebody answers.
        self.probes = {line.rsplit("<", 1)[1].rstrip(">") for line in
                       self.backend.wait_for("session=<", len(self.backend.ports))}
        self.front = DovecotServer(workspace, self.site, users_of_front(self.backend),
                                   name="front", extra=f"{BLANKS}login_trusted_networks = {PEER}\n")
        self.handed_on = set()  # session ids

    @contextlib.contextmanager
    def connect(self, listener, tls, source=ELSEWHERE):
        already = len(self.backend.messages())
        with self.front.connect(listener, *tls, source=source) as client:
            client.starts = {self.front: client.log_start, self.backend: already}
            client.decisions = {self.front: 0, self.backend: 0}
            yield client

    def begin(self, client):
        if expects_greeting(client):
            client.greet()
        client.capabilities()

    def expect_audit(self, server, client, *arguments, **changes):
        """The line that follows those that this has seen; its session id."""
        client.decisions[server] += 1
        number = client.decisions[server]
        line = server.wait_for(server.audit_pattern(client), number, client.starts[server])[-1]
        expect(line, audit(line, client, *arguments, **changes), "audit line")
        return line.rsplit("<", 1)[1].rstrip(">")

    def expect_handed_on(self, client, user, tls, *decision, **changes):
        """The backend has the session, and has judged not the client's TLS but the front's."""
        session = self.expect_audit(self.front, client, tls, *decision, "auth", user, "PLAIN",
                                    **changes)
        expect(self.expect_audit(self.backend, client, NEWEST, "accept", "compliant", "RFC8997",
                                 "auth", user, "PLAIN", mode=changes.get("mode", "enforce")),
               session, "the backend's session id")
        self.handed_on.add(session)
        if client.service not in STALLS:
            expect_true(client.is_good(client.command("NOOP")), "NOOP")

    def denied(self, client, user, tls, reason="version", rule="RFC8997"):
        """Denied as policy denies, though the password is right."""
        expect(client.login(user, PASSWORD),
               OF_ATTEMPT[client.service]["refuse"].format(said(tls[0])), "reply to the login")
        self.expect_audit(self.front, client, tls, "refuse", reason, rule, "auth", user, "PLAIN")

    def expect_login(self, client, user, alert=""):
        reply = client.login(user, PASSWORD)
        expect_true(client.is_good(reply), f"reply to the login: {reply}")
        if client.service == "imap":
            expect(reply.count("[ALERT]"), 1 if alert else 0, f"alerts in {reply}")
            expect_true(reply.startswith(f"* OK [ALERT] {alert}\n") or not alert, reply)


def test_compliant(tests):
    for listener in LISTENERS:
        for tls in (GOOD, NEWEST):
            with tests.tap.case(f"{listener}: {tls[0]} reaches the backend"), \
                    tests.connect(listener, tls if tls == GOOD else tls[:1]) as client:
                tests.begin(client)
                user = f"{listener}@{PLAIN}"
                expect(client.login(user, "wrong"), WRONG[client.service])
                tests.expect_login(client, user)
                tests.expect_handed_on(client, user, tls, "accept", "compliant", "RFC8997")


def test_below(tests):
    for listener in LISTENERS:
        with tests.tap.case(f"{listener}: TLS 1.0 is refused at its handshake"), \
                tests.connect(listener, OLD) as client:
            provoke_refusal(client, listener)
            want = AFTER_HANDSHAKE[client.service]["refuse"].format(said(OLD[0]))
            expect(client.rest(), want)
            tests.expect_audit(tests.front, client, OLD, "refuse", "version", "RFC8997",
                               stage_of_refusal(listener))


def test_tag(tests):
    tests.site.apply(mode="tag")
    for listener in STARTTLS:
        with tests.tap.case(f"{listener}: mode tag hands TLS 1.0 on"), \
                tests.connect(listener, OLD) as client:
            tests.begin(client)
            user = f"{listener}@{PLAIN}"
            tests.expect_login(client, user, said(OLD[0]))
            tests.expect_handed_on(client, user, OLD, "tag", "version", "RFC8997", mode="tag")


def test_passdb(tests):
    """dovecot_passdb = yes: the user is judged, and denied unless the passdb says otherwise."""
    tests.site.apply(dovecot_passdb="yes")
    granted = "accept", "exception", "RFC8314-4.1"
    for listener in LISTENERS:
        with tests.tap.case(f"{listener}: nobody is proxied without a verdict, with one he is"), \
                tests.connect(listener, OLD) as client:
            tests.begin(client)
            tests.denied(client, f"{listener}@{PLAIN}", OLD)
            tests.denied(client, f"{listener}@{PLAIN}", OLD)
            user = f"{listener}@{GRANTED}"
            tests.expect_login(client, user, said(OLD[0]))
            tests.expect_handed_on(client, user, OLD, *granted, exception=f"@{GRANTED}")


def test_nologin(tests):
    """What nologin tells its user, it tells those only whom policy lets in."""
    tests.site.apply(dovecot_passdb="yes")
    for listener in LISTENERS:
        with tests.tap.case(f"{listener}: nologin tells its reason to compliant clients"), \
                tests.connect(listener, GOOD) as client:
            tests.begin(client)
            reply = client.login(f"{CLOSED}@{PLAIN}", PASSWORD)
            expect_true(f"TLSv1.2/{ELSEWHERE}" in reply, reply)
            tests.expect_audit(tests.front, client, GOOD, "accept", "compliant", "RFC8997",
                               "auth", f"{CLOSED}@{PLAIN}", "PLAIN")
        with tests.tap.case(f"{listener}: nologin is denied by policy below the floor"), \
                tests.connect(listener, OLD) as client:
            tests.begin(client)
            tests.denied(client, f"{CLOSED}@{PLAIN}", OLD)
            want = reply.replace("TLSv1.2", OLD[0])
            if client.service == "imap":
                want = f"* OK [ALERT] {said(OLD[0])}\n{want}"
            expect(client.login(f"{CLOSED}@{GRANTED}", PASSWORD), want, "with a verdict")
    tests.site.apply()
    with tests.tap.case("nologin is refused at the handshake without dovecot_passdb"), \
            tests.connect("imaps", OLD) as client:
        expect(client.rest(), AFTER_HANDSHAKE["imap"]["refuse"].format(said(OLD[0])))


# --- a peer that speaks for others ---

def speak_for_another(client, port, fields):
    """As a Dovecot proxy does; fields: what is forwarded to the auth process."""
    if client.service == "imap":
        pairs = {"x-originating-ip": FARAWAY, "x-originating-port": port,
                 **{f"x-forward-{name}": value for name, value in fields.items()}}
        return client.command("ID (" + " ".join(f'"{name}" "{value}"'
                                                for name, value in pairs.items()) + ")")
    text = "\t".join(f"{name}={value}" for name, value in fields.items())
    forward = base64.b64encode(text.encode()).decode()
    if client.service == "submission":
        # RFC 3461's xtext.
        forward = re.sub("[+=]", lambda match: f"+{ord(match[0]):02X}", forward)
    return client.command(f"XCLIENT ADDR={FARAWAY} PORT={port} FORWARD={forward}")


def heard(client, reply):
    return client.is_good(reply) or reply.startswith("220 ")


# The last value ends like the begin of an escaped character.
FORGED = {"tlsfloor_tls": "TLSv1.3", "tlsfloor_cipher": "TLS_AES_256_GCM_SHA384",
          "tlsfloor_bits": "256", "tlsfloor_connection": "203.0.113.9", "x": "\1"}


def speak(client):
    forged = {**FORGED, "x": "-"} if client.service == "imap" else FORGED
    port = next(FARAWAY_PORTS)
    reply = speak_for_another(client, port, forged)
    expect_true(heard(client, reply), f"reply to ID or XCLIENT: {reply}")
    # By these the log knows it from now on.
    client.client_address, client.client_port = FARAWAY, port
    client.decisions = dict.fromkeys(client.decisions, 0)
    client.capabilities()


def test_forged(tests):
    """The facts that the auth process gets are ours, on each attempt."""
    tests.site.apply(dovecot_passdb="yes")
    for listener in LISTENERS:
        with tests.tap.case(f"{listener}: a trusted peer cannot forge the facts"), \
                tests.connect(listener, OLD, source=PEER) as client:
            tests.begin(client)
            for attempt in range(2):
                # IMAP's ID is heard once.
                if attempt == 0 or client.service != "imap":
                    speak(client)
                reply = client.login(f"{CLOSED}@{GRANTED}", PASSWORD)
                expect_true(f"{OLD[0]}/{PEER}" in reply, reply)
                tests.expect_audit(tests.front, client, OLD, "accept", "exception", "RFC8314-4.1",
                                   "auth", f"{CLOSED}@{GRANTED}", "PLAIN",
                                   exception=f"@{GRANTED}")
            tests.denied(client, f"{listener}@{PLAIN}", OLD)


def test_addresses(tests):
    """trusted_networks means the connection, the audit line whom the peer speaks for."""
    for networks, lets in ((f"{PEER}/32", True), (f"{FARAWAY}/32", False)):
        tests.site.apply(trusted_networks=networks, dovecot_passdb="yes")
        for listener in LISTENERS:
            name = f"{listener}: trusted_networks {'has' if lets else 'has not'} the peer"
            with tests.tap.case(name), tests.connect(listener, OLD, source=PEER) as client:
                tests.begin(client)
                speak(client)
                user = f"{listener}@{PLAIN}"
                if lets:
                    tests.expect_login(client, user)
                    tests.expect_handed_on(client, user, OLD, "accept", "trusted-network",
                                           "local")
                else:
                    tests.denied(client, user, OLD)


def test_strangers(tests):
    """Anybody else's words about addresses are not heard."""
    tests.site.apply(trusted_networks=f"{FARAWAY}/32", dovecot_passdb="yes")
    for listener in STARTTLS:
        with tests.tap.case(f"{listener}: a stranger cannot speak for others"), \
                tests.connect(listener, OLD) as client:
            tests.begin(client)
            speak_for_another(client, next(FARAWAY_PORTS), {})
            tests.denied(client, f"{listener}@{PLAIN}", OLD)


# --- at the end ---

def test_connections(tests):
    """All that the backend has seen, once nothing can come any more."""
    servers = tests.front, tests.backend
    for server in servers:
        server.stop()
    with tests.tap.case("the backend has seen no connection of who was refused"):
        seen = {match[1] for line in tests.backend.messages()
                if (match := re.search(r"session=<(\S+)>", line))}
        expect_true(len(tests.handed_on) > 30, f"{len(tests.handed_on)} sessions handed on")
        expect(seen - tests.probes, tests.handed_on, "sessions")
    for server in servers[::-1]:
        server.start()


# --- the way between the two has no TLS ---

def test_bare(tests):
    """The backend judges the front's connection, and logs the client's address."""
    asked = "client in: AUTH\t.*\tsecured\t"
    for networks in ("", "127.0.0.1/32"):
        tests.site.apply(trusted_networks=networks)
        for listener in STARTTLS:
            user = f"{listener}@{BARE}"
            name = f"{listener}: no TLS to the backend is {'trusted' if networks else 'refused'}"
            with tests.tap.case(name), tests.connect(listener, GOOD) as client:
                tests.begin(client)
                reply = client.login(user, PASSWORD)
                expect(client.is_good(reply), bool(networks), reply)
                tests.expect_audit(tests.front, client, GOOD, "accept", "compliant", "RFC8997",
                                   "auth", user, "PLAIN")
                if not networks:
                    continue
                tests.expect_audit(tests.backend, client, ("cleartext", "-"), "accept",
                                   "trusted-network", "local", "auth", user, "PLAIN",
                                   protection="secured")
    with tests.tap.case("the backend's auth process hears only of the trusted"):
        expect(len(tests.backend.find(asked)), len(STARTTLS), "requests without TLS")


def test_health(tests):
    for server in (tests.front, tests.backend):
        with tests.tap.case(f"nothing panicked and nothing is wrong ({server.directory.name})"):
            # A proxy says so where it must not log in.
            expect([line for line in
                    server.find(r"Panic|Fatal|Error|core dumped|killed with signal")
                    if f"@{BARE}" not in line], [])


def main():
    skip_unless_root()
    tap = Tap()
    with Workspace() as workspace:
        tests = Tests(workspace, tap)
        for test in (test_compliant, test_below, test_tag, test_passdb, test_nologin, test_forged,
                     test_addresses, test_strangers, test_connections, test_bare, test_health):
            test(tests)
    return tap.finish()


sys.exit(main())
