# SPDX-License-Identifier: MIT
"""The processes of a Dovecot: who they are, what they hold, and what went wrong with them."""

import contextlib
import os
import pathlib
import re

from dovecot_words import PROGRAMS
from lab.workspace import wait_until

PROC = pathlib.Path("/proc")
# Dovecot's words for a process that ended as it should not, and for whatever is wrong. While it
# reloads, a new process may find no one to ask for its configuration.
CRASH = re.compile(r": Panic: |: Fatal: (?!(Error reading|Failed to read) configuration)|"
                   r"\bkilled with signal|core dumped|Sanitizer|runtime error:")
TROUBLE = re.compile(r": Error: |" + CRASH.pattern)
# With TLS, Dovecot 2.4.1 says this of itself if a mail process goes after it has been given a
# session and before it has answered, as in a reload; dovecot-faults.py does it to both servers.
OWN_PANIC = re.compile(r"(\S+): Panic: file ostream\.c: .*assertion failed: \(!_stream->finished\)")


def status(pid, name):
    """A field of /proc/PID/status: "PPid" and the like; kB are a number of bytes."""
    text = (PROC / str(pid) / "status").read_text()
    value = re.search(rf"^{name}:\t\s*(.*)", text, re.M)[1]
    return int(value[:-3]) * 1024 if value.endswith(" kB") else value


def children(server):
    """pid -> name, of the processes of a Dovecot but its master."""
    found = {}
    for pid in server.children():
        with contextlib.suppress(OSError):
            found[pid] = status(pid, "Name")
    return found


def login_processes(server):
    """Name -> pids."""
    names = {name[:15]: name for name in PROGRAMS.values()}
    found = {}
    for pid, name in children(server).items():
        if name in names:
            found.setdefault(names[name], set()).add(pid)
    return found


def descriptors(pid):
    return len(os.listdir(PROC / str(pid) / "fd"))


def mail_processes(server):
    return sorted(name for name in children(server).values()
                  if name in ("imap", "pop3", "managesieve", "submission"))


def crashes(server):
    """Without those of which tlsfloor has no part."""
    lines = [line for line in server.messages() if CRASH.search(line)]
    for panic in filter(OWN_PANIC.search, list(lines)):
        program = OWN_PANIC.search(panic)[1]
        end = next(line for line in lines
                   if f"service({program})" in line and "killed with signal 6" in line)
        lines.remove(panic)
        lines.remove(end)
    return lines


def trouble(server):
    return [line for line in server.messages() if TROUBLE.search(line)]


class Baseline:
    """What the login processes of a calm server hold, each of which stays."""

    def __init__(self, server):
        self.server = server
        self.processes = login_processes(server)
        self.held = {pid: descriptors(pid) for pids in self.processes.values() for pid in pids}

    def excess(self):
        """What is held that was not then."""
        more = {pid: descriptors(pid) - held for pid, held in self.held.items()}
        return ([f"process {pid} has {number} more descriptors" for pid, number in more.items()
                 if number > 0] + mail_processes(self.server))

    def wait_for_calm(self):
        """Until nobody is connected any more; raises if somebody stays."""
        with contextlib.suppress(TimeoutError):
            wait_until(lambda: not self.excess(), "calm")
        return self.excess()
