#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tlsfloor-policyd as a process: protocol, state, log, signals, sockets, limits.

Every case has a directory and a daemon of its own. Looks for the build in
TLSFLOOR_BUILD (the daemon alone in TLSFLOOR_POLICYD).
"""

import contextlib
import grp
import os
import pathlib
import pwd
import random
import re
import resource
import select
import signal
import socket
import stat
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from cases import case, needs_root, run  # noqa: E402
from policyd_client import (  # noqa: E402
    OLD, POLICYD, Client, Daemon, apply_state, can_connect, free_port, own_dev,
    parse_audit, request, to_bytes, wait_until)
from tap import comment, expect, expect_true  # noqa: E402

REFUSED = re.compile(r"530 5\.7\.10 [ -~]{20,380}")
PROTOCOL_WARNING = "warning: connection closed: "
# As root, go on as root: a sanitizer's leak check must trace the process.
STAY = ["-u", "root"] if os.geteuid() == 0 else []
SANITIZED = b"__asan_init" in pathlib.Path(POLICYD).read_bytes()

# What never asks a policy question.
NOT_THE_PROTOCOL = [
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"POST /?action=OK HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"EHLO client.example.org\r\n",
    b"QUIT\r\n",
    bytes.fromhex("16030100c8010000c40303") + bytes(range(100, 250)) + b"\n",
    b"\0" * 1000 + b"\n",
    b"\xff" * 40000,
    random.Random(2).randbytes(20000),
    b"request=something_else\n\n",
    request().replace(b"\n", b"\r\n"),
    b"\r\n\r\n",
    b"no equals sign\n\n",
]


@contextlib.contextmanager
def running(directory, conf="", **options):
    """A daemon with a policy, on directory/policy; it must end well."""
    state = os.path.join(directory, "state")
    apply_state(state, conf)
    if "listeners" not in options and "sockets" not in options:
        options["listeners"] = [os.path.join(directory, "policy")]
    with Daemon(state, **options) as daemon:
        yield daemon
        if daemon.process.poll() is None:
            expect(daemon.stop(), 0, "exit status")
        expect_true("runtime error" not in daemon.log(), daemon.log())


def failing_start(directory, state=True, **options):
    """Exit status and what was said by a daemon that must not start."""
    path = os.path.join(directory, "state")
    if state:
        apply_state(path)
    daemon = Daemon(path, **options)
    try:
        return daemon.process.wait(10), daemon.log()
    finally:
        daemon.kill()


def expect_refused(answer):
    expect_true(answer is not None and REFUSED.fullmatch(answer), f"not refused: {answer!r}")


def silence(seconds):
    """To show that something does not happen, time has to pass."""
    time.sleep(seconds)


def cpu_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# --- command line and start ---

@case
def help_and_version(directory):
    for option, want in [("-h", "spawn(8)"), ("--help", "never forks"), ("-V", "tlsfloor-policyd "),
                         ("--version", "tlsfloor-policyd ")]:
        done = subprocess.run([POLICYD, option], capture_output=True, text=True, timeout=10,
                              check=False)
        expect((done.returncode, done.stderr), (0, ""), option)
        expect_true(want in done.stdout, f"{option} does not say {want!r}")


@case
def bad_options_end_with_2_and_a_sentence(directory):
    for options, want in [(["-x"], "try --help"), (["word"], "word: not an option"),
                          (["-s", "-l", "unix:/x"], "-s and -l"),
                          (["-l", "/x"], "neither unix:PATH nor inet"),
                          (["-l", "unix:x"], "must begin with /"),
                          (["-l", "unix:/" + "x" * 108], "longer than"),
                          (["-l", "inet:localhost:1"], "not ADDRESS:PORT"),
                          (["-l", "inet:127.0.0.1"], "not ADDRESS:PORT"),
                          (["-l", "inet:127.0.0.1:0"], "not ADDRESS:PORT"),
                          (["-l", "inet:127.0.0.1:65536"], "not ADDRESS:PORT"),
                          (["-l", "inet:::1:1"], "not ADDRESS:PORT"),
                          (["-l", "inet:[::1:1"], "not ADDRESS:PORT")]:
        status, said = failing_start(directory, args=options)
        expect(status, 2, f"{options}: {said!r}")
        expect_true(want in said, f"{options}: {said!r}")
        expect_true("tlsfloor-policyd: " in said, f"{options}: {said!r}")


@case
def without_an_applied_policy_it_does_not_start(directory):
    status, said = failing_start(directory, state=False)
    expect(status, 2, said)
    expect_true("tlsfloor apply" in said and "state/policy" in said, said)


@case
def several_listeners_at_once(directory):
    paths = [os.path.join(directory, name) for name in ("one", "two")]
    inet = [(host, free_port(family, host))
            for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1"))]
    with running(directory, listeners=paths + inet) as daemon:
        for address in daemon.listeners:
            with Client(address) as client:
                expect(client.ask(), "DUNNO", str(address))
                expect_refused(client.ask(**OLD))


@case
def every_ipv4_and_every_ipv6_address_on_one_port(directory):
    port = free_port()
    with running(directory, listeners=[("0.0.0.0", port), ("::", port)]) as daemon:
        for address in (("127.0.0.1", port), ("::1", port)):
            with Client(address) as client:
                expect(client.ask(), "DUNNO", str(address))
        expect(daemon.count("warning"), 0, daemon.log())


@case
def stale_socket_is_replaced(directory):
    path = os.path.join(directory, "policy")
    with socket.socket(socket.AF_UNIX) as old:
        old.bind(path)
    with running(directory) as daemon, Client(path) as client:
        expect(client.ask(), "DUNNO")
        status, said = failing_start(directory, listeners=[path], log=path + ".second")
        expect(status, 2, said)
        expect_true(f"{path}: another process is listening there" in said, said)
        expect(client.ask(), "DUNNO", "after another one tried")
        expect_true(can_connect(path), "the socket is gone")
    expect(os.path.exists(path), False, "socket left behind")


@case
def other_file_in_the_way_is_not_touched(directory):
    path = pathlib.Path(directory, "policy")
    path.write_text("precious")
    status, said = failing_start(directory, listeners=[str(path)])
    expect(status, 2, said)
    expect_true("not a socket" in said, said)
    expect(path.read_text(), "precious")


@case
def socket_of_a_successor_is_not_removed(directory):
    with running(directory) as daemon:
        path = daemon.listeners[0]
        os.unlink(path)
        with socket.socket(socket.AF_UNIX) as successor:
            successor.bind(path)
            expect(daemon.stop(), 0, "exit status")
            expect(os.path.exists(path), True, "the successor's socket")


# --- protocol ---

@case
def request_in_two_pieces_cut_anywhere(directory):
    whole = request(protocol_state="MAIL", **OLD)
    with running(directory) as daemon, Client(daemon.listeners[0]) as client:
        client.send(whole)
        want = client.answer()
        expect_refused(want)
        for cut in range(1, len(whole)):
            client.send(whole[:cut])
            client.wait_consumed()
            client.send(whole[cut:])
            expect(client.answer(), want, f"cut at {cut}")


@case
def request_byte_by_byte(directory):
    with running(directory) as daemon, Client(daemon.listeners[0]) as client:
        for byte in request(**OLD):
            client.send(bytes([byte]))
            client.wait_consumed()
        expect_refused(client.answer())


@case
def request_of_32_kb_and_no_more(directory):
    def of_size(size):
        return request(helo_name="x" * (size - len(request(helo_name=""))), **{})

    with running(directory) as daemon:
        with Client(daemon.listeners[0]) as client:
            for size in (32767, 32768):
                client.send(of_size(size))
                expect(client.answer(), "DUNNO", f"{size} bytes")
            for at in range(0, 32768, 1000):
                client.send(of_size(32768)[at:at + 1000])
                client.wait_consumed()
            expect(client.answer(), "DUNNO", "32768 bytes in pieces")
        with Client(daemon.listeners[0]) as client:
            with contextlib.suppress(ConnectionError):
                client.send(of_size(32769))
            expect(client.is_closed(), True, "closed after 32769 bytes")
        expect(daemon.wait_log(PROTOCOL_WARNING), True, "warning")


@case
def unknown_repeated_and_no_attributes(directory):
    with running(directory) as daemon, Client(daemon.listeners[0]) as client:
        client.send(b"\n")
        expect(client.answer(), "DUNNO", "none")
        client.send(b"request=smtpd_access_policy\n\n")
        expect(client.answer(), "DUNNO", "request only")
        client.send(b"future=1\n=\n=x\n" + request(**OLD))
        expect_refused(client.answer())
        client.send(b"encryption_protocol=TLSv1\n" + request())
        expect_refused(client.answer())
        client.send(request()[:-1] + b"encryption_protocol=TLSv1\n\n")
        expect(client.answer(), "DUNNO", "the first one wins")


@case
def requests_in_one_write_are_answered_in_order(directory):
    with running(directory) as daemon, Client(daemon.listeners[0]) as client:
        last = b"encryption_protocol=TLSv1\n" + request()
        client.send(request() + request(**OLD) + request() + last[:10])
        expect(client.answer(), "DUNNO")
        expect_refused(client.answer())
        expect(client.answer(), "DUNNO")
        client.send(last[10:])
        expect_refused(client.answer())


def talk_without_reading(client, data):
    """Sends all of it, and reads only when nothing more can be sent; what was answered."""
    answers, at = b"", 0
    client.socket.setblocking(False)
    while at < len(data):
        readable, writable, _ = select.select([client.socket], [client.socket], [], 10)
        expect_true(readable or writable, "stuck")
        if writable:
            at += client.socket.send(data[at:at + 65536])
        else:
            answers += client.socket.recv(1 << 20)
    client.socket.settimeout(10)
    client.socket.shutdown(socket.SHUT_WR)
    while chunk := client.socket.recv(1 << 20):
        answers += chunk
    return answers


@case
def client_that_reads_late_gets_every_answer(directory):
    path, inet = os.path.join(directory, "policy"), ("127.0.0.1", free_port())
    one = request(_only=True, protocol_state="MAIL", server_port="587")
    count = 30000
    with running(directory, "reject_text = " + "x" * 190, listeners=[path, inet]) as daemon:
        for address in daemon.listeners:
            with Client(address) as slow, Client(address) as other:
                want = other.socket.send(one) and "action=" + other.answer() + "\n\n"
                answers = talk_without_reading(slow, one * count)
                expect(len(answers), len(want) * count, "bytes of answers")
                expect_true(answers == want.encode() * count, "answers are mixed up")
                expect(other.ask(), "DUNNO", "another connection")


@case
def requests_behind_a_stuck_answer_are_not_forgotten(directory):
    count = 1000  # in one read; their answers are more than a socket takes
    with running(directory) as daemon, Client(daemon.listeners[0], 3) as client:
        client.send(request(_only=True, request="smtpd_access_policy") * count)
        client.wait_consumed()
        for number in range(count):
            expect(client.answer(), "DUNNO", f"answer {number}")


@case
def what_is_not_the_protocol_is_closed_unanswered(directory):
    with running(directory) as daemon, Client(daemon.listeners[0]) as other:
        for data in NOT_THE_PROTOCOL:
            with Client(daemon.listeners[0]) as client:
                with contextlib.suppress(ConnectionError):
                    client.send(data)
                expect(client.is_closed(), True, repr(data[:40]))
            expect(other.ask(), "DUNNO", "another connection")


@case
def garbage_after_a_request_closes_after_the_answer(directory):
    with running(directory) as daemon, Client(daemon.listeners[0]) as client:
        client.send(request() + b"GET / HTTP/1.1\r\n\r\n")
        expect(client.answer(), "DUNNO")
        expect(client.answer(), None)


@case
def warnings_are_rate_limited_and_counted(directory):
    count = 50

    def reported(log):
        return log.count(PROTOCOL_WARNING) + sum(
            int(number) for number in re.findall(r"warning: (\d+) more connections closed", log))

    with running(directory) as daemon:
        start = time.monotonic()
        for _ in range(count):
            with Client(daemon.listeners[0]) as client:
                client.send(b"QUIT\r\n")
                expect(client.is_closed(), True, "closed")
        expect(wait_until(lambda: reported(daemon.log()) == count), True, "all reported")
        seconds = time.monotonic() - start
        expect_true(daemon.count("warning: ") <= seconds / 0.9 + 2, daemon.log())
        expect_true(daemon.count("warning: ") < count / 5, daemon.log())


@case
def end_within_a_request_is_silent(directory):
    with running(directory) as daemon:
        with Client(daemon.listeners[0]) as client:
            client.send(request()[:300])
            client.wait_consumed()
        with Client(daemon.listeners[0]) as client:
            expect(client.ask(), "DUNNO")
        expect(daemon.count("warning"), 0, daemon.log())


@case
def client_that_leaves_before_its_answer(directory):
    with running(directory) as daemon, Client(daemon.listeners[0]) as other:
        with Client(daemon.listeners[0]) as client:
            daemon.signal(signal.SIGSTOP)
            client.send(request())
        daemon.signal(signal.SIGCONT)
        expect(other.ask(), "DUNNO", "another connection")
        expect(daemon.count("warning"), 0, daemon.log())


# --- injection ---

EVERY = bytes(byte for byte in range(256) if byte != 10)
HOSTILE = [
    EVERY, EVERY[::-1], EVERY * 110, b'"', b"\\", b'a"b\\c\\x41', b" x  y ", b"-", b"--", b"=",
    b"a=b", b"x action=accept user=root@example.org", b'" action=accept user="',
    b"\rtlsfloor: action=accept",
    b"\0", b"a\0b", b"%s%n%x", b"\x1b[2J", b"\xff\xfe", "\u2028\u202e".encode(), b"x" * 30000,
    b'"' * 30000, b"\xff" * 30000, b"@" * 1000, b"@", b"a@", b"@b", b"\\" * 255, b"action=OK",
]
# Attribute, its key in the audit line.
OUTSIDE = [("sasl_username", "user"), ("encryption_cipher", "cipher"), ("instance", "session"),
           ("encryption_protocol", "tls"), ("helo_name", None), ("policy_context", None),
           ("client_address", None), ("client_port", None), ("sender", None)]


def expect_audited(line, attribute, key, value):
    text = line.split(": ", 1)[1]
    expect_true(len(text) < 1000 and re.fullmatch(r"[ -~]+", text), f"not a fit line: {line!r}")
    values = parse_audit(line)
    expect_true(values["action"] in ("refuse", "tag"), line)
    if key is None:
        return
    got = to_bytes(values[key])
    if key in values.get("cut", "").split(","):
        expect_true(value.startswith(got) and got != value, f"{attribute}: no beginning: {line}")
        expect_true(len(got) >= 5, f"{attribute}: cut too short: {line}")
    else:
        expect(got, value, f"{attribute}: {line}")


@case
def nothing_a_client_sends_breaks_a_line_or_an_answer(directory):
    with running(directory) as daemon:
        for attribute, key, value in ((a, k, v) for a, k in OUTSIDE for v in HOSTILE):
            before = len(daemon.log())
            with Client(daemon.listeners[0]) as client:
                answer = client.ask(**{**OLD, "protocol_state": "MAIL", attribute: value})
            expect_true(re.fullmatch(r"(530 5\.7\.10|PREPEND X-TLS-Floor:) [ -~]{10,380}", answer),
                        f"{attribute}={value[:50]!r}: {answer!r}")
            lines = [line for line in daemon.log()[before:].split("\n") if "action=" in line]
            expect(len(lines), 1, f"audit lines for {attribute}={value[:50]!r}")
            expect_audited(lines[0], attribute, key, value)
        for line in daemon.log().split("\n")[:-1]:
            expect_true(re.fullmatch(r"tlsfloor-policyd\[\d+\]: [ -~]+", line), repr(line))


# --- applied state ---

@case
def new_policy_within_a_second(directory):
    with running(directory) as daemon, Client(daemon.listeners[0]) as client, \
            Client(daemon.listeners[0]) as idle:
        expect(idle.ask(), "DUNNO")
        for mode, want in (("observe", "DUNNO"), ("enforce", "530"), ("observe", "DUNNO")):
            apply_state(os.path.join(directory, "state"), f"mode = {mode}")
            start = time.monotonic()
            expect(wait_until(lambda: client.ask(**OLD).split()[0] == want), True, mode)
            seconds = time.monotonic() - start
            # A second is what is promised; the rest is for a busy machine.
            expect_true(seconds < 3, f"{mode}: in force after {seconds:.2f} s")
        expect(daemon.count("a new policy is in force"), 3, daemon.log())
        expect(idle.ask(**OLD), "DUNNO", "the connection that was idle meanwhile")


@case
def hangup_looks_at_once(directory):
    seconds = 0
    with running(directory) as daemon, Client(daemon.listeners[0]) as client:
        for mode, want in [("observe", "DUNNO"), ("enforce", "530")] * 6:
            apply_state(os.path.join(directory, "state"), f"mode = {mode}")
            start = time.monotonic()
            daemon.signal(signal.SIGHUP)
            expect(wait_until(lambda: client.ask(**OLD).split()[0] == want), True, mode)
            seconds += time.monotonic() - start
    # By its timer alone it would take half a second a time, 6 in all.
    expect_true(seconds < 3, f"12 changes were in force after {seconds:.2f} s")


@case
def broken_policy_changes_nothing_and_is_told_once(directory):
    state = pathlib.Path(directory, "state")
    policy = state / "policy"
    kept = "the old policy stays in force"
    with running(directory) as daemon, Client(daemon.listeners[0]) as client:
        good = policy.read_bytes()
        half = good[:len(good) // 2]
        for number, data in enumerate((b"", b"mode = observe\n", half, None), 1):
            (state / "new").write_bytes(data or b"")
            (state / "new").rename(policy)
            if data is None:
                policy.unlink()
            expect(daemon.wait_log(kept, number), True, f"{number}: told: {daemon.log()}")
            expect_refused(client.ask(**OLD))
        silence(2)
        # Between rename and unlink there may have been one look more.
        expect_true(daemon.count(kept) <= 5, daemon.log())
        expect_true("tlsfloor apply" in daemon.log(), daemon.log())
        count = daemon.count(kept)
        daemon.signal(signal.SIGHUP)
        expect(daemon.wait_log(kept, count + 1), True, "told again when asked")
        apply_state(str(state), "mode = observe")
        expect(wait_until(lambda: client.ask(**OLD) == "DUNNO"), True, "a good one again")


# --- end ---

@case
def half_a_request_is_answered_before_the_end(directory):
    whole = request(**OLD)
    with running(directory) as daemon, Client(daemon.listeners[0]) as client, \
            Client(daemon.listeners[0]) as idle:
        expect(idle.ask(), "DUNNO")
        client.send(whole[:400])
        client.wait_consumed()
        daemon.signal(signal.SIGTERM)
        expect(wait_until(lambda: not os.path.exists(daemon.listeners[0])), True, "socket removed")
        expect(idle.is_closed(), True, "the idle connection is closed")
        expect(can_connect(daemon.listeners[0]), False, "accepts connections")
        client.send(whole[400:])
        expect_refused(client.answer())
        expect(client.is_closed(), True, "closed afterwards")
        expect(daemon.process.wait(10), 0, "exit status")
        expect([line["action"] for line in daemon.audits()], ["accept", "refuse"], "audit")


@case
def request_that_has_come_is_answered_before_the_end(directory):
    with running(directory) as daemon, Client(daemon.listeners[0]) as client:
        expect(client.ask(), "DUNNO")
        daemon.signal(signal.SIGSTOP)
        client.send(request(**OLD))
        with Client(daemon.listeners[0]) as late:
            late.send(request(**OLD))
            daemon.signal(signal.SIGTERM)
            daemon.signal(signal.SIGCONT)
            expect_refused(client.answer())
            expect_refused(late.answer())
        expect(daemon.process.wait(10), 0, "exit status")


@case
def request_that_never_ends_delays_the_end_by_5_seconds(directory):
    with running(directory) as daemon, Client(daemon.listeners[0]) as client:
        client.send(request()[:100])
        client.wait_consumed()
        start = time.monotonic()
        expect(daemon.stop(), 0, "exit status")
        expect_true(4.5 < time.monotonic() - start < 15, f"{time.monotonic() - start:.1f} s")


@case
def interrupt_ends_it_too(directory):
    with running(directory) as daemon:
        daemon.signal(signal.SIGINT)
        expect(daemon.process.wait(10), 0, "exit status")


# --- spawn(8) ---

@case
def standard_input_is_a_connection(directory):
    ours, theirs = socket.socketpair()
    with running(directory, listeners=[], args=["-s"], stdin=theirs, stdout=theirs) as daemon:
        theirs.close()
        with Client(ours) as client:
            expect(client.ask(), "DUNNO")
            expect_refused(client.ask(**OLD))
            ours.shutdown(socket.SHUT_WR)
            expect(client.is_closed(), True, "closed")
            expect(daemon.process.wait(10), 0, "exit status")
        expect(len(daemon.audits()), 2, "audit lines")


@case
def standard_input_from_a_pipe(directory):
    apply_state(directory + "/state")
    done = subprocess.run([POLICYD, "-s", "-f", "-S", directory + "/state", *STAY],
                          input=request() + request(), capture_output=True, timeout=10, check=False)
    expect((done.returncode, done.stdout), (0, b"action=DUNNO\n\n" * 2), str(done.stderr))


@case
def start_that_fails_says_nothing_to_postfix(directory):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        # As spawn(8) does it, standard error is the connection as well.
        process = subprocess.Popen([POLICYD, "-s", "-S", directory + "/nowhere", *STAY],
                                   stdin=theirs, stdout=theirs, stderr=theirs)
        theirs.close()
        expect(Client(ours).is_closed(), True, "closed without a word")
        expect(process.wait(10), 2, "exit status")


@case
def standard_input_that_is_a_file(directory):
    apply_state(directory + "/state")
    with open(directory + "/state/policy", "rb") as file:
        done = subprocess.run([POLICYD, "-s", "-f", "-S", directory + "/state", *STAY],
                              stdin=file, capture_output=True, timeout=10, check=False)
    expect((done.returncode, done.stdout), (2, b""), str(done.stderr))
    expect(done.stderr.count(b"\n"), 1, str(done.stderr))
    expect_true(b"must be sockets, pipes or a terminal" in done.stderr, str(done.stderr))


# --- service manager ---

def listening(directory, name="activated"):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.path.join(directory, name))
    listener.listen(128)
    return listener


@case
def sockets_of_the_service_manager(directory):
    with listening(directory) as unix, socket.create_server(("127.0.0.1", 0)) as inet:
        with Client(unix.getsockname()) as early:
            early.send(request(**OLD))
            for _ in range(2):
                with running(directory, sockets=[unix, inet]) as daemon:
                    for listener in (unix, inet):
                        with Client(listener.getsockname()) as client:
                            expect(client.ask(), "DUNNO")
                    expect(daemon.stop(), 0, "exit status")
            expect_refused(early.answer())
        expect(os.path.exists(unix.getsockname()), True, "the service manager's socket")


@case
def sockets_for_another_process_are_ignored(directory):
    env = dict(os.environ, LISTEN_FDS="1", LISTEN_PID="1")
    with running(directory, env=env) as daemon, Client(daemon.listeners[0]) as client:
        expect(client.ask(), "DUNNO")


@case
def descriptor_that_does_not_listen_is_refused(directory):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as wrong:
        status, said = failing_start(directory, sockets=[wrong])
    expect(status, 2, said)
    expect_true("descriptor 3" in said and "listening stream socket" in said, said)


@case
def service_manager_is_told(directory):
    for address in (os.path.join(directory, "notify"), f"\0tlsfloor-test-{os.getpid()}"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(address)
            manager.settimeout(10)
            env = dict(os.environ, NOTIFY_SOCKET=address.replace("\0", "@"))
            with running(directory, env=env) as daemon:
                expect(manager.recv(100), b"READY=1")
                expect(daemon.stop(), 0, "exit status")
                expect(manager.recv(100), b"STOPPING=1")


class PolicyUser(threading.Thread):
    """Asks without a pause, as smtpd does: what fails is tried once more after a second."""

    def __init__(self, address):
        super().__init__(daemon=True)
        self.address, self.ending = address, False
        self.answers, self.retries, self.wrong = 0, 0, []

    def ask(self, client):
        try:
            client = client or Client(self.address)
            answer = client.ask()
        except OSError:
            answer = None
        return (None if answer is None else client), answer

    def run(self):
        client = None
        while not self.ending:
            client, answer = self.ask(client)
            if answer is None:
                self.retries += 1
                time.sleep(1)
                client, answer = self.ask(None)
            self.answers += answer == "DUNNO"
            if answer != "DUNNO":
                self.wrong.append(answer)
            time.sleep(0.0005)


@case
def killed_and_restarted_under_load(directory):
    apply_state(directory + "/state")
    with listening(directory) as listener:
        users = [PolicyUser(listener.getsockname()) for _ in range(8)]
        daemon = Daemon(directory + "/state", sockets=[listener])
        try:
            for user in users:
                user.start()
            for _ in range(3):
                before = sum(user.answers for user in users)
                expect(wait_until(lambda: sum(user.answers for user in users) > before + 500), True,
                       "answers")
                daemon.kill()
                daemon = Daemon(directory + "/state", sockets=[listener])
                # Whoever was cut off asks again after a second: the next kill is not for him.
                silence(1.5)
        finally:
            for user in users:
                user.ending = True
            for user in users:
                user.join(15)
            daemon.kill()
    expect([user.wrong for user in users], [[]] * len(users), "other answers")
    retries = sum(user.retries for user in users)
    comment(f"{sum(user.answers for user in users)} answers, {retries} connections lost")
    expect_true(retries > 0, "the kills hit nobody")


# --- privileges ---

# A leak check would have to trace the process, which is not possible after a change of user.
UNTRACED = dict(os.environ, ASAN_OPTIONS=os.environ.get("ASAN_OPTIONS", "") + ":detect_leaks=0")


@case
@needs_root
def root_becomes_the_user(directory):
    nobody = pwd.getpwnam("nobody")
    with running(directory, user="nobody", env=UNTRACED) as daemon:
        with Client(daemon.listeners[0]) as client:
            expect(client.ask(), "DUNNO")
            status = dict(line.split(":\t") for line in
                          pathlib.Path(f"/proc/{daemon.pid}/status").read_text().splitlines())
            expect(status["Uid"].split(), [str(nobody.pw_uid)] * 4, "Uid")
            expect(status["Gid"].split(), [str(nobody.pw_gid)] * 4, "Gid")
            expect(status["Groups"].split(), [str(nobody.pw_gid)], "Groups")
            expect(int(status["CapEff"], 16), 0, "CapEff")
            apply_state(directory + "/state", "mode = observe")
            expect(wait_until(lambda: client.ask(**OLD) == "DUNNO"), True, "new state as that user")


@case
@needs_root
def socket_has_mode_0660_and_the_group_of_its_directory(directory):
    group = grp.getgrnam("daemon").gr_gid
    os.chown(directory, -1, group)
    with running(directory, user="nobody", env=UNTRACED,
                 preexec=lambda: os.umask(0o777)) as daemon:
        found = os.stat(daemon.listeners[0])
    expect(stat.S_IMODE(found.st_mode), 0o660, "mode")
    expect(found.st_gid, group, "group")


@case
@needs_root
def user_must_exist_and_be_able_to_read(directory):
    status, said = failing_start(directory, user="no-such-user")
    expect(status, 2, said)
    expect_true("there is no user no-such-user" in said, said)
    os.chmod(directory + "/state", 0o700)
    status, said = failing_start(directory, state=False, user="nobody", env=UNTRACED,
                                 listeners=[directory + "/policy"])
    expect(status, 2, said)
    expect_true("state/policy" in said and "Permission denied" in said, said)
    os.chmod(directory + "/state", 0o755)
    status, said = failing_start(directory, state=False, user="root",
                                 preexec=lambda: os.setuid(pwd.getpwnam("nobody").pw_uid))
    expect(status, 2, said)
    expect_true("only root can become another user" in said, said)


# --- system log ---

class Logger:
    """The system's logger for a daemon that sees a /dev of ours."""

    def __init__(self, directory):
        self.dev = os.path.join(directory, "dev")
        os.mkdir(self.dev)
        self.start()

    def start(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.dev + "/log")
        self.socket.settimeout(10)

    def stop(self):
        self.socket.close()
        os.unlink(self.dev + "/log")

    def line(self):
        return self.socket.recv(4096).decode("latin-1")

    def sessions(self, count):
        """The sessions of that many audit lines, as they come."""
        return [parse_audit(self.line())["session"] for _ in range(count)]


