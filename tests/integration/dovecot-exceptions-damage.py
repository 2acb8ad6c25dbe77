#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Damage to the applied exceptions under a running Dovecot.

Whatever lies where the snapshot should be: who could have an exception is put
off in the words of the protocol, nobody gets in whom the text does not let in,
compliant clients notice nothing, and all is well again within a second of the
repair. Whatever lies where the envelope should be: the passdb judges instead.
"""

import contextlib
import os
import pathlib
import random
import re
import shutil
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from dovecot_exceptions import (BOB, CARL, CLEARTEXT, DENIED, DORA, GATE, GRANTED,  # noqa: E402
                                LISTENERS, OF_ANN, STARTTLS, STORE_ERROR, STORE_ERROR_TEXT,
                                ExceptionsLab)
from dovecot_words import (ANN, AUTH_ERROR, GOOD, OF_ATTEMPT, OLD, PASSWORD, audit,  # noqa: E402
                           greeting)
from lab.workspace import Workspace, wait_until  # noqa: E402
from state_files import with_version  # noqa: E402
from tap import Tap, expect, expect_true, skip_unless_root  # noqa: E402

OLDER = "TLSv1.1", "ECDHE-RSA-AES256-SHA"
# Ann and carl have exceptions. Cleartext no exception could cover.
EXCEPTIONS = OF_ANN, f"{CARL} allow=TLSv1.1 until=2099-01-01 service=pop3,submission from=any"
# What was in force once, of which there is a backup.
BEFORE = "@example.org allow=cleartext until=2099-01-01 from=any", OF_ANN
NARROW = f"{ANN} allow=TLSv1 until=2099-01-01 service=pop3 from=127.0.0.9",
NOBODY = 65534
TOO_LARGE = 5 * 1024 ** 3


class Tests:
    def __init__(self, workspace, tap, high_performance=False):
        self.tap = tap
        self.lab = ExceptionsLab(workspace, *BEFORE, high_performance=high_performance)
        self.server, self.state = self.lab.server, self.lab.site.state
        self.before = self.files()
        self.lab.give(*NARROW)
        self.narrow = self.files()
        self.lab.give(*EXCEPTIONS)
        self.good = self.files()
        self.group = (self.state / "exceptions.cdb").stat().st_gid

    def files(self):
        return {name: (self.state / name).read_bytes()
                for name in ("policy", "exceptions.cdb", "envelope")}

    def put(self, name, data=None, mode=0o640, owner=0, group=None):
        """Another file of that name, by rename; without data: as it was applied."""
        path = self.state / name
        remove(path)
        new = self.state / "test.new"
        new.write_bytes(self.good[name] if data is None else data)
        os.chown(new, owner, self.group if group is None else group)
        new.chmod(0o644 if name != "exceptions.cdb" and mode == 0o640 else mode)
        new.rename(path)

    def auth_process(self):
        """The process id of the auth process, which is no worker."""
        for path in pathlib.Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                status = (path / "stat").read_text().rpartition(") ")[2].split()
                if int(status[1]) == self.server.process.pid and (
                        path / "comm").read_text() == "auth\n":
                    return int(path.name)
        raise RuntimeError("there is no auth process")


def remove(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def in_place(path, data):
    with open(path, "r+b") as file:
        file.write(data)
        file.truncate()


def flipped(data, byte, bit=0):
    return data[:byte] + bytes([data[byte] ^ 1 << bit]) + data[byte + 1:]


# --- what may lie there: a function of tests and a name, and of a snapshot what is said of it ---

def symlink_to(target):
    def lay(tests, name):
        remove(tests.state / name)
        (tests.state / name).symlink_to(target)
    return lay


def directory(tests, name):
    remove(tests.state / name)
    (tests.state / name).mkdir()


def fifo(tests, name):
    remove(tests.state / name)
    os.mkfifo(tests.state / name, 0o644)


def missing(tests, name):
    remove(tests.state / name)


def too_large(tests, name):
    tests.put(name)
    os.truncate(tests.state / name, TOO_LARGE)


def cut_while_open(tests, name):
    tests.put(name)
    tests.lab.pass_second()
    tests.lab.expect_outcome(GRANTED, "imaps")
    os.truncate(tests.state / name, 100)


def with_bytes(change):
    return lambda tests, name: tests.put(name, change(tests.good[name]))


DAMAGED = "is damaged or of another release"
OTHER = "is not the one that was applied with the policy"
# Of the bytes.
CHANGES = [
    ("empty", lambda data: b"", DAMAGED),
    ("cut by half", lambda data: data[:len(data) // 2], DAMAGED),
    ("cut by a byte", lambda data: data[:-1], DAMAGED),
    ("longer by a byte", lambda data: data + b"\0", DAMAGED),
    ("random bytes", lambda data: random.Random(1).randbytes(len(data)), DAMAGED),
    ("of another format", lambda data: with_version(data, 2), DAMAGED),
]
# Of the file.
KINDS = [(kind, with_bytes(change), sentence) for kind, change, sentence in CHANGES] + [
    ("missing", missing, "is missing"),
    ("a directory", directory, "is a directory, not a file"),
    ("a FIFO", fifo, "is not a regular file"),
    ("a device", symlink_to("/dev/zero"), "is not a regular file"),
    ("another user's", lambda tests, name: tests.put(name, owner=NOBODY), "belongs to user 65534"),
    ("writable by everybody", lambda tests, name: tests.put(name, mode=0o646),
     "can be written by others"),
    ("too large", too_large, "is larger than"),
]
# Of a snapshot alone.
KINDS_OF_SNAPSHOT = KINDS + [
    ("cut while it is open", cut_while_open, "is damaged"),
    ("a link to itself", symlink_to("exceptions.cdb"), "cannot be opened: Too many levels"),
    ("not readable", lambda tests, name: tests.put(name, mode=0o600, group=0),
     "cannot be opened: Permission denied"),
    ("from a backup", lambda tests, name: tests.put(name, tests.before[name]), OTHER),
]


# --- the snapshot ---

# Listener, user, TLS: what becomes of it while the snapshot cannot be read.
PUT_OFF = ([(listener, ANN, OLD, STORE_ERROR) for listener in LISTENERS] +
           [("imaps", BOB, OLD, STORE_ERROR), ("pop3s", CARL, OLDER, STORE_ERROR),
            ("imap", DORA, CLEARTEXT, GATE), ("pop3", ANN, CLEARTEXT, GATE)] +
           [(listener, BOB, GOOD, GRANTED) for listener in LISTENERS])
# And when it can.
IN_FORCE = [("imaps", ANN, OLD, GRANTED), ("imaps", BOB, OLD, DENIED), ("sieve", CARL, OLD, DENIED),
            ("pop3s", CARL, OLDER, GRANTED), ("imap", ANN, CLEARTEXT, GATE),
            ("pop3", BOB, GOOD, GRANTED)]


def expect_sessions(tests, sessions):
    got = tests.lab.outcomes([session[:3] for session in sessions])
    expect([(*session[:3], name) for session, name in zip(sessions, got)], sessions, "sessions")


def repair(tests, name):
    """As it was applied; in force a second later."""
    tests.put(name)
    tests.lab.pass_second()
    expect_sessions(tests, IN_FORCE)


def test_snapshot(tests):
    told = 0
    for kind, lay, sentence in KINDS_OF_SNAPSHOT:
        with tests.tap.case(f"snapshot, {kind}: put off, and nobody else notices"):
            lay(tests, "exceptions.cdb")
            tests.lab.pass_second()
            expect_sessions(tests, PUT_OFF)
            told += 1
            lines = tests.server.find(AUTH_ERROR + ".*tlsfloor: .*exceptions.cdb: ")
            expect_true(sentence in lines[-1] and f": {sentence}" in lines[-1],
                        f"{lines[-1]}\nwant: {sentence}")
    with tests.tap.case("all is well within a second of the repair, and told once"):
        start = len(tests.server.messages())
        repair(tests, "exceptions.cdb")
        expect(len(tests.server.find("the exceptions can be read again", start)), 1, "lines")
        lines = tests.server.find(AUTH_ERROR + ".*tlsfloor: .*exceptions.cdb: ")
        expect_true(len(lines) <= told, f"{len(lines)} errors for {told} kinds of damage")


def test_words(tests):
    """Who is put off, in full."""
    missing(tests, "exceptions.cdb")
    tests.lab.pass_second()
    for listener in tests.server.ports:
        with tests.tap.case(f"{listener}: put off, in the words of the protocol"), \
                tests.server.connect(listener, *OLD) as client:
            greeting(client)
            client.capabilities()
            expect(client.login(ANN, PASSWORD),
                   OF_ATTEMPT[client.service]["defer"].format(STORE_ERROR_TEXT))
            lines = tests.server.audit(client)
            expect(lines, [audit(lines[0], client, OLD, "defer", "store-error", "local", "auth",
                                 ANN, "PLAIN")], "audit lines")
    with tests.tap.case("apply mends it"):
        tests.lab.give(*EXCEPTIONS)
        expect_sessions(tests, IN_FORCE)


def test_privileges(tests):
    """The auth process has long dropped root when it opens what is new."""
    with tests.tap.case("the auth process opens a new snapshot without privileges"):
        pid = tests.auth_process()
        status = pathlib.Path(f"/proc/{pid}/status").read_text()
        expect_true("0" not in re.search(r"^Uid:\t(.*)$", status, re.M)[1].split(), status)
        for _ in range(3):
            tests.lab.give(OF_ANN, "@example.org allow=TLSv1 until=2099-01-01 service=imap")
            tests.lab.expect_outcome(GRANTED, "imaps", BOB)
            tests.lab.give(*EXCEPTIONS)
            expect_sessions(tests, IN_FORCE)
        inode = (tests.state / "exceptions.cdb").stat().st_ino
        opened = [path.stat().st_ino for path in pathlib.Path(f"/proc/{pid}/fd").iterdir()
                  if "/exceptions.cdb" in os.readlink(path)]
        expect(opened, [inode], "snapshots that are open")
        expect(tests.auth_process(), pid, "the auth process")


def test_policy(tests):
    """A policy from a backup names a snapshot that is not there any more."""
    tests.good = tests.files()
    with tests.tap.case("the policy from a backup: its exceptions are not those of today"):
        tests.put("policy", tests.before["policy"])
        tests.lab.pass_second()
        expect_sessions(tests, PUT_OFF)
        repair(tests, "policy")
    with tests.tap.case("the whole state from a backup is what was in force then"):
        for name, data in tests.before.items():
            tests.put(name, data)
        tests.lab.pass_second()
        expect_sessions(tests, [("imaps", BOB, OLD, GRANTED), ("pop3", CARL, CLEARTEXT, GRANTED),
                                ("imaps", DORA, OLD, DENIED)])
        for name in tests.before:
            tests.put(name)
        tests.lab.pass_second()
        expect_sessions(tests, IN_FORCE)


# --- the envelope ---

# No exception covers a cleartext session, but without an envelope only the passdb knows.
UNKNOWN = [("imaps", ANN, OLD, GRANTED), ("imaps", BOB, OLD, DENIED),
           ("sieve", CARL, OLD, DENIED), ("pop3s", CARL, OLDER, GRANTED),
           ("pop3", BOB, GOOD, GRANTED), *((listener, ANN, CLEARTEXT, DENIED)
                                           for listener in STARTTLS)]


def expect_envelope_counts(tests, counts=True):
    """Whether there is an envelope that the login processes believe."""
    expect_sessions(tests, IN_FORCE if counts else UNKNOWN)


def test_envelope(tests):
    """In the default mode a login process opens what is there when it starts."""
    expect_envelope_counts(tests)
    for kind, lay, _ in KINDS:
        with tests.tap.case(f"envelope, {kind}: the passdb judges"):
            lay(tests, "envelope")
            expect_envelope_counts(tests, False)
    with tests.tap.case("envelope, repaired"):
        tests.put("envelope")
        expect_envelope_counts(tests)
    with tests.tap.case("each byte of the envelope that counts"):
        used = len(tests.good["envelope"].rstrip(b"\0"))
        for byte in range(0, used, 2):
            in_place(tests.state / "envelope", flipped(tests.good["envelope"], byte, byte % 8))
            tests.lab.expect_outcome(GRANTED, "imaps")
            with tests.server.open("imap", "127.0.0.2") as client:
                expect_true("AUTH=PLAIN" in client.greet(), f"byte {byte}: it was believed")
        in_place(tests.state / "envelope", tests.good["envelope"])
        expect_envelope_counts(tests)
    with tests.tap.case("one from a backup allows nothing"):
        in_place(tests.state / "envelope", tests.before["envelope"])
        expect_envelope_counts(tests, False)
        in_place(tests.state / "envelope", tests.narrow["envelope"])
        tests.lab.expect_outcomes(GATE, LISTENERS)
    with tests.tap.case("apply mends it"):
        tests.lab.give(*EXCEPTIONS)
        expect_envelope_counts(tests)


def test_open_envelope(tests):
    """A process that stays has the file open; what becomes of that, and of another one."""
    path = tests.state / "envelope"
    expect_envelope_counts(tests)
    for kind, change, _ in CHANGES:
        if kind == "longer by a byte":
            continue  # the block is read, and it is whole
        with tests.tap.case(f"envelope of a long-lived login process, {kind}: the passdb judges"):
            in_place(path, change(tests.good["envelope"]))
            expect_envelope_counts(tests, False)
    with tests.tap.case("envelope of a long-lived login process, repaired in place"):
        in_place(path, tests.good["envelope"])
        expect_envelope_counts(tests)
        tests.lab.give(*NARROW)
        tests.lab.expect_outcomes(GATE, LISTENERS)
        tests.lab.give(*EXCEPTIONS)
        expect_envelope_counts(tests)
    for kind, lay in (("missing", missing), ("a directory", directory),
                      ("another file", lambda tests, name: tests.put(name))):
        with tests.tap.case(f"envelope of a long-lived login process, {kind}: the passdb judges "
                            "until it is started again"):
            lay(tests, "envelope")
            expect_envelope_counts(tests, False)
            tests.lab.give(*EXCEPTIONS) if kind != "a directory" else tests.put("envelope")
            expect_envelope_counts(tests, False)
            tests.server.doveadm("reload")
            wait_for_new_processes(tests)
            expect_envelope_counts(tests)


def wait_for_new_processes(tests):
    """Those before the reload may still answer: until the envelope counts at each listener."""
    for listener in ("imap", "pop3"):
        wait_until(lambda listener=listener: tests.lab.outcome(listener, ANN, CLEARTEXT) == GATE,
                   f"a new login process for {listener}")


def test_both(tests):
    with tests.tap.case("without snapshot and envelope whoever is below the floor is put off"):
        missing(tests, "envelope")
        missing(tests, "exceptions.cdb")
        tests.lab.pass_second()
        expect_sessions(tests, [*((listener, BOB, OLD, STORE_ERROR) for listener in LISTENERS),
                                *((listener, BOB, CLEARTEXT, STORE_ERROR) for listener in STARTTLS),
                                *((listener, BOB, GOOD, GRANTED) for listener in LISTENERS)])
        tests.lab.give(*EXCEPTIONS)
        expect_sessions(tests, IN_FORCE)


def main():
    skip_unless_root()
    tap = Tap()
    for high_performance in (False, True):
        with Workspace() as workspace:
            tests = Tests(workspace, tap, high_performance)
            chosen = (test_open_envelope,) if high_performance else (
                test_snapshot, test_words, test_privileges, test_policy, test_envelope, test_both)
            for test in chosen:
                test(tests)
            with tap.case("nothing crashed, and no other error was told"):
                tests.lab.expect_sound(AUTH_ERROR + ".*tlsfloor: .*/exceptions.cdb: ")
                tests.auth_process()
    return tap.finish()


sys.exit(main())
