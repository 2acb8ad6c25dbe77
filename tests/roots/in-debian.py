# SPDX-License-Identifier: MIT
"""scripts/in-debian: the command gets what it is promised, and the machine is left as it was.

Works on a copy of the checkout, which it can change. The root directories are the real ones.
"""

import contextlib
import fcntl
import os
import pathlib
import signal
import subprocess
import sys

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path[:0] = [str(SOURCE / "tests" / "lib"), str(SOURCE / "scripts" / "lib")]

from lab.workspace import Workspace  # noqa: E402
from tap import Tap, expect, expect_true  # noqa: E402

RELEASES = "12", "13"


class Checkout:
    def __init__(self, workspace):
        self.path = workspace.directory("checkout", 0o700)
        listed = self.git("ls-files", "-z", directory=SOURCE).split("\0")[:-1]
        for name in filter(lambda name: (SOURCE / name).exists(), listed):
            (self.path / name).parent.mkdir(parents=True, exist_ok=True)
            (self.path / name).write_bytes((SOURCE / name).read_bytes())
            (self.path / name).chmod((SOURCE / name).stat().st_mode)
        self.git("init", "-q")
        self.git("add", "-A")

    def git(self, *arguments, directory=None):
        directory = directory or self.path
        return subprocess.run(["git", "-c", f"safe.directory={directory}", *arguments],
                              cwd=directory, check=True, stdout=subprocess.PIPE, text=True).stdout

    def argv(self, release, *command):
        return [self.path / "scripts/in-debian", release, *command]

    def run(self, release, *command, text="", **environment):
        """(exit status, standard output, standard error)."""
        done = subprocess.run(self.argv(release, *command), input=text, capture_output=True,
                              text=True, env={**os.environ, **environment})
        return done.returncode, done.stdout, done.stderr

    def says(self, release, script):
        """What a shell script prints there."""
        status, output, errors = self.run(release, "sh", "-c", script)
        expect((status, errors), (0, ""), "exit status and errors")
        return output

    @contextlib.contextmanager
    def running(self, release, script):
        """A shell script there, which has said its first line."""
        process = subprocess.Popen(self.argv(release, "sh", "-c", script), stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, text=True)
        try:
            expect(process.stdout.readline(), "ready\n")
            yield process
        finally:
            process.kill()
            process.wait()


@contextlib.contextmanager
def open_directory(path):
    descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def is_locked(path):
    with open_directory(path) as descriptor:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def mounts():
    return pathlib.Path("/proc/self/mountinfo").read_text()


def leftovers(cache):
    """What a run has put into the cache's only directory that is not a root."""
    return os.listdir(cache / "run")


# --- what the command gets ---

def test_command(tap, checkout, release):
    with tap.case(f"{release}: is that release, with the packages of the list"):
        expect(checkout.says(release, '. /etc/os-release; echo "$VERSION_ID"; dpkg-query -W -f '
                             "'${Status}' dovecot-dev"), f"{release}\ninstall ok installed")
    with tap.case(f"{release}: exit status"):
        expect([checkout.run(release, "sh", "-c", command)[0]
                for command in ("exit 0", "exit 7", "kill -KILL $$")], [0, 7, 137])
    with tap.case(f"{release}: arguments, standard input, output and error"):
        expect(checkout.run(release, "sh", "-c", 'cat; echo "$@" >&2', "sh", "a  b", "",
                            text="some\nlines\n"), (0, "some\nlines\n", "a  b \n"))
    with tap.case(f"{release}: nothing of the environment but CI"):
        names = [line.split("=")[0] for line in checkout.run(
            release, "env", CI="true", TLSFLOOR_BUILD="x")[1].splitlines()]
        expect(sorted(names), ["CI", "HOME", "LANG", "PATH", "TERM"])
    with tap.case(f"{release}: mount namespaces, a terminal and shared memory for who needs them"):
        expect(checkout.says(release, "unshare -m sh -c 'mount --bind /etc /mnt && test -e "
                             "/mnt/passwd' && ls /mnt && script -qc tty /dev/null </dev/null && "
                             "touch /dev/shm/it"), "/dev/pts/0\n")


def test_checkout(tap, checkout):
    with tap.case("the checkout as it stands: changed, new and deleted files, not the ignored"):
        (checkout.path / "NEWS").write_text("changed\n")
        (checkout.path / "new file").write_text("new\n")
        (checkout.path / "ignored.log").write_text("ignored\n")
        (checkout.path / "LICENSE").unlink()
        expect(checkout.says("13", 'cat NEWS "new file"; ls -d LICENSE *.log .git 2>&1; '
                             "stat -c %u NEWS; test -x scripts/test"),
               "changed\nnew\n"
               "ls: cannot access 'LICENSE': No such file or directory\n"
               "ls: cannot access '*.log': No such file or directory\n"
               "ls: cannot access '.git': No such file or directory\n0\n")
    with tap.case("what a command changes is gone with it"):
        checkout.says("13", "echo x >/etc/changed && echo x >NEWS && rm /etc/passwd")
        expect(checkout.says("13", "ls /etc/changed 2>/dev/null; cat NEWS; head -c 4 /etc/passwd"),
               "changed\nroot")
        expect((checkout.path / "NEWS").read_text(), "changed\n")


