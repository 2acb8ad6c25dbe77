# SPDX-License-Identifier: MIT
"""tlsfloor-policyd of a build tree: its configuration and state, its log, and how it is started."""

import contextlib
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import threading

from .workspace import answers, wait_until

USER = "nobody"
# Whom the exceptions are readable to: the daemon's, and an extra group of Dovecot's auth process.
STATE_GROUP = "nogroup"


def build_tree():
    """The tree that is tested: $TLSFLOOR_BUILD."""
    return pathlib.Path(os.environ["TLSFLOOR_BUILD"]).resolve()


class Site:
    """A tlsfloor.conf and the state that it is applied to."""

    def __init__(self, workspace, **always):
        self.conf = workspace.path / "tlsfloor.conf"
        self.state = workspace.directory("state", group=STATE_GROUP)
        self.always = {"exceptions": "none", "trusted_networks": "", **always}

    def apply(self, sections="", **values):
        """Checks and applies a configuration; None takes the default; sections: their text."""
        text = "".join(f"{name} = {value}\n" for name, value in {**self.always, **values}.items()
                       if value is not None) + sections
        self.conf.write_text(text)
        result = subprocess.run(
            [build_tree() / "admin" / "tlsfloor", "-c", self.conf, "-S", self.state, "apply"],
            capture_output=True, text=True)
        if result.returncode != 0:
            raise RuntimeError(f"tlsfloor apply: {result.stdout}{result.stderr}\n{text}")


def daemon_argv(site, *options):
    return [build_tree() / "postfix-policyd" / "tlsfloor-policyd", "-S", site.state, "-f",
            "-u", USER, *options]


class Logged:
    """A daemon whose log is the file self.log."""

    def lines(self):
        """The log without a last line that is not complete yet."""
        return self.log.read_text().split("\n")[:-1]

    def audit_lines(self):
        """Without the daemon's name and process id."""
        messages = (line.partition("]: ")[2] for line in self.lines())
        return [message for message in messages if message.startswith("tlsfloor: ")]


class Policyd(Logged):
    """The daemon on a socket that it makes itself."""

    def __init__(self, workspace, site, path):
        self.workspace, self.site, self.path = workspace, site, path
        self.log = workspace.path / "policyd.log"
        self.start()

    def start(self):
        self.process = self.workspace.start(
            daemon_argv(self.site, "-l", f"unix:{self.path}"), self.log.name)
        self.workspace.wait_for(self.process, lambda: answers(self.path), "tlsfloor-policyd")

    def stop(self):
        """Ends the daemon; its exit status, which a sanitizer makes bad."""
        return self.workspace.stop(self.process)

    def apply(self, **values):
        """Applies a policy and waits until it is in force."""
        def news():
            return sum("a new policy is in force" in line for line in self.lines())

        before = news()
        self.site.apply(**values)
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: news() > before, "tlsfloor-policyd's new policy")


def listen(path):
    """A listening socket for Postfix."""
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen(1024)
    shutil.chown(path, "root", "postfix")
    pathlib.Path(path).chmod(0o660)
    return listener


class Launcher(Logged):
    """Socket activation: holds the listening socket and starts the daemon again when it ends."""

    # The shell turns into the daemon, which must find its own process id.
    SCRIPT = 'export LISTEN_FDS=1 LISTEN_PID=$$; exec "$@"'

    def __init__(self, workspace, site, path):
        self.site, self.starts = site, 0
        self.log = workspace.path / "policyd.log"
        self.socket = listen(path)
        self.stopping = threading.Event()
        self.start()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        workspace.cleanup.callback(self.stop)

    def start(self):
        script = f"{self.SCRIPT} 3<&{self.socket.fileno()}"
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                ["/bin/sh", "-c", script, "sh", *daemon_argv(self.site)], stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, pass_fds=[self.socket.fileno()], start_new_session=True)
        self.starts += 1

    def run(self):
        while True:
            self.process.wait()
            if self.stopping.is_set():
                return
            self.start()

    def kill(self):
        """kill -9; returns when the next daemon has been started."""
        before = self.starts
        self.process.kill()
        wait_until(lambda: self.starts > before, "the next tlsfloor-policyd")

    def stop(self):
        """Ends the daemon for good; its exit status."""
        self.stopping.set()
        while self.thread.is_alive():
            self.process.terminate()
            self.thread.join(0.1)
        self.socket.close()
        return self.process.returncode


class Recorder:
    """Stands between Postfix and policyd and keeps what is asked and answered."""

    def __init__(self, workspace, path, upstream):
        self.upstream, self.exchanges = str(upstream), []
        self.socket = listen(path)
        threading.Thread(target=self.accept, daemon=True).start()
        workspace.cleanup.callback(self.socket.close)

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.socket.accept()
                threading.Thread(target=self.relay, args=[client], daemon=True).start()

    def relay(self, client):
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(self.upstream)
            while request := read_block(client):
                server.sendall(request)
                answer = read_block(server)
                attributes = dict(line.split(b"=", 1) for line in request.split(b"\n")[:-2])
                self.exchanges.append(({name.decode(): value.decode("ascii", "surrogateescape")
                                        for name, value in attributes.items()},
                                       answer.decode().strip()))
                client.sendall(answer)


def read_block(stream):
    """Bytes up to and with an empty line; none at the end of the stream."""
    data = b""
    while not data.endswith(b"\n\n"):
        piece = stream.recv(65536)
        if not piece:
            return b""
        data += piece
    return data
