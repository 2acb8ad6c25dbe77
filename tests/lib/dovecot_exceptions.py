# SPDX-License-Identifier: MIT
"""A Dovecot with the auth passdb, its exceptions, and what becomes of sessions; for its tests."""

import concurrent.futures
import datetime
import re
import subprocess
import time

from dovecot_processes import crashes
from dovecot_words import (AFTER_HANDSHAKE, ANN, ELSEWHERE, OF_ATTEMPT, OLD, PASSWORD, SAID, URL,
                           WRONG, expects_greeting, said)
from lab.dovecot_server import DovecotServer
from lab.policyd import Site, build_tree
from lab.workspace import wait_until
from tap import expect

BOB, CARL, DORA = "bob@example.org", "carl@example.org", "dora@old.example.net"
USERS = {user: PASSWORD for user in (ANN, BOB, CARL, DORA)}
LISTENERS = "imaps", "pop3s", "sieve", "submission"
STARTTLS = "imap", "pop3", "sieve", "submission"
CLEARTEXT = "cleartext", "-"
OF_ANN = f"{ANN} allow=TLSv1 until=2099-01-01 from=any"
OF_DORA = "@old.example.net allow=TLSv1 until=2099-01-01 from=any"
# Of nobody who logs in here: the envelope is wide, and the passdb has to judge.
OF_ANOTHER = "zoe@example.org allow=cleartext until=2099-01-01 from=any"

# What becomes of a session: it is let in; refused, or for now, before it can send a password;
# denied, or for now, when its user is named; told that the password is wrong.
GRANTED, GATE, GATE_FOR_NOW = "granted", "refused at the gate", "put off at the gate"
DENIED, FOR_NOW, WRONG_PASSWORD = "denied", "put off", "wrong password"
STORE_ERROR = "put off, as the exceptions cannot be read"
STORE_ERROR_TEXT = "The server cannot check your connection right now. Try again later."

# What is applied is in force so many seconds later.
SECOND = 1.0


def day(number):
    """The date that many days from today, UTC, in words of the exceptions file."""
    today = datetime.datetime.now(datetime.timezone.utc).date()
    return (today + datetime.timedelta(number)).isoformat()


def avoid_midnight(seconds=120):
    """Where what is tested depends on today's date: it must not change meanwhile."""
    wait_until(lambda: time.time() % 86400 < 86400 - seconds, "midnight", 2 * seconds)


def gate_names(service, version):
    """Each exact refusal at the end of the handshake: what it means."""
    words = AFTER_HANDSHAKE[service]
    return {words["refuse"].format(said(version)): GATE,
            words["defer"].format(said(version)): GATE_FOR_NOW}


def attempt_names(service, version):
    """The same of an attempt to log in."""
    words = OF_ATTEMPT[service]
    return {words["refuse"].format(said(version)): DENIED,
            words["defer"].format(said(version)): FOR_NOW,
            words["defer"].format(STORE_ERROR_TEXT): STORE_ERROR,
            WRONG[service]: WRONG_PASSWORD}


def reach_login(client):
    """Greeting and capabilities; what was said instead, or None."""
    try:
        if expects_greeting(client):
            reply = client.greet()
            if re.match(r'\* BYE|BYE|-ERR|421', reply):
                return reply
        reply = client.capabilities()
        return reply if re.match(r'\* BYE|BYE|-ERR|421', reply) else None
    except OSError:  # it has closed the connection: why, is still to be read
        return client.rest()


def outcome_of(client, version, user=ANN, password=PASSWORD):
    """The name of what becomes of a session, or the reply if it is none of them."""
    reply = reach_login(client)
    if reply is not None:
        return gate_names(client.service, version).get(reply, reply)
    reply = client.login(user, password)
    if client.is_good(reply):
        return GRANTED
    names = attempt_names(client.service, version)
    if client.service == "submission":
        # The words at its gate are behind its reply to EHLO, if that has left already.
        names |= gate_names(client.service, version)
    # IMAP has a word of alarm before where it offers no LOGIN.
    return names.get(reply.split("\n")[-1], reply)


class ExceptionsLab:
    """options: of DovecotServer."""

    def __init__(self, workspace, *lines, **options):
        self.workspace = workspace
        self.path = workspace.path / "exceptions"
        self.site = Site(workspace, exceptions=str(self.path), dovecot_passdb="yes",
                         reject_text=SAID, help_url=URL)
        self.apply(*lines)
        self.server = DovecotServer(workspace, self.site, USERS, passdb=True, **options)

    def write(self, *lines):
        self.path.write_text("".join(f"{line}\n" for line in lines))

    def apply(self, *lines, **values):
        """Puts these exceptions in force, and no others; when, by the clock that only grows."""
        self.write(*lines)
        self.site.apply(**values)
        return time.monotonic()

    def give(self, *lines, **values):
        """The same, and lets the second pass that the auth process may need."""
        self.apply(*lines, **values)
        self.pass_second()

    @staticmethod
    def pass_second():
        end = time.monotonic() + SECOND
        wait_until(lambda: time.monotonic() > end, "a second")

    def outcome(self, listener, user=ANN, tls=OLD, source=None, password=PASSWORD):
        """What becomes of one session; a cleartext client comes from another address."""
        version = None if tls == CLEARTEXT else tls[0]
        if version is None and source is None:
            source = ELSEWHERE
        with self.server.connect(listener, version, tls[1] if version else "DEFAULT",
                                 source=source) as client:
            name = outcome_of(client, tls[0], user, password)
            if name == DENIED and version is None:
                # The words are the same where nothing was passed on.
                self.server.audit(client)
                name = DENIED if self.server.auth_requests(client) else GATE
        return name

    def outcomes(self, sessions):
        """Of several at once, each a tuple of arguments: their outcomes, in order."""
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            return list(pool.map(lambda session: self.outcome(*session), sessions))

    def expect_outcomes(self, want, listeners, user=ANN, tls=OLD):
        got = self.outcomes([(listener, user, tls) for listener in listeners])
        expect(dict(zip(listeners, got)), dict.fromkeys(listeners, want), f"{user}, {tls}")

    def expect_outcome(self, want, listener, user=ANN, tls=OLD, **options):
        expect(self.outcome(listener, user, tls, **options), want, f"{listener}, {user}, {tls}")

    def expect_soon(self, since, want, listener, user=ANN, tls=OLD, **options):
        """Sessions until one has this outcome: all that begin after a second must have it."""
        got, began = None, since
        while got != want and began - since <= SECOND:
            began = time.monotonic()
            got = self.outcome(listener, user, tls, **options)
        expect(got, want, f"{listener}, {user}, {tls}, {began - since:.2f} s later")

    def decide(self, *arguments):
        """The first line that `tlsfloor decide` prints of a session, by what is applied."""
        done = subprocess.run([build_tree() / "admin" / "tlsfloor", "-S", self.site.state, "decide",
                               *arguments], capture_output=True, text=True)
        return (done.stdout or done.stderr).split("\n")[0]

    def expect_sound(self, expected=r"$^"):
        """Nothing crashed; no error but those expected."""
        expect(crashes(self.server), [])
        allowed = self.server.find(expected)
        expect([line for line in self.server.find("Error: ") if line not in allowed], [])
