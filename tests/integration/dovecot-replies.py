#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a client sees of Dovecot's login plugin: every protocol, TLS version and mode.

The exact replies and capabilities, which for those who get in are those of a
Dovecot without the plugin; the exact audit line; and no credentials of a
refused session reach the auth process.
"""

import collections
import pathlib
import re
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from dovecot_words import (AFTER_HANDSHAKE, ALWAYS, ANN, ENDED, FUTURE, GOOD, OLD,  # noqa: E402
                           PASSWORD, PROGRAMS, SAID, URL, audit, credentials, greeting,
                           provoke_refusal, refusal_read, said, session_of, stage_of_refusal, tail)
from lab.dovecot_release import RELEASE, syntax  # noqa: E402
from lab.dovecot_server import DovecotServer, service_of  # noqa: E402
from lab.policyd import Site  # noqa: E402
from lab.workspace import Workspace, wait_until  # noqa: E402
from tap import Tap, expect, expect_true, skip_unless_root  # noqa: E402

# Version, suite; how it is judged with the default policy: reason and rule.
VERSIONS = [
    ("TLSv1", "ECDHE-RSA-AES256-SHA", "version", "RFC8997"),
    ("TLSv1.1", "ECDHE-RSA-AES256-SHA", "version", "RFC8997"),
    ("TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256", "compliant", "RFC8997"),
    ("TLSv1.3", "TLS_AES_256_GCM_SHA384", "compliant", "RFC8997"),
]
SUITES = VERSIONS + [
    ("TLSv1", "NULL-SHA", "version", "RFC8997"),
    ("TLSv1.1", "AES128-SHA", "version", "RFC8997"),
    ("TLSv1.2", "NULL-SHA", "cipher", "RFC9325-4.1"),
    ("TLSv1.2", "ADH-AES128-SHA256", "cipher", "RFC9325-4.1"),
    ("TLSv1.2", "AES128-SHA", "weak-cipher", "RFC9325-4.1"),
    ("TLSv1.2", "DHE-RSA-AES256-SHA", "weak-cipher", "RFC9325-4.1"),
    ("TLSv1.2", "ECDHE-RSA-AES256-SHA", "weak-cipher", "RFC9325-4.1"),
]
REFUSED = "version", "cipher"
# Dovecot's own word, without the plugin as well.
WAIT_FOR_AUTH = "* OK Waiting for authentication process to respond.."
# Dovecot's own field of an event that says imap, pop3, sieve or submission.
PROTOCOL = {"2.3": "service", "2.4": "protocol"}[RELEASE]
METRIC = syntax.metric("tlsfloor", "tlsfloor_decision", PROTOCOL, "action", "reason",
                       "tls_protocol")


class Tests:
    """A Dovecot with the plugin, one without it, and what has been connected so far."""

    def __init__(self, workspace, tap):
        self.tap = tap
        self.site = Site(workspace, reject_text=SAID, help_url=URL)
        self.site.apply()
        self.server = DovecotServer(workspace, self.site, {ANN: PASSWORD}, extra=METRIC)
        self.stock = DovecotServer(workspace, self.site, {ANN: PASSWORD}, name="stock",
                                   plugin=False)
        self.replies = {}
        self.lines, self.refused = [], []

    def reference(self, listener):
        """Greeting, capabilities and reply to a login without the plugin."""
        if listener not in self.replies:
            with self.stock.connect(listener, *GOOD) as client:
                replies = [greeting(client), client.capabilities(), client.login(ANN, PASSWORD)]
            expect_true(client.is_good(replies[2]), f"{replies[2]} (without the plugin)")
            self.replies[listener] = replies
        return self.replies[listener]

    def connect(self, listener, version, cipher, **options):
        # A TLS 1.3 suite is not chosen by the list of ciphers.
        return self.server.connect(listener, version, "DEFAULT" if version == "TLSv1.3" else cipher,
                                   **options)

    def expect_audit(self, client, *arguments, **changes):
        """Exactly one line; whether another came later is looked up at the end."""
        lines = self.server.audit(client)
        expect(lines, [audit(lines[0], client, *arguments, **changes)], "audit lines")
        self.lines.append(lines[0])

    def accepted(self, name, listener, tls, action, reason, rule, alert=None, **changes):
        """Greeting, capabilities and login as without the plugin, but for an alert."""
        with self.tap.case(name), self.connect(listener, *tls) as client:
            hello, capabilities, login = self.reference(listener)
            expect(greeting(client), hello, "greeting")
            expect(client.capabilities(), capabilities, "capabilities")
            if alert and client.service == "imap":
                login = f"* OK [ALERT] {alert}\n{login}"
            expect(client.login(ANN, PASSWORD), login, "reply to the login")
            self.expect_audit(client, tls, action, reason, rule, "auth", ANN, "PLAIN", **changes)

    def refuses(self, name, listener, tls, text, reason="version", rule="RFC8997",
                action="refuse", behind=b"", **changes):
        """Told why and disconnected; behind: what the client sends at once."""
        with self.tap.case(name), self.connect(listener, *tls, behind=behind) as client:
            want = AFTER_HANDSHAKE[client.service][action].format(text)
            if behind:
                expect(refusal_read(client, want), want)
            else:
                provoke_refusal(client, listener)
                expect(client.rest(), want)
            self.expect_audit(client, tls, action, reason, rule, stage_of_refusal(listener),
                              **changes)
            self.refused.append(session_of(self.lines[-1]))
            self.expect_disconnect(client, reason)

    def expect_disconnect(self, client, reason):
        """Dovecot's own line of it has no words that fail2ban looks for."""
        session = session_of(self.lines[-1])
        line, = self.server.wait_for(f"{ENDED}: .*<{re.escape(session)}>")
        expect(line, f"{PROGRAMS[client.service]}: Info: {ENDED}: Refused by tlsfloor "
                     f"({reason}): {tail(client, session)}")


