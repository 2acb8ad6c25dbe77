# SPDX-License-Identifier: MIT
"""A whole Dovecot of our own: logins of all protocols with the login plugin, mailboxes, log.

It listens on high ports of 127.0.0.1; submission hands mail to smtp-sink. What
is installed on this machine is not read and not touched.
"""

import contextlib
import dataclasses
import pathlib
import re
import shutil
import subprocess
import threading

from . import sanitizer
from .clients import Imap, Pop3, Sieve, Submission
from .dovecot_configuration import configuration
from .dovecot_text import run_with
from .policyd import build_tree
from .workspace import answers, certificate, free_ports, wait_until

# Service -> its listeners with STARTTLS and with TLS at once, login program, client.
SERVICES = {
    "imap": (("imap", "imaps"), "imap-login", Imap),
    "pop3": (("pop3", "pop3s"), "pop3-login", Pop3),
    "sieve": (("sieve",), "managesieve-login", Sieve),
    "submission": (("submission", "submissions"), "submission-login", Submission),
}
# Behind HAProxy: the names of the listeners with this at their end.
PROXIED = "-proxied"
# Where Dovecot looks for passdb drivers, and nowhere else. Ours sees another folder there.
AUTH_MODULES = "/usr/lib/dovecot/modules/auth"
IN_NAMESPACE = ["unshare", "-m", "sh", "-c", 'mount --bind "$1" "$2" && shift 2 && exec "$@"', "sh"]
CLIENTS = {name: client for names, _, client in SERVICES.values() for name in names}
IMPLICIT = {names[1] for names, _, _ in SERVICES.values() if len(names) > 1}
# Of a line of the log.
DATE = re.compile(r"^\w{3} \d\d \S+ ")


def service_of(listener):
    """As tlsfloor names it."""
    return CLIENTS[listener.removesuffix(PROXIED)].service


def begin_tls(client, listener, version, cipher="DEFAULT", behind=b""):
    """As the listener has it: at once, or by STARTTLS."""
    begin = client.wrap if listener.removesuffix(PROXIED) in IMPLICIT else client.starttls
    begin(version, cipher, behind)


def state_of(pid):
    """Of a process, as proc(5) has it: its state, its parent ...; nothing if there is none."""
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return []


def runs(pid):
    """Whether there is such a process, and it has not ended."""
    return state_of(pid)[:1] not in ([], ["Z"], ["X"])


@dataclasses.dataclass
class Options:
    """passdbs (before the one of users) and extra: text of the configuration.

    passdb: whether our passdb is the first of the ordinary ones, and, where there
    are master passdbs, of those. before_passdb: passdbs that misplace it.
    environment: more of it for the login programs.
    """

    protocols: tuple = tuple(SERVICES)
    mechanisms: str = "plain login"
    plugin: bool = True
    passdb: bool = False
    before_passdb: str = ""
    high_performance: bool = False
    haproxy: bool = False
    certificate: tuple = ()  # (key file, certificate file) of the server, if not the workspace's
    client_certificate: str = ""  # whose name it has; EXTERNAL uses it
    failure_delay: str = "0"
    penalty: bool = False
    passdbs: str = ""
    environment: dict = dataclasses.field(default_factory=dict)
    extra: str = ""


class LogLines:
    """The lines of a log without their dates, but a last one that is not complete yet."""

    def __init__(self, path):
        self.path, self.lines, self.end, self.lock = path, [], 0, threading.Lock()

    def read(self):
        """Each line is read once."""
        with self.lock, contextlib.suppress(FileNotFoundError), open(self.path, "rb") as log:
            log.seek(self.end)
            data = log.read()
            size = data.rfind(b"\n") + 1
            self.end += size
            self.lines += [DATE.sub("", line) for line in
                           data[:size].decode(errors="backslashreplace").split("\n")[:-1]]
        return self.lines


def users_text(users):
    return "".join(f"{name}:{value}\n" if isinstance(value, str) else
                   f"{name}:{value[0]}::::::{value[1]}\n" for name, value in users.items())


def passwords(users):
    return {name: value if isinstance(value, str) else value[0] for name, value in users.items()}


