#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Login processes that serve many connections do not grow, whatever their clients do.

5,000 sessions: refused at the handshake, by
STARTTLS and at once; refused attempts without TLS; clients that leave in the
middle of the handshake; and compliant ones. When nobody is connected, a login
process holds as many descriptors as before, and no more of its heap is in use:
what clients have needed who were there at the same time is free again, and does
not count.
"""

import collections
import concurrent.futures
import os
import pathlib
import signal
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from dovecot_processes import PROC, Baseline, crashes, login_processes  # noqa: E402
from dovecot_words import ANN, ELSEWHERE, ENDED, PASSWORD, PROGRAMS  # noqa: E402
from lab import sanitizer  # noqa: E402
from lab.dovecot_server import DovecotServer, service_of  # noqa: E402
from lab.policyd import build_tree, Site  # noqa: E402
from lab.workspace import Workspace, wait_until  # noqa: E402
from policyd_client import build_shim  # noqa: E402
from tap import Tap, comment, expect, expect_true, skip_unless_root  # noqa: E402

PLUGIN = build_tree() / "dovecot-plugin" / "tlsfloor.so"
# It has a heap of its own.
SANITIZED = sanitizer.is_needed(PLUGIN)
SESSIONS, ROUNDS = 5000, 5
# A denial takes half a second.
CLIENTS = 40
# Bytes that may stay in use of each session behind the first round. A block takes at least 32.
GROWTH = 4
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


def sessions_of(program):
    """How many of a login process behind the first round."""
    mine = [PROGRAMS[service_of(listener)] == program for _, listener in KINDS]
    return SESSIONS * (ROUNDS - 1) // ROUNDS * sum(mine) // len(mine)


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


class Heaps:
    """What the login processes have in use of their heaps."""

    def __init__(self, workspace):
        self.directory = workspace.directory("heap")
        shim = workspace.path / "heap-use.so"
        build_shim("heap-use", shim)
        self.environment = {"LD_PRELOAD": shim, "HEAP_USE": self.directory,
                            "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0"}

    def use(self, pid):
        """In bytes."""
        path = self.directory / str(pid)
        path.write_bytes(bytes(8))
        os.kill(pid, signal.SIGRTMIN)
        return wait_until(lambda: int.from_bytes(path.read_bytes(), sys.byteorder), "a number")


def connections(server):
    """How many of its clients Dovecot has not let go of."""
    ports, states = {f"{port:04X}" for port in server.ports.values()}, ("01", "08")
    lines = [line.split() for line in (PROC / "net/tcp").read_text().splitlines()]
    return sum(line[1].split(":")[-1] in ports and line[3] in states for line in lines)


def main():
    skip_unless_root()
    tap = Tap()
    with Workspace() as workspace:
        site = Site(workspace)
        site.apply()
        heaps = None if SANITIZED else Heaps(workspace)
        server = DovecotServer(workspace, site, {ANN: PASSWORD}, high_performance=True,
                               environment=heaps.environment if heaps else {})
        with tap.case(f"{SESSIONS} sessions go as they have to"):
            uses = collections.defaultdict(list)
            for number in range(ROUNDS):
                expect(run_round(server), [], "sessions")
                wait_until(lambda: not connections(server), "the end of all connections")
                if number == 0:
                    base = Baseline(server)
                for name, pids in login_processes(server).items() if heaps else ():
                    uses[name].append(sum(map(heaps.use, pids)))
        with tap.case("each that is below the floor was refused"):
            below = sum(KINDS[number % len(KINDS)][0] == refused
                        for number in range(SESSIONS // ROUNDS)) * ROUNDS
            server.wait_for(f"{ENDED}: Refused by tlsfloor ", below)
            expect(len(server.find(f"{ENDED}: Refused by tlsfloor ")), below, "refusals")
        with tap.case("no login process has been replaced, or has more descriptors"):
            expect(base.wait_for_calm(), [], "left behind")
            expect(login_processes(server), base.processes, "processes")
        if heaps:
            with tap.case("no login process has more of its heap in use"):
                expect(len(uses), 4, "login processes")
                for name, use in sorted(uses.items()):
                    comment(f"{name}: {' '.join(map(str, use))} bytes")
                    expect_true(use[-1] - use[0] < GROWTH * sessions_of(name), "growth")
        with tap.case("no process has crashed"):
            expect(crashes(server), [], "log")
    return tap.finish()


sys.exit(main())
