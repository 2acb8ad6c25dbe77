#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tlsfloor-policyd while its state cannot be written, is damaged or gone, and the clock jumps.

As in policyd-faults-load.py, busy connections go on beside every fault. The
script has a mount namespace of its own, for file systems that are full.
"""

import contextlib
import datetime
import itertools
import mmap
import os
import pathlib
import re
import struct
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from cases import case, run  # noqa: E402
from policyd_client import (  # noqa: E402
    ADMIN, OLD, Client, Daemon, build_shim, wait_until)
from policyd_load import GROWTH, Load, descriptors, private_bytes  # noqa: E402
from tap import comment, expect, expect_true, skip_unless_root  # noqa: E402

ANN = "ann@example.org"
DAY = 86400
PAGE = mmap.PAGESIZE
IN_NAMESPACE = "TLSFLOOR_TEST_NAMESPACE"


class Site:
    """tlsfloor.conf, exceptions, and a state directory of 1 MiB."""

    def __init__(self, directory):
        self.conf = pathlib.Path(directory, "tlsfloor.conf")
        self.exceptions = pathlib.Path(directory, "exceptions")
        self.state = pathlib.Path(directory, "state")
        self.state.mkdir()
        mount("-t", "tmpfs", "-o", "size=1m,mode=711", "tmpfs", self.state)
        self.header = 0

    def allow(self, users, until="2099-12-31"):
        self.exceptions.write_text("".join(
            f"{user} allow=TLSv1 until={until} service=submission from=192.0.2.0/28\n"
            for user in users))

    def try_to_apply(self):
        """Exit status and what was said; the policy has never been in force before."""
        self.header += 1
        self.conf.write_text(f"exceptions = {self.exceptions}\ntag_header = X-{self.header}\n")
        done = subprocess.run([ADMIN, "-c", self.conf, "-S", self.state, "apply"],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        return done.returncode, done.stdout

    def apply(self):
        status, said = self.try_to_apply()
        expect(status, 0, said)

    def files(self):
        return {path.name: path.read_bytes() for path in self.state.iterdir()
                if path.name in ("policy", "exceptions.cdb")}


def mount(*arguments):
    subprocess.run(["mount", *arguments], check=True)


def unmount(directory):
    """The state of a site."""
    subprocess.run(["umount", "-q", directory + "/state"], check=False)


@contextlib.contextmanager
def running(directory, users=(ANN,), until="2099-12-31", env=None):
    """A site, its daemon, connections that ask all the time, and one of our own."""
    site = Site(directory)
    site.allow(users, until)
    site.apply()
    with Daemon(str(site.state), listeners=[os.path.join(directory, "policy")],
                log=os.path.join(directory, "log"), env=env) as daemon:
        before = descriptors(daemon.pid)
        with Load(daemon.listeners[0]) as load, Client(daemon.listeners[0]) as client:
            load.quiet()
            memory = private_bytes(daemon.pid)
            yield site, daemon, load, client
            load.expect_untouched()
            expect_true(private_bytes(daemon.pid) < memory + GROWTH, "memory grows")
        # The snapshot and the envelope may be open now.
        expect_true(wait_until(lambda: descriptors(daemon.pid) <= before + 2),
                    f"{descriptors(daemon.pid)} descriptors, no longer {before}")
        expect(daemon.stop(), 0, f"exit status; {daemon.log()[-2000:]}")


def ann(client):
    return client.ask(protocol_state="MAIL", sasl_username=ANN, **OLD).split()[0]


def expect_news(daemon, site):
    """What was applied last is in force."""
    before = daemon.count("a new policy is in force")
    site.apply()
    expect(daemon.wait_log("a new policy is in force", before + 1), True, "the new policy")


def fill(state, free):
    """All but so many pages of the state's file system."""
    path = state / "full"
    with open(path, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(PAGE))
    os.truncate(path, path.stat().st_size - free * PAGE)


