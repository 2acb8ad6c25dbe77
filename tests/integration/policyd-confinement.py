#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What tlsfloor-policyd may still do when it serves: nothing but its work.

Read from /proc, of the running daemon, in every way that it is started; that
the filter kills is shown by tests/unit/test-confine.c. And what systemd's own
scale says of the unit.
"""

import os
import pathlib
import pwd
import socket
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from cases import case, run  # noqa: E402
from policyd_client import (  # noqa: E402
    BUILD, OLD, POLICYD, Client, Daemon, apply_state, request, wait_until)
from tap import comment, expect, expect_true, skip_unless_root  # noqa: E402

NOBODY = pwd.getpwnam("nobody")
WORST_EXPOSURE = 1.0
# A leak check would have to trace the process, which is not possible after a change of user.
UNTRACED = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")
FILTER = {"(with seccomp)": "2", "(without seccomp)": "0"}


def version():
    return subprocess.run([POLICYD, "--version"], capture_output=True, text=True, check=True).stdout


def expect_confined(pid, user, bounded=True):
    status = dict(line.split(":\t", 1) for line in
                  pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
    expect(status["Uid"].split(), [str(user.pw_uid)] * 4, "Uid")
    expect(status["Gid"].split(), [str(user.pw_gid)] * 4, "Gid")
    expect(status["Groups"].split(), [str(user.pw_gid)], "Groups")
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb", *(["CapBnd"] if bounded else [])):
        expect(int(status[name], 16), 0, name)
    expect(status["NoNewPrivs"], "1", "NoNewPrivs")
    expect(status["Seccomp"], FILTER[version().split(None, 2)[2].strip()], "Seccomp")


def expect_works(client, state):
    """It answers, refuses and reads a new policy."""
    expect(client.ask(), "DUNNO")
    expect_true(client.ask(**OLD).startswith("530 "), "not refused")
    apply_state(state, "mode = observe")
    expect(wait_until(lambda: client.ask(**OLD) == "DUNNO"), True, "a new policy")


def become_nobody():
    os.setgroups([NOBODY.pw_gid])
    os.setgid(NOBODY.pw_gid)
    os.setuid(NOBODY.pw_uid)


@case
def started_by_root(directory):
    state = directory + "/state"
    for user in (NOBODY, pwd.getpwnam("root")):
        apply_state(state)
        with Daemon(state, listeners=[directory + "/policy"], user=user.pw_name,
                    env=UNTRACED) as daemon, Client(daemon.listeners[0]) as client:
            expect_confined(daemon.pid, user)
            expect_works(client, state)
            expect(daemon.stop(), 0, "exit status")


@case
def activated_by_its_socket(directory):
    """By root, and by a service manager that has changed the user."""
    state = directory + "/state"
    for options in ({"user": "nobody"}, {"user": None, "preexec": become_nobody}):
        apply_state(state)
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(directory + "/activated")
            listener.listen()
            daemon = Daemon(state, sockets=[listener], env=UNTRACED, **options)
            try:
                with Client(listener.getsockname()) as client:
                    expect(client.ask(), "DUNNO")
                    expect_confined(daemon.pid, NOBODY, bounded="preexec" not in options)
                    expect_works(client, state)
                    expect(daemon.stop(), 0, "exit status")
            finally:
                daemon.kill()
        os.unlink(directory + "/activated")


@case
def started_by_spawn(directory):
    apply_state(directory + "/state")
    ours, theirs = socket.socketpair()
    with Daemon(directory + "/state", args=["-s"], stdin=theirs, stdout=theirs, user="nobody",
                env=UNTRACED) as daemon:
        theirs.close()
        with Client(ours) as client:
            client.send(request())
            expect(client.answer(), "DUNNO")
            expect_confined(daemon.pid, NOBODY)
            expect_works(client, directory + "/state")
        expect(daemon.process.wait(10), 0, "exit status")


@case
def every_way_to_listen_and_to_end(directory):
    """Listeners of both kinds, SIGHUP, SIGINT, a log that was not there: none is a violation."""
    apply_state(directory + "/state")
    address = ("127.0.0.1", 0)
    with socket.create_server(address) as inet:
        daemon = Daemon(directory + "/state", sockets=[inet], user="nobody", stderr=False,
                        env=dict(UNTRACED, NOTIFY_SOCKET="@tlsfloor-nobody-is-there"))
        try:
            with Client(inet.getsockname()) as client:
                expect_true(client.ask(**OLD).startswith("530 "), "not refused")
                daemon.signal(1)
                expect_true(client.ask(**OLD).startswith("530 "), "not refused")
            daemon.signal(2)
            expect(daemon.process.wait(10), 0, "exit status")
        finally:
            daemon.kill()


@case
def unit_is_exposed_to_little(directory):
    unit = pathlib.Path(directory, "tlsfloor-policyd.service")
    text = pathlib.Path(BUILD, "packaging/systemd", unit.name).read_text()
    unit.write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--no-pager",
         f"--threshold={round(WORST_EXPOSURE * 10)}", unit], capture_output=True, text=True)
    comment(done.stdout.strip().split("\n")[-1].encode("ascii", "replace").decode())
    expect(done.returncode, 0, done.stdout + done.stderr)


def main():
    skip_unless_root()
    comment(version().strip())
    return run()


if __name__ == "__main__":
    sys.exit(main())
