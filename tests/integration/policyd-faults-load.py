#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tlsfloor-policyd among bad clients, without descriptors, and told to look for news all the time.

Beside every fault busy connections go on, whose answers are judged; their
times are told beside those of the quiet moment before, and are no assertion.
"""

import contextlib
import itertools
import os
import pathlib
import resource
import signal
import socket
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from cases import case, run  # noqa: E402
from policyd_client import (  # noqa: E402
    OLD, Client, Daemon, apply_state, open_connection, request, wait_until)
from policyd_load import (  # noqa: E402
    GROWTH, SANITIZED, Load, descriptors, private_bytes)
from tap import comment, expect, expect_true, skip_unless_root  # noqa: E402

MANY = 10000
# A sanitizer's own bookkeeping, and freed memory that it keeps to itself.
A_CONNECTION = 6144 if SANITIZED else 1024


@contextlib.contextmanager
def running(directory):
    """A daemon that must end well, with all that it opened closed again."""
    state = os.path.join(directory, "state")
    apply_state(state)
    with Daemon(state, listeners=[os.path.join(directory, "policy")]) as daemon:
        before = descriptors(daemon.pid)
        yield daemon
        expect_true(wait_until(lambda: descriptors(daemon.pid) <= before),
                    f"{descriptors(daemon.pid)} descriptors, no longer {before}")
        expect(daemon.stop(), 0, f"exit status; {daemon.log()[-2000:]}")


def send_all(sockets, data):
    for connection in sockets:
        connection.sendall(data)


def expect_answers(sockets, want):
    for number, connection in enumerate(sockets):
        connection.settimeout(20)
        expect(connection.recv(4096).startswith(want), True, f"answer of connection {number}")


@case
def ten_thousand_connections(directory):
    with running(directory) as daemon, Load(daemon.listeners[0]) as load:
        load.quiet()
        used = []
        for _ in range(2):
            before = private_bytes(daemon.pid)
            with contextlib.ExitStack() as stack:
                with load.phase(f"{MANY} connections come, and each asks"):
                    idle = [stack.enter_context(open_connection(daemon.listeners[0]))
                            for _ in range(MANY)]
                    send_all(idle, request(protocol_state="MAIL"))
                    expect_answers(idle, b"action=DUNNO\n\n")
                with load.phase("they are idle"):
                    time.sleep(0.7)
                each = (private_bytes(daemon.pid) - before) / MANY
                comment(f"{each:.0f} bytes a connection")
            used.append(private_bytes(daemon.pid))
            expect_true(each <= A_CONNECTION, f"{each:.0f} bytes a connection")
            expect(wait_until(lambda: descriptors(daemon.pid) < 100), True, "closed again")
        expect_true(used[1] < used[0] + GROWTH, f"grows: {used} bytes")
        load.expect_untouched()


@case
def a_thousand_that_drip_beside_a_hundred_that_work(directory):
    last, seconds = 5, 5
    with running(directory) as daemon, Load(daemon.listeners[0], 100) as load, \
            contextlib.ExitStack() as stack:
        load.quiet()
        dripping = [stack.enter_context(open_connection(daemon.listeners[0])) for _ in range(1000)]
        wanted = [(request(), b"action=DUNNO\n\n"), (request(**OLD), b"action=530 5.7.10 ")]
        for connection, (whole, _) in zip(dripping, itertools.cycle(wanted)):
            connection.sendall(whole[:-last])
        start = time.monotonic()
        with load.phase("1000 send a byte a second"):
            for step in range(last * len(dripping)):
                number = step % len(dripping)
                data = wanted[number % 2][0]
                at = len(data) - last + step // len(dripping)
                time.sleep(max(0, start + step * seconds / last / len(dripping) - time.monotonic()))
                dripping[number].sendall(data[at:at + 1])
        for kind in range(2):
            expect_answers(dripping[kind::2], wanted[kind][1])
        load.expect_untouched()


@case
def requests_that_end_at_every_byte(directory):
    """Cut for good, by a client that closes and by one that only ends its side."""
    whole = request(protocol_state="MAIL", **OLD)
    with running(directory) as daemon, Load(daemon.listeners[0]) as load:
        load.quiet(0.3)
        with load.phase(f"{2 * len(whole)} cut requests"):
            for cut in range(len(whole)):
                with Client(daemon.listeners[0]) as client:
                    client.send(whole[:cut])
                with Client(daemon.listeners[0]) as client:
                    client.send(whole[:cut])
                    client.socket.shutdown(socket.SHUT_WR)
                    expect(client.answer(), None, f"answer to {cut} bytes")
        load.expect_untouched()
        expect(daemon.count("warning"), 0, daemon.log()[-500:])


@case
def no_descriptor_is_left(directory):
    """For new connections, and for a new policy: both come when there are some again."""
    with running(directory) as daemon, Load(daemon.listeners[0]) as load:
        load.quiet()
        old = resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (descriptors(daemon.pid), old[1]))
        with contextlib.ExitStack() as stack:
            with load.phase("no descriptor is left"):
                waiting = [stack.enter_context(Client(daemon.listeners[0])) for _ in range(50)]
                expect(daemon.wait_log("no more connections are accepted: Too many open files"),
                       True, "warning")
                apply_state(directory + "/state", "tag_header = X-New")
                expect(daemon.wait_log("the old policy stays in force"), True, "warning")
                time.sleep(0.5)
            with load.phase("there are some again"):
                resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, old)
                for client in waiting:
                    expect(client.ask(), "DUNNO", "one that had to wait")
                expect(daemon.wait_log("a new policy is in force"), True, "the new policy")
        load.expect_untouched()


@case
def a_storm_of_hangups(directory):
    state = directory + "/state"
    with running(directory) as daemon, Load(daemon.listeners[0]) as load, \
            Client(daemon.listeners[0]) as client:
        load.quiet()
        signals, end = 0, time.monotonic() + 2
        with load.phase("SIGHUP all the time, and a new policy each 100 ms"):
            for number in itertools.count():
                apply_state(state, f"tag_header = X-{number}")
                pause = time.monotonic() + 0.1
                while time.monotonic() < pause:
                    daemon.signal(signal.SIGHUP)
                    signals += 1
                    time.sleep(0)
                if time.monotonic() > end:
                    break
        comment(f"{signals} signals, {daemon.count('a new policy is in force')} new policies")
        load.expect_untouched()
        apply_state(state, "mode = observe")
        expect(wait_until(lambda: client.ask(**OLD) == "DUNNO"), True, "the last policy")


def main():
    skip_unless_root()
    resource.setrlimit(resource.RLIMIT_NOFILE, (MANY + 1000, MANY + 1000))
    return run()


if __name__ == "__main__":
    sys.exit(main())
