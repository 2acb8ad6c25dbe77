# SPDX-License-Identifier: MIT
"""Policy servers under load: tlsfloor-policyd, the bare one, and those of others."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile

from measure import Skip
from policyd_client import (
    BUILD, OLD, SOURCE, Client, Daemon, apply_state, own_dev, request, wait_until)

BENCH = BUILD + "/tests/bench"
# Server and load have a processor each, if there are two.
CPUS = sorted(os.sched_getaffinity(0))[:2]
REQUESTS = 997
STATES = "RCPT", "MAIL", "EHLO", "DATA"
GOOD = (("TLSv1.2", "ECDHE-RSA-AES256-GCM-SHA384"), ("TLSv1.3", "TLS_AES_256_GCM_SHA384"),
        ("TLSv1.2", "ECDHE-ECDSA-AES128-GCM-SHA256"), ("TLSv1.3", "TLS_AES_128_GCM_SHA256"))


@contextlib.contextmanager
def workspace():
    """A directory that every user can look into, and what ends with it."""
    with tempfile.TemporaryDirectory(prefix="tlsfloor-") as directory, \
            contextlib.ExitStack() as stack:
        os.chmod(directory, 0o755)
        yield directory, stack


def write_requests(directory, name="requests", old=False):
    """A file of requests of some 700 bytes, each of another session, user and moment."""
    path = pathlib.Path(directory, name)
    with open(path, "wb") as file:
        for number in range(REQUESTS):
            protocol, cipher = GOOD[number % len(GOOD)]
            tls = OLD if old else {"encryption_protocol": protocol, "encryption_cipher": cipher}
            file.write(request(protocol_state=STATES[number // 4 % 4],
                               sasl_username=f"user{number:06}@example.org",
                               sender=f"user{number:06}@example.org",
                               helo_name=f"laptop-{number:06}.home.example.net",
                               client_name=f"192-0-2-{number % 250}.dynamic.example.net",
                               reverse_client_name=f"192-0-2-{number % 250}.dynamic.example.net",
                               client_address=f"192.0.2.{number % 250}",
                               client_port=str(1024 + 13 * number), **tls))
    return path


class Server:
    """Listens at self.address; self.pids() are its processes."""

    pinned = True

    def pin(self):
        if self.pinned and len(CPUS) == 2:
            for pid in self.pids():
                os.sched_setaffinity(pid, CPUS[:1])

    def cpu(self):
        """Seconds."""
        return sum(int(pathlib.Path(f"/proc/{pid}/schedstat").read_text().split()[0])
                   for pid in self.pids()) / 1e9

    def ticks(self):
        """Of the kernel for it, and its own."""
        fields = [pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
                  for pid in self.pids()]
        return [sum(int(each[i]) for each in fields) for i in (12, 11)]

    def measure(self, connections, seconds, requests):
        """rate: answers a second; cpu, p50, p99, p999: us, the first an answer; kernel, own: ticks.
        """
        pin = CPUS[-1:] if self.pinned and len(CPUS) == 2 else CPUS
        with subprocess.Popen(
                [BENCH + "/load", self.address, str(connections), str(seconds), requests],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1,
                preexec_fn=lambda: os.sched_setaffinity(0, pin)) as load:
            load.stdout.readline()
            cpu, ticks = self.cpu(), self.ticks()
            load.stdin.write("\n")
            line = load.stdout.readline()
            cpu, ticks = self.cpu() - cpu, [x - y for x, y in zip(self.ticks(), ticks)]
        if load.returncode != 0:
            raise RuntimeError(f"load: exit {load.returncode}")
        found = {name: float(value) for name, value in
                 (part.split("=") for part in line.split())}
        return {"rate": found["answers"] / found["seconds"],
                "cpu": cpu / found["answers"] * 1e6,
                "kernel": ticks[0], "own": ticks[1],
                **{name: found[name] for name in ("p50", "p99", "p999")}}


class Process(Server):
    """One process."""

    def __init__(self, stack, argv, address, pinned=True):
        self.address, self.pinned = address, pinned
        self.process = subprocess.Popen(argv)
        stack.callback(self.stop)
        if not wait_until(lambda: os.path.exists(address)):
            raise RuntimeError(f"{argv[0]} does not listen")
        self.pin()

    def pids(self):
        return [self.process.pid]

    def stop(self):
        self.process.kill()
        self.process.wait()


def bare(directory, stack, name, *options):
    address = f"{directory}/{name}"
    return Process(stack, [BENCH + "/bare", *options, address], address)


class Policyd(Server):
    """tlsfloor-policyd with a policy of its own, and a system log if dev is a directory."""

    def __init__(self, directory, stack, name, conf="audit = violations\n", dev=None, **options):
        self.state, self.address = f"{directory}/{name}.state", f"{directory}/{name}"
        # The exceptions are readable to the group of the directory.
        os.mkdir(self.state)
        shutil.chown(self.state, group="nogroup")
        apply_state(self.state, conf)
        if dev is not None:
            options.update(stderr=False, prefix=own_dev(dev))
        self.daemon = stack.enter_context(Daemon(self.state, listeners=[self.address],
                                                 user="nobody", **options))
        self.pin()

    def pids(self):
        return [self.daemon.pid]

    def measure(self, connections, seconds, requests):
        found = super().measure(connections, seconds, requests)
        if self.daemon.count("warning: "):
            raise RuntimeError(self.daemon.log())
        return found


def system_log(directory, stack, name="dev", pause=0):
    """A directory to be /dev of a daemon, and what reads its log, a line in so many us."""
    dev = f"{directory}/{name}"
    os.mkdir(dev)
    log = Process(stack, [BENCH + "/logger", dev + "/log", str(pause)], dev + "/log", pinned=False)
    return dev, log.process


class Postfwd(Server):
    """postfwd2 of Debian, with rules that say what tlsfloor does for the same requests."""

    pinned = False
    LAST = ("id=OLD; encryption_protocol=~^(SSLv|TLSv1$|TLSv1\\.1$); action=530 5.7.10 too old\n"
            "id=END; action=DUNNO\n")

    def __init__(self, directory, stack, exceptions):
        program = find("postfwd2", "postfwd")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.address = f"127.0.0.1:{port}"
        own = pathlib.Path(directory, f"postfwd{exceptions}")
        own.mkdir()
        shutil.chown(own, "nobody", "nogroup")
        rules = own / "rules"
        rules.write_text("".join(
            f"id=E{number}; sasl_username==legacy{number:06}@example.org;"
            f" encryption_protocol==TLSv1; action=DUNNO\n"
            for number in range(exceptions)) + self.LAST)
        pidfile = own / "pid"
        subprocess.run([program, "-P", "-n", "--norulelog", "-c", "0", "-L", "-f", rules,
                        "--server_socket", "tcp:" + self.address, "--pidfile", pidfile,
                        "--cache_socket", f"unix:{own}/cache",
                        "-u", "nobody", "-g", "nogroup"], check=True, stderr=subprocess.DEVNULL)
        wait_until(pidfile.exists)
        self.group = int(pidfile.read_text())
        stack.callback(self.stop)
        if not wait_until(lambda: answers(("127.0.0.1", port)), 15):
            raise Skip("postfwd2 of this Debian does not answer")

    def pids(self):
        """None: its processes come and go, and nothing is said of their CPU."""
        return []

    def has_ended(self):
        return all(group_of(stat) != self.group
                   for stat in pathlib.Path("/proc").glob("[0-9]*/stat"))

    def stop(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.group, signal.SIGTERM)
            if not wait_until(self.has_ended, 5):
                os.killpg(self.group, signal.SIGKILL)


def group_of(stat):
    try:
        return int(stat.read_text().rsplit(")", 1)[1].split()[2])
    except OSError:
        return None


def answers(address):
    try:
        with Client(address) as client:
            return client.ask() is not None
    except OSError:
        return False


def find(program, package):
    """Its path; installs what tests/bench compares with if it is missing."""
    path = "/usr/sbin:/usr/bin"
    if shutil.which(program, path=path) is None:
        subprocess.run([SOURCE + "/scripts/install-deps", "bench"], check=False)
    found = shutil.which(program, path=path)
    if found is None:
        raise Skip(f"{program} is not there (Debian: apt install {package})")
    return found
