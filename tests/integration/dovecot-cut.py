#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Clients that leave after any byte of handshake, STARTTLS and login; and clients of single bytes.

Whatever they do, Dovecot with the plugin does not crash, nothing of them
stays, and who comes next is served.
"""

import collections
import pathlib
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from dovecot_processes import Baseline, login_processes, trouble  # noqa: E402
from dovecot_wire import Cut, connect, last_words, log_in, secure  # noqa: E402
from dovecot_words import AFTER_HANDSHAKE, ANN, PASSWORD, SAID, URL, said  # noqa: E402
from lab import sanitizer  # noqa: E402
from lab.dovecot_server import DovecotServer  # noqa: E402
from lab.policyd import Site, build_tree  # noqa: E402
from lab.workspace import Workspace, wait_until  # noqa: E402
from tap import Tap, comment, expect, expect_true, skip_unless_root  # noqa: E402

VERSIONS = "TLSv1", "TLSv1.2", "TLSv1.3"
BELOW = "TLSv1",
AT_ONCE = 50
# It is slow: clients leave after every byte, but each in one way only.
SANITIZED = sanitizer.is_needed(build_tree() / "dovecot-plugin" / "tlsfloor.so")


def talk(client, listener, version):
    """A whole session: the last that the server says of it."""
    secure(client, listener, version)
    return last_words(client) if version in BELOW else log_in(client, ANN, PASSWORD)


def whole_session(server, listener, version, **options):
    """Raises unless it ends as it has to; returns how many bytes the client sent."""
    with connect(server, listener, **options) as client:
        reply = talk(client, listener, version)
        if version in BELOW:
            expect(reply, AFTER_HANDSHAKE[client.service]["refuse"].format(said(version)))
        else:
            expect_true(client.is_good(reply), f"reply to the login: {reply}")
        return client.socket.sent


def cut_session(server, listener, version, limit):
    """The socket of a client that has sent so many bytes of a session."""
    client = connect(server, listener, limit=limit)
    try:
        talk(client, listener, version)
    except Cut:
        return client.socket
    raise AssertionError(f"ended before it had sent {limit} bytes")


def close_at_once(sockets, reset=False):
    for socket in sockets:
        socket.close(reset)


def reset_at_once(sockets):
    close_at_once(sockets, reset=True)


def close_later(sockets):
    """When the server has long seen the last byte, and waits for more."""
    waiting = collections.deque()
    for socket in sockets:
        waiting.append(socket)
        if len(waiting) > AT_ONCE:
            waiting.popleft().close()
    close_at_once(waiting)


WAYS = close_at_once, reset_at_once, close_later


def test_long_lived(tap, workspace, site):
    server = DovecotServer(workspace, site, {ANN: PASSWORD}, high_performance=True)
    for listener in server.ports:
        for version in VERSIONS:
            whole_session(server, listener, version)
    base = Baseline(server)
    for listener in server.ports:
        for version in VERSIONS:
            with tap.case(f"{listener}, {version}: every client leaves after some byte"):
                size = whole_session(server, listener, version)
                for number, leave in enumerate(WAYS):
                    limits = range(number, size, len(WAYS)) if SANITIZED else range(size)
                    leave(cut_session(server, listener, version, limit) for limit in limits)
                expect(base.wait_for_calm(), [], "left behind")
                whole_session(server, listener, version)
            with tap.case(f"{listener}, {version}: a client sends one byte after the other"):
                whole_session(server, listener, version, piece=1)
    with tap.case("submission, TLSv1: goodbye right behind the EHLO that is refused"):
        with connect(server, "submission") as client:
            client.starttls("TLSv1")
            client.send(f"{client.CAPABILITY}\r\nQUIT\r\n")
            expect(client.rest(), AFTER_HANDSHAKE["submission"]["refuse"].format(said("TLSv1")))
        whole_session(server, "submission", "TLSv1")
    with tap.case("the login processes are still the same"):
        expect(login_processes(server), base.processes, "processes")
    expect_no_trouble(tap, server)


def test_one_connection(tap, workspace, site):
    """A process costs more: not every byte, but others for each listener and version."""
    server = DovecotServer(workspace, site, {ANN: PASSWORD}, name="one")
    sessions = 0
    for first, (listener, version) in enumerate(
            (listener, version) for listener in server.ports for version in VERSIONS):
        with tap.case(f"one connection a process, {listener}, {version}: clients leave"):
            limits = range(first % 7, whole_session(server, listener, version), 7)
            close_later(cut_session(server, listener, version, limit) for limit in limits)
            sessions += len(limits)
            wait_until(lambda: not login_processes(server), "the end of all login processes")
        with tap.case(f"one connection a process, {listener}, {version}: single bytes"):
            whole_session(server, listener, version, piece=1)
    comment(f"{sessions} sessions with one connection a process")
    expect_no_trouble(tap, server)


def expect_no_trouble(tap, server):
    with tap.case("no process has crashed or complained"):
        expect(trouble(server), [], "log")
    with tap.case("nobody is logged in any more"):
        wait_until(lambda: len(server.doveadm("who").splitlines()) == 1, "the end of all sessions")


def main():
    skip_unless_root()
    tap = Tap()
    with Workspace() as workspace:
        site = Site(workspace, reject_text=SAID, help_url=URL)
        site.apply()
        test_long_lived(tap, workspace, site)
        test_one_connection(tap, workspace, site)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
