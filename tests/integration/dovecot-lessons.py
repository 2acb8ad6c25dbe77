#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What has gone wrong in Dovecot itself must not come back with tlsfloor in it.

Each case has the number of what it was. Where Dovecot has its own ways, the
same is done to one without tlsfloor.
"""

import collections
import concurrent.futures
import contextlib
import itertools
import os
import pathlib
import re
import ssl
import sys
import threading

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from dovecot_exceptions import (BOB, DENIED, GATE, GRANTED, OF_ANN, USERS,  # noqa: E402
                                WRONG_PASSWORD, ExceptionsLab, attempt_names, gate_names,
                                outcome_of, reach_login)
from dovecot_processes import Baseline, children, crashes, login_processes, status  # noqa: E402
from dovecot_transcript import ALERT  # noqa: E402
from dovecot_words import (ANN, ELSEWHERE, GOOD, OLD, PASSWORD, SAID, URL,  # noqa: E402
                           credentials)
from lab import sasl  # noqa: E402
from lab import sanitizer  # noqa: E402
from lab.dovecot_server import CLIENTS, DovecotServer, begin_tls, users_text  # noqa: E402
from lab.policyd import Site  # noqa: E402
from lab.workspace import Workspace  # noqa: E402
from tap import Tap, comment, expect, expect_true, skip_unless_root  # noqa: E402

LISTENERS = "imaps", "pop3s", "sieve", "submissions"
GOODBYE = {"imap": "b LOGOUT", "pop3": "QUIT", "sieve": "LOGOUT", "submission": "QUIT"}
STARTTLS = "imap", "pop3", "sieve", "submission"
MECHANISMS = "plain login cram-md5 scram-sha-256"
AT_ONCE = 16


def connect(server, listener, tls=None, source=None):
    """A client whose TLS is up. Does not look at the log, as the server's own does."""
    client = CLIENTS[listener](server.ports[listener], source)
    if tls:
        begin_tls(client, listener, *tls)
    return client


# --- exchanges that are begun and aborted ---

# Exchanges in one connection, where a server bears so many at once, and connections with some.
MANY, CONNECTIONS, SOME = 400, 40, 5
PATIENT = "imaps", "pop3s"
# Bytes that a process may grow by in a round more than without tlsfloor.
GROWTH = 128 * 1024
ROUNDS = 4


def abort_exchanges(server, listener, tls, number):
    """How many the server bears; of a refused attempt, those that it does not let begin."""
    begun = 0
    with connect(server, listener, tls, None if tls else ELSEWHERE) as client, \
            contextlib.suppress(ConnectionError):
        expect(reach_login(client), None, "words instead of a greeting")
        for name in itertools.islice(itertools.cycle(("PLAIN", "CRAM-MD5", "LOGIN")), number):
            begun += 1
            reply = client.command(client.auth_command(name, None))
            if client.challenge(reply) is not None and name == "LOGIN":
                reply = client.command(client.auth_response(BOB.encode()))
            if client.challenge(reply) is not None:
                client.command('"*"' if client.service == "sieve" else "*")
    return begun


def abort_many(server, pool):
    """So many exchanges with each service, with new TLS, old TLS, and none."""
    kinds = [(listener, tls) for listener in LISTENERS for tls in (GOOD, OLD)]
    kinds += [(listener, None) for listener in STARTTLS]
    sessions = [pool.submit(abort_exchanges, server, *kind, number) for kind in kinds
                for number in [MANY] * (kind[0] in PATIENT) + [SOME] * CONNECTIONS]
    return sum(session.result() for session in sessions)


def resident(server):
    """Process id and program -> bytes, of login and auth processes."""
    found = {(pid, name): status(pid, "VmRSS") for name, pids in login_processes(server).items()
             for pid in pids}
    return found | {(pid, name): status(pid, "VmRSS") for pid, name in children(server).items()
                    if name == "auth"}


def growth(server, pool):
    """Program -> bytes."""
    base, before = Baseline(server), resident(server)
    abort_many(server, pool)
    expect(base.wait_for_calm(), [], "left behind")
    after = resident(server)
    expect(set(after), set(before), "processes")
    return {name: after[pid, name] - before[pid, name] for pid, name in after}


