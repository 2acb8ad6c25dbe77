#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Dovecot behind HAProxy: what its PROXY header says of the client counts, and what it cannot say.

The headers are made here, with and without a word about TLS; and a real
HAProxy, which ends TLS or passes it through.
"""

import contextlib
import itertools
import pathlib
import struct
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from dovecot_words import (AFTER_HANDSHAKE, ANN, audit, ELSEWHERE, GOOD, greeting,  # noqa: E402
                           OF_ATTEMPT, OLD, PASSWORD, provoke_refusal, said, SAID,
                           stage_of_refusal, URL)
from lab.dovecot_release import RELEASE  # noqa: E402
from lab.dovecot_server import CLIENTS, DovecotServer, IMPLICIT, PROXIED  # noqa: E402
from lab.haproxy import SIGNATURE, version_1, version_2  # noqa: E402
from lab.haproxy_server import HaproxyServer  # noqa: E402
from lab.policyd import Site  # noqa: E402
from lab.workspace import Workspace  # noqa: E402
from tap import Tap, expect, expect_true, skip_unless_root  # noqa: E402

SERVICES = ["imap", "pop3", "sieve", "submission"]
LISTENERS = ["imap", "imaps", "pop3", "pop3s", "sieve", "submission", "submissions"]
CLEARTEXT, UNKNOWN = ("cleartext", "-"), ("unknown", "-")
CLIENT, SERVER = "192.0.2.7", "192.0.2.1"
PORTS = itertools.count(4711)

# Headers that say nothing of TLS, or that there is none; those that say that there is.
WITHOUT = {"v1": version_1, "v2": version_2,
           "v2 that says no TLS": lambda client, port: version_2(client, port, "")}
WITH = {"v2 that says TLS 1.0": lambda client, port: version_2(client, port, "TLSv1"),
        "v2 that says TLS 1.3": lambda client, port: version_2(client, port, "TLSv1.3")}

# Dovecot's word in the log for a client of whom HAProxy has said that it has TLS, and for others.
WITH_TLS, WITHOUT_TLS = {"2.3": ("secured", ""), "2.4": ("TLS", "secured")}[RELEASE]
# Where a client may begin TLS when HAProxy has said that there is TLS already.
STARTTLS = {"2.3": SERVICES, "2.4": ["submission"]}[RELEASE]
# Where HAProxy's clients without TLS are secured to Dovecot, POP3 offers USER, whatever follows.
OFFERS_USER = {"2.3": [], "2.4": ["pop3"]}[RELEASE]

# What unknown_tls makes of it: action and rule.
OUTCOMES = {"accept": ("accept", "local"), "tag": ("tag", "local"), "reject": ("refuse", "local")}


class Tests:
    def __init__(self, workspace, tap):
        self.workspace, self.tap = workspace, tap
        self.site = Site(workspace, reject_text=SAID, help_url=URL)
        self.site.apply()
        self.server = DovecotServer(workspace, self.site, {ANN: PASSWORD}, haproxy=True)

    @contextlib.contextmanager
    def connect(self, listener, make_header, address=CLIENT, tls=(None,)):
        """A client whose header names that address."""
        port = next(PORTS)
        with self.server.connect(listener + PROXIED, *tls,
                                 header=make_header(address, port)) as client:
            client.client_address, client.client_port = address, port
            client.server_address = "2001:db8::1" if ":" in address else SERVER
            yield client

    def expect_audit(self, client, *arguments, **changes):
        line, = self.server.audit(client)
        changes = {"local": client.server_address, **changes}
        expect(line, audit(line, client, *arguments, **changes), "audit line")

    def login(self, client, tls, *decision, **changes):
        """Gets in; audited as decision says."""
        greeting(client)
        client.capabilities()
        reply = client.login(ANN, PASSWORD)
        expect_true(client.is_good(reply), f"reply to the login: {reply}")
        self.expect_audit(client, tls, *decision, "auth", ANN, "PLAIN", **changes)

    def attempt_refused(self, client):
        """Nothing is offered, and an attempt is refused as one without TLS."""
        hello = greeting(client)
        offer = f"{hello}\n{client.capabilities()}"
        expect_true("PLAIN" not in offer, f"offer: {offer}")
        expect("\nUSER" in offer, client.service in OFFERS_USER, f"USER in {offer}")
        reply = client.login(ANN, PASSWORD).split("\n")[-1]
        expect(reply, OF_ATTEMPT[client.service]["refuse"].format(said("cleartext")))
        line, = self.server.audit(client)
        for part in (" action=refuse reason=cleartext rule=RFC8314-4.1 ", " stage=auth ",
                     f" client={client.client_address} ", " tls=cleartext "):
            expect_true(part in line, f"{part!r} is not in {line}")
        expect(self.server.auth_requests(client), [], "requests")

    def old_refused(self, client, listener):
        """TLS 1.0, at the end of the handshake."""
        provoke_refusal(client, listener)
        self.connection_refused(client, OLD, "version", "RFC8997", stage_of_refusal(listener))

    def connection_refused(self, client, tls, reason, rule, stage="connect", **changes):
        """The last line before the connection is closed; nothing was offered before it."""
        text = client.rest()
        expect(text.split("\n")[-1], AFTER_HANDSHAKE[client.service]["refuse"].format(said(tls[0])))
        expect(text.count("\n") if client.service != "sieve" else 0, 0, "lines before")
        self.expect_audit(client, tls, "refuse", reason, rule, stage, **changes)
        expect(self.server.auth_requests(client), [], "requests")


def test_without(tests):
    """Nothing is said about TLS: cleartext, unless proxied_tls says that it may have been."""
    for service, (name, header) in itertools.product(SERVICES, WITHOUT.items()):
        tests.site.apply(unknown_tls="accept")
        with tests.tap.case(f"{service}: {name} is cleartext"), \
                tests.connect(service, header) as client:
            tests.attempt_refused(client)
        tests.site.apply(proxied_tls="unknown")
        with tests.tap.case(f"{service}: {name} is unknown with proxied_tls = unknown"), \
                tests.connect(service, header) as client:
            tests.login(client, UNKNOWN, "tag", "unknown-tls", "local", protection=WITHOUT_TLS)
        tests.site.apply(proxied_tls="unknown", unknown_tls="reject")
        with tests.tap.case(f"{service}: {name} is refused with unknown_tls = reject"), \
                tests.connect(service, header) as client:
            tests.connection_refused(client, UNKNOWN, "unknown-tls", "local",
                                     protection=WITHOUT_TLS)


def test_with(tests):
    """TLS ended at HAProxy, in whatever version; proxied_tls has no say."""
    for service, (name, header) in itertools.product(SERVICES, WITH.items()):
        for value, (action, rule) in OUTCOMES.items():
            tests.site.apply(unknown_tls=value)
            with tests.tap.case(f"{service}: {name}, unknown_tls = {value}"), \
                    tests.connect(service, header) as client:
                if value == "reject":
                    tests.connection_refused(client, UNKNOWN, "unknown-tls", rule,
                                             protection=WITH_TLS)
                else:
                    tests.login(client, UNKNOWN, action, "unknown-tls", rule,
                                protection=WITH_TLS)


def test_again(tests):
    """HAProxy ends TLS and begins it anew, towards Dovecot: that is not the client's."""
    for values, (action, rule) in (({}, OUTCOMES["tag"]),
                                   ({"unknown_tls": "reject"}, OUTCOMES["reject"])):
        tests.site.apply(**values)
        for listener, (name, header), tls in itertools.product(sorted(IMPLICIT), WITH.items(),
                                                               (OLD, GOOD)):
            with tests.tap.case(f"{listener}: {name}, then {tls[0]} of its own: {action}"), \
                    tests.connect(listener, header, tls=tls) as client:
                if action == "refuse":
                    tests.connection_refused(client, UNKNOWN, "unknown-tls", rule)
                else:
                    tests.login(client, UNKNOWN, action, "unknown-tls", rule)
    tests.site.apply()
    for service, (name, header) in itertools.product(STARTTLS, WITH.items()):
        with tests.tap.case(f"{service}: {name}, then STARTTLS of the client's: 1.2 is accepted"), \
                tests.connect(service, header, tls=GOOD) as client:
            tests.login(client, GOOD, "accept", "compliant", "RFC8997")
        with tests.tap.case(f"{service}: {name}, then STARTTLS of the client's: 1.0 is refused"), \
                tests.connect(service, header, tls=OLD) as client:
            tests.old_refused(client, service)