def test_suites(tests):
    for listener in tests.server.ports:
        for version, cipher, reason, rule in SUITES:
            name = f"enforce, {listener}: {version} with {cipher}"
            if reason in REFUSED:
                tests.refuses(f"{name} is refused", listener, (version, cipher), said(version),
                              reason, rule)
            else:
                action = "accept" if reason == "compliant" else "tag"
                tests.accepted(f"{name} is accepted", listener, (version, cipher), action, reason,
                               rule)


def test_modes(tests):
    for mode in ("observe", "tag"):
        tests.site.apply(mode=mode)
        for listener in tests.server.ports:
            for version, cipher, reason, rule in VERSIONS:
                below = reason in REFUSED
                tests.accepted(f"{mode}, {listener}: {version} is accepted", listener,
                               (version, cipher), "tag" if below else "accept", reason, rule,
                               alert=said(version) if below else None, mode=mode)
    tests.site.apply(mode="tag")
    tests.accepted("tag, imaps: a forbidden suite comes with an alert", "imaps",
                   ("TLSv1.2", "NULL-SHA"), "tag", "cipher", "RFC9325-4.1", said("TLSv1.2"),
                   mode="tag")
    tests.accepted("tag, imaps: a weak suite comes without one", "imaps",
                   ("TLSv1.2", "AES128-SHA"), "tag", "weak-cipher", "RFC9325-4.1", mode="tag")
    tests.site.apply(mode="tag", imap_alert="no")
    tests.accepted("imap_alert = no", "imaps", OLD, "tag", "version", "RFC8997", mode="tag")


def test_alert_once(tests):
    tests.site.apply(mode="tag")
    with tests.tap.case("one alert a login, none for a wrong password"), \
            tests.connect("imaps", *OLD) as client:
        client.greet()
        expect(client.login(ANN, "wrong"), "a NO [AUTHENTICATIONFAILED] Authentication failed.")
        reply = client.login(ANN, PASSWORD)
        reply += client.command("NOOP")
        expect(reply.count("[ALERT]"), 1, f"alerts in {reply}")
        expect(len(tests.server.audit(client)), 1, "audit lines")


