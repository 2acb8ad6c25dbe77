#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tlsfloor-policyd when an allocation fails: each one alone, and each with all that follow.

The course is: start, requests in one piece and in two, an exception, a new
policy, the end. Whatever fails, the daemon answers rightly, puts off, closes
the connection or does not start; it lets nobody in, and does not crash. It
runs as its own user from the start, as with systemd: what looks up a user,
inside the C library, does crash.
"""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from policyd_client import (  # noqa: E402
    OLD, POLICYD, Client, apply_state, build_shim, request)
from policyd_load import SANITIZED  # noqa: E402
from tap import Tap, comment, expect, expect_true, skip_unless_root  # noqa: E402

ANN, BOB = "ann@example.org", "bob@example.org"
COMPLIANT = request()


def below(user, number):
    return request(protocol_state="MAIL", sasl_username=user, instance=f"i{number}", **OLD)


# What is asked, and what may be answered; the first is what is answered if nothing fails.
PUT_OFF = "454"
COURSE = [
    (COMPLIANT, ("DUNNO",)),
    (below(BOB, 1), ("530", PUT_OFF)),
    (below(ANN, 2), ("DUNNO", "530", PUT_OFF)),
    # Here comes a new policy, which is in force before the end.
    (below(BOB, 3), ("530", PUT_OFF)),
    (below(BOB, 4), ("530", PUT_OFF)),
    (COMPLIANT, ("DUNNO",)),
]
NEWS = 3


class Site:
    """A state of which two policies are kept, to be put in force in turn."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.state = self.directory / "state"
        self.exceptions = self.directory / "exceptions"
        self.exceptions.write_text(f"{ANN} allow=TLSv1 until=2099-12-31 from=192.0.2.0/28\n")
        self.apply("new", "tag_header = X-New")
        self.apply("old", "")
        (self.state / "exceptions.cdb").chmod(0o644)  # to be read by nobody
        self.shim = str(self.directory / "failing-malloc.so")
        build_shim("failing-malloc", self.shim)

    def apply(self, name, conf):
        apply_state(str(self.state), f"exceptions = {self.exceptions}\n{conf}")
        shutil.copy(self.state / "policy", self.directory / name)

    def put_in_force(self, name):
        shutil.copy(self.directory / name, self.directory / "copy")
        (self.directory / "copy").rename(self.state / "policy")


def start(site, theirs, log, **environment):
    return subprocess.Popen(
        [POLICYD, "-s", "-f", "-S", site.state], stdin=theirs, stdout=theirs, stderr=log,
        user="nobody", group="nogroup", extra_groups=[],
        env=dict(os.environ, LD_PRELOAD=site.shim, **environment))


def ask_all(site, client, process):
    """What was answered, as far as anything was."""
    answers, data = [], b""
    try:
        for number, (question, _) in enumerate(COURSE):
            if number == NEWS:
                site.put_in_force("new")
                process.send_signal(signal.SIGHUP)
            # Half of the next one comes with it, and has to be kept.
            half = COURSE[number + 1][0][:300] if number + 1 < len(COURSE) else b""
            client.send(question[len(data):] + half)
            data = half
            answer = client.answer()
            if answer is None:
                break
            answers.append(answer)
        client.socket.shutdown(socket.SHUT_WR)
    except OSError:
        pass
    return answers


def run(site, **environment):
    """Exit status, answers and log of one daemon."""
    site.put_in_force("old")
    ours, theirs = socket.socketpair()
    with ours, tempfile.TemporaryFile() as log:
        process = start(site, theirs, log, **environment)
        theirs.close()
        try:
            answers = ask_all(site, Client(ours), process)
            ours.close()
            status = process.wait(10)
        finally:
            process.kill()
        log.seek(0)
        return status, answers, log.read().decode("latin-1")


def fail_each(site, **environment):
    """Lets the first allocation fail, then the second, until there are no more."""
    outcomes = {}
    for number in range(1, 100000):
        status, answers, log = run(site, FAIL_AT=str(number), **environment)
        what = f"allocation {number}: exit {status}, {answers}, {log}"
        expect_true(status in (0, 2), what)
        for answer, (_, allowed) in zip(answers, COURSE):
            expect_true(answer.split()[0] in allowed, what)
        made = int(re.search(r"allocations: (\d+)", log)[1])
        if made < number:
            expect([answer.split()[0] for answer in answers],
                   [allowed[0] for _, allowed in COURSE], what)
            expect_true("a new policy is in force" in log, what)
            comment(f"{made} allocations; "
                    + ", ".join(f"{outcomes[key]} times exit {key[0]} after {key[1]} answers"
                                for key in sorted(outcomes)))
            return
        key = status, len(answers)
        outcomes[key] = outcomes.get(key, 0) + 1
    raise RuntimeError("allocations without end")


def one_allocation_fails(site):
    fail_each(site)


def one_and_all_that_follow_fail(site):
    fail_each(site, FAIL_ALL="1")


def nothing_fails(site):
    """What a sanitizer allocates cannot be made to fail, but is looked at for leaks."""
    status, answers, log = run(site)
    expect(status, 0, log)
    expect([answer.split()[0] for answer in answers], [allowed[0] for _, allowed in COURSE], log)


CASES = [nothing_fails] if SANITIZED else [one_allocation_fails, one_and_all_that_follow_fail]


def main():
    skip_unless_root()
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="tlsfloor-") as base:
        os.chmod(base, 0o755)
        site = Site(base)
        for function in CASES:
            with tap.case(function.__name__.replace("_", " ")):
                function(site)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
