#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Who is refused behind STARTTLS reads why, also when a command crosses the refusal, or is logged.

Clients send their next command as soon as the handshake has ended. A server that has closed the
connection by then answers with a reset, which takes the reason away from some clients; and one that
first says what it offers, which is nothing, sends some away before they hear the reason.
"""

import pathlib
import re
import select
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from dovecot_words import (  # noqa: E402
    AFTER_HANDSHAKE, ANN, ENDED, JUDGED_WHEN_IT_SPEAKS, OLD, PASSWORD, SAID, URL, said,
    session_of)
from lab.dovecot_release import RELEASE  # noqa: E402
from lab.dovecot_server import DovecotServer  # noqa: E402
from lab.policyd import Site  # noqa: E402
from lab.workspace import Workspace  # noqa: E402
from policyd_client import build_shim  # noqa: E402
from tap import Tap, expect, expect_true, skip_unless_root  # noqa: E402

COMMANDS = {"imap": "a CAPABILITY", "pop3": "CAPA", "sieve": "CAPABILITY",
            "submission": "EHLO laptop.example.net"}

# To whom 2.3 says nothing before they speak.
UNHEARD = {"2.3": {"submission"}, "2.4": set()}[RELEASE]


def rest(client):
    """The last line before the end; raises ConnectionResetError where that is a reset."""
    text = b""
    while data := client.socket.recv(4096):
        text += data
    return text.decode().rstrip("\r\n").split("\r\n")[-1]


def wait_for_refusal(client):
    select.select([client.socket], [], [], client.socket.gettimeout())


def crossing_command(server, listener):
    """What a client reads that sends its command when the refusal is already on its way."""
    with server.connect(listener, *OLD) as client:
        if listener not in JUDGED_WHEN_IT_SPEAKS:
            wait_for_refusal(client)
        client.send_line(COMMANDS[listener])
        return rest(client)


def silent_client(server, listener):
    with server.connect(listener, *OLD) as client:
        if listener in UNHEARD:
            client.send_line(COMMANDS[listener])
        return rest(client)


def late_server(workspace, site):
    """When its login processes look, there is a command behind the handshake, or no client."""
    shim = workspace.path / "late-epoll.so"
    build_shim("late-epoll", shim)
    return DovecotServer(workspace, site, {ANN: PASSWORD}, name="late",
                         environment={"LD_PRELOAD": shim})


def text_read(server, listener):
    with server.connect(listener, *OLD) as client:
        client.send_line(COMMANDS[listener])
        return client.rest()


def lines_of_leaver(server, listener):
    """(audit lines, Dovecot's own line) about a client that leaves without waiting for a reply."""
    with server.connect(listener, *OLD) as client:
        client.send_line(COMMANDS[listener])
    lines = server.audit(client)
    return lines, server.wait_for(f"{ENDED}: .*{re.escape(session_of(lines[0]))}")[0]


def main():
    skip_unless_root()
    tap = Tap()
    with Workspace() as workspace:
        site = Site(workspace, help_url=URL, reject_text=SAID)
        site.apply()
        server = DovecotServer(workspace, site, {ANN: PASSWORD})
        late = late_server(workspace, site)
        for listener in COMMANDS:
            want = AFTER_HANDSHAKE[listener]["refuse"].format(said(OLD[0]))
            with tap.case(f"{listener}: a command that crosses the refusal"):
                for _ in range(10):
                    expect(crossing_command(server, listener), want)
            with tap.case(f"{listener}: who sends nothing is told, too"):
                expect(silent_client(server, listener), want)
            with tap.case(f"{listener}: a late server says nothing but the reason"):
                for _ in range(5):
                    expect(text_read(late, listener), want)
            with tap.case(f"{listener}: who leaves before a late server refuses is in its log"):
                for _ in range(5):
                    lines, end = lines_of_leaver(late, listener)
                    expect([" action=refuse reason=version " in line for line in lines], [True],
                           f"{lines}")
                    expect_true("no auth attempts" not in end, end)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
