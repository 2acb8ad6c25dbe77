#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What the login plugin adds to a login process: its file, and a descriptor of the envelope.

Login processes of all programs are compared, while they run, with those of a
Dovecot without it that have had the same sessions: descriptors, mapped files,
root directory, threads and signals; and what the file in their memory exports.
"""

import collections
import contextlib
import os
import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from dovecot_exceptions import OF_ANN  # noqa: E402
from dovecot_processes import PROC, login_processes, status  # noqa: E402
from dovecot_words import (ANN, ELSEWHERE, GOOD, OLD, PASSWORD, PROGRAMS, WRONG,  # noqa: E402
                           greeting)
from lab import sanitizer  # noqa: E402
from lab.dovecot_server import SERVICES, DovecotServer  # noqa: E402
from lab.policyd import Site, build_tree  # noqa: E402
from lab.workspace import Workspace, wait_until  # noqa: E402
from tap import Tap, expect, expect_true, skip_unless_root  # noqa: E402

MODULE = build_tree() / "dovecot-plugin" / "tlsfloor.so"
ENTRIES = ["tlsfloor_deinit", "tlsfloor_init", "tlsfloor_version"]
# Name -> whether there is our passdb, whether a process has many connections.
MODES = {"without exceptions": (False, True), "with exceptions": (True, True),
         "one connection a process": (True, False)}
# Of /proc/PID/status: threads, signals that are blocked, ignored, caught.
STATUS = "Threads", "SigBlk", "SigIgn", "SigCgt"
# A line of /proc/PID/maps that has a file.
MAPPED = re.compile(r"^([0-9a-f]+-[0-9a-f]+) (\S+) \S+ \S+ \S+ +(/.*)$", re.M)


# --- a process ---

def common_name(server, name):
    """The name of a file, without what differs between any two servers.

    In a chroot, who has a mount namespace of its own sees names from outside of it.
    """
    root = os.readlink(PROC / str(server.process.pid) / "root").rstrip("/")
    name = name.removeprefix(root).replace(f"/{server.directory.name}/", "/SERVER/")
    return re.sub(r":\[\d+\]|(?<=master-notify)[0-9a-f]+", "", name)


def link(server, path):
    """What a link of /proc names."""
    return common_name(server, os.readlink(path))


def mapped(pid):
    """(addresses, permissions, file) of each mapping of a file."""
    return MAPPED.findall((PROC / str(pid) / "maps").read_text())


def held(server, pid):
    """What the process has open -> how often."""
    return collections.Counter(link(server, entry)
                               for entry in (PROC / str(pid) / "fd").iterdir())


def only_process(server, service):
    """The login process of the only client that there is."""
    def found():
        pids = login_processes(server).get(PROGRAMS[service], ())
        return pids if len(pids) == 1 else None

    pid, = wait_until(found, f"one process of {PROGRAMS[service]}")
    return pid


def readelf(option, path):
    return subprocess.run(["readelf", "--wide", option, str(path)], check=True,
                          capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}).stdout


def exports(path):
    names = subprocess.run(["nm", "-D", "--defined-only", "--extern-only", str(path)], check=True,
                           capture_output=True, text=True).stdout.splitlines()
    # The address sanitizer may mark each variable by a symbol of its own.
    return sorted(name for line in names
                  if not (name := line.split()[-1]).startswith("__odr_asan"))


# --- the sessions that it has had ---

def have_sessions(server, service):
    """Logged in, wrong password, below the floor, without TLS."""
    listener = SERVICES[service][0][0]
    for password in (PASSWORD, "wrong"):
        with server.connect(listener, *GOOD) as client:
            greeting(client)
            client.capabilities()
            reply = client.login(ANN, password)
            expect_true(client.is_good(reply) if password == PASSWORD else reply == WRONG[service],
                        f"{service}, {password}: {reply}")
    with server.connect(listener, *OLD) as client:
        client.send_line(client.CAPABILITY)
        client.receive()
    with server.connect(listener, source=ELSEWHERE) as client:
        client.greet()
        client.capabilities()


class Pair:
    """The same Dovecot with the plugin and without.

    A login process knows nothing of passdbs; ours would let nobody in without the plugin.
    """

    def __init__(self, workspace, passdb, high_performance):
        path = workspace.write("exceptions", f"{OF_ANN}\n")
        site = Site(workspace, exceptions=path if passdb else "none",
                    dovecot_passdb="yes" if passdb else "no")
        site.apply()
        self.envelope = {str(site.state / "envelope"): 1} if passdb else {}
        self.ours = DovecotServer(workspace, site, {ANN: PASSWORD}, name="ours", passdb=passdb,
                                  high_performance=high_performance)
        preloaded = sanitizer.is_needed(MODULE)
        self.stock = DovecotServer(
            workspace, site, {ANN: PASSWORD}, name="stock", plugin=False,
            high_performance=high_performance,
            extra=sanitizer.configuration({name: name for name in PROGRAMS.values()})
            if preloaded else "")

    @contextlib.contextmanager
    def processes(self, service, tls):
        """Their processes, each with one client whose TLS is up."""
        listener = SERVICES[service][0][-1]
        with self.ours.connect(listener, *tls) as ours, \
                self.stock.connect(listener, *tls) as stock:
            for client in (ours, stock):
                greeting(client)
                client.capabilities()
            yield only_process(self.ours, service), only_process(self.stock, service)


def expect_descriptors(pair, ours, stock):
    def difference():
        counts = held(pair.ours, ours), held(pair.stock, stock)
        return dict(counts[0] - counts[1]), dict(counts[1] - counts[0])

    expect_true(sum(held(pair.stock, stock).values()) > 3, "something is open")
    want = pair.envelope, {}
    # What clients before have had may still be open.
    with contextlib.suppress(TimeoutError):
        wait_until(lambda: difference() == want, "the same descriptors")
    expect(difference(), want, "open with the plugin alone, and without it alone")


def expect_maps(pair, ours, stock):
    maps = mapped(ours)
    with_plugin = {common_name(pair.ours, file) for _, _, file in maps}
    without = {common_name(pair.stock, file) for _, _, file in mapped(stock)}
    expect_true(any("libdovecot-login" in file for file in without), f"libraries: {without}")
    expect((with_plugin - without, without - with_plugin), ({str(MODULE)}, set()),
           "mapped with the plugin alone, and without it alone")
    of_module = [(addresses, permissions) for addresses, permissions, file in maps
                 if common_name(pair.ours, file) == str(MODULE)]
    expect([permissions for _, permissions in of_module if "w" in permissions
            and "x" in permissions], [], "writable code")
    # The very file that is in memory, by whatever name it may have been replaced since.
    expect(exports(PROC / str(ours) / "map_files" / of_module[0][0]), ENTRIES, "symbols")


def expect_ways(pair, ours, stock):
    for name in ("root", "cwd"):
        expect(link(pair.ours, PROC / str(ours) / name), link(pair.stock, PROC / str(stock) / name),
               name)
    for name in STATUS:
        expect(status(ours, name), status(stock, name), name)


def test_pair(tap, pair, mode):
    for service in SERVICES:
        for server in (pair.ours, pair.stock) if pair.ours.options.high_performance else ():
            have_sessions(server, service)
        # Who is below the floor stays connected only if an exception might cover it.
        for tls in (GOOD, OLD) if pair.envelope else (GOOD,):
            name = f"{mode}, {PROGRAMS[service]}, {tls[0]}"
            with pair.processes(service, tls) as processes:
                with tap.case(f"{name}: no descriptor but the envelope's"):
                    expect_descriptors(pair, *processes)
                with tap.case(f"{name}: no file but the module, no symbol but its entries"):
                    expect_maps(pair, *processes)
                with tap.case(f"{name}: the same root, directory, threads and signals"):
                    expect_ways(pair, *processes)


# --- the file ---

def test_module(tap):
    with tap.case("nothing but the entry points is exported"):
        expect(exports(MODULE), ENTRIES, "symbols")
    with tap.case("nothing but libc is needed"):
        expect(re.findall(r"\(NEEDED\).*\[(.*)\]", readelf("-d", MODULE)), ["libc.so.6"])
    with tap.case("it needs no executable stack and is not writable code"):
        expect(re.findall(r"GNU_STACK .* (RWE|R E)", readelf("-l", MODULE)), [], "stack")
        expect("TEXTREL" in readelf("-d", MODULE), False, "text relocations")


def main():
    skip_unless_root()
    tap = Tap()
    test_module(tap)
    for mode, (passdb, high_performance) in MODES.items():
        with Workspace() as workspace:
            test_pair(tap, Pair(workspace, passdb, high_performance), mode)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