def test_through(tests):
    """TLS passes through HAProxy: its version counts."""
    for values in ({}, {"unknown_tls": "reject"}, {"proxied_tls": "unknown"}):
        tests.site.apply(**values)
        headers = {"v1": version_1} if values else WITHOUT
        for listener, (name, header) in itertools.product(LISTENERS, headers.items()):
            what = f"{listener}: {name}, TLS passed through" + "".join(
                f", {key} = {value}" for key, value in values.items())
            with tests.tap.case(f"{what}, 1.2 is accepted"), \
                    tests.connect(listener, header, tls=GOOD) as client:
                tests.login(client, GOOD, "accept", "compliant", "RFC8997")
            with tests.tap.case(f"{what}, 1.0 is refused"), \
                    tests.connect(listener, header, tls=OLD) as client:
                tests.old_refused(client, listener)


def test_addresses(tests):
    """trusted_networks has the client of the header or not; HAProxy's own address says nothing."""
    ipv6 = {"server": "2001:db8::1"}
    headers = [
        ("v1", version_1, CLIENT),
        ("v2", version_2, CLIENT),
        ("v1, IPv6", lambda client, port: version_1(client, port, **ipv6), "2001:db8::7"),
        ("v2, IPv6", lambda client, port: version_2(client, port, **ipv6), "2001:db8::7"),
    ]
    for service, (name, header, address) in itertools.product(SERVICES, headers):
        tests.site.apply(trusted_networks="192.0.2.0/24 2001:db8::/32")
        with tests.tap.case(f"{service}: {name}, the client is trusted"), \
                tests.connect(service, header, address) as client:
            tests.login(client, CLEARTEXT, "accept", "trusted-network", "local",
                        protection=WITHOUT_TLS)
        tests.site.apply(trusted_networks="127.0.0.0/8 ::1/128")
        with tests.tap.case(f"{service}: {name}, HAProxy is trusted, its client is not"), \
                tests.connect(service, header, address) as client:
            tests.attempt_refused(client)
        with tests.tap.case(f"{service}: {name}, the same with TLS 1.0 passed through"), \
                tests.connect(service, header, address, OLD) as client:
            tests.old_refused(client, service)


