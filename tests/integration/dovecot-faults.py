#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Dovecot in trouble: with tlsfloor no login fails that does not fail without it.

The same is done to a Dovecot with plugin and passdb and to one without, while
clients log in to both at a steady rate, and while others are in the middle of a
session. Only sessions that meet the fault may fail, and only in ways in which
the server without tlsfloor fails too; when it is over, all succeed. Nobody below
the floor gets in at any time, and who has an exception is never denied.
"""

import collections
import concurrent.futures
import contextlib
import itertools
import os
import pathlib
import re
import signal
import ssl
import sys
import threading
import time

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from dovecot_exceptions import (BOB, DENIED, FOR_NOW, GATE, GATE_FOR_NOW, GRANTED,  # noqa: E402
                                OF_ANN, OF_ANOTHER, STORE_ERROR, USERS, ExceptionsLab,
                                attempt_names, outcome_of, reach_login)
from dovecot_processes import children  # noqa: E402
from dovecot_words import ANN, GOOD, OLD, PASSWORD, PROGRAMS  # noqa: E402
from lab import sasl  # noqa: E402
from lab.dovecot_release import syntax  # noqa: E402
from lab.dovecot_server import CLIENTS, DovecotServer, begin_tls, runs  # noqa: E402
from lab.dovecot_text import block, settings  # noqa: E402
from lab.lines import forget_errors  # noqa: E402
from lab.policyd import Site  # noqa: E402
from lab.workspace import Workspace, wait_until  # noqa: E402
from tap import Tap, comment, expect, expect_true, skip_unless_root  # noqa: E402

# IMAP and POP3 have one login process that stays, the others one for each connection: at most
# so many connections.
LIMIT = 16
LISTENERS = "imaps", "pop3s", "sieve", "submissions"
# Whose process is there, whatever happens to others.
ALWAYS_THERE = "imaps", "pop3s"
SERVICES = "auth_debug = no\n" + "".join(
    block(f"service {program}", syntax.MANY_CONNECTIONS +
          settings(process_min_avail=1, process_limit=1, client_limit=LIMIT))
    for program in ("imap-login", "pop3-login")) + "".join(
    block(f"service {program}", settings(process_limit=LIMIT))
    for program in ("managesieve-login", "submission-login"))

# A client begins a session so many seconds after the one before, or when that has ended.
PACE = 1.5
# So many more sessions may fail with tlsfloor, which has had half as many.
CHANCE = 3
# Seconds that a client waits for anything, and in which all must be well after a fault.
PATIENCE, RECOVERY = 30, 60
# A fault is repeated at most so often.
ROUNDS = 4
# Guests.
AT_ONCE = 48
# In the log, of a program that turns clients away.
FULL = "{0}.*(limit|queue full|process_full)|service\\({0}\\).*limit"
CRASH = re.compile(r": Panic: |Sanitizer|runtime error:|killed with signal (?!9\b)")

# Ways to fail, whatever the protocol and the moment; any other is a reply as it was.
CUT_OFF, NO_ANSWER, TEMPORARY = "cut off", "no answer", "a temporary failure"
TEMPORARY_WORDS = re.compile(r"^(\* BYE|a NO) \[UNAVAILABLE\]|^-ERR \[SYS/TEMP\]|"
                             r"^(NO|BYE) \(TRYLATER\)|^4\d\d ")
# Dovecot's own words before it closes, if any; our alert is followed by its reply.
CLOSING_WORDS = re.compile(r"^(\* OK |\* BYE (?!\[)|BYE \"|421 |"
                           r"-ERR (Connection queue full|Disconnected))(?!Here .*too old)|^$")
# What else may happen to who has an exception.
PUT_OFF = {FOR_NOW, GATE_FOR_NOW, STORE_ERROR}
LISTS = [OF_ANN, OF_ANOTHER], [OF_ANOTHER, OF_ANN, "carl@example.org allow=TLSv1 "
                               "until=2099-01-01 from=any"]


# --- sessions ---

def is_ours(outcome):
    return outcome in PUT_OFF or outcome in (GRANTED, DENIED, GATE)


def kind_of(outcome):
    """A way to fail, or what tlsfloor does."""
    if is_ours(outcome):
        return outcome
    last = outcome.split("\n")[-1]
    if CLOSING_WORDS.search(last):
        return CUT_OFF
    return TEMPORARY if TEMPORARY_WORDS.search(last) else outcome


def attempt(function, *arguments):
    """What becomes of a session, or of the rest of it."""
    try:
        return kind_of(function(*arguments))
    except TimeoutError:
        return NO_ANSWER
    except (ConnectionError, ssl.SSLError):
        forget_errors()
        return CUT_OFF
    except OSError as error:
        return repr(error)


def connect(server, listener):
    return CLIENTS[listener](server.ports[listener], timeout=PATIENCE)


def session(server, listener, user, tls):
    with connect(server, listener) as client:
        begin_tls(client, listener, *tls)
        return outcome_of(client, tls[0], user)


# --- the load ---

# Compliant with tlsfloor and without it; with an exception, and without one.
GROUPS = "ours", "stock", "excepted", "below"


class Client(threading.Thread):
    """Begins a session each PACE, or when the one before it has ended; keeps what became of it."""

    def __init__(self, ending, server, listener, user=BOB, tls=GOOD, want=GRANTED):
        super().__init__()
        self.ending, self.want = ending, want
        self.name = f"{server.directory.name}, {listener}, {user}, {tls[0]}"
        self.listener = listener
        self.arguments = server, listener, user, tls
        self.sessions = []  # (begin, end, outcome)

    def run(self):
        while not self.ending.is_set():
            begin = time.monotonic()
            outcome = attempt(session, *self.arguments)
            self.sessions.append((begin, time.monotonic(), outcome))
            self.ending.wait(max(0, begin + PACE - time.monotonic()))

    def has_two_more(self, since):
        """Sessions that have begun since then."""
        return len(self.sessions) > 1 and self.sessions[-2][0] >= since

    def is_well(self, since):
        return self.has_two_more(since) and [
            outcome for _, _, outcome in self.sessions[-2:]] == [self.want] * 2

    def during(self, start, end):
        """Outcomes of sessions that were going on between these times."""
        return [outcome for begin, over, outcome in list(self.sessions)
                if begin < end and over > start]

    def between(self, start, end):
        """Those that have not begun before and not ended after."""
        return [outcome for begin, over, outcome in list(self.sessions)
                if begin >= start and over <= end]


class Load:
    def __init__(self, ours, stock):
        self.ending = ending = threading.Event()
        # The same number of clients at both.
        self.groups = {
            "ours": [Client(ending, ours, listener) for listener in LISTENERS],
            "excepted": [Client(ending, ours, listener, ANN, OLD) for listener in LISTENERS],
            "below": [Client(ending, ours, listener, BOB, OLD, DENIED) for listener in LISTENERS],
            "stock": [Client(ending, stock, listener) for listener in LISTENERS * 3]}
        self.all = [client for group in self.groups.values() for client in group]

    def __enter__(self):
        for client in self.all:
            client.start()
        return self

    def __exit__(self, *_exception):
        self.ending.set()
        for client in self.all:
            client.join()

    def wait_until_well(self):
        """Until the last two sessions of each client went well and began after now."""
        since = time.monotonic()
        with contextlib.suppress(TimeoutError):
            wait_until(lambda: all(client.is_well(since) for client in self.all), "", RECOVERY)
        expect([(client.name, client.sessions[-3:]) for client in self.all
                if not client.is_well(since)], [], "clients that do not succeed any more")

    def wait_for_two(self):
        since = time.monotonic()
        wait_until(lambda: all(client.has_two_more(since) for client in self.all), "sessions",
                   RECOVERY)


# --- who is in the middle of a session ---

class Guest:
    """A client that has gone as far as a stage, and goes on beside the fault."""

    STAGES = "connected", "greeted", "authenticating"

    def __init__(self, server, listener, stage, user=BOB, tls=GOOD):
        self.client, self.listener, self.stage = connect(server, listener), listener, stage
        self.user, self.tls = user, tls
        # Nothing is missing any more for its handshake to end.
        self.secure = threading.Event()
        if stage != "connected":
            self.begin_tls()
            expect(reach_login(self.client), None, "words instead of a greeting")
        if stage == "authenticating":
            reply = self.client.command(self.client.auth_command("PLAIN", None))
            expect(self.client.challenge(reply), b"", "challenge")

    def begin_tls(self):
        begin_tls(self.client, self.listener, *self.tls)
        self.secure.set()

    def go_on(self):
        with self.client as client:
            if self.stage == "connected":
                self.begin_tls()
                return outcome_of(client, self.tls[0], self.user)
            if self.stage == "greeted":
                reply = client.login(self.user, PASSWORD)
            else:
                answer = sasl.Plain(self.user, PASSWORD).first
                reply = client.command(client.auth_response(answer))
            return GRANTED if client.is_good(reply) else attempt_names(
                client.service, self.tls[0]).get(reply.split("\n")[-1], reply)


class Guests:
    def __init__(self, pool, servers):
        self.pool, (ours, stock) = pool, servers
        kinds = list(itertools.product(LISTENERS, Guest.STAGES))
        self.groups = {
            "ours": [pool.submit(Guest, ours, *kind) for kind in kinds],
            "stock": [pool.submit(Guest, stock, *kind) for kind in kinds * 2],
            "excepted": [pool.submit(Guest, ours, *kind, ANN, OLD) for kind in kinds]}
        self.groups = {name: [guest.result() for guest in group]
                       for name, group in self.groups.items()}
        self.going = {}

    def go_on(self):
        """Returns when all have gone as far as they can."""
        self.going = {guest: self.pool.submit(attempt, guest.go_on)
                      for group in self.groups.values() for guest in group}
        wait_until(lambda: all(guest.secure.is_set() or going.done()
                               for guest, going in self.going.items()
                               if guest.listener in ALWAYS_THERE), "handshakes")

    def outcomes(self, name):
        """(listener, outcome) of each; waits for their ends."""
        return [(guest.listener, self.going[guest].result())
                for guest in self.groups.get(name, ())]


# --- faults ---

class Faults:
    """What is done to both servers; each ends where it says yield."""

    def __init__(self, lab, stock, load):
        self.lab, self.load, self.servers = lab, load, (lab.server, stock)

    def kill(self, number, *names):
        """All processes with these names: returns when they have ended."""
        names = {name[:15] for name in names}
        for server in self.servers:
            pids = [pid for pid, name in children(server).items() if name in names]
            expect_true(pids, f"no process {names}")
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
            wait_until(lambda pids=pids: not any(runs(pid) for pid in pids), f"the end of {names}")

    @contextlib.contextmanager
    def masters_stopped(self):
        """Nobody starts new processes."""
        for server in self.servers:
            server.process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            for server in self.servers:
                server.process.send_signal(signal.SIGCONT)

    @contextlib.contextmanager
    def auth_process_killed(self):
        with self.masters_stopped():
            self.kill(signal.SIGKILL, "auth")
            yield

    @contextlib.contextmanager
    def auth_process_ended(self):
        with self.masters_stopped():
            self.kill(signal.SIGTERM, "auth")
            yield

    @contextlib.contextmanager
    def login_processes_killed(self):
        self.kill(signal.SIGKILL, *PROGRAMS.values())
        yield

    @contextlib.contextmanager
    def anvil_and_stats_gone(self):
        with self.masters_stopped():
            self.kill(signal.SIGKILL, "anvil", "stats")
            yield

    @contextlib.contextmanager
    def process_limits_reached(self):
        """Clients that say nothing take all the places there are."""
        starts = [len(server.messages()) for server in self.servers]
        with contextlib.ExitStack() as stack:
            for server, listener in itertools.product(self.servers, LISTENERS * LIMIT * 2):
                stack.enter_context(connect(server, listener))
            for server, start in zip(self.servers, starts):
                for program in PROGRAMS.values():
                    server.wait_for(FULL.format(program), start=start)
            yield

    @contextlib.contextmanager
    def snapshot_swapped(self):
        for number in range(20):
            self.lab.apply(*LISTS[number % 2])
        yield

    @contextlib.contextmanager
    def removed(self, name):
        (self.lab.site.state / name).unlink()
        self.load.wait_for_two()
        yield
        self.lab.apply(*LISTS[0])

    def snapshot_removed(self):
        return self.removed("exceptions.cdb")

    def envelope_removed(self):
        return self.removed("envelope")


FAULTS = ("auth process killed", "auth process ended", "login processes killed",
          "anvil and stats gone", "process limits reached", "snapshot swapped",
          "snapshot removed", "envelope removed")


# --- what is compared ---

class Window:
    """The sessions that have met a fault, once or more often."""

    def __init__(self):
        self.spans = []  # from the beginning of the fault until all clients were well again
        self.counts = {name: collections.Counter() for name in GROUPS}  # (listener, outcome)

    def add(self, load, guests, start, end):
        self.spans.append((start, end))
        for name, counts in self.counts.items():
            counts.update((client.listener, outcome) for client in load.groups[name]
                          for outcome in client.during(start, end))
            counts.update(guests.outcomes(name))

    def failures(self, name):
        return {outcome for _, outcome in self.counts[name] if outcome != GRANTED}

    def number(self, name, listener):
        """Of failures."""
        return sum(number for (where, outcome), number in self.counts[name].items()
                   if where == listener and outcome != GRANTED)

    def alone(self):
        """Failures of sessions with tlsfloor that the others do not have, or not so often."""
        kinds = self.failures("ours") | self.failures("excepted") - PUT_OFF
        more = [f"{listener}: {ours} failures, {stock} without" for listener in LISTENERS
                if (ours := self.number("ours", listener)) >
                (stock := self.number("stock", listener)) + CHANCE]
        return sorted(kinds - self.failures("stock")) + more

    def tell(self):
        comment(", ".join(f"{end - start:.1f} s" for start, end in self.spans))
        for name, counts in self.counts.items():
            comment(f"{name}: {sum(counts.values())} sessions; " + ", ".join(
                f"{listener} {outcome}: {number}" for (listener, outcome), number
                in sorted(counts.items()) if outcome != GRANTED))


def meet(fault, load, guests, window):
    start = time.monotonic()
    with fault():
        guests.go_on()
    load.wait_until_well()
    window.add(load, guests, start, time.monotonic())


def test_fault(tap, faults, load, pool, name):
    """Again where it may have been chance that only sessions with tlsfloor failed in some way."""
    window = Window()
    with tap.case(f"{name}: all is well afterwards"):
        while not window.spans or (window.alone() and len(window.spans) < ROUNDS):
            meet(getattr(faults, name.replace(" ", "_")), load, Guests(pool, faults.servers),
                 window)
    window.tell()
    with tap.case(f"{name}: nobody fails who does not fail without tlsfloor"):
        expect(window.alone(), [], "with tlsfloor alone")
        expect(len(window.counts["ours"]) >= len(LISTENERS), True, "sessions")
    with tap.case(f"{name}: nobody else gets in below the floor"):
        got = window.counts["below"]
        expect([listener for listener in LISTENERS if (listener, GRANTED) in got], [], "let in")
        expect({listener for listener, outcome in got}, set(LISTENERS), "tried")
    return window


def test_calm(tap, load, windows):
    with tap.case("between the faults all is as it has to be"):
        spans = [span for window in windows for span in window.spans]
        expect([(client.name, outcome) for client in load.all if client not in load.groups["stock"]
                for (_, end), (start, _) in zip(spans, spans[1:])
                for outcome in client.between(end, start) if outcome != client.want], [],
               "sessions")


def test_crashes(tap, servers):
    """Dovecot 2.3's submission-login has it that an auth process is always there."""
    with tap.case("no program crashes that does not crash without tlsfloor"):
        ours, stock = ({line.split(":")[0] for line in server.find(CRASH)} for server in servers)
        comment(f"with tlsfloor: {ours or 'none'}; without: {stock or 'none'}")
        expect(ours - stock, set(), "programs")


