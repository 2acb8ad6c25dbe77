# SPDX-License-Identifier: MIT
"""A tlsfloor-policyd of one's own, and what Postfix says to it.

Starts the daemon that was just built, in a directory of the caller's, and
never leaves one behind; speaks the policy protocol; reads audit lines back.
Waits by looking, never by a fixed sleep.
"""

import fcntl
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import sys
import termios
import time

SOURCE = str(pathlib.Path(__file__).resolve().parents[2])
BUILD = os.environ.get("TLSFLOOR_BUILD", SOURCE)
POLICYD = os.environ.get("TLSFLOOR_POLICYD", BUILD + "/postfix-policyd/tlsfloor-policyd")
ADMIN = os.path.join(BUILD, "admin/tlsfloor")

# What Postfix 3.7 sends at RCPT, in its order.
ATTRIBUTES = {
    "request": "smtpd_access_policy",
    "protocol_state": "RCPT",
    "protocol_name": "ESMTP",
    "client_address": "192.0.2.7",
    "client_name": "unknown",
    "client_port": "50312",
    "reverse_client_name": "unknown",
    "server_address": "192.0.2.1",
    "server_port": "587",
    "helo_name": "client.example.org",
    "sender": "ann@example.org",
    "recipient": "bob@example.net",
    "recipient_count": "0",
    "queue_id": "",
    "instance": "4d2.68b0c1e2.a1b2c.0",
    "size": "0",
    "etrn_domain": "",
    "stress": "",
    "sasl_method": "PLAIN",
    "sasl_username": "ann@example.org",
    "sasl_sender": "",
    "ccert_subject": "",
    "ccert_issuer": "",
    "ccert_fingerprint": "",
    "ccert_pubkey_fingerprint": "",
    "encryption_protocol": "TLSv1.2",
    "encryption_cipher": "ECDHE-RSA-AES256-GCM-SHA384",
    "encryption_keysize": "256",
    "policy_context": "",
}

# Attributes of a session below any sensible floor.
OLD = {
    "encryption_protocol": "TLSv1",
    "encryption_cipher": "ECDHE-RSA-AES256-SHA",
}


def wait_until(condition, seconds=60.0):
    """The first true result of condition(), or its last one when the time is over."""
    end = time.monotonic() + seconds
    while True:
        result = condition()
        if result or time.monotonic() > end:
            return result
        time.sleep(0.001)


def free_port(family=socket.AF_INET, host="127.0.0.1"):
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((host, 0))
        return probe.getsockname()[1]


def to_bytes(value):
    """Text that stands for bytes, as parse_audit() gives it: one character, one byte."""
    return value if isinstance(value, bytes) else value.encode("latin-1")


def request(_only=False, **changes):
    """A request as bytes: Postfix's, with changes. None leaves an attribute out."""
    attributes = {} if _only else dict(ATTRIBUTES)
    attributes.update(changes)
    lines = [to_bytes(name) + b"=" + to_bytes(value) + b"\n"
             for name, value in attributes.items() if value is not None]
    return b"".join(lines) + b"\n"


# --- the applied state ---

def apply_state(directory, conf=""):
    """Applies a tlsfloor.conf, which is written beside directory. Its exceptions: none."""
    path = directory + ".conf"
    with open(path, "w", encoding="ascii") as file:
        file.write(conf if "exceptions" in conf else "exceptions = none\n" + conf)
    done = subprocess.run([ADMIN, "-c", path, "-S", directory, "apply"], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError("tlsfloor apply: " + done.stdout)


# --- the daemon ---

# Makes of its own process what a service manager starts: sockets from descriptor 3 on.
LAUNCHER = """
import os, sys
count = int(sys.argv[1])
fds = [os.dup2(int(fd), 100 + i) for i, fd in enumerate(sys.argv[2:2 + count])]
for i, fd in enumerate(fds):
    os.dup2(fd, 3 + i, inheritable=True)
os.closerange(3 + count, 200)
os.environ.update(LISTEN_FDS=str(count), LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[2 + count], sys.argv[2 + count:])
"""


class Daemon:
    """One tlsfloor-policyd. Use it in a with statement: it is killed at the end."""

    def __init__(self, state, listeners=(), args=(), sockets=(), log=None, user="root", prefix=(),
                 stderr=True, env=None, stdin=subprocess.DEVNULL, stdout=None, preexec=None,
                 program=POLICYD):
        """listeners: paths and (host, port) for -l; sockets: listening ones to hand over;
        log: the file that gets standard error; prefix: a command to run it with."""
        self.listeners = list(listeners)
        self.log_path = log or state + ".log"
        command = [program, "-S", state, *args]
        if stderr:
            command.append("-f")
        if os.geteuid() == 0 and user is not None:
            command += ["-u", user]
        for listener in self.listeners:
            command += ["-l", listener_name(listener)]
        if sockets:
            command = [sys.executable, "-c", LAUNCHER, str(len(sockets)),
                       *(str(s.fileno()) for s in sockets), *command]
        with open(self.log_path, "ab") as errors:
            self.log_start = errors.tell()
            self.process = subprocess.Popen(
                [*prefix, *command], stdin=stdin, stdout=stdout, stderr=errors, env=env,
                pass_fds=[s.fileno() for s in sockets], preexec_fn=preexec)
        self.pid = self.process.pid

    def __enter__(self):
        try:
            self.wait_ready()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(self, *unused):
        self.kill()

    def wait_ready(self):
        """Until every listener answers; an error with its log when it ends before."""
        for listener in self.listeners:
            if not wait_until(lambda: self.process.poll() is not None or is_answered(listener)):
                raise RuntimeError(f"{listener}: nobody answers")
            if self.process.poll() is not None:
                raise RuntimeError(f"policyd: exit {self.process.returncode}: {self.log()}")

    def log(self):
        """What this daemon has written to standard error."""
        with open(self.log_path, "rb") as file:
            file.seek(self.log_start)
            return file.read().decode("latin-1")

    def count(self, text):
        return self.log().count(text)

    def wait_log(self, text, count=1, seconds=60.0):
        """True if the log has the text count times, in time."""
        return wait_until(lambda: self.count(text) >= count, seconds)

    def audits(self):
        return audit_lines(self.log())

    def signal(self, number):
        self.process.send_signal(number)

    def stop(self, seconds=60.0):
        """Ends it as a service manager does; its exit status."""
        self.signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


def own_dev(directory):
    """A command to run a daemon with, to which this directory is /dev: for a logger of its own."""
    return ["unshare", "-m", "sh", "-c", 'mount --bind "$0" /dev && exec "$@"', directory]


def build_shim(name, path):
    """Compiles tests/lib/NAME.c, which is to be preloaded."""
    subprocess.run([*os.environ.get("CC", "cc").split(), "-O1", "-D_GNU_SOURCE", "-shared", "-fPIC",
                    "-o", path, f"{SOURCE}/tests/lib/{name}.c"], check=True)


def listener_name(listener):
    if isinstance(listener, str):
        return "unix:" + listener
    host, port = listener[:2]
    return f"inet:[{host}]:{port}" if ":" in host else f"inet:{host}:{port}"


def open_connection(address):
    if isinstance(address, str):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    else:
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM)
    try:
        connection.connect(address)
    except BaseException:
        connection.close()
        raise
    return connection