def test_mapped(tests):
    """An IPv4 address in an IPv6 header is an IPv4 address."""
    tests.site.apply(trusted_networks="192.0.2.0/24")
    for name, header in (("v1", version_1), ("v2", version_2)):
        with tests.tap.case(f"{name}, an IPv4 address as IPv6"), \
                tests.connect("imap", lambda client, port, header=header: header(
                    client, port, server="2001:db8::1"), "::ffff:192.0.2.7") as client:
            greeting(client)
            expect_true(client.is_good(client.login(ANN, PASSWORD)), "login")
            line, = tests.server.audit(client)
            for part in (" reason=trusted-network ", " client=192.0.2.7 "):
                expect_true(part in line, f"{part!r} is not in {line}")


def test_no_address(tests):
    """HAProxy speaks for itself (a check): never better than cleartext from where it is."""
    local = SIGNATURE + struct.pack("!BBH", 0x20, 0, 0)
    tests.site.apply()
    for service, header in itertools.product(SERVICES, (b"PROXY UNKNOWN\r\n", local)):
        with tests.tap.case(f"{service}: {header!r}"), \
                tests.server.connect(service + PROXIED, source=ELSEWHERE,
                                     header=header) as client:
            tests.attempt_refused(client)


# --- a real HAProxy ---

