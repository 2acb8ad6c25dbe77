#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A refusal by policy is no attack: neither Dovecot nor fail2ban may make anybody pay for it.

After refusals of every kind, a compliant login from the same address does not
wait, and fail2ban's stock filter for Dovecot finds nothing in the log. The
controls are wrong passwords, after which logins wait, and which the filter finds,
and who leaves without an attempt, whom it finds in its aggressive mode.
"""

import pathlib
import re
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from dovecot_exceptions import OF_ANOTHER  # noqa: E402
from dovecot_words import (AFTER_HANDSHAKE, ALWAYS, ANN, credentials,  # noqa: E402
                           expects_greeting, FUTURE, GOOD, OF_ATTEMPT, OLD, PASSWORD,
                           provoke_refusal, refusal_read, said, SAID, URL, WRONG)
from lab.dovecot_server import DovecotServer, IMPLICIT, PROXIED, service_of  # noqa: E402
from lab.haproxy import version_2  # noqa: E402
from lab.policyd import Site  # noqa: E402
from lab.sasl import Login, Plain  # noqa: E402
from lab.workspace import Workspace  # noqa: E402
from tap import Tap, expect, expect_true, skip_unless_root  # noqa: E402

LISTENERS = ["imap", "imaps", "pop3", "pop3s", "sieve", "submission", "submissions"]
STARTTLS = [name for name in LISTENERS if name not in IMPLICIT]
CLOSED = "closed@example.org"
BROWNOUT = {"rollout_from": FUTURE, "brownout": ALWAYS}
QUIT = {"imap": "LOGOUT", "pop3": "QUIT", "sieve": "LOGOUT", "submission": "QUIT"}
MODES = ["normal", "aggressive"]

# Less than the shortest wait that Dovecot imposes, which is 4 s.
PENALTY = 3


def leave(client, politely):
    if politely:
        client.command(QUIT[client.service])


def begin(client):
    if expects_greeting(client):
        client.greet()
    client.capabilities()


# --- refusals of all kinds, from an address ---

class Refusals:
    """Each method refuses at one listener, and returns for how many lines of audit."""

    def __init__(self, server, site, address):
        self.server, self.site, self.address = server, site, address

    def connect(self, listener, *tls, **options):
        return self.server.connect(listener, *(tls or [None]), source=self.address, **options)

    def handshake(self, listener, action="refuse", **policy):
        """Refused at the handshake; also a client that sends its password at once."""
        self.site.apply(**policy)
        for behind in (b"", credentials(service_of(listener))):
            with self.connect(listener, *OLD, behind=behind) as client:
                want = AFTER_HANDSHAKE[client.service][action].format(said(OLD[0]))
                if not behind:
                    provoke_refusal(client, listener)
                expect(refusal_read(client, want).split("\n")[-1], want)
        return 2

    def brownout(self, listener):
        return self.handshake(listener, "defer", **BROWNOUT)

    def terminated(self, listener, header=version_2):
        """TLS ended at a proxy, and unknown_tls = reject."""
        self.site.apply(unknown_tls="reject")
        with self.server.connect(listener + PROXIED,
                                 header=header(self.address, 4711, "TLSv1.3")) as client:
            expect_true(said("unknown") in client.rest(), "refused")
        return 1

    def cleartext(self, listener, action="refuse", **policy):
        """Attempts without TLS, of all commands that begin one."""
        self.site.apply(**policy)
        attempts = [lambda client: client.login(ANN, PASSWORD),
                    lambda client: client.authenticate(Plain(ANN, PASSWORD)),
                    lambda client: client.authenticate(Login(ANN, PASSWORD))]
        want = OF_ATTEMPT[service_of(listener)][action].format(said("cleartext"))
        for politely in (False, True):
            for attempt in attempts:
                with self.connect(listener) as client:
                    begin(client)
                    for _ in range(2):
                        expect(attempt(client).split("\n")[-1], want)
                    leave(client, politely)
        return 2 * 2 * len(attempts)

    def leaves(self, listener):
        """No attempt, as nothing is offered without TLS."""
        self.site.apply()
        for politely in (False, True):
            with self.connect(listener) as client:
                begin(client)
                leave(client, politely)
        return 0

    def cleartext_brownout(self, listener):
        return self.cleartext(listener, "defer", **BROWNOUT)

    def denial(self, listener, user=ANN):
        """Denied though the password is right."""
        self.site.apply(dovecot_passdb="yes")
        want = OF_ATTEMPT[service_of(listener)]["refuse"].format(said(OLD[0]))
        for politely in (False, True):
            with self.connect(listener, *OLD) as client:
                begin(client)
                for _ in range(2):
                    expect(client.login(user, PASSWORD), want)
                leave(client, politely)
        return 2 * 2

    def nologin(self, listener):
        return self.denial(listener, CLOSED)

    def all(self):
        """(name, method, listener) of each kind."""
        kinds = [(self.handshake, LISTENERS), (self.brownout, LISTENERS),
                 (self.denial, LISTENERS), (self.nologin, LISTENERS),
                 (self.cleartext, STARTTLS), (self.cleartext_brownout, STARTTLS),
                 (self.leaves, STARTTLS), (self.terminated, STARTTLS)]
        return [(f"{kind.__name__}, {listener}", kind, listener)
                for kind, listeners in kinds for listener in listeners]


class Tests:
    def __init__(self, workspace, tap):
        self.workspace, self.tap = workspace, tap
        exceptions = workspace.write("exceptions", f"{OF_ANOTHER}\n")
        self.site = Site(workspace, reject_text=SAID, help_url=URL, exceptions=exceptions)
        self.site.apply()
        self.server = DovecotServer(workspace, self.site, {
            ANN: PASSWORD, CLOSED: (PASSWORD, "nologin=y reason=Closed.")},
            haproxy=True, penalty=True, failure_delay="1 secs")
        # Each port was asked whether somebody answers, which is an attack to some.
        self.server.wait_for("(session=<|haproxy: Client disconnected)", len(self.server.ports))
        self.addresses = (f"127.0.1.{number}" for number in range(1, 250))

    def penalties(self):
        """Address -> penalty."""
        lines = self.server.doveadm("penalty").splitlines()[1:]
        return {line.split()[0]: int(line.split()[1]) for line in lines}

    def login(self, address, password=PASSWORD, listener="imaps"):
        """How long a compliant login takes."""
        with self.server.connect(listener, *GOOD, source=address) as client:
            begin(client)
            start = time.monotonic()
            reply = client.login(ANN, password)
            seconds = time.monotonic() - start
        if password == PASSWORD:
            expect_true(client.is_good(reply), f"reply to the login: {reply}")
        else:
            expect(reply, WRONG[client.service])
        return seconds


# --- Dovecot's own penalty ---

def test_penalty(tests):
    """By the clock: three refusals of a kind, and three wrong passwords."""
    fresh = tests.login(next(tests.addresses))
    for kind, listener in (("handshake", "imaps"), ("cleartext", "submission"),
                           ("denial", "pop3s"), ("nologin", "sieve")):
        address = next(tests.addresses)
        refusals = Refusals(tests.server, tests.site, address)
        with tests.tap.case(f"no wait after refusals: {kind}, {listener}"):
            for _ in range(3):
                getattr(refusals, kind)(listener)
            seconds = tests.login(address)
            expect_true(seconds < fresh + PENALTY, f"{seconds:.2f} s, at first {fresh:.2f} s")
    address = next(tests.addresses)
    with tests.tap.case("a wait after three wrong passwords (control)"):
        # At once, or they would wait for each other.
        threads = [threading.Thread(target=tests.login, args=[address, f"wrong {number}"])
                   for number in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        expect_true(tests.penalties().get(address, 0) > 0, "anvil knows of no penalty")
        seconds = tests.login(address)
        expect_true(seconds > fresh + PENALTY, f"{seconds:.2f} s, at first {fresh:.2f} s")


def test_all_kinds(tests):
    """In anvil's books: no kind of refusal leaves a penalty. Fills the log, too."""
    count = 0
    start = len(tests.server.messages())
    for name, kind, listener in Refusals(tests.server, tests.site, None).all():
        address = next(tests.addresses)
        kind = getattr(Refusals(tests.server, tests.site, address), kind.__name__)
        with tests.tap.case(f"no penalty: {name}"):
            count += kind(listener)
            lines = tests.server.wait_for(r" tlsfloor: action=(refuse|defer) ", count, start)
            expect(len(lines), count, "audit lines")
            expect(tests.penalties().get(address, 0), 0, "penalty")