# --- what the machine keeps ---

def test_machine(tap, checkout, cache):
    for number in (signal.SIGKILL, signal.SIGTERM, signal.SIGHUP):
        with tap.case(f"{number.name}: all processes end; no mount and no file is left"), \
                checkout.running("13", "(setsid sleep 1000 &) ; touch /tmp/x; echo ready; "
                                 "sleep 1000") as process:
            before = mounts()
            process.send_signal(number)
            # They all have it open.
            expect(process.communicate(timeout=20)[0], "")
            expect(process.returncode, -number, "exit status")
            expect((mounts(), leftovers(cache)), (before, []))
    with tap.case("what a command leaves running ends with it"):
        expect(checkout.run("13", "sh", "-c", "(setsid sleep 1000 &)"), (0, "", ""))
    with tap.case("two at the same time, in the same root"):
        with checkout.running("13", "touch /etc/first; echo ready; read x; test -e /etc/second") \
                as process:
            expect(checkout.says("13", "touch /etc/second; ls /etc/first 2>/dev/null || true"), "")
            process.stdin.write("\n")
            expect(process.communicate(timeout=20)[0], "")
            expect(process.returncode, 1, "no second")
    with tap.case("while a command runs, its root is locked"), \
            checkout.running("13", "echo ready; read x"):
        expect_true(any(map(is_locked, cache.glob("trixie-*"))), "no lock")


# --- when it cannot ---

def test_errors(tap, checkout, workspace):
    with tap.case("an unknown release"):
        expect(checkout.run("11", "true"), (
            2, "", 'in-debian: unknown release "11": 12 (bookworm) or 13 (trixie)\n'))
    with tap.case("no command"):
        expect(checkout.run("13"), (
            2, "", "in-debian: usage: in-debian RELEASE COMMAND [ARGUMENT]...\n"))
    with tap.case("not root"):
        checkout.path.chmod(0o755)
        done = subprocess.run(["setpriv", "--reuid=nobody", "--clear-groups",
                               *checkout.argv("13", "true")], capture_output=True, text=True)
        expect((done.returncode, done.stderr), (2, "in-debian: must be run as root\n"))
    with tap.case("no checkout"):
        (checkout.path / ".git").rename(workspace.path / "git")
        expect(checkout.run("13", "true"), (
            2, "", f"in-debian: {checkout.path} is not a git checkout\n"))
        (workspace.path / "git").rename(checkout.path / ".git")


def test_making(tap, checkout, workspace):
    """With a debootstrap that says where, and fails halfway."""
    cache, programs = workspace.directory("cache"), workspace.directory("bin")
    workspace.write("bin/debootstrap", '#!/bin/sh\nmkdir "$4" && echo "$4"; exit 1\n', 0o755)

    def attempt():
        status, output, errors = checkout.run("trixie", "echo", "here", TLSFLOOR_CACHE=str(cache),
                                              PATH=f"{programs}:{os.environ['PATH']}")
        expect((status, output, errors.splitlines()[1:]), (
            2, "", ["in-debian: no root directory of Debian 13 could be made: see "
                    f"{cache}/trixie.log"]))
        return (cache / "trixie.log").read_text()

    with tap.case("a root that cannot be made: says where to read why"):
        first = attempt()
        expect(first.startswith("trixie-"), True, first)
    with tap.case("half a root is not used, but made again"):
        expect(attempt(), first)
    with tap.case("another list of packages: another root"):
        with open(checkout.path / "scripts/install-deps", "a", encoding="ascii") as script:
            script.write("# changed\n")
        expect_true(attempt() != first, first)
    with tap.case("roots that are not needed any more go, unless somebody runs in them"):
        unused, used = (workspace.directory(f"cache/trixie-{name}") for name in ("old", "used"))
        with open_directory(used) as descriptor:
            fcntl.flock(descriptor, fcntl.LOCK_SH)
            attempt()
        expect((unused.exists(), used.exists()), (False, True))


def main():
    tap = Tap()
    cache = pathlib.Path(os.environ.get("TLSFLOOR_CACHE", "/var/cache/tlsfloor"))
    with Workspace() as workspace:
        checkout = Checkout(workspace)
        for release in RELEASES:
            checkout.run(release, "true")  # makes the root, and says so
            test_command(tap, checkout, release)
        test_checkout(tap, checkout)
        test_machine(tap, checkout, cache)
        test_errors(tap, checkout, workspace)
        test_making(tap, checkout, workspace)
    return tap.finish()


sys.exit(main())
