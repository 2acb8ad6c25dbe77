#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Exceptions in tlsfloor-policyd: who gets in, since when, and what a broken store does to whom.

Every case has a directory and a daemon of its own, as in policyd.py.
"""

import contextlib
import os
import pathlib
import pwd
import re
import shutil
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from cases import case, case_unless, needs, run  # noqa: E402
from policyd_client import (  # noqa: E402
    ADMIN, OLD, POLICYD, Client, Daemon, apply_state, request, wait_until)
from tap import comment, expect, expect_true, skip_unless_root  # noqa: E402

ANN, BOB, SCAN = "ann@example.org", "bob@example.org", "scan@example.org"
EARLY = {"protocol_state": "EHLO", "sasl_username": "", "sasl_method": ""}
ELSEWHERE = {"client_address": "198.51.100.9"}
FROM = "from=192.0.2.0/28"
SANITIZED = b"__asan_init" in pathlib.Path(POLICYD).read_bytes()

class Site:
    """An exceptions file and the state that it is applied to."""

    def __init__(self, directory):
        self.state = os.path.join(directory, "state")
        self.exceptions = pathlib.Path(directory, "exceptions")
        self.snapshot = pathlib.Path(self.state, "exceptions.cdb")

    def apply(self, *lines, conf=""):
        self.exceptions.write_text("".join(f"{line}\n" for line in lines))
        apply_state(self.state, f"exceptions = {self.exceptions}\n{conf}")

    def allow(self, *users, conf=""):
        self.apply(*(f"{user} allow=TLSv1 until=2099-12-31 {FROM}" for user in users), conf=conf)


@contextlib.contextmanager
def running(directory, *users, **options):
    """A site with exceptions for these users, a daemon, and a connection to it."""
    site = Site(directory)
    site.allow(*users)
    with Daemon(site.state, listeners=[os.path.join(directory, "policy")], **options) as daemon:
        with Client(daemon.listeners[0]) as client:
            yield site, daemon, client
        if daemon.process.poll() is None:
            expect(daemon.stop(), 0, "exit status")
        expect_true("runtime error" not in daemon.log(), daemon.log())


def code(client, user, **changes):
    """The first word of the answer at MAIL for a user with TLS 1.0."""
    return client.ask(protocol_state="MAIL", sasl_username=user, **{**OLD, **changes}).split()[0]


def early(client, **changes):
    """The same at EHLO, before a user is named."""
    return client.ask(**{**OLD, **EARLY, **changes}).split()[0]


def soon(condition, what):
    """A second is what is promised; the rest is for a busy machine."""
    start = time.monotonic()
    expect(wait_until(condition), True, what)
    seconds = time.monotonic() - start
    expect_true(seconds < 3, f"{what}: after {seconds:.2f} s")


# --- who gets in ---

@case
def an_excepted_user_gets_in_and_others_do_not(directory):
    with running(directory, "Ann@Example.org") as (_, daemon, client):
        expect(early(client), "DUNNO", "EHLO: who it is decides")
        expect(code(client, ANN), "DUNNO", "ann")
        expect(code(client, "ANN@EXAMPLE.ORG", client_port="2"), "DUNNO", "in capitals")
        expect(code(client, BOB, client_port="3"), "530", "bob")
        expect(code(client, "", client_port="4"), "530", "nobody")
        expect(code(client, ANN, client_port="5", encryption_protocol="SSLv3"), "530", "SSLv3")
        audits = [(line["action"], line["reason"], line["user"], line["exception"])
                  for line in daemon.audits()]
        expect(audits[:3], [("accept", "exception", ANN, "Ann@Example.org"),
                            ("accept", "exception", "ANN@EXAMPLE.ORG", "Ann@Example.org"),
                            ("refuse", "version", BOB, "")], "audit lines")


@case
def from_elsewhere_nobody_gets_to_send_a_password(directory):
    with running(directory, ANN) as (_, _daemon, client):
        expect(early(client, **ELSEWHERE), "530", "from elsewhere")
        expect(early(client, encryption_protocol="SSLv3"), "530", "older than any exception")
        expect(early(client, encryption_cipher="NULL-SHA"), "530", "a suite of none")
        expect(code(client, ANN, **ELSEWHERE), "530", "ann from elsewhere")
        expect(early(client), "DUNNO", "from there")


@case
def an_expired_exception_opens_nothing(directory):
    with running(directory) as (site, _, client):
        site.apply(f"{ANN} allow=TLSv1 until=2020-12-31 {FROM}")
        expect(early(client), "530", "EHLO")
        expect(code(client, ANN), "530", "MAIL")


@case
def domain_everybody_and_default_domain(directory):
    with running(directory) as (site, _, client):
        site.apply(f"@example.org allow=TLSv1 until=2099-12-31 {FROM}",
                   "* allow=cleartext until=2099-12-31 from=203.0.113.7",
                   f"carl allow=TLSv1 until=2099-12-31 {FROM}",
                   conf="default_domain = example.net\n")
        soon(lambda: code(client, ANN) == "DUNNO", "domain")
        expect(code(client, "ann@sub.example.org"), "530", "its subdomain")
        expect(code(client, "carl"), "DUNNO", "carl")
        expect(code(client, "carl@example.net"), "DUNNO", "carl with his domain")
        expect(code(client, "carl@example.com"), "530", "carl of elsewhere")
        nobody = {"client_address": "203.0.113.7", "encryption_protocol": "",
                  "encryption_cipher": "", "encryption_keysize": "0"}
        expect(code(client, "", **nobody), "DUNNO", "anybody, cleartext")


# --- changes while sessions go on ---

@case
def given_changed_and_removed_within_a_second(directory):
    with running(directory, BOB) as (site, daemon, client):
        expect(code(client, ANN), "530", "before")
        for _ in range(2):
            site.allow(ANN, BOB)
            soon(lambda: code(client, ANN) == "DUNNO", "given")
            expect(code(client, BOB), "DUNNO", "bob meanwhile")
            site.allow(BOB)
            soon(lambda: code(client, ANN) == "530", "removed")
            site.apply()
            soon(lambda: early(client) == "530", "the last one removed")
            expect(site.snapshot.exists(), False, "a snapshot of nothing")
            site.allow(BOB)
            soon(lambda: code(client, BOB) == "DUNNO", "the first one given")
        expect("warning" in daemon.log(), False, daemon.log())


def sessions(daemon, stop, failures):
    """Asks for one who always has an exception, one who never has, and a compliant one."""
    port = 0
    with Client(daemon.listeners[0]) as client:
        while not stop.is_set():
            port += 1
            for want, got in (("DUNNO", code(client, ANN, client_port=str(port % 60000))),
                              ("530", code(client, BOB, client_port=str(port % 60000))),
                              ("DUNNO", early(client)), ("DUNNO", client.ask())):
                if got != want:
                    failures.append(f"session {port}: {got}, not {want}")
    failures.append(port)


@case
def swapped_all_the_time_it_disturbs_nobody(directory):
    swaps = 100 if SANITIZED else 1000
    with running(directory, ANN) as (site, daemon, client):
        stop, failures = threading.Event(), []
        threads = [threading.Thread(target=sessions, args=(daemon, stop, failures))
                   for _ in range(2)]
        for thread in threads:
            thread.start()
        for number in range(swaps):
            site.allow(ANN, *([SCAN] if number % 2 else []),
                       conf="audit = none\n" if number % 3 else "audit = violations\n")
        stop.set()
        for thread in threads:
            thread.join()
        rounds = [failure for failure in failures if isinstance(failure, int)]
        failures = [failure for failure in failures if isinstance(failure, str)]
        comment(f"{sum(rounds)} rounds of sessions, {swaps} swaps")
        expect(failures[:5], [], f"{len(failures)} wrong answers")
        expect_true(sum(rounds) > swaps / 5, f"only {rounds} rounds")
        expect(code(client, BOB), "530", "in the end")


# --- a broken store ---

def overwrite(path, data):
    """In place, as an editor or a restored backup does."""
    with open(path, "r+b") as file:
        file.truncate(0)
        file.write(data)


def replace(path, data):
    new = path.with_suffix(".test")
    new.write_bytes(data)
    new.rename(path)


def make_directory(path):
    path.unlink()
    path.mkdir()


def damages(good, other):
    flipped = bytearray(good)
    flipped[2048 + 8 + len(ANN) + 2] ^= 1  # behind table, sizes and key: a byte of the end date
    return (
        ("missing", lambda path: path.unlink()),
        ("empty", lambda path: replace(path, b"")),
        ("cut", lambda path: replace(path, good[:len(good) // 2])),
        ("cut in place", lambda path: os.truncate(path, 100)),
        ("overwritten in place", lambda path: overwrite(path, b"x" * len(good))),
        ("a record flipped", lambda path: replace(path, bytes(flipped))),
        ("of another list", lambda path: replace(path, other)),
        ("a directory", make_directory),
        ("writable by others", lambda path: path.chmod(0o666)),
        ("noise", lambda path: replace(path, os.urandom(5000))),
    )


def expect_broken(client, name):
    # Who could have an exception is put off, and nobody else is.
    soon(lambda: code(client, ANN) == "454", f"{name}: ann")
    expect(code(client, BOB, **ELSEWHERE), "530", f"{name}: bob, from where there is no exception")
    expect(early(client, **ELSEWHERE), "530", f"{name}: EHLO, from where there is no exception")
    expect(client.ask(), "DUNNO", f"{name}: a compliant session")


@case
def a_damaged_snapshot_puts_off_whom_it_may_concern(directory):
    with running(directory, ANN) as (site, daemon, client):
        good = site.snapshot.read_bytes()
        site.allow(ANN, BOB, SCAN)
        other = site.snapshot.read_bytes()
        site.allow(ANN)
        soon(lambda: code(client, BOB) == "530", "only ann")
        for number, (name, damage) in enumerate(damages(good, other), 1):
            damage(site.snapshot)
            expect_broken(client, name)
            expect(daemon.wait_log("who may have an exception is put off", number), True,
                   f"{name}: {daemon.log()}")
            if site.snapshot.is_dir():
                site.snapshot.rmdir()
            site.allow(ANN)
            soon(lambda: code(client, ANN) == "DUNNO", f"{name}: applied again")
            expect(code(client, BOB), "530", f"{name}: bob")
        expect(daemon.wait_log("the exceptions can be read again", number), True, daemon.log())
        audits = [line for line in daemon.audits() if line["reason"] == "store-error"]
        expect_true(len(audits) >= number, f"{len(audits)} audit lines")


@case
def an_envelope_that_cannot_be_read_closes_no_gate(directory):
    with running(directory, ANN) as (site, _, client):
        envelope = pathlib.Path(site.state, "envelope")
        expect(early(client, **ELSEWHERE), "530", "from elsewhere")
        for name, damage in (("cut", lambda: os.truncate(envelope, 50)),
                             ("noise", lambda: overwrite(envelope, os.urandom(4096))),
                             ("missing", envelope.unlink)):
            damage()
            if name != "missing":
                soon(lambda: early(client, **ELSEWHERE) == "DUNNO", name)
            expect(code(client, BOB, **ELSEWHERE), "530", f"{name}: at MAIL")
            expect(code(client, ANN), "DUNNO", f"{name}: ann")
            site.allow(ANN)
            soon(lambda: early(client, **ELSEWHERE) == "530", f"{name}: applied again")


@case
def a_daemon_starts_without_its_snapshot(directory):
    site = Site(directory)
    site.allow(ANN)
    site.snapshot.unlink()
    with Daemon(site.state, listeners=[os.path.join(directory, "policy")]) as daemon, \
            Client(daemon.listeners[0]) as client:
        expect(client.ask(), "DUNNO", "a compliant session")
        expect("warning" in daemon.log(), False, daemon.log())
        expect(code(client, ANN), "454", "ann")
        expect(daemon.wait_log("is missing: run tlsfloor apply"), True, daemon.log())


# --- the daemon's user ---

UNTRACED = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")


@case
def the_group_of_the_directory_may_read(directory):
    site = Site(directory)
    os.mkdir(site.state, 0o711)
    shutil.chown(site.state, group=pwd.getpwnam("nobody").pw_gid)
    site.allow(ANN)
    with Daemon(site.state, listeners=[os.path.join(directory, "policy")], user="nobody",
                env=UNTRACED) as daemon, Client(daemon.listeners[0]) as client:
        expect(code(client, ANN), "DUNNO", daemon.log())
        site.snapshot.chmod(0o600)
        soon(lambda: code(client, ANN) == "454", "not readable any more")
        expect(daemon.wait_log("exceptions.cdb: cannot be opened: Permission denied"), True,
               daemon.log())
        site.allow(ANN, BOB)
        soon(lambda: code(client, BOB) == "DUNNO", "applied again")


@case
def only_root_reads_it_without_a_group(directory):
    site = Site(directory)
    site.exceptions.write_text(f"{ANN} allow=TLSv1 until=2099-12-31 {FROM}\n")
    conf = pathlib.Path(directory, "conf")
    conf.write_text(f"exceptions = {site.exceptions}\n")
    done = subprocess.run([ADMIN, "-c", conf, "-S", site.state, "apply"], capture_output=True,
                          text=True, check=True)
    if "there is no group" in done.stderr:
        expect(site.snapshot.stat().st_mode & 0o777, 0o600, "mode")
    else:
        expect(site.snapshot.stat().st_mode & 0o777, 0o640, "mode")


# --- what is touched ---

TOUCHES = re.compile(r"^\d+ +(\w+)\(.*(?:exceptions|envelope)")


def traced_calls(path):
    return [found[1] for found in map(TOUCHES.match, path.read_text().splitlines()) if found]


# A sanitizer cannot be traced.
@case_unless(SANITIZED)
@needs(shutil.which("strace"), "strace")
def compliant_sessions_touch_no_file(directory):
    trace = pathlib.Path(directory, "trace")
    prefix = ["strace", "-D", "-f", "-y", "-o", str(trace), "-e", "trace=file,pread64,lseek,mmap"]
    site = Site(directory)
    site.allow(ANN)
    with Daemon(site.state, listeners=[os.path.join(directory, "policy")],
                prefix=prefix) as daemon, \
            Client(daemon.listeners[0]) as client:
        for _ in range(200):
            expect(client.ask(), "DUNNO")
            expect(early(client, encryption_protocol="TLSv1.3"), "DUNNO")
        expect(traced_calls(trace), [], "calls of compliant sessions")
        start = time.monotonic()
        for number in range(300):
            expect(code(client, (ANN, BOB)[number % 2]), ("DUNNO", "530")[number % 2])
        seconds = time.monotonic() - start
        calls = traced_calls(trace)
        stats = [name for name in calls if "stat" in name]
        comment(f"300 violations in {seconds:.2f} s: {len(calls)} calls, {len(stats)} of them stat")
        # Opening takes some; after it a look is one.
        expect_true(len(stats) <= seconds + 8, f"{len(stats)} calls: {stats}")


def main():
    skip_unless_root()
    return run()


if __name__ == "__main__":
    sys.exit(main())