@case
def a_full_disk_at_every_point_of_apply(directory):
    many = [ANN, *(f"user{number}@example.org" for number in range(300))]
    with running(directory, many) as (site, daemon, load, client):
        expect(ann(client), "DUNNO", "ann")
        with load.phase("the disk is full"):
            for free in itertools.count():
                before = site.files()
                fill(site.state, free)
                status, said = site.try_to_apply()
                if status == 0:
                    break
                expect_true("No space left on device" in said, said)
                expect(len(re.findall("^error: ", said, re.M)), 1, f"errors in: {said}")
                expect_true(site.files() == before, f"{free} pages: the state has changed")
                expect(ann(client), "DUNNO", f"{free} pages: ann")
        expect_true(free > 2, f"hardly full: {free} pages")
        comment(f"it can apply from {free} free pages on")
        (site.state / "full").unlink()
        expect_news(daemon, site)


@case
def a_disk_that_cannot_be_written(directory):
    with running(directory) as (site, daemon, load, client):
        before = site.files()
        mount("-o", "remount,ro", site.state)
        with load.phase("it is read-only"):
            status, said = site.try_to_apply()
            expect_true(status != 0 and "Read-only file system" in said, said)
            expect(site.files(), before, "state")
            expect(ann(client), "DUNNO", "ann")
            time.sleep(0.5)
        mount("-o", "remount,rw", site.state)
        expect_news(daemon, site)


def link_to_nothing(path):
    path.unlink()
    path.symlink_to("/nonexistent")


def damages(state):
    """Of each file in turn; nobody is to be let in by any."""
    for name in ("policy", "exceptions.cdb", "envelope"):
        path = state / name
        good = path.read_bytes()
        yield f"{name}: cut in place", lambda: os.truncate(path, len(good) // 2)
        yield f"{name}: noise in place", lambda: path.write_bytes(os.urandom(len(good)))
        yield f"{name}: empty", lambda: path.write_bytes(b"")
        yield f"{name}: missing", path.unlink
        yield f"{name}: a symbolic link to nothing", lambda: link_to_nothing(path)


@case
def a_state_that_is_replaced_damaged_and_removed(directory):
    with running(directory) as (site, daemon, load, client):
        with load.phase("replaced all the time"):
            for _ in range(30):
                site.apply()
                expect(ann(client), "DUNNO", "ann")
        with load.phase("damaged and mended"):
            for name, damage in damages(site.state):
                damage()
                end = time.monotonic() + 0.1
                while time.monotonic() < end:
                    expect_true(ann(client) in ("DUNNO", "454"), name)
                site.apply()
        away = site.state / "away"
        away.mkdir()
        with load.phase("all of it is gone"):
            for path in list(site.state.iterdir()):
                if path != away:
                    path.rename(away / path.name)
            expect(wait_until(lambda: ann(client) == "454"), True, "ann is put off")
            expect(daemon.wait_log("the old policy stays in force"), True, "warning")
        expect_news(daemon, site)
        expect(wait_until(lambda: ann(client) == "DUNNO"), True, "ann")


@case
def a_clock_that_is_set_by_a_day(directory):
    """Tomorrow at noon is when it runs: the last day of the exception."""
    shim, offset = os.path.join(directory, "clock.so"), pathlib.Path(directory, "offset")
    build_shim("clock-offset", shim)
    day = int(time.time()) // DAY + 1
    noon = day * DAY + DAY // 2 - int(time.time())
    last = datetime.date(1970, 1, 1) + datetime.timedelta(days=day)

    def set_clock(days):
        with open(offset, "r+b") as file:
            file.write(struct.pack("=q", noon + days * DAY))

    offset.write_bytes(bytes(8))
    set_clock(0)
    with running(directory, until=last, env=dict(os.environ, LD_PRELOAD=shim,
                                                 CLOCK_OFFSET=str(offset))) as \
            (site, daemon, load, client):
        expect(ann(client), "DUNNO", "ann at first")
        for days, want in ((1, "530"), (0, "DUNNO"), (-1, "DUNNO"), (0, "DUNNO"), (1, "530")):
            set_clock(days)
            with load.phase(f"{days:+} days"):
                expect(wait_until(lambda: ann(client) == want), True, f"{days:+} days: {want}")
                expect_news(daemon, site)
                expect(ann(client), want, "with the new policy")


def main():
    skip_unless_root()
    if IN_NAMESPACE not in os.environ:
        os.environ[IN_NAMESPACE] = "1"
        os.execvp("unshare", ["unshare", "-m", sys.executable, *sys.argv])
    return run(clean_up=unmount)


if __name__ == "__main__":
    sys.exit(main())