def greeting_of_early(client):
    """IMAP tells who speaks while the auth process is still silent to wait, and greets it then."""
    hello = greeting(client)
    return greeting(client) if hello == WAIT_FOR_AUTH else hello


def test_pipelining(tests):
    """A login sent behind the handshake: too early to know that it is refused."""
    for listener in tests.server.ports:
        for version, cipher, reason, _ in VERSIONS:
            name = f"{listener}: a login right behind the handshake, {version}"
            tests.site.apply()
            behind = credentials(service_of(listener))
            if reason in REFUSED:
                tests.refuses(f"{name}, is refused", listener, (version, cipher), said(version),
                              behind=behind)
                continue
            with tests.tap.case(f"{name}, is accepted"), \
                    tests.connect(listener, version, cipher, behind=behind) as client:
                hello = tests.reference(listener)[0]
                expect(greeting_of_early(client), hello, "greeting")
                replies = [client.reply() for _ in range(behind.count(b"\r\n"))]
                expect_true(client.is_good(replies[-1]), f"replies {replies}")
                tests.expect_audit(client, (version, cipher), "accept", "compliant", "RFC8997",
                                   "auth", ANN, "PLAIN")


def test_rollout(tests):
    ahead = {"rollout_from": FUTURE}
    for values, name in ((ahead, "before rollout_from"), ({"rollout_percent": 0}, "nobody bound")):
        tests.site.apply(**values)
        for listener in ("imaps", "submission"):
            tests.accepted(f"{name}, {listener}: TLS 1.0 is tagged", listener, OLD, "tag",
                           "version", "RFC8997", said("TLSv1"))
    tests.site.apply(**ahead, brownout=ALWAYS)
    for listener in tests.server.ports:
        tests.refuses(f"a brown-out defers, {listener}", listener, OLD, said("TLSv1"),
                      action="defer")
        tests.refuses(f"a brown-out defers who sends at once, {listener}", listener, OLD,
                      said("TLSv1"), action="defer",
                      behind=credentials(service_of(listener)))
        tests.accepted(f"a brown-out lets compliant sessions alone, {listener}", listener, GOOD,
                       "accept", "compliant", "RFC8997")


def test_parameters(tests):
    """What decides besides the version."""
    weak, static = ("TLSv1.2", "ECDHE-RSA-AES256-SHA"), ("TLSv1.2", "AES128-SHA")
    tests.site.apply(weak_ciphers="reject")
    tests.refuses("weak_ciphers = reject refuses CBC", "imaps", weak, said("TLSv1.2"), "cipher",
                  "RFC9325-4.1")
    tests.site.apply(cipher_profile="rfc10015")
    tests.refuses("cipher_profile = rfc10015 refuses static RSA", "pop3", static, said("TLSv1.2"),
                  "cipher", "RFC10015")
    tests.site.apply(cipher_profile="none")
    tests.accepted("cipher_profile = none accepts static RSA", "sieve", static, "accept",
                   "compliant", "RFC8997")
    tests.site.apply(floor="TLSv1.3")
    tests.refuses("floor = TLSv1.3 refuses 1.2", "submissions", GOOD, said("TLSv1.2", "TLSv1.3"),
                  "version", "local", floor="TLSv1.3")
    tests.site.apply(trusted_networks="127.0.0.0/8")
    tests.accepted("trusted_networks lets TLS 1.0 in", "imap", OLD, "accept", "trusted-network",
                   "local")


def test_sections(tests):
    """Each service has its own floor."""
    sections = {"imap": ("imap", "imaps"), "pop3": ("pop3", "pop3s"), "sieve": ("sieve",),
                "submission": ("submission", "submissions")}
    for section, names in sections.items():
        tests.site.apply(sections=f"[{section}]\nfloor = TLSv1.3\n")
        for listener in tests.server.ports:
            if listener in names:
                tests.refuses(f"[{section}] floor = TLSv1.3 binds {listener}", listener, GOOD,
                              said("TLSv1.2", "TLSv1.3"), "version", "local", floor="TLSv1.3")
            else:
                tests.accepted(f"[{section}] floor = TLSv1.3 leaves {listener} alone", listener,
                               GOOD, "accept", "compliant", "RFC8997")


