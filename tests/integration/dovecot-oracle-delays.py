#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How long a denial takes tells nothing of the password (S7 of RFC 8314 section 4.1).

200 tries each of right password, wrong password and unknown user, mixed in
random order, each from an address of its own: at Dovecot's usual
auth_failure_delay, many at a time; then one at a time and without that delay,
whose steps of half a second would hide a lot. A rank test compares them. It must
find nothing in what is the same, and it must find a password database that
takes 5 ms and stands where it must not, before tlsfloor's.
"""

import concurrent.futures
import ipaddress
import itertools
import pathlib
import random
import resource
import subprocess
import sys
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from dovecot_oracle import (CACHE, EXCEPTIONS, MECHANISMS, NO_BOSS, NOBODY, USERS,  # noqa: E402
                            WAYS, WRONG_PASSWORD, connect)
from dovecot_passdbs import BOSS, masters, sql_passdb  # noqa: E402
from dovecot_words import ANN, OF_ATTEMPT, PASSWORD, SAID, URL, said  # noqa: E402
from lab.dovecot_release import RELEASE, syntax  # noqa: E402
from lab.dovecot_server import DovecotServer  # noqa: E402
from lab.policyd import Site  # noqa: E402
from lab.workspace import Workspace  # noqa: E402
from rank_test import halves, spread, together, z_value  # noqa: E402
from tap import Tap, comment, expect, expect_true, skip_unless_root  # noqa: E402

TRIES = 200
AT_A_TIME = 500
# Chance alone gives a greater one once in 147,000 comparisons; one run makes about 160.
THRESHOLD = 4.5
# It is 1 for independent values where there is nothing to find; ours come in threes that share
# their tries, and vary more.
SPREADS = 0.4, 1.6
CHANNELS = {"cleartext": None, "TLSv1": "TLSv1"}
ORDINARY = {"right": (ANN, PASSWORD), "wrong": (ANN, WRONG_PASSWORD), "unknown": (NOBODY, PASSWORD)}
OF_MASTER = {"right": (f"{ANN}*{BOSS}", PASSWORD), "wrong": (f"{ANN}*{BOSS}", WRONG_PASSWORD),
             "unknown": (f"{ANN}*{NO_BOSS}", PASSWORD)}
# The mechanisms once; the password itself is the only one that a database can take its time for.
MEASURED = [way for way in WAYS if way.service == "pop3" or way.name == "LOGIN command"]
PLAINEST = WAYS[0]
# Options that take the queue of failures away.
NODELAY = "".join(syntax.tlsfloor(default_fields="nodelay=y", master=master)
                  for master in (True, None))
WITHOUT_DELAY = {"2.3": {"before_passdb": NODELAY}, "2.4": {"failure_delay": "0"}}[RELEASE]
LEAK = 0.005


class Addresses:
    """Each of 127.0.0.0/8 only once."""

    def __init__(self):
        self.numbers = itertools.count(int(ipaddress.ip_address("127.1.0.1")))

    def next(self):
        return str(ipaddress.ip_address(next(self.numbers)))


class Measurement:
    """Delays by (what, channel, way, name of the user)."""

    def __init__(self, addresses):
        self.addresses, self.tries, self.delays = addresses, [], {}

    def add(self, what, server, way, channel, users=None):
        for name, names in (users or ORDINARY).items():
            key = what, channel, way.name, name
            self.delays[key] = []
            self.tries += [(key, server, way, channel, names, self.addresses.next())
                           for _ in range(TRIES)]

    def run(self, at_a_time):
        """All of them in random order: what changes in the meantime changes for all."""
        random.shuffle(self.tries)
        with concurrent.futures.ThreadPoolExecutor(at_a_time) as pool:
            for key, delay in pool.map(self.attempt, self.tries):
                self.delays[key].append(delay)

    @staticmethod
    def attempt(one):
        key, server, way, channel, names, source = one
        with connect(server, way, CHANNELS[channel], source) as client:
            start = time.monotonic()
            reply = way.log_in(client, *names)
            end = time.monotonic()
        expect(reply, OF_ATTEMPT[way.service]["refuse"].format(said(channel)))
        return key, end - start

    def pairs(self):
        """((what, channel, way), name, name, z value)."""
        for key, by_user in itertools.groupby(self.delays, lambda key: key[:3]):
            for first, second in itertools.combinations([one[3] for one in by_user], 2):
                yield (key, first, second,
                       z_value(self.delays[*key, first], self.delays[*key, second]))

    def same_on_purpose(self):
        return [z_value(*halves(sample)) for sample in self.delays.values()]


def summary(sample):
    ordered = sorted(sample)
    return " ".join(f"{1000 * ordered[len(ordered) * part // 100]:.1f}" for part in (5, 50, 95))


def test_same(tap, name, measurement):
    for key, delays in measurement.delays.items():
        comment(f"{name}: {', '.join(key)}: 5 %, 50 %, 95 % of {len(delays)}: {summary(delays)} ms")
    by_pair = {}
    for key, first, second, z in measurement.pairs():
        with tap.case(f"{name}: {', '.join(key)}: {first} and {second} take as long: z = {z:.2f}"):
            expect_true(abs(z) < THRESHOLD, f"z = {z:.2f}, threshold {THRESHOLD}")
        by_pair.setdefault((first, second), []).append(z)
    for (first, second), values in by_pair.items():
        z = together(values)
        with tap.case(f"{name}: all together: {first} and {second} take as long: z = {z:.2f}"):
            expect_true(abs(z) < THRESHOLD, f"z = {z:.2f}, threshold {THRESHOLD}")


def test_control(tap, name, measurement):
    values = measurement.same_on_purpose()
    with tap.case(f"{name}: of what is the same on purpose, {len(values)} pairs differ by chance:"
                  f" greatest z = {max(map(abs, values)):.2f}, spread {spread(values):.2f}"):
        expect_true(max(map(abs, values)) < THRESHOLD, f"{values}")
        expect_true(len(values) < 40 or SPREADS[0] < spread(values) < SPREADS[1], f"{values}")


def test_usual_delay(tap, servers):
    """As it is in use: the failure queue, and the waits of addresses that failed before."""
    measurement = Measurement(servers.addresses)
    files, sql = servers.start("files"), servers.start("sql", sql=True)
    for channel in CHANNELS:
        for way in MEASURED:
            measurement.add("passwd-file", files, way, channel)
        measurement.add("master", files, PLAINEST, channel, OF_MASTER)
        measurement.add("SQL with cache", sql, PLAINEST, channel)
    measurement.run(AT_A_TIME)
    test_same(tap, "usual delay", measurement)
    test_control(tap, "usual delay", measurement)
    with tap.case("usual delay: the queue of failures was there: no denial came at once"):
        expect_true(min(map(min, measurement.delays.values())) > 10 * LEAK, "too early")
    files.stop()
    sql.stop()


def test_without_delay(tap, servers):
    measurement = Measurement(servers.addresses)
    server = servers.start("at-once", **WITHOUT_DELAY)
    for channel in CHANNELS:
        for way in MEASURED:
            measurement.add("passwd-file", server, way, channel)
        measurement.add("master", server, PLAINEST, channel, OF_MASTER)
    measurement.run(1)
    test_same(tap, "no delay", measurement)
    test_control(tap, "no delay", measurement)
    server.stop()


# --- the leak ---

def crypt(rounds):
    """The password's hash."""
    text = subprocess.run(["doveadm", "-O", "pw", "-s", "SHA512-CRYPT", "-r", str(rounds),
                           "-p", PASSWORD], check=True, capture_output=True, text=True).stdout
    return text.strip().removeprefix("{SHA512-CRYPT}")