def refuse_sessions(client, numbers):
    for number in numbers:
        expect_refused(client.ask(protocol_state="MAIL", client_port=str(1024 + number),
                                  instance=f"i{number}", **OLD))


def names(numbers):
    return [f"i{number}" for number in numbers]


@contextlib.contextmanager
def logging(directory, conf=""):
    logger = Logger(directory)
    with running(directory, conf, stderr=False, prefix=own_dev(logger.dev)) as daemon, \
            Client(daemon.listeners[0]) as client:
        expect_true("is ready" in logger.line(), "no line at the start")
        yield daemon, client, logger
        expect(daemon.log(), "", "standard error")


@case
@needs_root
def audit_lines_go_to_the_system_log(directory):
    with logging(directory, "syslog_facility = local2\naudit = all") as (daemon, client, logger):
        refuse_sessions(client, [1])
        line = logger.line()
        expect_true(re.match(r"<150>[A-Z][a-z]{2} [ 123]\d \d\d:\d\d:\d\d "
                             rf"tlsfloor-policyd\[{daemon.pid}\]: tlsfloor: action=refuse ", line),
                    line)
        apply_state(directory + "/state", "syslog_facility = mail")
        expect_true(logger.line().startswith("<22>"), "the new facility")
        with Client(daemon.listeners[0]) as other:
            other.send(b"QUIT\r\n")
            expect(other.is_closed(), True, "closed")
        expect_true(logger.line().startswith("<20>"), "a warning")