# Way -> whether TLS ends at it, options of its server, listeners that it is tried with.
WAYS = {
    "ended": (True, "send-proxy-v2-ssl", SERVICES),
    "again": (True, "send-proxy-v2-ssl ssl verify none", sorted(IMPLICIT)),
    "none": (False, "send-proxy-v2-ssl", SERVICES),
    "through": (False, "send-proxy", LISTENERS),
    "through-v2": (False, "send-proxy-v2", LISTENERS),
}


class Real:
    """A listener of HAProxy for each way and listener of Dovecot."""

    def __init__(self, tests):
        self.tests = tests
        self.haproxy = HaproxyServer(tests.workspace, {
            f"{way}-{listener}": (tests.server.ports[listener + PROXIED], ends_tls, options)
            for way, (ends_tls, options, listeners) in WAYS.items() for listener in listeners})

    @contextlib.contextmanager
    def connect(self, way, listener, version=None, cipher="DEFAULT"):
        already = len(self.tests.server.messages())
        port = self.haproxy.ports[f"{way}-{listener}"]
        with CLIENTS[listener](port, ELSEWHERE) as client:
            client.log_start, client.server_address = already, "127.0.0.1"
            if WAYS[way][0] or listener in IMPLICIT:
                client.wrap(version, cipher)
            elif version:
                client.starttls(version, cipher)
            yield client


def test_real(tests):
    real = Real(tests)
    versions = (OLD, GOOD[:1] + ("DEFAULT",), ("TLSv1.3",))
    for way, protection in (("ended", WITH_TLS), ("again", "TLS")):
        for listener, tls in itertools.product(WAYS[way][2], versions):
            name = f"HAProxy ({WAYS[way][1]}) ends {tls[0]}, {listener}"
            tests.site.apply()
            with tests.tap.case(f"{name}: unknown, tagged"), \
                    real.connect(way, listener, *tls) as client:
                tests.login(client, UNKNOWN, "tag", "unknown-tls", "local", protection=protection)
            tests.site.apply(unknown_tls="reject")
            with tests.tap.case(f"{name}: unknown, refused"), \
                    real.connect(way, listener, *tls) as client:
                tests.connection_refused(client, UNKNOWN, "unknown-tls", "local",
                                         protection=protection)
    tests.site.apply()
    for service in SERVICES:
        with tests.tap.case(f"HAProxy has no TLS, {service}: cleartext"), \
                real.connect("none", service) as client:
            tests.attempt_refused(client)
    for way, listener in itertools.product(("through", "through-v2"), LISTENERS):
        with tests.tap.case(f"HAProxy passes on ({WAYS[way][1]}), {listener}: 1.2 is accepted"), \
                real.connect(way, listener, *GOOD) as client:
            tests.login(client, GOOD, "accept", "compliant", "RFC8997")
        with tests.tap.case(f"HAProxy passes on ({WAYS[way][1]}), {listener}: 1.0 is refused"), \
                real.connect(way, listener, *OLD) as client:
            tests.old_refused(client, listener)


def test_health(tests):
    with tests.tap.case("nothing panicked and nothing is wrong"):
        expect(tests.server.find(r"Panic|Fatal|Error|core dumped|killed with signal"), [])


def main():
    skip_unless_root()
    tap = Tap()
    with Workspace() as workspace:
        tests = Tests(workspace, tap)
        for test in (test_without, test_with, test_again, test_through, test_addresses, test_mapped,
                     test_no_address, test_real, test_health):
            test(tests)
    return tap.finish()


sys.exit(main())
