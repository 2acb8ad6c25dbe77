#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What a request costs tlsfloor-policyd: instructions and system calls, against a budget.

Both are the same for each run, however busy the machine is, so that a change
for the worse is seen without measuring time. Who has made something cheaper,
or dearer on purpose, writes what this test prints into the budgets below.
"""

import os
import pathlib
import platform
import re
import shutil
import socket
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from cases import case, needs, run  # noqa: E402
from policyd_client import (  # noqa: E402
    OLD, POLICYD, Client, Daemon, apply_state, build_shim)
from tap import comment, expect, expect_true  # noqa: E402

ROOM = 1.1
# Requests of the two runs whose difference is counted: what starting and stopping costs is in both.
FEW, MANY = 50, 250
# The C library has variants of memchr(3) and the like for each processor: those for all of them.
TUNABLES = "glibc.cpu.hwcaps=-AVX2_Usable,-AVX2,-SSE4_2,-BMI2"
# The kinds of requests, each a session of its own; the budgets hold for gcc and clang of Debian 12
# and 13, which differ by 2 %. System calls: wait, read, write; for an audit line poll and write.
KINDS = {"compliant": {}, "refused": OLD}
INSTRUCTIONS = {"compliant": 5500, "refused": 15300}
SYSTEM_CALLS = {"compliant": 3, "refused": 5}

IS_KNOWN = platform.machine() == "x86_64" and "-O2" in os.environ.get("CFLAGS", "-O2")


def serve(state, kind, count, **options):
    """A daemon of its own that answers so many requests, one at a time."""
    ours, its = socket.socketpair()
    with its, Client(ours, 60) as client, Daemon(
            state, args=["-s"], stdin=its, stdout=its, **options) as daemon:
        its.close()
        for number in range(count):
            answer = client.ask(client_port=str(1024 + number), **KINDS[kind])
            expect_true(answer, f"no answer; {daemon.log()[-2000:]}")
            expect(answer.split()[0], "DUNNO" if kind == "compliant" else "530", "answer")
        client.close()
        expect(daemon.process.wait(60), 0, f"exit status; {daemon.log()[-2000:]}")
        expect(len(daemon.audits()), 0 if kind == "compliant" else count, "audit lines")


def instructions(directory, state, kind, count):
    """Of a copy without debugging information: Debian 12's valgrind cannot read clang's."""
    out, shim, program = (f"{directory}/{name}" for name in ("out", "no-filter.so", "policyd"))
    if not os.path.exists(program):
        build_shim("no-filter", shim)
        subprocess.run(["strip", "-g", "-o", program, POLICYD], check=True)
    serve(state, kind, count, program=program,
          prefix=["valgrind", "-q", "--tool=callgrind", "--callgrind-out-file=" + out],
          env=dict(os.environ, LD_PRELOAD=shim, GLIBC_TUNABLES=TUNABLES))
    return int(re.search(r"^totals: (\d+)", pathlib.Path(out).read_text(), re.M)[1])


def system_calls(directory, state, kind, count):
    out = directory + "/calls"
    serve(state, kind, count, prefix=["strace", "-f", "-c", "-U", "calls,name", "-o", out])
    return int(re.search(r"^ *(\d+) total$", pathlib.Path(out).read_text(), re.M)[1])


def each(measure, directory, kind):
    """What one request more costs."""
    state = directory + "/state"
    apply_state(state, "audit = violations")
    few, many = (measure(directory, state, kind, count) for count in (FEW, MANY))
    return (many - few) / (MANY - FEW)


def compare(measure, directory, what, budgets):
    for kind, budget in budgets.items():
        cost = each(measure, directory, kind)
        comment(f"{kind}: {cost:.1f} {what} a request; budget {budget}")
        expect_true(cost <= budget * ROOM,
                    f"{kind}: {cost:.0f} {what} a request; the budget is {budget}")


@case
@needs(shutil.which("valgrind"), "valgrind")
@needs(IS_KNOWN, "a budget for this machine and CFLAGS")
def instructions_of_a_request(directory):
    compare(instructions, directory, "instructions", INSTRUCTIONS)


@case
@needs(shutil.which("strace"), "strace")
def system_calls_of_a_request(directory):
    compare(system_calls, directory, "system calls", SYSTEM_CALLS)


sys.exit(run())
