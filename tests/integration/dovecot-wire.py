#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Whole sessions with Dovecot, as they are kept in tests/wire for each version of it.

--update writes what this version says into the files: read the difference
before you commit it, and tell admins in doc/compatibility.md.
"""

import pathlib
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from dovecot_exceptions import ExceptionsLab  # noqa: E402
from dovecot_words import ANN, ELSEWHERE, GOOD, OLD, PASSWORD, credentials, greeting  # noqa: E402
from lab import sasl  # noqa: E402
from lab.dovecot_release import RELEASE, syntax  # noqa: E402
from lab.dovecot_server import DovecotServer, begin_tls, service_of  # noqa: E402
from lab.policyd import Site  # noqa: E402
from lab.workspace import Workspace  # noqa: E402
from tap import Tap, skip_unless_root  # noqa: E402
from wire import compare, converse  # noqa: E402

WIRE = HERE.parent / "wire"
ABOUT = ["Sessions with Dovecot, C: the client, S: the server. Written by",
         "tests/integration/dovecot-wire.py --update."]
CARL = "carl@example.org"
USERS = {ANN: PASSWORD, CARL: PASSWORD}
# Where exceptions count; from ELSEWHERE none does.
INSIDE = "127.0.0.16"
EXCEPTIONS = (f"{CARL} allow=TLSv1 until=2099-12-31 service=imap,pop3,sieve,submission"
              f" from={INSIDE}/28\n")
NOW = {"rollout_from": "2099-01-01", "brownout": "Sun-Sat 00:00-24:00"}
# With these, its defaults, Dovecot keeps a floor by itself.
DEFAULTS = "ssl_min_protocol = TLSv1.2\n" + syntax.cleartext(allowed=False)
LISTENERS = {"imaps": "993", "imap": "143", "pop3s": "995", "pop3": "110", "sieve": "4190",
             "submissions": "465", "submission": "587"}
# One of each protocol: with TLS at once where Dovecot has that, and without.
WITH_TLS = "imaps", "pop3s", "sieve", "submissions"
WITHOUT_TLS = "imap", "pop3", "sieve", "submission"
LEAVE = {"imap": "LOGOUT", "pop3": "QUIT", "sieve": "LOGOUT", "submission": "QUIT"}


def hello(client):
    greeting(client)
    if client.service == "submission":
        client.capabilities()


def ask_what_it_can(client):
    greeting(client)
    client.capabilities()


def log_in(user=ANN, password=PASSWORD):
    return lambda client: client.login(user, password)


def log_in_both_ways(user=ANN, password=PASSWORD):
    """IMAP and POP3 have a command of their own besides SASL."""
    def run(client):
        client.authenticate(sasl.Plain(user, password))
        if client.service in ("imap", "pop3"):
            client.login(user, password)
    return run


def leave(client):
    client.command(LEAVE[client.service])


def in_one_write(client):
    greeting(client)
    tag = b"a " if client.service == "imap" else b""
    client.send(credentials(client.service) + tag + LEAVE[client.service].encode() + b"\r\n")


def see_refusal(client):
    """With STARTTLS submission does not speak before the client does."""
    if client.service == "submission" and hasattr(client, "greeting"):
        client.send_line(client.CAPABILITY)


class Sessions:
    """All that were had: protocol -> name -> lines."""

    def __init__(self, workspace):
        self.workspace = workspace
        self.lines = {service_of(listener): {} for listener in LISTENERS}
        exceptions = workspace.write("exceptions", EXCEPTIONS)
        self.site = Site(workspace, exceptions=str(exceptions), dovecot_passdb="yes")
        self.site.apply()
        self.server = self.start("server")

    def apply(self, **values):
        """What the auth process has read already may count for a second."""
        self.site.apply(**values)
        ExceptionsLab.pass_second()

    def start(self, name, extra=""):
        return DovecotServer(self.workspace, self.site, USERS, name=name, passdb=True, extra=extra)

    def have(self, name, listener, tls, *steps, source=ELSEWHERE, server=None):
        """TLS is up, if there is to be any, and the server's words were not read: the steps."""
        def begin(client):
            if tls:
                begin_tls(client, listener, *tls)

        with (server or self.server).open(listener, source) as client:
            lines = converse(client, begin, *steps)
        self.lines[client.service][f"{LISTENERS[listener]}, {name}"] = lines


def have_compliant(sessions):
    for listener in LISTENERS:
        sessions.have("TLS 1.2", listener, GOOD, ask_what_it_can, log_in(), leave)
    for listener in WITH_TLS:
        sessions.have("TLS 1.3", listener, ("TLSv1.3",), hello, log_in(), leave)
        sessions.have("TLS 1.2, the password is wrong", listener, GOOD, hello,
                      log_in_both_ways(ANN, "wrong"), log_in(), leave)
        sessions.have("TLS 1.2, all in one write", listener, GOOD, in_one_write)


def have_refused(sessions):
    for listener in LISTENERS:
        sessions.have("TLS 1.0", listener, OLD, see_refusal)
    for listener in WITHOUT_TLS:
        sessions.have("no TLS", listener, None, ask_what_it_can, log_in_both_ways(), leave)


def have_excepted(sessions):
    where = "TLS 1.0 where an exception can count"
    for listener in WITH_TLS:
        sessions.have(f"{where}, its user", listener, OLD, hello, log_in(CARL), leave,
                      source=INSIDE)
        sessions.have(f"{where}, another", listener, OLD, hello, log_in_both_ways(),
                      log_in(ANN, "wrong"), leave, source=INSIDE)


def have_deferred(sessions):
    sessions.apply(**NOW)
    for listener in WITH_TLS:
        sessions.have("TLS 1.0, a brown-out", listener, OLD, see_refusal)
        sessions.have("TLS 1.0 where an exception can count, another, a brown-out", listener, OLD,
                      hello, log_in_both_ways(), leave, source=INSIDE)


def have_tagged(sessions):
    sessions.apply(mode="tag")
    for listener in WITH_TLS:
        sessions.have("TLS 1.0, mode = tag", listener, OLD, hello, log_in(), leave)


def have_own_floor(sessions):
    sessions.apply()
    server = sessions.start("own-floor", DEFAULTS)
    for listener in WITH_TLS:
        sessions.have("TLS 1.0, Dovecot's own floor", listener, OLD, server=server)
    for listener in WITHOUT_TLS:
        sessions.have("no TLS, Dovecot's own floor", listener, None, ask_what_it_can,
                      log_in_both_ways(), leave, server=server)


def have_broken(sessions):
    (sessions.site.state / "exceptions.cdb").unlink()
    server = sessions.start("broken")
    for listener in WITH_TLS:
        sessions.have("TLS 1.0, the exceptions are missing", listener, OLD, hello, log_in(CARL),
                      leave, source=INSIDE, server=server)


def main():
    skip_unless_root()
    tap = Tap()
    with Workspace() as workspace:
        sessions = Sessions(workspace)
        for have in (have_compliant, have_refused, have_excepted, have_deferred, have_tagged,
                     have_own_floor, have_broken):
            have(sessions)
    for protocol, lines in sessions.lines.items():
        compare(tap, WIRE / f"{protocol}.txt", RELEASE, ABOUT, lines,
                "--update" in sys.argv[1:])
    return tap.finish()


sys.exit(main())