def excess(lab, stock, pool):
    """Program -> bytes, of those that have grown more than without tlsfloor."""
    ours, other = growth(lab.server, pool), growth(stock, pool)
    for name in sorted(ours):
        comment(f"{name}: {ours[name] // 1024:+} KiB, without {other[name] // 1024:+} KiB")
    expect(len(ours), 5, "programs")
    # The sanitizer keeps what is freed, to see who uses it after that.
    if sanitizer.is_needed(lab.server.plugin_directory / "tlsfloor.so"):
        return {}
    return {name: size for name, size in ours.items() if size >= max(0, other[name]) + GROWTH}


def test_aborted(tap, lab, stock, pool):
    with tap.case("aborted SASL (CVE-2017-15132): nothing grows that does not without tlsfloor"):
        servers = lab.server, stock
        for server in servers:
            comment(f"{server.directory.name}: {abort_many(server, pool)} exchanges a round")
        # A process that is not full yet may grow once; one that leaks grows each time.
        for _ in range(ROUNDS):
            grown = excess(lab, stock, pool)
            if not grown:
                break
        expect(grown, {}, "growth, again and again")
    with tap.case("aborted SASL (CVE-2017-15132): who comes next is served"):
        lab.expect_outcomes(GRANTED, LISTENERS, BOB, GOOD)
        lab.expect_outcomes(GRANTED, LISTENERS, ANN, OLD)
        lab.expect_outcomes(DENIED, LISTENERS, BOB, OLD)
        lab.expect_sound()


# --- one bad client ---

def nonsense(service):
    """Lines of a client that has just been greeted."""
    client = next(kind for kind in CLIENTS.values() if kind.service == service)
    start = client.auth_command("PLAIN", None).encode()
    prefix = b"a " if service == "imap" else b""
    answers = [b"!", b"*", b"=" * 8, b"AA==", b"\xff" * 100, b"\0" * 10, b"A" * 8000,
               os.urandom(500).replace(b"\n", b""), sasl.Plain("a" * 5000, "b").first]
    for answer in answers:
        yield prefix + start + b"\r\n" + answer + b"\r\n"
        yield prefix + start + b" " + answer + b"\r\n"
        yield prefix + start + b' "' + answer + b'"\r\n'
        yield prefix + b"AUTH " + answer + b"\r\n"


def be_bad(server, listener, tls, data):
    """Leaves as soon as the server has answered, or in the middle."""
    with connect(server, listener, tls) as client, contextlib.suppress(OSError):
        if reach_login(client) is None:
            client.send(data)
            client.receive()


def be_good(server, listener, user, tls, ending):
    """Outcomes of sessions meanwhile."""
    outcomes = collections.Counter()
    while not ending.is_set():
        try:
            with connect(server, listener, tls) as client:
                outcomes[outcome_of(client, tls[0], user)] += 1
        except OSError as error:
            outcomes[repr(error)] += 1
    return outcomes


def good_among_bad(server, pool, users):
    """What becomes of good clients while there are bad ones of all kinds."""
    ending = threading.Event()
    good = [pool.submit(be_good, server, listener, *user, ending)
            for listener in LISTENERS for user in users]
    bad = [pool.submit(be_bad, server, listener, tls, data) for listener in LISTENERS
           for tls in (GOOD, OLD) for data in nonsense(CLIENTS[listener].service)]
    problems = [session.exception() for session in bad]
    ending.set()
    comment(f"{server.directory.name}: {len(bad)} bad clients")
    expect([problem for problem in problems if problem], [], "what bad clients could not do")
    return sum((clients.result() for clients in good), collections.Counter())


def test_bad_client(tap, lab, stock, pool):
    with tap.case("one bad client among good ones (CVE-2025-59028)"):
        outcomes = good_among_bad(lab.server, pool, [(BOB, GOOD), (ANN, OLD)])
        other = good_among_bad(stock, pool, [(BOB, GOOD)])
        comment(f"with tlsfloor: {dict(outcomes)}; without: {dict(other)}")
        expect_true(outcomes[GRANTED] >= 50, "hardly any good clients")
        expect(set(outcomes) - {GRANTED} - set(other), set(), "good clients with tlsfloor alone")
        lab.expect_sound()


# --- user names ---

BYTES = [bytes([byte]) for byte in range(0x80, 0x100)]
# No UTF-8, or not quite.
NAMES = [b"\xc3", b"\xc3(", b"\xe2\x82", b"\xf0\x9f", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80",
         b"\xc0\x80", bytes(range(0x80, 0x100)), "\u00e4".encode()]
