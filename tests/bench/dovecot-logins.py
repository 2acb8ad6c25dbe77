#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What the login plugin costs a compliant login: CPU of the login process, on against off.

  TLSFLOOR_BUILD=DIR tests/bench/dovecot-logins.py [PAIRS]

Two Dovecots, one with the plugin, take the same logins (IMAP, TLS 1.2 and 1.3)
in turn, A B A B, at least 9 pairs. With many connections a process the process
itself is measured; with one connection a process, all that Dovecot's master has
started. The control is a third Dovecot without the plugin against the second:
if it is off by more than 5 %, the machine is too noisy for a verdict.
"""

import os
import pathlib
import statistics
import sys
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from dovecot_processes import login_processes  # noqa: E402
from dovecot_words import ANN, PASSWORD  # noqa: E402
from lab.dovecot_server import DovecotServer  # noqa: E402
from lab.policyd import Site  # noqa: E402
from lab.workspace import Workspace, wait_until  # noqa: E402

PAIRS = 15
LOGINS = 120
VERSIONS = "TLSv1.2", "TLSv1.3"
TARGET, NOISE = 1.02, 0.05
MODES = {"many connections a process": True, "one connection a process": False}
# What the stock configuration of the lab says for tests, and costs.
QUIET = "auth_debug = no\nauth_verbose = no\n"


def cpu(server):
    """Seconds that the login process has had, or the processes that have ended."""
    if server.options.high_performance:
        pid, = login_processes(server)["imap-login"]
        return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def log_in(server, number):
    with server.connect("imaps", VERSIONS[number % len(VERSIONS)]) as client:
        client.greet()
        if not client.is_good(client.login(ANN, PASSWORD)):
            raise RuntimeError("a login failed")
        client.command("LOGOUT")


def has_ended(server):
    return server.options.high_performance or not login_processes(server)


def measure(server):
    """(CPU, wall clock) of so many logins, seconds."""
    before, start = cpu(server), time.monotonic()
    for number in range(LOGINS):
        log_in(server, number)
    wall = time.monotonic() - start
    wait_until(lambda: has_ended(server), "the end of the login processes")
    return cpu(server) - before, wall


def ratios(a, b):
    """Median, lowest and highest ratio of what was measured in pairs, for CPU and wall clock."""
    for which in (0, 1):
        pairs = [x[which] / y[which] for x, y in zip(a, b)]
        yield statistics.median(pairs), min(pairs), max(pairs)


def row(name, found):
    print(f"  {name:<34}" + "".join(f"  {median:6.3f} ({low:.3f}-{high:.3f})"
                                     for median, low, high in found), flush=True)


def compare(servers, pairs):
    on, off, control = ([], [], [])
    for server in servers:
        measure(server)
    for _ in range(pairs):
        for results, server in zip((on, off, control), servers):
            results.append(measure(server))
    return on, off, control


def show(servers, pairs, audit):
    on, off, control = compare(servers, pairs)
    found, noise = list(ratios(on, off)), list(ratios(control, off))
    row(f"plugin on / off, audit = {audit}", found)
    row("control: off / off", noise)
    median = found[0][0]
    if abs(noise[0][0] - 1) > NOISE:
        print("  too noisy for a verdict")
    else:
        verdict = "within" if median <= TARGET else "ABOVE"
        print(f"  CPU {median:.3f}: {verdict} the aim of {TARGET}")


def main():
    pairs = max(9, int(sys.argv[1])) if len(sys.argv) > 1 else PAIRS
    for mode, high_performance in MODES.items():
        print(f"{mode}: {pairs} pairs of {LOGINS} logins; load {os.getloadavg()[0]:.2f}\n"
              f"  {'':<34}  CPU, median (range)   wall clock")
        for audit in ("violations", "all"):
            with Workspace() as workspace:
                site = Site(workspace)
                site.apply(audit=audit)
                show([DovecotServer(workspace, site, {ANN: PASSWORD}, name=name, plugin=plugin,
                                    protocols=("imap",), high_performance=high_performance,
                                    extra=QUIET)
                      for name, plugin in (("on", True), ("off", False), ("control", False))],
                     pairs, audit)


main()
