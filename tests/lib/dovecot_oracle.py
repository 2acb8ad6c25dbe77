# SPDX-License-Identifier: MIT
"""Ways to log in at a Dovecot below the floor, and who tries: for tests of what denials betray."""

import contextlib
import dataclasses
import hashlib
import re
import typing

from dovecot_words import ANN, DRIVER_AT_WORK, ELSEWHERE, PASSWORD, greeting
from lab import sasl
from lab.dovecot_server import CLIENTS, begin_tls

# As long as the right ones: no byte of a difference comes from us.
WRONG_PASSWORD, NOBODY = "secreT", "zed@example.org"
NO_BOSS = "moss"
# Opens the door to the auth process for every client below the floor, and helps nobody else.
EXCEPTED = "old@example.org"
EXCEPTIONS = f"{EXCEPTED} allow=cleartext until=2099-01-01 from=any\n"
USERS = {ANN: PASSWORD, EXCEPTED: PASSWORD}
MECHANISMS = "plain login cram-md5 scram-sha-256 apop"
CACHE = "auth_cache_size = 10M\n"


# --- ways to log in ---

@dataclasses.dataclass(frozen=True)
class Way:
    name: str
    service: str
    log_in: typing.Callable  # client, user, password -> the last reply

    def listener(self, version):
        """sieve has STARTTLS only."""
        return self.service if version is None or self.service == "sieve" else self.service + "s"


def plainest(client, user, password):
    return client.login(user, password)


def apop(client, user, password):
    """RFC 1939 section 7."""
    banner = re.search(r"<[^>]+>", client.banner)[0]
    return client.command(f"APOP {user} {hashlib.md5((banner + password).encode()).hexdigest()}")


def of_mechanism(kind):
    return lambda client, user, password: client.authenticate(kind(user, password))


WAYS = [Way("LOGIN command", "imap", plainest), Way("USER/PASS", "pop3", plainest),
        Way("APOP", "pop3", apop)]
WAYS += [Way(kind.name, service, of_mechanism(kind))
         for service in ("imap", "pop3", "sieve", "submission")
         for kind in (sasl.Plain, sasl.Login, sasl.CramMd5, sasl.ScramSha256)]


@contextlib.contextmanager
def connect(server, way, version, source=ELSEWHERE):
    """A client that is about to log in. Does not look at the log, as the server's own does."""
    listener = way.listener(version)
    with CLIENTS[listener](server.ports[listener], source) as client:
        if version:
            begin_tls(client, listener, version)
        client.banner = greeting(client) or client.greeting
        if way.service == "submission":
            client.capabilities()
        yield client


# --- what it hears ---

CHALLENGE = re.compile(rb'^(\+ |334 |")[\w+/]{20,}=*(?="?\r?$)', re.M)


def record(client):
    """Keeps every byte that comes from now on in client.heard."""
    client.heard, receive = client.buffer, client.receive

    def recorded():
        before = len(client.buffer)
        more = receive()
        client.heard += client.buffer[before:]
        return more

    client.receive = recorded


def heard(client):
    """The bytes, but for the random challenge of CRAM-MD5."""
    return CHALLENGE.sub(rb"\1CHALLENGE", client.heard)


# --- the log of the auth process ---

def sessions_with(server, tls):
    """The ids of sessions that reached the auth process with this TLS; once an attempt."""
    pattern = re.compile(r"client in: AUTH\t.*\tsession=(\S+)\t(?:.*\t)?"
                         rf"forward_fields=(?:\x01t)?tlsfloor_tls={tls}\x01")
    return [found[1] for line in server.messages() if (found := pattern.search(line))]


def askers(server):
    """Session id -> the drivers that have worked for it; "cache": that of the passdbs."""
    drivers = {}
    for line in server.messages():
        if found := DRIVER_AT_WORK.search(line):
            names = drivers.setdefault(found["session"], set())
            names.add(found["driver"])
            names.update(["cache"] if "cache hit: " in line else [])
    return drivers