UMLAUT = "\u00e4nn@example.org"


class Plain(sasl.Plain):
    """With a name of bytes."""

    def __init__(self, name):
        super().__init__("", "")
        self.first = b"\0" + name + b"\0" + PASSWORD.encode()


def log_in_as(server, listener, name, tls):
    with connect(server, listener, tls) as client:
        expect(reach_login(client), None, "words instead of a greeting")
        reply = client.authenticate(Plain(name)).split("\n")[-1]
        if client.is_good(reply):
            return GRANTED
        return attempt_names(client.service, tls[0]).get(reply, reply)


def outcomes_of_names(lab, pool, names, tls):
    """Name -> what becomes of it; the protocols take turns."""
    sessions = {name: pool.submit(log_in_as, lab.server, listener, name, tls)
                for name, listener in zip(names, itertools.cycle(LISTENERS))}
    return {name: session.result() for name, session in sessions.items()}


def test_names(tap, lab, pool):
    forms = [form for name in NAMES for form in
             (name, b"ann" + name + b"@example.org", b"ann@" + name, b"ann@example.org" + name)]
    names = [*forms, *(b"ann@example.org" + byte for byte in BYTES)]
    with tap.case("8-bit user names (CVE-2019-10691): none is taken for who has an exception"):
        got = outcomes_of_names(lab, pool, names, OLD)
        expect({name: outcome for name, outcome in got.items() if outcome != DENIED}, {}, "names")
    with tap.case("8-bit user names (CVE-2019-10691): a compliant one is only unknown"):
        got = outcomes_of_names(lab, pool, forms, GOOD)
        expect({name: outcome for name, outcome in got.items() if outcome != WRONG_PASSWORD}, {},
               "names")
    with tap.case("8-bit user names (CVE-2019-10691): one can have an exception of its own"):
        lab.give(OF_ANN, f"{UMLAUT} allow=TLSv1 until=2099-01-01 from=any")
        expect(log_in_as(lab.server, "imaps", UMLAUT.encode(), OLD), GRANTED, UMLAUT)
        expect(log_in_as(lab.server, "pop3s", UMLAUT.encode("latin-1"), OLD), DENIED, "Latin-1")
    with tap.case("8-bit user names (CVE-2019-10691): none of them reaches an audit line as it is"):
        lines = [line for line in lab.server.log.read_bytes().split(b"\n")
                 if b"tlsfloor: action=" in line and b"reason=version" in line]
        expect_true(len(lines) >= len(names), f"{len(lines)} lines")
        ours = [line.partition(b"tlsfloor: ")[2].partition(b": user=<")[0] for line in lines]
        expect([line for line in ours if not line.isascii()], [], "8 bits")
    with tap.case("8-bit user names (CVE-2019-10691): the auth process has lived through it"):
        lab.expect_outcome(GRANTED, "imaps", ANN, OLD)
        lab.expect_sound()


# --- commands behind STARTTLS ---

HANDSHAKE = 10  # seconds


def commands(service):
    """What somebody between client and server would have executed: for itself, and a login."""
    prefix = "a " if service == "imap" else ""
    return {"a command": f"{prefix}NOOP\r\n".encode(),
            "a greeting": f"{prefix}{CLIENTS[service].CAPABILITY}\r\n".encode(),
            "a login": credentials(service, BOB),
            "half a command": credentials(service, BOB)[:9]}


def starttls_command(client):
    return (("a " if client.service == "imap" else "") + client.STARTTLS + "\r\n").encode()


def inject(server, listener, tls, data):
    """Client and all that it hears after it has agreed to TLS; None: there is no TLS."""
    with server.open(listener, ELSEWHERE) as client:
        client.greeting = client.greet()
        client.capabilities()
        client.send(starttls_command(client) + data)
        reply = client.reply()
        expect_true(client.is_good(reply), reply)
        # What is no TLS may be told at once, by an alert.
        expect(ALERT.sub(b"", client.buffer), b"", "replies behind that to STARTTLS")
        # It may also be taken for a record that is not complete.
        client.socket.settimeout(HANDSHAKE)
        try:
            client.wrap(*tls)
        except (ssl.SSLError, ConnectionError, TimeoutError):
            return client, None
        # Its first words in TLS: what it hears is the answer to them and to nothing else.
        client.send_line(GOODBYE[listener])
        return client, client.rest()


