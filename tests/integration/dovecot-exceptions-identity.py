#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The auth passdb in another Dovecot than it was built with serves nobody, and says so.

A copy of Dovecot's auth program, or of its library, with another build-id or
with none takes the place of the real one, in a mount namespace of this test.
"""

import concurrent.futures
import contextlib
import os
import pathlib
import re
import socket
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from dovecot_exceptions import BOB, OF_ANN, USERS, ExceptionsLab  # noqa: E402
from dovecot_words import ANN, GOOD, OLD, credentials  # noqa: E402
from lab.dovecot_server import DovecotServer  # noqa: E402
from lab.workspace import Workspace  # noqa: E402
from tap import Tap, expect, expect_true, skip_unless_root  # noqa: E402

IN_NAMESPACE = "TLSFLOOR_TEST_IN_NAMESPACE"
AUTH = pathlib.Path("/usr/lib/dovecot/auth")
LIBRARY = pathlib.Path("/usr/lib/dovecot/libdovecot.so.0")
OWNER = b"GNU\0"


def build_id(path):
    text = subprocess.run(["readelf", "-n", path], check=True, capture_output=True, text=True,
                          env={**os.environ, "LC_ALL": "C"}).stdout
    return bytes.fromhex(re.search(r"Build ID: (\w+)", text)[1])


def other_id(path):
    """The file with another build-id, and what that is."""
    number = build_id(path)
    other = number[:-1] + bytes([number[-1] ^ 1])
    return path.read_bytes().replace(OWNER + number, OWNER + other), other.hex()


def no_id(path):
    """With a note of somebody else in its place."""
    number = build_id(path)
    return path.read_bytes().replace(OWNER + number, b"GNV\0" + number), "none"


# File, change, whether the login plugin is there, what it is called in the log.
CASES = [
    (AUTH, other_id, True, "this program"),
    (AUTH, no_id, True, "this program"),
    (LIBRARY, other_id, False, "libdovecot.so.0"),
    (LIBRARY, other_id, True, "libdovecot.so.0"),
]


@contextlib.contextmanager
def replaced(workspace, path, data):
    """Another file in the place of this one, for the processes of this test."""
    copy = workspace.path / f"another-{path.name}"
    copy.write_bytes(data)
    copy.chmod(0o755)
    subprocess.run(["mount", "--bind", copy, path], check=True)
    try:
        yield
    finally:
        # Lazily: processes that are just ending may have it mapped.
        subprocess.run(["umount", "-l", path], check=True)


def all_it_says(client, listener):
    """To a client that logs in without waiting for anything, until the server closes."""
    with client, contextlib.suppress(OSError):
        if listener in ("imaps", "pop3s", "submissions"):
            client.wrap(*GOOD)
        client.send(credentials(client.service, BOB))
        return client.rest()
    return ""


def hang_up(client):
    """Below its TLS: what the server has sent can still be read."""
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(client.socket.fileno())) as raw:
        raw.shutdown(socket.SHUT_WR)


def serves_nobody(server, sentence):
    """All that clients get from such a server until it has told why is no login."""
    clients = {listener: server.open(listener) for listener in server.ports}
    with concurrent.futures.ThreadPoolExecutor(len(clients)) as pool:
        said = pool.map(all_it_says, clients.values(), clients)
        try:
            server.wait_for(sentence)
        finally:
            for client in clients.values():
                hang_up(client)
        for listener, text in zip(clients, said):
            expect_true(not re.search(r'^(a OK|235|OK "Logged|\+OK Logged)', text, re.M),
                        f"{listener}: {text}")
    expect(server.find(r"Info: (Login|Logged in): |client passdb out: OK"), [], "logins")
    server.stop()


def test_others(tap, workspace, lab):
    for number, (path, change, plugin, name) in enumerate(CASES):
        data, is_now = change(path)
        title = (f"{path.name} with {'no' if is_now == 'none' else 'another'} build-id, "
                 f"{'with' if plugin else 'without'} the login plugin")
        with tap.case(f"{title}: nobody gets in, and the log says why"):
            expect_true(data != path.read_bytes(), "the file has been changed")
            wanted = build_id(path).hex()
            with replaced(workspace, path, data):
                server = DovecotServer(workspace, lab.site, USERS, name=f"other-{number}",
                                       passdb=True, plugin=plugin)
                # With the library the login processes end, and nobody needs the auth process.
                program = "imap-login" if plugin and path == LIBRARY else "auth"
                serves_nobody(server, rf"^{program}: Fatal: tlsfloor: {re.escape(name)} is not the "
                              rf"one that tlsfloor was built with \(build-id {is_now}, built with "
                              rf"{wanted}\): rebuild tlsfloor for this dovecot-core$")


def test_same(tap, workspace, lab):
    """A copy is as good as the file."""
    for path in (AUTH, LIBRARY):
        with tap.case(f"{path.name} in a copy with the same build-id serves everybody"), \
                replaced(workspace, path, path.read_bytes()):
            lab.server.stop()
            lab.server.start()
            lab.expect_outcome("granted", "imaps", ANN, OLD)
            lab.expect_outcome("granted", "submission", BOB, GOOD)
            lab.expect_outcome("denied", "pop3s", BOB, OLD)
    with tap.case("nothing is wrong there"):
        # A server that is stopped while its processes begin has errors of its own.
        lab.expect_sound("^(?!.*tlsfloor).*Error: ")


def main():
    skip_unless_root()
    if IN_NAMESPACE not in os.environ:
        os.environ[IN_NAMESPACE] = "yes"
        os.execvp("unshare", ["unshare", "-m", sys.executable, *sys.argv])
    tap = Tap()
    with Workspace() as workspace:
        lab = ExceptionsLab(workspace, OF_ANN)
        test_same(tap, workspace, lab)
        lab.server.stop()
        test_others(tap, workspace, lab)
    return tap.finish()


sys.exit(main())
