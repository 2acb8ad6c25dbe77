#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Whole sessions with Postfix, as they are kept in tests/wire/postfix.txt for each version of it.

--update writes what this version says into the file: read the difference before
you commit it, and tell admins in doc/compatibility.md.
"""

import pathlib
import subprocess
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from lab import sasl  # noqa: E402
from lab.clients import Submission  # noqa: E402
from lab.host import PASSWORD, Host  # noqa: E402
from lab.workspace import Workspace  # noqa: E402
from tap import Tap, expect, skip_unless_root  # noqa: E402
from wire import compare, converse  # noqa: E402

PATH = HERE.parent / "wire" / "postfix.txt"
ABOUT = ["Sessions with Postfix, C: the client, S: the server. Written by",
         "tests/integration/postfix-wire.py --update."]
ANN, CARL = "ann@example.org", "carl@example.org"
# Where exceptions count, and where none does.
INSIDE, OUTSIDE = "127.0.0.16", "127.0.0.2"
EXCEPTIONS = f"{CARL} allow=TLSv1 until=2099-12-31 service=submission from={INSIDE}/28\n"
NOW = {"rollout_from": "2099-01-01", "brownout": "Sun-Sat 00:00-24:00"}
GOOD = "TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256"
OLD = "TLSv1", "ECDHE-RSA-AES256-SHA"
SERVICES = {"587": "submission", "465": "submissions", "587 conservative": "conservative",
            "587 without TLS": "cleartext", "587 of Postfix's own floor": "own-floor"}


def ehlo(client):
    client.capabilities()


def log_in(user=ANN, password=PASSWORD, mechanism=sasl.Plain):
    return lambda client: client.authenticate(mechanism(user, password))


def send(client):
    client.message(ANN, ["bob@example.org"])


def leave(client):
    client.command("QUIT")


def in_one_write(client):
    login = client.auth_command("PLAIN", sasl.Plain(ANN, PASSWORD).first)
    client.send(f"{client.CAPABILITY}\r\n{login}\r\nQUIT\r\n")


class Sessions:
    """All that were had: name -> lines."""

    def __init__(self, mail):
        self.mail, self.lines = mail, {}

    def have(self, name, service, tls, *steps, source=OUTSIDE):
        """The client greets the server, with TLS if it is to; then come the steps."""
        def begin(client):
            if tls is None or service == "465":
                if tls:
                    client.wrap(*tls)
                client.greet()
            else:
                client.starttls(*tls)

        with Submission(self.mail.ports[SERVICES[service]], source) as client:
            self.lines[f"{service}, {name}"] = converse(client, begin, *steps)


def have_compliant(sessions):
    everything = ehlo, log_in(), send, leave
    for service in ("587", "465"):
        sessions.have("TLS 1.2", service, GOOD, *everything)
    sessions.have("TLS 1.3, AUTH LOGIN", "465", ("TLSv1.3",), ehlo, log_in(mechanism=sasl.Login),
                  send, leave)
    sessions.have("TLS 1.2, the password is wrong", "465", GOOD, ehlo, log_in(ANN, "wrong"),
                  log_in(), leave)
    sessions.have("TLS 1.2, all in one write", "465", GOOD, in_one_write)


def have_refused(sessions):
    """The client tries to log in all the same."""
    everything = ehlo, log_in(), send, leave
    for service in ("587", "465", "587 conservative"):
        sessions.have("TLS 1.0", service, OLD, *everything)
    sessions.have("TLS 1.0, all in one write", "465", OLD, in_one_write)
    for service in ("587", "587 without TLS"):
        sessions.have("no TLS", service, None, *everything)
    sessions.have("TLS 1.0", "587 of Postfix's own floor", OLD)


def have_excepted(sessions):
    where = "TLS 1.0 where an exception can count"
    sessions.have(f"{where}, its user", "465", OLD, ehlo, log_in(CARL), send, leave, source=INSIDE)
    sessions.have(f"{where}, another", "465", OLD, ehlo, log_in(), send, leave, source=INSIDE)
    sessions.have(f"{where}, another with a wrong password", "465", OLD, ehlo,
                  log_in(ANN, "wrong"), send, leave, source=INSIDE)


def have_deferred(sessions):
    everything = ehlo, log_in(), send, leave
    sessions.mail.policyd.apply(**NOW)
    for service in ("465", "587 conservative"):
        sessions.have("TLS 1.0, a brown-out", service, OLD, *everything)
    sessions.have("TLS 1.0 where an exception can count, another, a brown-out", "465", OLD,
                  *everything, source=INSIDE)


def have_broken(sessions):
    """What an admin has to mend; compliant sessions are not to notice the first."""
    everything = ehlo, log_in(), send, leave
    policyd = sessions.mail.policyd
    policyd.apply()
    policyd.stop()
    (sessions.mail.site.state / "exceptions.cdb").unlink()
    policyd.start()
    for name, tls in (("TLS 1.0", OLD), ("TLS 1.2", GOOD)):
        sessions.have(f"{name}, the exceptions are missing", "465", tls, *everything,
                      source=INSIDE)
    expect(policyd.stop(), 0, "exit status of tlsfloor-policyd")
    sessions.have("TLS 1.2, tlsfloor-policyd is down", "465", GOOD, *everything)


def version():
    """3.7, 3.10 ..."""
    text = subprocess.run(["postconf", "-dh", "mail_version"], check=True, capture_output=True,
                          text=True).stdout
    return ".".join(text.split(".")[:2])


def main():
    skip_unless_root()
    tap = Tap()
    with Workspace() as workspace:
        exceptions = workspace.write("exceptions", EXCEPTIONS)
        sessions = Sessions(Host(workspace, list(SERVICES.values()), (ANN, CARL),
                                 exceptions=str(exceptions)))
        for have in (have_compliant, have_refused, have_excepted, have_deferred, have_broken):
            have(sessions)
    compare(tap, PATH, version(), ABOUT, sessions.lines, "--update" in sys.argv[1:])
    return tap.finish()


sys.exit(main())
