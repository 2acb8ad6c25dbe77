# SPDX-License-Identifier: MIT
"""What faults are measured against: many busy policy connections, every answer judged.

Half of the questions are about compliant sessions, which must be let in; half
about sessions below the floor, which must not be, and each of those is one
of its own, so that it has an audit line. A wrong answer is kept, a connection
that ends too. One thread, so that the daemon gets a processor.
"""

import contextlib
import os
import pathlib
import re
import selectors
import threading
import time

from policyd_client import OLD, POLICYD, open_connection, request
from tap import comment, expect, expect_true

SANITIZED = b"__asan_init" in pathlib.Path(POLICYD).read_bytes()
# What a daemon may keep of what it has used: to look for leaks is a sanitizer's own task.
GROWTH = (64 if SANITIZED else 0.5) * 1024 * 1024
REFUSED = re.compile(rb"action=(530 5\.7\.10|454 4\.7\.0) [ -~]+\n\n")
COMPLIANT = request(protocol_state="MAIL")
PORT = b"@port@"
BELOW = request(protocol_state="MAIL", sasl_username="bob@example.net", client_port=PORT, **OLD)


class Connection:
    def __init__(self, address):
        self.socket = open_connection(address)
        self.socket.setblocking(False)
        self.answer, self.below, self.asked = b"", False, 0.0


class Load:
    """Use it in a with statement: asks until its end, on so many connections."""

    def __init__(self, address, connections=20):
        self.connections = [Connection(address) for _ in range(connections)]
        self.selector = selectors.DefaultSelector()
        self.wrong, self.ended, self.ending = [], 0, False
        self.waiting, self.refused = 0, 0
        self.times = []
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        for number, connection in enumerate(self.connections):
            connection.below = number % 2 == 1
            self.selector.register(connection.socket, selectors.EVENT_READ, connection)
        self.thread.start()
        return self

    def __exit__(self, *unused):
        self.end()
        for connection in self.connections:
            connection.socket.close()
        self.selector.close()

    def end(self):
        """Asks no more, and waits for the last answers, but not for ever."""
        self.ending = True
        self.thread.join()

    def run(self):
        for connection in self.connections:
            self.ask(connection)
        end = None
        while self.waiting > 0 and (end is None or time.monotonic() < end):
            if self.ending and end is None:
                end = time.monotonic() + 10
            for key, _ in self.selector.select(0.1):
                self.take(key.data)

    def ask(self, connection):
        connection.below = not connection.below
        data = COMPLIANT
        if connection.below:
            # Another port is another session.
            data = BELOW.replace(PORT, b"%d" % (1024 + self.refused % 60000))
        connection.answer, connection.asked = b"", time.monotonic()
        connection.socket.send(data)
        self.waiting += 1

    def take(self, connection):
        with contextlib.suppress(ConnectionError):
            connection.answer += connection.socket.recv(4096)
        if not connection.answer:
            self.selector.unregister(connection.socket)
            self.ended += 1
            self.waiting -= 1
        elif connection.answer.endswith(b"\n\n"):
            self.times.append(time.monotonic() - connection.asked)
            self.waiting -= 1
            self.judge(connection)
            if not self.ending:
                self.ask(connection)

    def judge(self, connection):
        if connection.below:
            self.refused += 1
            good = REFUSED.fullmatch(connection.answer)
        else:
            good = connection.answer == b"action=DUNNO\n\n"
        if not good:
            self.wrong.append((connection.below, connection.answer))

    @contextlib.contextmanager
    def phase(self, name):
        """What was asked meanwhile, as a comment; a phase without an answer is an error."""
        start = len(self.times)
        yield
        times = sorted(self.times[start:])
        expect_true(times, f"no answer while: {name}")
        comment(f"{name}: {len(times)} answers, median {times[len(times) // 2] * 1000:.2f} ms,"
                f" p99 {times[len(times) * 99 // 100] * 1000:.2f} ms,"
                f" longest {times[-1] * 1000:.1f} ms")

    def quiet(self, seconds=0.7):
        """What the other phases are to be compared with."""
        with self.phase("quiet"):
            time.sleep(seconds)

    def expect_untouched(self):
        """No answer was wrong, no connection has ended, none waits. Asks no more."""
        self.end()
        expect(self.wrong[:3], [], f"{len(self.wrong)} wrong answers (below the floor, answer)")
        expect(self.ended, 0, "connections that ended")
        expect(self.waiting, 0, "requests without an answer")


def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


def private_bytes(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return sum(int(kb) for kb in re.findall(r"^Private_\w+: +(\d+) kB", text, re.M)) * 1024