# --- fail2ban ---


def as_syslog(line):
    """A line of Dovecot's log file as the system log has it."""
    return re.sub(r"^(\w+ \d+ [\d:]+) ([^ ]+?): (?:Info: )?", r"\1 mail dovecot: \2: ", line)


def as_known(line):
    """fail2ban 1.1 knows Dovecot 2.3's words only; in them a line of 2.4 can be found or not."""
    line = line.replace("Login aborted: ", "Disconnected: ")
    return re.sub(r"\) \(\w+\): user=", "): user=", line)


def matches(path, mode):
    """The lines that fail2ban takes for an attack."""
    result = subprocess.run(
        ["fail2ban-regex", "--print-all-matched", str(path), f"dovecot[mode={mode}]"],
        capture_output=True, text=True, check=True)
    expect_true("Lines: " in result.stdout, result.stdout + result.stderr)
    matched = result.stdout.partition("Matched line(s):")[2].partition("`-")[0]
    return [line[3:] for line in matched.splitlines() if line.startswith("|  ")]


def controls(tests, start):
    """Attackers: (address, what Dovecot says of it at the end, in which modes it is found)."""
    tests.site.apply()
    found = []
    for listener, password, end, modes in (
            ("imaps", "wrong", "auth failed, 1 attempts", MODES),
            ("imap", None, "no auth attempts", ["aggressive"])):
        address = next(tests.addresses)
        with tests.server.connect(listener, *GOOD, source=address) as client:
            begin(client)
            if password:
                expect(client.login(ANN, password), WRONG["imap"])
            leave(client, True)
        tests.server.wait_for(rf"{end}.*rip={address},", 1, start)
        found.append((address, end, modes))
    return found


