#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tlsfloor-policyd while its logger is stopped, slow, gone and back.

As in policyd-faults-load.py, busy connections go on beside every fault. Each
of their refusals has an audit line, and none of these is lost uncounted while
there is a logger.
"""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from cases import case, run  # noqa: E402
from policyd_client import (  # noqa: E402
    OLD, Client, Daemon, apply_state, own_dev, wait_until)
from policyd_load import GROWTH, Load, descriptors, private_bytes  # noqa: E402
from tap import comment, expect, expect_true, skip_unless_root  # noqa: E402

# Keeps what it reads; each SIGUSR1 makes it slow or quick.
LOGGER = """
import signal, socket, sys, time
pause = 0
def turn(*unused):
    global pause
    pause = 0.001 - pause
signal.signal(signal.SIGUSR1, turn)
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind(sys.argv[1])
with open(sys.argv[2], "ab", buffering=0) as kept:
    while True:
        kept.write(log.recv(8192) + b"\\n")
        time.sleep(pause)
"""
LOST = re.compile(r": (\d+) lines? (?:was|were) lost while the system log was not reading$", re.M)
QUEUE = 1024 * 1024


class Logger:
    def __init__(self, directory):
        self.dev = os.path.join(directory, "dev")
        os.mkdir(self.dev)
        self.path = self.dev + "/log"
        self.kept = pathlib.Path(directory, "kept")
        self.start()

    def start(self):
        self.process = subprocess.Popen([sys.executable, "-c", LOGGER, self.path, self.kept])
        expect(wait_until(lambda: os.path.exists(self.path)), True, "the logger")

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        self.process.kill()
        self.process.wait()
        os.unlink(self.path)

    def text(self):
        return self.kept.read_text("latin-1") if self.kept.exists() else ""

    def lines(self):
        """Audit lines of refusals that came, and those that were told to be lost."""
        text = self.text()
        return text.count("tlsfloor: action=refuse "), sum(int(n) for n in LOST.findall(text))


@contextlib.contextmanager
def running(directory):
    state = os.path.join(directory, "state")
    apply_state(state, "audit = violations")
    logger = Logger(directory)
    with contextlib.ExitStack() as stack:
        stack.callback(logger.kill)
        daemon = stack.enter_context(Daemon(
            state, listeners=[os.path.join(directory, "policy")], stderr=False,
            prefix=own_dev(logger.dev)))
        before = descriptors(daemon.pid), private_bytes(daemon.pid)
        with Load(daemon.listeners[0]) as load:
            load.quiet()
            yield daemon, logger, load
            load.expect_untouched()
        expect_true(wait_until(lambda: descriptors(daemon.pid) <= before[0]),
                    f"{descriptors(daemon.pid)} descriptors, no longer {before[0]}")
        expect_true(private_bytes(daemon.pid) < before[1] + QUEUE + GROWTH, "memory grows")
        expect(daemon.stop(), 0, f"exit status; {daemon.log()[-2000:]}")


@case
def a_logger_that_is_stopped_and_then_slow(directory):
    with running(directory) as (_, logger, load):
        logger.signal(signal.SIGSTOP)
        with load.phase("the logger is stopped"):
            time.sleep(1.5)
        logger.signal(signal.SIGUSR1)
        logger.signal(signal.SIGCONT)
        with load.phase("it reads a line in a millisecond"):
            time.sleep(1.5)
        logger.signal(signal.SIGUSR1)
        with load.phase("it is quick again"):
            time.sleep(0.7)
        load.end()
        expect_true(wait_until(lambda: sum(logger.lines()) == load.refused, 20),
                    f"{load.refused} refused, but {logger.lines()} logged and lost")
        comment("{} lines logged, {} lost and counted".format(*logger.lines()))
        expect_true(logger.lines()[1] > 0, "its queue was never full")


def is_logged(client, logger):
    """Is a refusal logged again? While the queue is full, it may be lost."""
    client.ask(protocol_state="MAIL", instance="last",
               client_port=str(time.monotonic_ns() % 60000), **OLD)
    time.sleep(0.05)
    return "session=last" in logger.text()


@case
def a_logger_that_is_gone_and_back(directory):
    with running(directory) as (daemon, logger, load):
        for _ in range(4):
            logger.kill()
            with load.phase("the logger is gone"):
                time.sleep(0.3)
            logger.start()
            with load.phase("it is back"):
                time.sleep(0.3)
        load.end()
        with Client(daemon.listeners[0]) as client:
            expect_true(wait_until(lambda: is_logged(client, logger)), logger.text()[-1000:])
        kept, lost = logger.lines()
        comment(f"{load.refused} refused, {kept} logged, {lost} lost and counted")


def main():
    skip_unless_root()
    return run()


if __name__ == "__main__":
    sys.exit(main())