def seconds_of(rounds):
    """Of one hash, with what doveadm needs to start: the least of some tries."""
    def once():
        start = time.monotonic()
        crypt(rounds)
        return time.monotonic() - start

    return min(once() for _ in range(5))


def slow_hash():
    """A hash of the password that takes about as long as the leak is to be."""
    few, many = 1000, 100000
    of_a_round = (seconds_of(many) - seconds_of(few)) / (many - few)
    return crypt(max(few, round(LEAK / of_a_round)))


def test_leak(tap, servers):
    """A database before tlsfloor's takes its time for users that it knows: right or wrong."""
    path = servers.workspace.write("early", f"{ANN}:{slow_hash()}\n")
    early = syntax.passwd_file(path, "sha512-crypt", result_success="continue")
    before = early + WITHOUT_DELAY.get("before_passdb", "")
    server = servers.start("leak", **{**WITHOUT_DELAY, "before_passdb": before})
    measurement = Measurement(servers.addresses)
    measurement.add("leak", server, PLAINEST, "cleartext")
    measurement.run(1)
    for key, delays in measurement.delays.items():
        comment(f"{', '.join(key)}: 5 %, 50 %, 95 % of {len(delays)}: {summary(delays)} ms")
    test_control(tap, "leak", measurement)
    for _, first, second, z in measurement.pairs():
        leaks = second == "unknown"
        with tap.case(f"leak of {1000 * LEAK:.0f} ms: {first} and {second}"
                      f" {'are told apart' if leaks else 'take as long'}: z = {z:.2f}"):
            expect(z > THRESHOLD if leaks else abs(z) < THRESHOLD, True, f"z = {z:.2f}")
    server.stop()


class Servers:
    def __init__(self, workspace):
        self.workspace, self.addresses = workspace, Addresses()
        self.site = Site(workspace, reject_text=SAID, help_url=URL, dovecot_passdb="yes",
                         exceptions=workspace.write("exceptions", EXCEPTIONS))
        self.site.apply()

    def start(self, name, sql=False, **options):
        passdbs = masters(self.workspace)
        if sql:
            passdbs += sql_passdb(self.workspace, USERS)
        return DovecotServer(
            self.workspace, self.site, {} if sql else USERS, name=name, passdb=True,
            protocols=("imap", "pop3"), mechanisms=MECHANISMS, high_performance=True,
            penalty=True, passdbs=passdbs, extra=CACHE if sql else "",
            **{"failure_delay": "2 secs", **options})


def main():
    skip_unless_root()
    resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
    tap = Tap()
    with Workspace() as workspace:
        servers = Servers(workspace)
        for test in (test_leak, test_without_delay, test_usual_delay):
            start = time.monotonic()
            test(tap, servers)
            comment(f"{test.__name__}: {time.monotonic() - start:.0f} s")
    return tap.finish()


sys.exit(main())
