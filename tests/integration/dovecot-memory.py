#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Login processes that serve many connections do not grow, whatever their clients do.

20,000 sessions (4,000 in sanitizer builds): refused at the handshake, by
STARTTLS and at once; refused attempts without TLS; clients that leave in the
middle of the handshake; and compliant ones. Descriptors are compared after each
half, when everything has happened often enough, and memory after each round: a
process that is larger because more clients than ever were there at the same
time is so once, but one that loses memory grows in most rounds.
"""

import collections
import concurrent.futures
import itertools
import pathlib
import statistics
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from dovecot_processes import Baseline, crashes, login_processes, status  # noqa: E402
from dovecot_words import ANN, ELSEWHERE, ENDED, PASSWORD  # noqa: E402
from lab import sanitizer  # noqa: E402
from lab.dovecot_server import DovecotServer  # noqa: E402
from lab.policyd import build_tree, Site  # noqa: E402
from lab.workspace import Workspace  # noqa: E402
from tap import Tap, comment, expect, expect_true, skip_unless_root  # noqa: E402

PLUGIN = build_tree() / "dovecot-plugin" / "tlsfloor.so"
# It keeps what is freed, to see who uses it after that; and it is slow.
SANITIZED = sanitizer.is_needed(PLUGIN)
SESSIONS, ROUNDS = 4000 if SANITIZED else 20000, 10
# A denial takes half a second.
CLIENTS = 12
# Bytes that a process may grow by in the middle one of the seven rounds behind the first ones: 16
# for each of its sessions, if they were the same for all.
FIRST_ROUNDS, GROWTH = 2, 8 * 1024
# The beginning of a TLS record that never ends.
CUT_HELLO = b"\x16\x03\x01\x02\x00\x01\x00"


def refused(server, listener):
    with server.connect(listener, "TLSv1") as client:
        client.send_line(client.CAPABILITY)
        return client.rest()


def refused_attempt(server, listener):
    with server.connect(listener, source=ELSEWHERE) as client:
        client.greet()
        if listener == "submission":
            client.capabilities()
        return client.login(ANN, PASSWORD)


def cut_handshake(server, listener):
    with server.open(listener) as client:
        client.send(CUT_HELLO)


def compliant(server, listener):
    with server.connect(listener, "TLSv1.2") as client:
        client.capabilities()


KINDS = (
    [(refused, listener) for listener in ("imaps", "imap", "pop3s", "pop3", "sieve", "submission",
                                          "submissions")] +
    [(refused_attempt, listener) for listener in ("imap", "pop3", "sieve", "submission")] +
    [(cut_handshake, listener) for listener in ("imaps", "pop3s", "submissions")] +
    [(compliant, listener) for listener in ("imaps", "pop3s", "submissions")])


def session(server, number):
    """What went wrong, if anything; a client may find the connection closed before it writes."""
    function, listener = KINDS[number % len(KINDS)]
    try:
        function(server, listener)
    except (BrokenPipeError, ConnectionResetError):
        return None if function == refused else f"{function.__name__} {listener}: cut off"
    except Exception as exception:  # counts as a session that failed
        if function == refused and "EOF" in repr(exception):
            return None
        return f"{function.__name__} {listener}: {exception!r}"
    return None


def run_round(server):
    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
        problems = pool.map(lambda number: session(server, number), range(SESSIONS // ROUNDS))
        return [problem for problem in problems if problem]


def resident(server):
    """Program -> bytes."""
    return {name: sum(status(pid, "VmRSS") for pid in pids)
            for name, pids in login_processes(server).items()}


def main():
    skip_unless_root()
    tap = Tap()
    with Workspace() as workspace:
        site = Site(workspace)
        site.apply()
        server = DovecotServer(workspace, site, {ANN: PASSWORD}, high_performance=True)
        server.messages = lambda: []  # nobody here asks for the log while it grows
        with tap.case(f"{SESSIONS} sessions go as they have to"):
            sizes = collections.defaultdict(list)
            for number in range(ROUNDS):
                if number == ROUNDS // 2:
                    base = Baseline(server)
                expect(run_round(server), [], "sessions")
                for name, size in resident(server).items():
                    sizes[name].append(size)
        del server.messages
        with tap.case("each that is below the floor was refused"):
            below = sum(KINDS[number % len(KINDS)][0] == refused
                        for number in range(SESSIONS // ROUNDS)) * ROUNDS
            server.wait_for(f"{ENDED}: Refused by tlsfloor ", below, seconds=60)
            expect(len(server.find(f"{ENDED}: Refused by tlsfloor ")), below, "refusals")
        with tap.case("no login process has been replaced, or has more descriptors"):
            expect(base.wait_for_calm(), [], "left behind")
            expect(login_processes(server), base.processes, "processes")
        with tap.case("no login process grows and grows"):
            expect(len(sizes), 4, "login processes")
            growth = {}
            for name, after in sorted(sizes.items()):
                comment(f"{name}: {' '.join(str(size // 1024) for size in after)} KiB")
                growth[name] = statistics.median(
                    [size - before for before, size in itertools.pairwise(after)][FIRST_ROUNDS:])
            if not SANITIZED:
                expect_true(max(growth.values()) < GROWTH, f"{growth}")
        with tap.case("no process has crashed"):
            expect(crashes(server), [], "log")
    return tap.finish()


sys.exit(main())