@case
@needs_root
def log_that_does_not_read_loses_nothing(directory):
    with logging(directory) as (daemon, client, logger):
        refuse_sessions(client, range(1000))
        start = time.monotonic()
        expect(logger.sessions(1000), names(range(1000)), "sessions")
        seconds = time.monotonic() - start
        expect_true(seconds < 10, f"{seconds:.1f} s: the log waits although it is read again")


@case
@needs_root
def log_that_restarts_loses_nothing(directory):
    with logging(directory) as (daemon, client, logger):
        logger.stop()
        refuse_sessions(client, range(200))
        before = cpu_seconds(daemon.pid)
        silence(0.5)
        expect_true(cpu_seconds(daemon.pid) - before < 0.1, "busy while there is no log")
        logger.start()
        expect(logger.sessions(200), names(range(200)), "sessions")
        refuse_sessions(client, range(200, 210))
        expect(logger.sessions(10), names(range(200, 210)), "sessions")


@case
@needs_root
def log_queue_that_overflows_is_counted(directory):
    count = 8000
    with logging(directory) as (daemon, client, logger):
        refuse_sessions(client, range(count))
        kept, lost = [], 0
        while len(kept) + lost < count:
            line = logger.line()
            values = parse_audit(line)
            if values is None:
                lost = int(re.search(r"(\d+) lines were lost while the system log was not reading",
                                     line)[1])
            else:
                kept.append(values["session"])
        expect(kept, names(range(len(kept))), "sessions")
        expect_true(len(kept) > 3000 and lost > 0, f"{len(kept)} kept, {lost} lost")


