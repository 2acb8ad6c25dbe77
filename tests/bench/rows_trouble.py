# SPDX-License-Identifier: MIT
"""Rows of tlsfloor-policyd in trouble: the time to an answer beside that of one without.

The trouble goes on all the time, and the quiet daemons are measured meanwhile, too:
what it costs the machine is the same for all.
"""

import contextlib
import itertools
import os
import resource
import signal
import subprocess
import sys
import threading
import time

from measure import in_turn, ratio_result, row, value_result
from policyd_client import ADMIN, OLD, Client, apply_state, wait_until
from rows_policyd import MANY, exceptions
from servers import Policyd, system_log, workspace, write_requests

PAIRS = 9
# A byte a second on each of so many connections, of a request that never ends.
DRIP = """
import resource, socket, sys, time
number = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_NOFILE, (number + 100, number + 100))
all = []
for _ in range(number):
    all.append(socket.socket(socket.AF_UNIX))
    all[-1].connect(sys.argv[1])
    all[-1].send(b"helo_name=")
print("ready", flush=True)
while True:
    start = time.monotonic()
    for i, connection in enumerate(all):
        connection.send(b"a")
        if i % 100 == 99:
            time.sleep(max(0, start + i / number - time.monotonic()))
"""


def compare(effort, servers, requests, what, at_most=None):
    # Long enough for many answers beyond a percentile of 99.
    results = in_turn(effort, {
        name: lambda server=server: server.measure(10, 4 * effort.seconds, requests)
        for name, server in servers.items()}, PAIRS)
    yield ratio_result(f"{what}, p99", results, "p99", at_most=at_most, unit=" us", digits=1)
    yield ratio_result(f"{what}, median", results, "p50", unit=" us", digits=1)


def quiet(directory, stack, conf, **options):
    return {name: Policyd(directory, stack, name, conf, **options)
            for name in ("reference", "control")}


@row("log", "refused requests while the system log is stopped, slow or gone")
def log(effort):
    for trouble in ("stopped", "slow", "gone"):
        with workspace() as (directory, stack):
            requests = write_requests(directory, old=True)
            dev, _ = system_log(directory, stack)
            troubled, logger = system_log(directory, stack, "troubled",
                                          pause=1000 if trouble == "slow" else 0)
            conf = "audit = violations\n"
            servers = {"subject": Policyd(directory, stack, "subject", conf, dev=troubled),
                       **quiet(directory, stack, conf, dev=dev)}
            if trouble == "stopped":
                logger.send_signal(signal.SIGSTOP)
            if trouble == "gone":
                logger.kill()
                os.unlink(troubled + "/log")
            yield from compare(effort, servers, requests, trouble, at_most=2)


@row("dripping", "requests beside 10,000 connections that send a byte a second each")
def dripping(effort):
    number = 100 if effort.quick else MANY
    resource.setrlimit(resource.RLIMIT_NOFILE, (MANY + 1000, MANY + 1000))
    with workspace() as (directory, stack):
        conf = "audit = violations\n"
        servers = {"subject": Policyd(directory, stack, "subject", conf),
                   **quiet(directory, stack, conf)}
        drip = stack.enter_context(subprocess.Popen(
            [sys.executable, "-c", DRIP, servers["subject"].address, str(number)],
            stdout=subprocess.PIPE))
        stack.callback(drip.kill)
        drip.stdout.readline()
        yield from compare(effort, servers, write_requests(directory), f"{number:,} connections",
                           at_most=1.1)


@contextlib.contextmanager
def all_the_time(function):
    """Calls it with 0, 1, 2 ..., ten times a second at most."""
    end = threading.Event()

    def run():
        for number in itertools.count():
            function(number)
            if end.wait(0.1):
                return

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


def news(effort, conf, what):
    """conf(directory, number): what is applied, each time something else."""
    with workspace() as (directory, stack):
        requests = write_requests(directory, old=True)
        subject = Policyd(directory, stack, "subject", conf(directory, 0))
        servers = {"subject": subject, **quiet(directory, stack, conf(directory, 0))}

        def change(number):
            apply_state(subject.state, conf(directory, number))
            subject.daemon.signal(signal.SIGHUP)

        with all_the_time(change):
            yield from compare(effort, servers, requests, what)
        yield value_result(f"{what}, policies that came into force",
                           subject.daemon.count("a new policy is in force"), "", digits=0)


@row("reload", "requests while a new policy is applied ten times a second")
def reload(effort):
    return news(effort, lambda _directory, number: f"audit = none\ntag_header = X-{number}\n",
                "a new policy")


@row("swap", "requests that look exceptions up, while these are replaced ten times a second")
def swap(effort):
    return news(effort, lambda directory, number: exceptions(directory, 1000 + number % 2),
                "new exceptions")


@row("exception", "from the end of \"tlsfloor exception add\" until its user gets in")
def exception(effort):
    with workspace() as (directory, stack):
        policyd = Policyd(directory, stack, "policy", exceptions(directory, 1000))
        client = stack.enter_context(Client(policyd.address))
        times = []
        for number in range(effort.pairs):
            user = f"new{number}@example.org"
            subprocess.run([ADMIN, "-c", policyd.state + ".conf", "-S", policyd.state, "exception",
                            "add", user, "allow=TLSv1", "until=2099-12-31", "from=192.0.2.0/24"],
                           check=True, stdout=subprocess.DEVNULL)
            start = time.monotonic()
            if not wait_until(lambda user=user: client.ask(
                    protocol_state="MAIL", sasl_username=user, **OLD) == "DUNNO"):
                raise RuntimeError(f"{user} does not get in")
            times.append(time.monotonic() - start)
    yield value_result("the longest time", max(times), " s", at_most=1)