class DovecotServer:
    """users: name -> password, or (password, extra fields of the passdb's reply)."""

    def __init__(self, workspace, site, users, name="server", **options):
        self.workspace, self.options = workspace, Options(**options)
        self.directory = workspace.directory(name)
        self.run = workspace.directory(f"{name}/run")
        self.libdir = workspace.directory(f"{name}/lib")
        self.home = workspace.directory(f"{name}/home", 0o700, "nobody", "nogroup")
        self.log = self.directory / "log"
        self.log_lines = LogLines(self.log)
        self.passwords = passwords(users)
        self.users_file = workspace.write(f"{name}/users", users_text(users))
        self.certificate = self.options.certificate or certificate(workspace)
        self.client_certificate = self.options.client_certificate and certificate(
            workspace, self.options.client_certificate, "client-")
        self.plugin_directory = build_tree() / "dovecot-plugin"
        self.tlsfloor_state = site.state
        self.listeners = self.choose_listeners()
        names = [listener[0] for group in self.listeners.values() for listener in group]
        self.relay_port, *ports = free_ports(1 + len(names))
        self.ports = dict(zip(names, ports))
        self.conf = workspace.write(f"{name}/dovecot.conf",
                                    self.configuration() + self.environment())
        self.start()

    def configuration(self):
        return configuration(self, self.listeners)

    def environment(self):
        """Text for dovecot.conf: what programs are run with."""
        logins, values = {program: program for program in self.listeners}, self.options.environment
        if not sanitizer.is_needed(self.plugin_directory / "tlsfloor.so"):
            return run_with(logins, **values) if values else ""
        self.workspace.cleanup.callback(sanitizer.expect_no_report, self.log)
        return ((sanitizer.configuration(logins, **values) if self.options.plugin else "")
                + (sanitizer.configuration(sanitizer.AUTH) if self.options.passdb else ""))

    def choose_listeners(self):
        chosen = {}
        for protocol in self.options.protocols:
            names, program, _ = SERVICES[protocol]
            chosen[program] = [(name, name in IMPLICIT, False) for name in names]
            if self.options.haproxy:
                chosen[program] += [(name + PROXIED, name in IMPLICIT, True) for name in names]
        return chosen

    def start(self):
        if "submission" in self.options.protocols:
            relay = self.workspace.start(
                ["smtp-sink", "-u", "nobody", f"127.0.0.1:{self.relay_port}", "100"],
                f"{self.directory.name}/relay.out")
            self.workspace.wait_for(relay, lambda: answers(self.relay_port), "smtp-sink")
        argv = ["dovecot", "-F", "-c", str(self.conf)]
        if self.options.passdb:
            argv = [*IN_NAMESPACE, self.auth_modules(), AUTH_MODULES, *argv]
        self.process = self.workspace.start(argv, f"{self.directory.name}/out")
        for port in self.ports.values():
            self.workspace.wait_for(self.process, lambda port=port: answers(port), "Dovecot")

    def auth_modules(self):
        """A folder with the machine's modules of the auth process, and with ours."""
        path = self.directory / "auth-modules"
        shutil.rmtree(path, ignore_errors=True)
        shutil.copytree(AUTH_MODULES, path)
        shutil.copy(self.plugin_directory / "libauthdb_tlsfloor.so", path)
        return str(path)

    def stop(self):
        """Returns when all of its processes have ended.

        A login process that outlives the master would still take connections, and write to the log.
        """
        children = self.children()
        status = self.workspace.stop(self.process)
        wait_until(lambda: not any(map(runs, children)), "the end of Dovecot's processes")
        return status

    def children(self):
        """The pids of the master's processes."""
        everybody = [int(path.name) for path in pathlib.Path("/proc").glob("[0-9]*")]
        return [pid for pid in everybody if state_of(pid)[1:2] == [str(self.process.pid)]]

    def doveadm(self, *arguments):
        """What doveadm prints; "reload" among others."""
        return subprocess.run(["doveadm", "-c", str(self.conf), *arguments], check=True,
                              capture_output=True, text=True).stdout

    # --- clients ---

    def open(self, listener, source=None, header=b"", certified=False):
        """A client before the first byte of the protocol."""
        already = len(self.messages())
        client = CLIENTS[listener.removesuffix(PROXIED)](
            self.ports[listener], source, header,
            self.client_certificate if certified else None)
        client.log_start = already
        return client

    @contextlib.contextmanager
    def connect(self, listener, version=None, cipher="DEFAULT", behind=b"", **options):
        """A client whose TLS is up and who has read nothing since.

        Without a version there is no TLS. behind: sent in one go with the
        handshake's end. options: as of open().
        """
        with self.open(listener, **options) as client:
            if version:
                begin_tls(client, listener, version, cipher, behind)
            yield client

    # --- the log ---

    def messages(self):
        """The lines of the log; always the same list, which grows."""
        return self.log_lines.read()

    def find(self, pattern, start=0):
        """The messages that a regular expression is found in."""
        return [line for line in self.messages()[start:] if re.search(pattern, line)]

    def wait_for(self, pattern, number=1, start=0, seconds=60):
        """The same; waits until there are so many."""
        def found():
            lines = self.find(pattern, start)
            return lines if len(lines) >= number else None

        return wait_until(found, f"{number} of {pattern!r} in Dovecot's log", seconds)

    def audit(self, client, number=1):
        """The audit lines of a session; waits for so many."""
        return self.wait_for(self.audit_pattern(client), number, client.log_start)

    def audit_so_far(self, client):
        return self.find(self.audit_pattern(client), client.log_start)

    @staticmethod
    def audit_pattern(client):
        return f" tlsfloor: .* port={client.client_port} "

    def auth_requests(self, client):
        """What the auth process was asked for a session, as far as it is logged."""
        return self.find(self.auth_pattern(client), client.log_start)

    def wait_for_auth(self, client):
        """Until the auth process has been asked for a session."""
        return self.wait_for(self.auth_pattern(client), start=client.log_start)

    @staticmethod
    def auth_pattern(client):
        return rf"auth: Debug: .*client in: AUTH\t.*\trport={client.client_port}(\t|$)"

    def sessions_in_auth(self):
        """The ids of all sessions of which the auth process got credentials."""
        return {re.search(r"\tsession=(\S+)", line)[1] for line in
                self.find(r"auth: Debug: .*client in: AUTH\t")}