@case
@needs_root
def log_is_emptied_before_the_end(directory):
    with logging(directory) as (daemon, client, logger):
        refuse_sessions(client, range(300))
        daemon.signal(signal.SIGTERM)
        expect(logger.sessions(300), names(range(300)), "sessions")
        expect(daemon.process.wait(10), 0, "exit status")


# --- limits ---

@case
def idle_connection_costs_less_than_a_kilobyte(directory):
    count = 500
    # A sanitizer's own bookkeeping, and freed memory that it keeps to itself.
    limit = 16384 if SANITIZED else 1024

    def private(pid):
        text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
        return sum(int(kb) for kb in re.findall(r"^Private_\w+: +(\d+) kB", text, re.M)) * 1024

    with running(directory) as daemon, contextlib.ExitStack() as stack:
        before = private(daemon.pid)
        clients = [stack.enter_context(Client(daemon.listeners[0])) for _ in range(count)]
        for client in clients:
            whole = request()
            client.send(whole[:300])
            client.wait_consumed()
            client.send(whole[300:])
            expect(client.answer(), "DUNNO")
        each = (private(daemon.pid) - before) / count
        comment(f"{each:.0f} bytes a connection, {before // 1024} KB without")
        expect_true(each <= limit, f"{each:.0f} bytes a connection")


@case
def connections_beyond_the_limit_wait_for_their_turn(directory):
    def limit_files():
        resource.setrlimit(resource.RLIMIT_NOFILE, (80, 80))

    with running(directory, preexec=limit_files) as daemon, contextlib.ExitStack() as stack:
        clients = [stack.enter_context(Client(daemon.listeners[0])) for _ in range(100)]
        for client in clients:
            client.send(request())
        expect(daemon.wait_log("no more connections are accepted"), True, "warning")
        before = cpu_seconds(daemon.pid)
        silence(1)
        expect_true(cpu_seconds(daemon.pid) - before < 0.2, "busy while it waits")
        apply_state(directory + "/state", "mode = observe")
        expect(daemon.wait_log("a new policy is in force"), True, "a descriptor for the new policy")
        for client in clients:
            expect(client.answer(), "DUNNO")
            client.close()


@case
def idle_daemon_does_next_to_nothing(directory):
    with running(directory) as daemon, Client(daemon.listeners[0]) as client:
        expect(client.ask(), "DUNNO")
        before = cpu_seconds(daemon.pid)
        silence(1)
        expect_true(cpu_seconds(daemon.pid) - before < 0.1, "busy")


if __name__ == "__main__":
    sys.exit(run())
