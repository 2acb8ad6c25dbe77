# SPDX-License-Identifier: MIT
"""Rows of Dovecot: what the login plugin and the auth passdb cost a login."""

import os
import pathlib
import time

from dovecot_processes import children, login_processes
from dovecot_words import ANN, PASSWORD
from lab.dovecot_server import DovecotServer
from lab.policyd import Site
from lab.workspace import Workspace, wait_until
from measure import in_turn, ratio_result, row

VERSIONS = "TLSv1.2", "TLSv1.3"
# What the stock configuration of the lab says for tests, and costs.
QUIET = "auth_debug = no\nauth_verbose = no\n"
PAIRS = 9


def run_time(pid):
    """Seconds of a processor."""
    return int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


def ended_time(server):
    """The same, of the master and of the processes that it has seen end."""
    fields = pathlib.Path(f"/proc/{server.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def login_time(server):
    """Of the login process, or of all processes where each serves one connection."""
    if not server.options.high_performance:
        return ended_time(server)
    pid, = login_processes(server)["imap-login"]
    return run_time(pid)


def auth_time(server):
    return sum(run_time(pid) for pid, name in children(server).items() if name == "auth")


def log_in(server, number, versions=VERSIONS):
    with server.connect("imaps", versions[number % len(versions)]) as client:
        client.greet()
        if not client.is_good(client.login(ANN, PASSWORD)):
            raise RuntimeError("a login failed")
        client.command("LOGOUT")


def measure(server, cpu, session, number):
    """cpu, wall: ms a session."""
    before, start = cpu(server), time.monotonic()
    for i in range(number):
        session(server, i)
    wall = time.monotonic() - start
    wait_until(lambda: server.options.high_performance or not login_processes(server),
               "the end of the login processes")
    return {"cpu": (cpu(server) - before) / number * 1e3, "wall": wall / number * 1e3}


def compare(effort, subject, reference, cpu=login_time, session=log_in, **policy):
    """Three Dovecots: with the options of the subject, and twice with those of the reference."""
    number = 4 if effort.quick else 60
    with Workspace() as workspace:
        site = Site(workspace)
        site.apply(**policy)
        servers = {name: DovecotServer(workspace, site, {ANN: PASSWORD}, name=name,
                                       protocols=("imap",), extra=QUIET, **options)
                   for name, options in (("subject", subject), ("reference", reference),
                                         ("control", reference))}
        # A login process starts with its first client.
        for server in servers.values():
            session(server, 0)
        return in_turn(effort, {
            name: lambda server=server: measure(server, cpu, session, number)
            for name, server in servers.items()}, PAIRS)


@row("logins", "a compliant login to Dovecot with the login plugin beside one without")
def logins(effort):
    for what, high_performance in (("many connections a process", True),
                                   ("one connection a process", False)):
        options = {"high_performance": high_performance}
        for audit in effort.sizes("violations", "all") if high_performance else ["violations"]:
            results = compare(effort, {"plugin": True, **options}, {"plugin": False, **options},
                              audit=audit)
            name = f"{what}, audit = {audit}"
            yield ratio_result(f"{name}, CPU", results, "cpu", at_most=1.02, unit=" ms", digits=3)
            yield ratio_result(f"{name}, wall clock", results, "wall", unit=" ms")


@row("passdb", "the auth process of Dovecot with our passdb beside without, compliant logins")
def passdb(effort):
    results = compare(effort, {"passdb": True, "high_performance": True},
                      {"passdb": False, "high_performance": True}, cpu=auth_time)
    yield ratio_result("auth process, CPU", results, "cpu", unit=" ms", digits=3)
    yield ratio_result("a login, wall clock", results, "wall", unit=" ms")


def end_at_the_gate(server, number):
    """A session below the floor: refused by the plugin, a login without it."""
    if not server.options.plugin:
        log_in(server, number, ["TLSv1"])
        return
    with server.connect("imaps", "TLSv1") as client:
        if not client.rest().startswith("* BYE"):
            raise RuntimeError("a session was not refused")


@row("gate", "a session of Dovecot that is refused for its TLS beside a login with that TLS")
def gate(effort):
    results = compare(effort, {"plugin": True, "high_performance": True},
                      {"plugin": False, "high_performance": True}, session=end_at_the_gate)
    yield ratio_result("refused beside logged in, CPU of the login process", results, "cpu",
                       unit=" ms", digits=3)
