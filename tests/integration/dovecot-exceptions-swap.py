#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Exceptions that are swapped a thousand times (200 in sanitizer builds) while clients log in.

Whoever is in every list gets in every time, whoever is in none never does,
compliant clients notice nothing, and nothing crashes: while `tlsfloor apply`
puts one list after the other in force, and while bytes of the snapshot are
flipped under the eyes of the auth process, which has it mapped.
"""

import collections
import contextlib
import itertools
import pathlib
import random
import sys
import threading
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from dovecot_exceptions import (BOB, CARL, DENIED, DORA, GRANTED, OF_ANN, OF_ANOTHER,  # noqa: E402
                                STORE_ERROR, ExceptionsLab, outcome_of)
from dovecot_words import ANN, AUTH_ERROR, GOOD, OLD  # noqa: E402
from lab import sanitizer  # noqa: E402
from lab.dovecot_server import CLIENTS as PROTOCOLS  # noqa: E402
from lab.policyd import build_tree  # noqa: E402
from lab.workspace import Workspace, wait_until  # noqa: E402
from tap import Tap, comment, expect, expect_true, skip_unless_root  # noqa: E402

PLUGIN = build_tree() / "dovecot-plugin" / "tlsfloor.so"
SWAPS = 200 if sanitizer.is_needed(PLUGIN) else 1000
# Of each kind of client, at least, meanwhile.
LOGINS = 50
# So many bits are wrong at a time.
FLIPPED = 8
OF_CARL = f"{CARL} allow=TLSv1 until=2099-01-01 from=any"
MANY = [f"user{number}@example.org allow=TLSv1 until=2099-01-01 from=192.0.2.{number % 256}"
        for number in range(2000)]
# Ann and somebody who opens the gate are in all, bob in none, carl in some.
LISTS = [[OF_ANN, OF_ANOTHER], [OF_ANOTHER, OF_ANN, OF_CARL], [OF_ANOTHER, *MANY[:300], OF_ANN],
         [OF_CARL, OF_ANOTHER, OF_ANN]]
# User, TLS, listener. A denial takes half a second, so more of those at once.
CLIENTS = [(ANN, OLD, "imaps"), (ANN, OLD, "pop3s"), (ANN, GOOD, "imaps"), (BOB, GOOD, "pop3s"),
           *[(BOB, OLD, "imaps")] * 4, *[(DORA, OLD, "pop3s")] * 2, (CARL, OLD, "imaps")]


class Load:
    """Clients that log in one after the other, all at once; counts what becomes of them."""

    def __init__(self, server):
        self.server, self.ending = server, threading.Event()
        self.counts = collections.defaultdict(collections.Counter)
        self.lock = threading.Lock()

    def log_in(self, user, tls, listener):
        while not self.ending.is_set():
            try:
                # Not by server.connect(), which reads the whole log for each.
                with PROTOCOLS[listener](self.server.ports[listener]) as client:
                    client.wrap(*tls)
                    got = outcome_of(client, tls[0], user)
            except Exception as error:  # counts as an outcome that nobody wants
                got = repr(error)
            with self.lock:
                self.counts[user, tls][got] += 1

    @contextlib.contextmanager
    def running(self):
        self.ending.clear()
        self.counts.clear()
        threads = [threading.Thread(target=self.log_in, args=client) for client in CLIENTS]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.ending.set()
            for thread in threads:
                thread.join()

    def is_enough(self):
        with self.lock:
            return all(sum(self.counts[user, tls].values()) >= LOGINS for user, tls, _ in CLIENTS)

    def expect(self, user, tls, outcomes, at_least=10):
        counts = self.counts[user, tls]
        comment(f"{user}, {tls[0]}: {dict(counts)}")
        expect(set(counts) - set(outcomes), set(), f"{user}, {tls}: {counts}")
        expect_true(sum(counts.values()) >= at_least, f"{user}, {tls}: {counts}")


def test_apply(lab, load, tap):
    with load.running():
        for number in itertools.count():
            lab.apply(*LISTS[number % len(LISTS)])
            if number >= SWAPS and load.is_enough():
                break
        comment(f"{number} swaps")
    with tap.case("whoever is in every list got in every time"):
        load.expect(ANN, OLD, {GRANTED}, LOGINS)
    with tap.case("whoever is in none never did, and was never put off"):
        load.expect(BOB, OLD, {DENIED}, LOGINS)
        load.expect(DORA, OLD, {DENIED}, LOGINS)
    with tap.case("whoever is in some got in or did not"):
        load.expect(CARL, OLD, {GRANTED, DENIED}, LOGINS)
    with tap.case("compliant clients noticed nothing"):
        load.expect(ANN, GOOD, {GRANTED}, LOGINS)
        load.expect(BOB, GOOD, {GRANTED}, LOGINS)
    with tap.case("the last list is in force"):
        lab.give(*LISTS[-1])
        lab.expect_outcome(GRANTED, "imaps", CARL)
        lab.apply(*LISTS[0])
        lab.pass_second()
        lab.expect_outcome(DENIED, "imaps", CARL)
    with tap.case("nothing crashed, and no error was told"):
        lab.expect_sound()


def test_same_second(lab, tap):
    """The auth process has looked for a policy, and not yet at the snapshot, when both change."""
    with tap.case("a list that is replaced right behind a compliant login disturbs nobody"):
        for number in range(3):
            lab.pass_second()
            wait_until(lambda: time.time() % 1 < 0.3, "the beginning of a second")
            lab.expect_outcome(GRANTED, "imaps", BOB, GOOD)
            lab.apply(*LISTS[number % 2])
            lab.expect_outcome(GRANTED, "imaps")


def flip_bits(file, good, done):
    """One after the other, some at the same time, and all right again."""
    generator, wrong = random.Random(20261124), collections.deque()
    while not done() or wrong:
        if not done():
            wrong.append(generator.randrange(len(good)))
            file.seek(wrong[-1])
            file.write(bytes([good[wrong[-1]] ^ 1 << generator.randrange(8)]))
        if done() or len(wrong) > FLIPPED:
            at = wrong.popleft()
            file.seek(at)
            file.write(good[at:at + 1])


def test_flips(lab, load, tap):
    lab.give(OF_ANN, OF_CARL, OF_ANOTHER)
    path = lab.site.state / "exceptions.cdb"
    good = path.read_bytes()
    with load.running(), open(path, "r+b", buffering=0) as file:
        flip_bits(file, good, lambda: sum(load.counts[BOB, OLD].values()) >= 60)
    with tap.case("flipped bits let nobody in whom the text does not let in"):
        load.expect(BOB, OLD, {DENIED, STORE_ERROR})
        load.expect(DORA, OLD, {DENIED, STORE_ERROR})
        # A name may be hidden by a flipped bit of the index, which has no checksum.
        load.expect(ANN, OLD, {GRANTED, DENIED, STORE_ERROR})
        load.expect(CARL, OLD, {GRANTED, DENIED, STORE_ERROR})
        met = sum(counts[STORE_ERROR] for counts in load.counts.values())
        expect_true(met > 0, "nobody met a flipped bit")
    with tap.case("compliant clients noticed nothing of them"):
        load.expect(BOB, GOOD, {GRANTED})
    with tap.case("all is well again"):
        expect(path.read_bytes(), good, "the snapshot")
        lab.pass_second()
        lab.expect_outcome(GRANTED, "imaps")
        lab.expect_outcome(GRANTED, "pop3s", CARL)
        lab.expect_outcome(DENIED, "imaps", BOB)
    with tap.case("nothing crashed"):
        lab.expect_sound(AUTH_ERROR + ".*tlsfloor: .*/exceptions.cdb: ")


def main():
    skip_unless_root()
    tap = Tap()
    with Workspace() as workspace:
        lab = ExceptionsLab(workspace, *LISTS[0], protocols=("imap", "pop3"),
                            extra="auth_debug = no\n")
        load = Load(lab.server)
        test_same_second(lab, tap)
        test_apply(lab, load, tap)
        test_flips(lab, load, tap)
    return tap.finish()


sys.exit(main())