def expect_not_executed(server, clients):
    """None of them has brought credentials to the auth process, which logs in order."""
    with server.connect("imap", *GOOD) as last:
        expect(outcome_of(last, GOOD[0], BOB), GRANTED, "a login afterwards")
        server.wait_for_auth(last)
    for client in clients:
        expect(server.auth_requests(client), [], "requests")


def test_injection(tap, server, stock):
    for listener in STARTTLS:
        for name, data in commands(listener).items():
            with tap.case(f"STARTTLS injection (CVE-2021-33515): {listener}, {name}"):
                heard = {}
                for tls in (GOOD, OLD):
                    client, heard[tls] = inject(server, listener, tls, data)
                    expect_not_executed(server, [client])
                    lines = server.audit_so_far(client)
                    want = [] if heard[tls] is None or tls == GOOD else ["refuse"]
                    expect([re.search("action=(.*?) ", line)[1] for line in lines], want, "audit")
                expect(heard[GOOD], inject(stock, listener, GOOD, data)[1], "with TLS 1.2")
                if heard[OLD] is not None:
                    expect(gate_names(listener, "TLSv1").get(heard[OLD]), GATE, heard[OLD])
        with tap.case(f"STARTTLS injection (CVE-2021-33515): {listener}, executed inside of TLS"):
            with server.connect(listener, *GOOD, behind=credentials(listener, BOB)) as client:
                server.wait_for_auth(client)


def in_front(server, listener, tls):
    """A cleartext login and STARTTLS in one packet, then a session."""
    with server.open(listener, ELSEWHERE) as client:
        client.greeting = client.greet()
        client.capabilities()
        data = credentials(listener, BOB)
        if listener == "sieve":
            # Behind an attempt that fails, ManageSieve may forget what it has read already.
            client.send(data)
            client.reply()
            data = b""
        client.send(data + starttls_command(client))
        replies = [client.reply() for _ in range(data.count(b"\r\n") + 1)]
        expect_true(client.is_good(replies[-1]), f"{replies}")
        client.wrap(*tls)
        return client, outcome_of(client, tls[0], BOB)


def audited(server, client):
    """Action and TLS of each audit line, in order; USER and PASS are refused each."""
    lines = server.audit(client, 3 if client.service == "pop3" else 2)
    return list(dict.fromkeys(re.search("action=(.*?) .*tls=(.*?) ", line).groups()
                              for line in lines))


def test_in_front(tap, server):
    """What came before STARTTLS does not count for what comes after it, nor the other way."""
    for listener in STARTTLS:
        with tap.case(f"STARTTLS injection (CVE-2021-33515): {listener}, a login before it"):
            client, outcome = in_front(server, listener, GOOD)
            expect(outcome, GRANTED, "with TLS 1.2")
            expect(len(server.auth_requests(client)), 1, "logins")
            expect(audited(server, client), [("refuse", "cleartext"), ("accept", "TLSv1.2")],
                   "audit")
            client, outcome = in_front(server, listener, OLD)
            expect(outcome, GATE, "with TLS 1.0")
            expect(audited(server, client), [("refuse", "cleartext"), ("refuse", "TLSv1")], "audit")
            expect_not_executed(server, [client])


def main():
    skip_unless_root()
    tap = Tap()
    with Workspace() as workspace, concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        options = {"high_performance": True, "mechanisms": MECHANISMS,
                   "extra": "auth_debug = no\nauth_username_chars =\n"}
        lab = ExceptionsLab(workspace, OF_ANN, name="ours", **options)
        lab.server.users_file.write_text(users_text({**USERS, UMLAUT: PASSWORD}))
        stock = DovecotServer(workspace, lab.site, USERS, name="stock", plugin=False, **options)
        test_aborted(tap, lab, stock, pool)
        test_bad_client(tap, lab, stock, pool)
        test_names(tap, lab, pool)
    with Workspace() as workspace:
        site = Site(workspace, reject_text=SAID, help_url=URL)
        site.apply()
        server, stock = (DovecotServer(workspace, site, USERS, name=name, plugin=plugin)
                         for name, plugin in (("server", True), ("stock", False)))
        test_injection(tap, server, stock)
        test_in_front(tap, server)
        with tap.case("no process has crashed"):
            expect(crashes(server), [], "log")
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
