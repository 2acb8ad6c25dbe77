#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The login plugin serves nobody rather than unjudged: in which cases, and with which words.

Another Dovecot than it was built with (libraries with another build-id, in a
mount namespace of their own), a policy that is not there or cannot be believed,
and an ABI version that Dovecot itself refuses.
"""

import os
import pathlib
import pwd
import re
import shutil
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from dovecot_words import ANN, GOOD, greeting, PASSWORD, PROGRAMS  # noqa: E402
from lab.dovecot_server import DovecotServer  # noqa: E402
from lab.policyd import build_tree, Site  # noqa: E402
from lab.workspace import wait_until, Workspace  # noqa: E402
from tap import Tap, expect, expect_true, skip_unless_root  # noqa: E402

SERVICES = ["imap", "pop3", "sieve", "submission"]
LIBRARIES = ["libdovecot.so.0", "libdovecot-login.so.0"]
MODULE = build_tree() / "dovecot-plugin" / "tlsfloor.so"

# Dovecot starts a service that failed again after a while, at most so long.
THROTTLE = 60


def readelf(option, path):
    return subprocess.run(["readelf", "--wide", option, str(path)], check=True,
                          capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"}).stdout


def build_id(path):
    return re.search(r"Build ID: ([0-9a-f]+)", readelf("-n", path))[1]


def library(name):
    """The file that Dovecot's login programs load."""
    loaded = subprocess.run(["ldd", "/usr/lib/dovecot/imap-login"], check=True,
                            capture_output=True, text=True).stdout
    return pathlib.Path(re.search(rf"{re.escape(name)} => (\S+)", loaded)[1]).resolve()


def with_other_build_id(workspace, name):
    """A copy that differs in one bit: (its path, its build-id)."""
    file = library(name)
    data, old = file.read_bytes(), bytes.fromhex(build_id(file))
    expect(data.count(old), 1, f"build-ids in {name}")
    new = bytes([old[0] ^ 1]) + old[1:]
    copy = workspace.path / name
    copy.write_bytes(data.replace(old, new))
    copy.chmod(0o644)
    return copy, new.hex()


def namespace():
    """How unshare makes a mount namespace: without the first it fails where / is no mount point."""
    if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode == 0:
        return ["unshare", "-m"]
    return ["unshare", "-m", "--propagation", "unchanged"]


class Server(DovecotServer):
    """A Dovecot that sees other files in the place of some: mounts, file -> its replacement."""

    mounts = {}

    def start(self):
        # What the one before it has said is over.
        self.log_start = len(self.messages())
        script = "".join(f"mount --bind {new} {old} && " for old, new in self.mounts.items())
        self.workspace.prefix = [*namespace(), "sh", "-c", f'{script}exec "$@"',
                                 "sh"] if self.mounts else []
        super().start()

    def restart(self, mounts=()):
        self.stop()
        self.mounts = dict(mounts)
        self.start()

    def take_module(self, directory):
        """login_plugin_dir, from the next start."""
        text = self.conf.read_text().replace(f"login_plugin_dir = {self.plugin_directory}\n",
                                             f"login_plugin_dir = {directory}\n")
        self.plugin_directory = directory
        self.conf.write_text(text)


class PrefixWorkspace(Workspace):
    """Dovecot is started by the command self.prefix."""

    prefix = []

    def start(self, argv, log, **options):
        return super().start([*self.prefix, *argv] if argv[0] == "dovecot" else argv, log,
                             **options)


class Tests:
    def __init__(self, workspace, tap):
        self.workspace, self.tap = workspace, tap
        self.site = Site(workspace)
        self.site.apply()
        self.policy = self.site.state / "policy"
        self.server = Server(workspace, self.site, {ANN: PASSWORD})

    def login(self, service):
        """The reply to a compliant login, None if nobody serves it."""
        try:
            with self.server.connect(service, *GOOD) as client:
                greeting(client)
                client.capabilities()
                reply = client.login(ANN, PASSWORD)
                return reply if client.is_good(reply) else None
        except ConnectionError:
            return None

    def expect_served(self, service, seconds=60):
        wait_until(lambda: self.login(service), f"{service}: a login", seconds)

    def expect_refusal(self, service, line):
        """The client gets no byte; the login process has said this and nothing else."""
        with self.server.open(service) as client:
            expect(client.rest(), "", "words to the client")
        program = PROGRAMS[service]
        # Dovecot's master may add that the process has failed.
        fatal = self.server.wait_for(f"{program}: Fatal: (?!master: )", 1, self.server.log_start)
        expect(set(fatal), {f"{program}: Fatal: {line}"}, "last words")
        expect(self.server.find(f"{program}: (Info|Panic)", self.server.log_start), [], "log")