def test_fail2ban(tests, start):
    attackers = controls(tests, start)
    log = tests.server.log.read_text(errors="backslashreplace")
    lines = [as_known(line) for line in log.split("\n")[start:-1]]
    with tests.tap.case("refusals are in the log"):
        expect_true(any("Refused by tlsfloor" in line for line in lines), "no refusals")
    for form, change in (("log file", lambda line: line), ("system log", as_syslog)):
        path = tests.workspace.write("fail2ban.log", "".join(change(line) + "\n" for line in lines))
        for mode in MODES:
            found = matches(path, mode)
            with tests.tap.case(f"{form}, mode = {mode}: nothing of a refused session matches"):
                known = [f"{address}," for address, _, _ in attackers]
                expect([line for line in found if not any(words in line for words in known)], [],
                       "matched")
            with tests.tap.case(f"{form}, mode = {mode}: attackers match (control)"):
                expect([end for address, end, _ in attackers if any(
                    f"rip={address}," in line and end in line for line in found)],
                    [end for _, end, modes in attackers if mode in modes], "found")


def main():
    skip_unless_root()
    tap = Tap()
    with Workspace() as workspace:
        tests = Tests(workspace, tap)
        start = len(tests.server.messages())
        test_all_kinds(tests)
        test_fail2ban(tests, start)
        test_penalty(tests)
    return tap.finish()


sys.exit(main())
