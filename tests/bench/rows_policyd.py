# SPDX-License-Identifier: MIT
"""Rows of tlsfloor-policyd: its speed beside the limit and others, and what that depends on."""

import os
import resource
import subprocess
import sys

from measure import Result, Skip, in_turn, judge, median, ratio_result, row, value_result
from policyd_client import SOURCE, build_shim, open_connection, wait_until
from servers import BENCH, Policyd, Postfwd, bare, find, system_log, workspace, write_requests

CONNECTIONS = 10, 100, 1000
MANY = 10000


def measured(servers, effort, connections, requests, pairs=None, longer=1):
    seconds = effort.seconds * longer
    return in_turn(effort, {
        name: lambda server=server: server.measure(connections, seconds, requests)
        for name, server in servers.items()}, pairs)


def cpu_result(what, results, **aims):
    return ratio_result(f"{what}, CPU", results, "cpu", unit=" us", **aims)


def rate_result(what, results, **aims):
    return ratio_result(f"{what}, requests/s", results, "rate", digits=0, **aims)


def share_of_kernel(results):
    kernel, own = (sum(result[key] for result in results) for key in ("kernel", "own"))
    return kernel / max(kernel + own, 1)


@row("speed", "tlsfloor-policyd beside a bare epoll server")
def speed(effort):
    with workspace() as (directory, stack):
        requests = write_requests(directory)
        servers = {"subject": Policyd(directory, stack, "policy"),
                   "reference": bare(directory, stack, "bare"),
                   "control": bare(directory, stack, "control")}
        for connections in effort.sizes(*CONNECTIONS):
            results = measured(servers, effort, connections, requests)
            what = f"{connections} connections"
            yield rate_result(what, results, at_least=0.9)
            yield cpu_result(what, results, at_most=1.15)
            ours, bares = (share_of_kernel(results[name]) for name in ("subject", "reference"))
            yield Result(f"{what}, the kernel's share of the CPU", f"{ours:.0%} to {bares:.0%}")


@row("ingredients", "the bare server with parts of tlsfloor-policyd, beside without them")
def ingredients(effort):
    with workspace() as (directory, stack):
        requests = write_requests(directory)
        policyd = Policyd(directory, stack, "policy")
        parts = {"the system call filter": ["-f"], "libevent": ["-l"], "parsing": ["-p"],
                 "parsing and judging": ["-j", policyd.state],
                 "all of these": ["-f", "-l", "-j", policyd.state]}
        servers = {"reference": bare(directory, stack, "bare"),
                   "control": bare(directory, stack, "control"),
                   **{part: bare(directory, stack, part, *options)
                      for part, options in parts.items()},
                   "tlsfloor-policyd": policyd}
        for connections in effort.sizes(100, 1000):
            results = measured(servers, effort, connections, requests)
            for name in list(servers)[2:]:
                what = f"{connections} connections, {name}"
                one = {**results, "subject": results[name]}
                yield rate_result(what, one)
                yield cpu_result(what, one)


@row("filter", "with the system call filter beside without it")
def system_call_filter(effort):
    with workspace() as (directory, stack):
        requests, shim = write_requests(directory), directory + "/no-filter.so"
        build_shim("no-filter", shim)
        without = {"env": dict(os.environ, LD_PRELOAD=shim)}
        servers = {"subject": Policyd(directory, stack, "policy"),
                   "reference": Policyd(directory, stack, "without", **without),
                   "control": Policyd(directory, stack, "control", **without)}
        yield cpu_result("100 connections", measured(servers, effort, 100, requests))


@row("inside", "parsing and judging a compliant request, without kernel, libevent and log")
def inside(_effort):
    with workspace() as (directory, stack):
        state = Policyd(directory, stack, "policy").state
        parse, both = map(int, subprocess.run(
            [BENCH + "/request", state, write_requests(directory)], stdout=subprocess.PIPE,
            text=True, check=True).stdout.split())
    yield Result("parsing", f"{parse} ns")
    yield Result("judging", f"{both - parse} ns")


@row("refused", "a refused request with its audit line beside one without")
def refused(effort):
    with workspace() as (directory, stack):
        requests = write_requests(directory, old=True)
        dev, _ = system_log(directory, stack)
        servers = {"subject": Policyd(directory, stack, "policy", dev=dev),
                   "reference": Policyd(directory, stack, "silent", "audit = none\n", dev=dev),
                   "control": Policyd(directory, stack, "control", "audit = none\n", dev=dev)}
        for connections in effort.sizes(10, 100):
            yield cpu_result(f"{connections} connections",
                             measured(servers, effort, connections, requests), at_most=2)