# --- a mail process that goes before it has answered ---

# Takes one session, says that there is nothing more to come, and goes when that was heard.
GONE = """#!/usr/bin/python3
import os
import socket

for fd in map(int, os.listdir("/proc/self/fd")):
    try:
        listener = socket.socket(fileno=os.dup(fd))
        if listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            break
    except OSError:
        pass
request, _ = listener.accept()
_, [fd], *_ = socket.recv_fds(request, 65536, 1)
with socket.socket(fileno=fd) as session:
    session.shutdown(socket.SHUT_WR)
    while session.recv(4096):
        pass
"""
MAIL = {"imaps": "imap", "pop3s": "pop3", "sieve": "managesieve", "submissions": "submission"}


def outcomes_without_mail(workspace, site, name, plugin):
    """What clients of each protocol get, and the programs that crash."""
    program = workspace.write(f"{name}-mail", GONE, 0o755)
    extra = "".join(block(f"service {service}", settings(executable=program))
                    for service in MAIL.values())
    server = DovecotServer(workspace, site, USERS, name=name, plugin=plugin, extra=extra)
    got = {listener: attempt(session, server, listener, BOB, GOOD) for listener in LISTENERS}
    for login in PROGRAMS.values():
        server.wait_for(f"{login}: .*(Panic: |Internal login failure)")
    return got, {line.split(":")[0] for line in server.find(CRASH)}


def test_no_mail_process(tap):
    """Login processes of Dovecot 2.4.1 crash then, those of IMAP excepted."""
    with Workspace() as workspace:
        site = Site(workspace)
        site.apply()
        with tap.case("a mail process goes before it has answered: as without tlsfloor"):
            ours, stock = (outcomes_without_mail(workspace, site, name, plugin)
                           for name, plugin in (("with", True), ("without", False)))
            comment(f"{stock}")
            expect(ours, stock, "outcomes, crashes")
            expect([listener for listener, outcome in ours[0].items() if outcome == GRANTED], [],
                   "logins")


def main():
    skip_unless_root()
    tap = Tap()
    with Workspace() as workspace, concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        lab = ExceptionsLab(workspace, *LISTS[0], name="ours", extra=SERVICES)
        stock = DovecotServer(workspace, lab.site, USERS, name="stock", plugin=False,
                              extra=SERVICES)
        with Load(lab.server, stock) as load:
            load.wait_until_well()
            faults = Faults(lab, stock, load)
            windows = [test_fault(tap, faults, load, pool, name) for name in FAULTS]
            load.wait_for_two()
        test_calm(tap, load, windows)
        test_crashes(tap, faults.servers)
    test_no_mail_process(tap)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