def can_connect(address):
    try:
        open_connection(address).close()
        return True
    except OSError:
        return False


def is_answered(address):
    """True if somebody answers there: one that only listens does not heed signals yet."""
    if not can_connect(address):
        return False
    with Client(address) as client:
        client.send(b"\n")
        return client.answer() is not None


# --- a connection, as Postfix has it ---

class Client:
    """One policy connection: to an address, or over a socket that is there."""

    def __init__(self, address, seconds=60.0):
        self.socket = address if isinstance(address, socket.socket) else open_connection(address)
        self.socket.settimeout(seconds)
        self.rest = b""

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)

    def wait_consumed(self):
        """Until the other side has read all that was sent (unix sockets)."""
        def waiting():
            size = fcntl.ioctl(self.socket, termios.TIOCOUTQ, struct.pack("i", 0))
            return struct.unpack("i", size)[0]
        if not wait_until(lambda: waiting() == 0):
            raise RuntimeError("the daemon does not read")

    def answer(self):
        """The next action, or None if the connection has been closed before a whole one."""
        while b"\n\n" not in self.rest:
            try:
                data = self.socket.recv(65536)
            except (ConnectionError, BrokenPipeError):
                data = b""
            if not data:
                return None
            self.rest += data
        answer, self.rest = self.rest.split(b"\n\n", 1)
        if not answer.startswith(b"action="):
            raise RuntimeError(f"no action: {answer!r}")
        return answer[len(b"action="):].decode("ascii")

    def ask(self, **changes):
        """The action that answers Postfix's request with these changes."""
        self.send(request(**changes))
        return self.answer()

    def is_closed(self):
        """True if the other side has closed, and sent nothing before that."""
        try:
            return self.rest == b"" and self.socket.recv(1) == b""
        except ConnectionError:
            return True


# --- audit lines ---

AUDIT = re.compile(r"tlsfloor: (action=.*)")
QUOTED = r'"(?:[^"\\]|\\["\\]|\\x[0-9A-Fa-f]{2})*"'
PAIR = re.compile(rf"([a-z_]+)=({QUOTED}|[A-Za-z0-9._:@/+=%-]+)(?: |$)")
ESCAPE = re.compile(r'\\(?:x([0-9A-Fa-f]{2})|(["\\]))')


def unquote(value):
    if value == "-":
        return ""
    if not value.startswith('"'):
        return value
    return ESCAPE.sub(lambda m: chr(int(m[1], 16)) if m[1] else m[2], value[1:-1])


def parse_audit(line):
    """The values of an audit line (one character, one byte), or None for another line.

    Raises ValueError for an audit line that breaks the format.
    """
    found = AUDIT.search(line)
    if found is None:
        return None
    text, values, at = found[1], {}, 0
    while at < len(text):
        pair = PAIR.match(text, at)
        if pair is None or pair[1] in values:
            raise ValueError(f"not key=value at {text[at:]!r}")
        values[pair[1]] = unquote(pair[2])
        at = pair.end()
    return values


def audit_lines(log):
    """The audit lines of a log, parsed."""
    parsed = (parse_audit(line) for line in log.split("\n"))
    return [values for values in parsed if values is not None]
