#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tlsfloor report reads a real journal: by itself, and what journalctl prints of it.

A systemd-journald of our own, which sees our own /run alone and leaves the kernel as it is, gets
lines as syslog(3) sends them: audit lines, and such as look like them.
"""

import contextlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from lab.workspace import wait_until  # noqa: E402
from log_lines import Logs, audit  # noqa: E402
from tap import Tap, expect, expect_true, skip_unless_root  # noqa: E402

SOCKET = "/run/systemd/journal/dev-log"
CONF = "/run/systemd/journald.conf.d/own.conf"
SETTINGS = "[Journal]\nStorage=volatile\nReadKMsg=no\nAudit=\nForwardToSyslog=no\n"
MALLORY = audit(user="mallory@example.org")
BEHIND = ": user=<ann@example.org>, rip=192.0.2.7, session=<Qq54oYN59uas>"
MESSAGES = (
    f"tlsfloor-policyd[77]: {audit('submission', user='ben@example.org')}",
    f"dovecot: imap-login: {audit()}{BEHIND}",
    "dovecot: imap-login: " + audit(user='"' + "\\xff" * 50 + '"') + BEHIND,
    f"postfix/smtpd[7]: {MALLORY}",
    f"dovecot: imap-login: Disconnected: user=<{MALLORY}>",
    # As no syslog(3) of a mail server sends it: a message of several lines.
    f"dovecot: imap-login: x\nNov 20 12:00:00 mail dovecot: imap-login: {MALLORY}{BEHIND}",
    f"dovecot: imap-login: x\n2026-11-20T12:00:00+0000 mail dovecot: imap-login: {MALLORY}{BEHIND}",
    "last: that was all",
)


def journalctl(*options):
    return subprocess.run(["journalctl", "-q", "--no-pager", *options], check=True,
                          capture_output=True).stdout


def is_there(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as probe:
        with contextlib.suppress(OSError):
            probe.connect(path)
            return True
    return False


def make_room():
    """A /run of our own, and the cgroups that systemd 257 wants, where there are none."""
    mounts = [["-t", "tmpfs", "tmpfs", "/run"]]
    if not os.listdir("/sys/fs/cgroup"):
        mounts += [["-t", "sysfs", "sysfs", "/sys"], ["-t", "cgroup2", "cgroup2", "/sys/fs/cgroup"]]
    for mount in mounts:
        subprocess.run(["mount", *mount], check=True)
    for path in (SOCKET, CONF):
        os.makedirs(os.path.dirname(path))
    pathlib.Path(CONF).write_text(SETTINGS)


def fill_journal():
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as logger:
        logger.connect(SOCKET)
        for message in MESSAGES:
            logger.send(f"<22>{time.strftime('%b %e %H:%M:%S')} {message}".encode())
    wait_until(lambda: b"that was all" in journalctl("-t", "last"), "the last line in the journal")


def expect_report(logs, *arguments, **options):
    output, errors, status = logs.run("--json", *arguments, at=None, **options)
    expect((errors, status), ("", 1), "errors and status")
    found = json.loads(output)
    users = sorted(row["user"] for row in found["rows"])
    expect(users[1:], ["ann@example.org", "ben@example.org"])
    expect((len(users), found["period"]["lines"], found["period"]["damaged"]), (3, 3, 0))
    expect_true("mallory" not in output, output)


def main():
    skip_unless_root()
    if "--inside" not in sys.argv:
        os.execvp("unshare", ["unshare", "-m", sys.executable, __file__, "--inside"])
    tap = Tap()
    make_room()
    with tempfile.TemporaryDirectory() as directory, subprocess.Popen(
            ["/lib/systemd/systemd-journald"], stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL) as journald:
        try:
            wait_until(lambda: is_there(SOCKET), "systemd-journald")
            fill_journal()
            logs = Logs(directory)
            with tap.case("--journal"):
                expect_report(logs, "--journal")
                expect_report(logs, "--journal", "--since", "2020-01-01")
            for form in ("short", "short-iso", "short-iso-precise", "json"):
                with tap.case(f"journalctl -o {form}"):
                    expect_report(logs, input=journalctl("-o", form))
        finally:
            journald.terminate()
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