def test_audit(tests):
    """Who is logged, and who is counted: all."""
    for audits, lines_of_good, lines_of_old in (("violations", 0, 1), ("none", 0, 0)):
        tests.site.apply(audit=audits)
        for listener in tests.server.ports:
            with tests.tap.case(f"audit = {audits}, {listener}"):
                with tests.connect(listener, *GOOD) as good:
                    greeting(good), good.capabilities()
                    expect(good.login(ANN, PASSWORD), tests.reference(listener)[2])
                with tests.connect(listener, *OLD, behind=b"EHLO x\r\n") as old:
                    text = refusal_read(old, said("TLSv1"))
                    expect_true(said("TLSv1") in text, text)
                # The last that is logged of it.
                tests.server.wait_for(f"{PROGRAMS[old.service]}: Info: {ENDED}: ",
                                      start=old.log_start)
                for client, number in ((good, lines_of_good), (old, lines_of_old)):
                    expect(len(tests.server.audit_so_far(client)), number, "audit lines")


def metrics(server):
    """(service, action, reason, version) -> number of events."""
    counts = {}
    for line in server.doveadm("stats", "dump").splitlines():
        name, _, rest = line.partition("\t")
        parts = name.split("_")
        if parts[0] == "tlsfloor" and len(parts) == 5:
            counts[tuple(parts[1:])] = int(rest.split("\t")[1])
    return counts


def test_events(tests):
    with tests.tap.case("Dovecot's metrics count decisions, logged or not"):
        tests.site.apply(audit="none")
        before = metrics(tests.server)
        for listener, key in (("imaps", "imap"), ("pop3s", "pop3"), ("sieve", "sieve"),
                              ("submissions", "submission")):
            with tests.connect(listener, *GOOD) as client:
                greeting(client), client.capabilities(), client.login(ANN, PASSWORD)
            with tests.connect(listener, *OLD) as client:
                client.rest()
            want = {(key, "accept", "compliant", "TLSv1.2"), (key, "refuse", "version", "TLSv1")}
            wait_until(lambda: want <= metrics(tests.server).keys(), f"events {want}")
            after = metrics(tests.server)
            for case in want:
                expect(after[case] - before.get(case, 0), 1, f"events of {case}")


def test_credentials(tests):
    tests.site.apply()
    with tests.tap.case("no credentials of a refused session reached the auth process"):
        with tests.connect("imaps", *GOOD) as client:
            client.greet()
            client.login(ANN, PASSWORD)
        # The auth process logs in order: what a refused one had sent stands before this.
        tests.server.wait_for_auth(client)
        expect_true(len(tests.refused) > 50, f"{len(tests.refused)} refused sessions")
        expect(tests.server.sessions_in_auth() & set(tests.refused), set(), "sessions")
    with tests.tap.case("no session has a further audit line"):
        expect_true(len(tests.lines) > 200, f"{len(tests.lines)} sessions")
        counts = collections.Counter(map(session_of, tests.server.find(" tlsfloor: ")))
        expect([line for line in tests.lines if counts[session_of(line)] != 1], [])
    with tests.tap.case("nothing panicked and nothing is wrong"):
        expect(tests.server.find(r"Panic|Fatal|Error|core dumped|killed with signal"), [])


def main():
    skip_unless_root()
    tap = Tap()
    with Workspace() as workspace:
        tests = Tests(workspace, tap)
        for test in (test_suites, test_modes, test_alert_once, test_pipelining, test_rollout,
                     test_parameters, test_sections, test_audit, test_events, test_credentials):
            test(tests)
    return tap.finish()


sys.exit(main())
