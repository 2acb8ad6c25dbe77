# SPDX-License-Identifier: MIT
"""A temporary directory with the processes that work in it.

Leaving the `with` block, by whatever way, stops the processes in reverse
order and removes the directory. Waits for conditions, never for a fixed time.
"""

import contextlib
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[3]


def wait_until(condition, what, seconds=60):
    """Returns the first true value of condition()."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds} s")
        time.sleep(0.02)


def free_ports(number):
    """Ports of 127.0.0.1 that nobody listens on, outside the range of outgoing connections."""
    ports = []
    candidates = list(range(20000, 32000))
    random.shuffle(candidates)
    with contextlib.ExitStack() as stack:
        for port in candidates:
            if len(ports) == number:
                return ports
            probe = stack.enter_context(socket.socket())
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                ports.append(port)
    raise OSError("no free ports")


def answers(address):
    """True if somebody accepts connections at a port of 127.0.0.1, or at a path."""
    family = socket.AF_INET if isinstance(address, int) else socket.AF_UNIX
    with socket.socket(family) as probe:
        try:
            probe.connect(("127.0.0.1", address) if isinstance(address, int) else str(address))
        except OSError:
            return False
    return True


def turn_signals_into_exits():
    """Makes SIGTERM and SIGHUP leave `with` blocks as SIGINT does."""
    def leave(number, _frame):
        sys.exit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)


class Workspace:
    def __init__(self):
        turn_signals_into_exits()
        self.processes = []
        self.cleanup = contextlib.ExitStack()
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="tlsfloor-"))
        self.cleanup.callback(shutil.rmtree, self.path, ignore_errors=True)
        # Daemons of several users work in it.
        self.path.chmod(0o755)

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        # A second signal must not leave servers behind.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        self.cleanup.close()

    def keep(self):
        """Everything stays as it is; returns the script that ends it."""
        script = self.path / "stop"
        numbers = " ".join(str(process.pid) for process in reversed(self.processes))
        script.write_text(f"#!/bin/sh\nkill {numbers}\n"
                          f"for pid in {numbers}; do\n"
                          "    while kill -0 $pid 2>/dev/null; do sleep 0.1; done\n"
                          "done\n"
                          f"rm -rf {self.path}\n")
        script.chmod(0o755)
        self.cleanup.pop_all()
        return script

    def directory(self, name, mode=0o755, user=None, group=None):
        path = self.path / name
        path.mkdir(parents=True, exist_ok=True)
        path.chmod(mode)
        if user or group:
            shutil.chown(path, user, group)
        return path

    def write(self, name, text, mode=0o644):
        path = self.path / name
        path.write_text(text)
        path.chmod(mode)
        return path

    def start(self, argv, log, **options):
        """Starts a process whose output goes to the file log of this directory."""
        with open(self.path / log, "ab") as output:
            process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output,
                                       stderr=output, start_new_session=True, **options)
        self.processes.append(process)
        self.cleanup.callback(self.stop, process)
        return process

    def stop(self, process):
        """Ends a process of start(), if it still runs."""
        if process in self.processes:
            self.processes.remove(process)
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
        return process.wait()

    def wait_for(self, process, condition, what):
        """As wait_until(), but ends with the process."""
        def ready():
            if process.poll() is not None:
                raise RuntimeError(f"{what}: exited with status {process.returncode}")
            return condition()

        return wait_until(ready, what)


def certificate(workspace, name="mail.example.org", prefix=""):
    """A key and a certificate signed by itself, made once: (key file, certificate file)."""
    key, cert = (workspace.path / f"{prefix}{part}.pem" for part in ("key", "cert"))
    if not cert.exists():
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30",
             "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:mail.example.org",
             "-keyout", key, "-out", cert],
            check=True, stdin=subprocess.DEVNULL, capture_output=True)
        key.chmod(0o600)
    return key, cert