@row("peers", "tlsfloor-policyd beside postfwd2 and postlicyd")
def peers(effort):
    with workspace() as (directory, stack):
        requests = write_requests(directory)
        policyd = Policyd(directory, stack, "policy")
        for exceptions, aim in ((0, 20), (1000, 300)):
            servers = {"subject": policyd, "reference": Postfwd(directory, stack, exceptions)}
            servers["control"] = servers["reference"]
            yield rate_result(f"beside postfwd2, {exceptions} exceptions",
                              measured(servers, effort, 10, requests, pairs=9, longer=4),
                              at_least=aim)
        # No Debian that we support has it: nothing to compare with until one does.
        find("postlicyd", "pfixtools")
        raise Skip("postlicyd is there, but nobody has written its configuration for this row")


@row("cost", "instructions and system calls of a request, as in make check")
def cost(_effort):
    done = subprocess.run([sys.executable, SOURCE + "/tests/cost/policyd.py"], text=True,
                          stdout=subprocess.PIPE, check=False)
    for line in done.stdout.splitlines():
        if line.startswith("# ") and "; budget " in line:
            what, _, rest = line[2:].partition(": ")
            value, _, budget = rest.partition("; budget ")
            number = float(value.split()[0])
            yield Result(f"{what} request", value, f"<= {budget}", "",
                         judge(number, None, float(budget) * 1.1))


def curve(effort, name, conf, sizes):
    """The CPU of a request below the floor for policies of these sizes, beside the first one."""
    with workspace() as (directory, stack):
        requests = write_requests(directory, old=True)
        servers = {size: Policyd(directory, stack, f"policy{size}", conf(directory, size))
                   for size in sizes}
        servers["control"] = Policyd(directory, stack, "control", conf(directory, sizes[0]))
        results = measured(servers, effort, 10, requests)
        first, noise = (median(results, key, "cpu") for key in (sizes[0], "control"))
        for size in sizes:
            cpu = median(results, size, "cpu")
            yield Result(f"{size:,} {name}, CPU", f"{cpu:.2f} us; {cpu / first:.3f} of the first",
                         "", f"{noise / first:.3f}")


@row("connections", "the cost of a request against the number of connections")
def connections_curve(effort):
    resource.setrlimit(resource.RLIMIT_NOFILE, (MANY + 1000, MANY + 1000))
    with workspace() as (directory, stack):
        requests = write_requests(directory)
        servers = {"subject": Policyd(directory, stack, "policy"),
                   "reference": bare(directory, stack, "bare"),
                   "control": bare(directory, stack, "control")}
        for connections in effort.sizes(1, 10, 100, 1000, MANY):
            yield cpu_result(f"{connections} connections",
                             measured(servers, effort, connections, requests))


def exceptions(directory, number):
    path = f"{directory}/exceptions{number}"
    with open(path, "w", encoding="ascii") as file:
        for user in range(number):
            file.write(f"user{user:06}@example.org allow=TLSv1 until=2099-12-31"
                       " service=submission from=192.0.2.0/24\n")
    return f"audit = none\nexceptions = {path}\n"


@row("exceptions", "the cost of a request below the floor against the number of exceptions")
def exceptions_curve(effort):
    return curve(effort, "exceptions", exceptions, effort.sizes(1000, 100000, 1000000))


def networks(_directory, number):
    """10.0.0.0/30 and every second one after it, so that none are neighbours."""
    return "audit = none\ntrusted_networks =\n" + "".join(
        f"  10.{i >> 13 & 255}.{i >> 5 & 255}.{(i & 31) << 3}/30\n" for i in range(number))


@row("networks", "the cost of a request below the floor against the length of a list of networks")
def networks_curve(effort):
    return curve(effort, "networks", networks, effort.sizes(10, 1000, 100000))


@row("memory", "private memory of tlsfloor-policyd, and of an idle connection")
def memory(effort):
    # It reads the daemon, which need not be built yet when rows are listed.
    from policyd_load import private_bytes

    number = 100 if effort.quick else MANY
    resource.setrlimit(resource.RLIMIT_NOFILE, (MANY + 1000, MANY + 1000))
    with workspace() as (directory, stack):
        policyd = Policyd(directory, stack, "policy")
        policyd.measure(10, effort.seconds, write_requests(directory))
        before = private_bytes(policyd.daemon.pid)
        yield value_result("private", before / 1e6, " MB", at_most=3)
        for _ in range(number):
            stack.enter_context(open_connection(policyd.address))
        # All have been accepted when one more answers.
        wait_until(lambda: len(os.listdir(f"/proc/{policyd.daemon.pid}/fd")) > number)
        yield value_result(f"an idle connection of {number}",
                           (private_bytes(policyd.daemon.pid) - before) / number, " bytes",
                           at_most=1024, digits=0)