# --- another Dovecot ---

def test_libraries(tests):
    with tests.tap.case("with the libraries that it was built with all services serve"):
        for service in SERVICES:
            tests.expect_served(service)
    for name in LIBRARIES:
        copy, other = with_other_build_id(tests.workspace, name)
        file = library(name)
        want = (f"tlsfloor: {name} is not the one that tlsfloor was built with (build-id {other}, "
                f"built with {build_id(file)}): rebuild tlsfloor for this dovecot-core")
        before = file.read_bytes()
        tests.server.restart({file: copy})
        for service in SERVICES:
            with tests.tap.case(f"{service}: another {name} is refused"):
                tests.expect_refusal(service, want)
        with tests.tap.case(f"nobody else sees the other {name}"):
            expect_true(file.read_bytes() == before, f"{file} has changed")
    # A copy with the same build-id: it is not the mount that is refused.
    copy, file = tests.workspace.path / "same", library(LIBRARIES[0])
    shutil.copyfile(file, copy)
    copy.chmod(0o644)
    tests.server.restart({file: copy})
    with tests.tap.case("a copy with the right build-id serves (control)"):
        for service in SERVICES:
            tests.expect_served(service)
    tests.server.restart()
    with tests.tap.case("with the originals again all services serve"):
        for service in SERVICES:
            tests.expect_served(service)


def test_abi(tests):
    """Dovecot's own check, which the symbol tlsfloor_version makes possible."""
    data = MODULE.read_bytes()
    with tests.tap.case("the module names the ABI that it was built for"):
        found = re.findall(rb"2\.\d\.ABIv\d+(?:\([^)]*\))?", data)
        expect(len(found), 1, "ABI versions")
    directory, ours = tests.server.plugin_directory, tests.workspace.directory("other-abi")
    other = found[0].replace(b".ABIv", b".ABIw")
    (ours / MODULE.name).write_bytes(data.replace(found[0], other))
    tests.server.take_module(ours)
    tests.server.restart()
    for service in SERVICES:
        with tests.tap.case(f"{service}: a module for another ABI is refused by Dovecot"):
            tests.expect_refusal(service, (
                f"Couldn't load required plugin {ours}/{MODULE.name}: Module is for different "
                f"ABI version {other.decode()} (we have {found[0].decode()})"))
    tests.server.take_module(directory)
    tests.server.restart()


# --- another policy than the applied one ---

def damage(path, change):
    data = path.read_bytes()
    path.write_bytes(change(data))


def states(policy):
    """(name, what happens to the applied policy, what is said of it)."""
    damaged = "is damaged or of another release: run tlsfloor apply"
    nobody = pwd.getpwnam("nobody").pw_uid
    return [
        ("missing", policy.unlink, "no policy has been applied: run tlsfloor apply"),
        ("empty", lambda: damage(policy, lambda data: b""), damaged),
        ("cut", lambda: damage(policy, lambda data: data[:-1]), damaged),
        ("longer", lambda: damage(policy, lambda data: data + b"\n"), damaged),
        ("changed by hand",
         lambda: damage(policy, lambda data: data.replace(b"enforce", b"observe", 1)), damaged),
        ("for others to write", lambda: policy.chmod(0o666),
         "can be written by others (mode 0666): chmod go-w"),
        ("somebody else's", lambda: os.chown(policy, nobody, 0),
         f"belongs to user {nobody}: it must be root's (chown root)"),
    ]


def test_states(tests):
    for number, (name, change, sentence) in enumerate(states(tests.policy)):
        tests.site.apply(mode="enforce")
        change()
        tests.server.restart()
        services = SERVICES if number == 0 else [SERVICES[number % len(SERVICES)]]
        for service in services:
            with tests.tap.case(f"{service}: a policy that is {name}"):
                tests.expect_refusal(service, f"tlsfloor: {tests.policy}: {sentence}")
        tests.site.apply(mode="enforce")
        for service in services:
            with tests.tap.case(f"{service}: once it is applied again, logins are served"):
                tests.expect_served(service, THROTTLE + 60)


def main():
    skip_unless_root()
    tap = Tap()
    with PrefixWorkspace() as workspace:
        tests = Tests(workspace, tap)
        for test in (test_libraries, test_abi, test_states):
            test(tests)
    return tap.finish()


sys.exit(main())
