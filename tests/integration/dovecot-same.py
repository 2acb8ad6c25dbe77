#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Who is not below the floor notices nothing: Dovecot with the plugin and without it say the same.

The same sessions with both, in both login modes: the bytes that a client gets
are the same, and so are Dovecot's own log lines. Masked is what differs between
any two sessions: ids, ports, times and the random parts of challenges.
"""

import concurrent.futures
import contextlib
import itertools
import pathlib
import socket
import ssl
import struct
import sys

sys.dont_write_bytecode = True
HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from dovecot_transcript import Recorder, expect_same  # noqa: E402
from dovecot_words import ANN, ELSEWHERE, PASSWORD, credentials, expects_greeting  # noqa: E402
from lab import sasl  # noqa: E402
from lab.dovecot_release import syntax  # noqa: E402
from lab.dovecot_server import IMPLICIT, SERVICES, DovecotServer  # noqa: E402
from lab.lines import tls_context  # noqa: E402
from lab.policyd import Site  # noqa: E402
from lab.workspace import Workspace  # noqa: E402
from tap import Tap, comment, expect_true, skip_unless_root  # noqa: E402

CARL, NOBODY = "carl@example.org", "nobody@example.org"
USERS = {ANN: PASSWORD, CARL: PASSWORD}
VERSIONS = "TLSv1.2", "TLSv1.3"
# Old TLS is Dovecot's own business here: it ends in the handshake.
MAIN = "ssl_min_protocol = TLSv1.2\n" + syntax.cleartext(allowed=False)
# One connection a process and all mechanisms; many connections and those that need TLS anyway,
# so that what is offered before STARTTLS is the same too.
MODES = {
    "one connection a process": {
        "mechanisms": "plain login cram-md5 scram-sha-256 external oauthbearer",
        "client_certificate": CARL},
    "many connections a process": {"high_performance": True},
}

COMMANDS = {
    "imap": ["NOOP", "CAPABILITY", "ID NIL", 'ID ("name" "test" "version" "1")', "LOGIN",
             "AUTHENTICATE", "AUTHENTICATE NOSUCH", "SELECT INBOX", "STARTTLS", "ID ("],
    "pop3": ["CAPA", "NOOP", "STAT", "AUTH NOSUCH", "APOP ann 0", "PASS early", "USER", "STLS",
             "XCLIENT ADDR=192.0.2.1"],
    "sieve": ["CAPABILITY", 'NOOP "tag"', "LISTSCRIPTS", 'AUTHENTICATE "NOSUCH"', "STARTTLS"],
    "submission": ["NOOP", "EHLO client.example.net", "HELO client.example.net", "MAIL FROM:<>",
                   "RCPT TO:<ann>", "DATA", "VRFY ann", "RSET", "AUTH", "AUTH NOSUCH", "STARTTLS",
                   "EHLO", "BDAT 0 LAST", "bogus", "XCLIENT ADDR=192.0.2.1"],
}
LOGGED_IN = {"imap": ["CAPABILITY", "ID NIL", "SELECT INBOX"], "pop3": ["STAT", "CAPA"],
             "sieve": ["LISTSCRIPTS"], "submission": ["NOOP"]}
END = {"imap": "LOGOUT", "pop3": "QUIT", "sieve": "LOGOUT", "submission": "QUIT"}


def end_of(client):
    return ("a " if client.service == "imap" else "") + END[client.service] + "\r\n"


def hello(client):
    """What the server says first, and submission's EHLO."""
    if expects_greeting(client):
        client.greet()
    if client.service == "submission":
        client.capabilities()


# --- sessions over TLS; nothing was read since the handshake ---

def one_by_one(client):
    hello(client)
    for command in COMMANDS[client.service]:
        if command != "CAPA":
            client.command(command)
        else:
            client.capabilities()
    client.login(ANN, PASSWORD)
    for command in LOGGED_IN[client.service]:
        client.send_line(f"a {command}" if client.service == "imap" else command)
    client.send(end_of(client))
    client.rest()


def in_one_go(client):
    # Behind an unknown mechanism ManageSieve sometimes forgets what it has read already.
    commands = [command for command in COMMANDS[client.service] if "NOSUCH" not in command]
    prefix = "a " if client.service == "imap" else ""
    client.send("".join(f"{prefix}{command}\r\n" for command in commands)
                + end_of(client))
    client.rest()


def passwords(client):
    hello(client)
    for user, password in ((ANN, "wrong"), (NOBODY, PASSWORD), (ANN, PASSWORD)):
        client.login(user, password)
    client.send(end_of(client))
    client.rest()


def with_mechanism(make):
    """Once without an initial response and wrong, then right."""
    def run(client):
        hello(client)
        client.authenticate(make(client, "wrong"), initial=False)
        client.authenticate(make(client, PASSWORD))
        client.send(end_of(client))
        client.rest()
    return run


def given_up(client):
    """Exchanges that the client breaks off, and one that it leaves."""
    hello(client)
    start = client.auth_command("PLAIN", None)
    for answer in ("*", "!no base64", "AA=="):
        client.command(start)
        client.command(f'"{answer}"' if client.service == "sieve" else answer)
    client.command(start)


def read_and_leave(client):
    hello(client)


def leave_politely(client):
    hello(client)
    client.socket.unwrap()


def leave_with_reset(client):
    hello(client)
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.socket.close()


def garbage_records(client):
    """What is no TLS, in the middle of it."""
    hello(client)
    client.socket = socket.socket(fileno=client.socket.detach())
    client.socket.sendall(b"a NOOP\r\n")


def odd_bytes(client):
    hello(client)
    client.send(bytes(range(256)) + b"\r\n" + end_of(client).encode())
    client.rest()


def long_line(client):
    hello(client)
    client.send(b"x" * 9000 + b"\r\n" + end_of(client).encode())
    client.rest()


SCRIPTS = {
    "commands one by one, and a login": one_by_one,
    "commands in one packet": in_one_go,
    "wrong password, unknown user, right": passwords,
    "exchanges given up": given_up,
    "leaves after the greeting": read_and_leave,
    "says goodbye to TLS and leaves": leave_politely,
    "resets the connection": leave_with_reset,
    "garbage instead of TLS records": garbage_records,
    "odd bytes": odd_bytes,
    "a long line": long_line,
}
MECHANISMS = {
    "plain": lambda client, password: sasl.Plain(ANN, password),
    "login": lambda client, password: sasl.Login(ANN, password),
    "cram-md5": lambda client, password: sasl.CramMd5(ANN, password),
    "scram-sha-256": lambda client, password: sasl.ScramSha256(ANN, password),
    "external": lambda client, password: sasl.External("" if password == PASSWORD else ANN),
    "oauthbearer": lambda client, password: sasl.OauthBearer(ANN, password),
}
# Passwords sent right behind the handshake.
BEHIND = {"a login": PASSWORD, "a wrong login": "wrong"}


# --- sessions whose handshake fails; what comes back is read as TLS records ---

def client_hello(version):
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    try:
        tls_context(version).wrap_bio(incoming, outgoing).do_handshake()
    except ssl.SSLWantReadError:
        return outgoing.read()
    raise AssertionError("a handshake without a server")


def records(data):
    """Kind and length of each record, and what alerts say: the rest is random."""
    text = ""
    while len(data) >= 5:
        kind, version, length = struct.unpack("!BHH", data[:5])
        text += f"{kind}/{version:x}/{length} "
        text += data[5:5 + length].hex() + " " if kind == 21 else ""
        data = data[5 + length:]
    return text + data.hex()


HALF = client_hello("TLSv1.3")[:100]
# Bytes, and whether the client then waits for all that the server has to say.
INSTEAD = {
    "nothing": (b"", False),
    "half a ClientHello": (HALF, False),
    "half a ClientHello, and the end of the stream": (HALF, True),
    "HTTP": (b"GET / HTTP/1.1\r\nHost: mail.example.org\r\n\r\n", True),
    "a command": (b"a LOGIN ann secret\r\n", True),
    "zeros": (b"\0" * 300, True),
    "an SSL 2 hello": (b"\x80\x2e\x01\x00\x02\x00\x15\x00\x00\x00\x10" + b"\x01\x00\x80" * 7, True),
    "a TLS 1.2 ClientHello, and leaves": (client_hello("TLSv1.2"), False),
    "a ClientHello, and then garbage": (client_hello("TLSv1.3") + b"\x17\x03\x03\x00\x03abc", True),
    "TLS 1.0": (client_hello("TLSv1"), True),
    "TLS 1.1": (client_hello("TLSv1.1"), True),
}


def raw(data, waits):
    def run(client):
        client.send(data)
        if waits:
            client.socket.shutdown(socket.SHUT_WR)
            while client.receive():
                pass
            client.transcript.received[:] = records(client.buffer).encode()
    return run


def distrust(version):
    """The client does not like the certificate and says so in an alert."""
    def run(client):
        context = tls_context(version)
        context.verify_mode = ssl.CERT_REQUIRED
        client.socket = context.wrap_socket(client.socket, do_handshake_on_connect=False)
        try:
            client.socket.do_handshake()
        except ssl.SSLCertVerificationError:
            return
        raise AssertionError("trusts a certificate that nobody signed")
    return run


# --- running them ---

def starttls(client):
    """Up to the server's consent. What was offered before depends on policy: not compared."""
    client.greeting = client.greet()
    client.capabilities()
    client.transcript.received.clear()
    client.command(client.STARTTLS)


def over_tls(version, script, behind=b""):
    def run(client):
        if client.listener not in IMPLICIT:
            starttls(client)
        client.wrap(version, behind=behind)
        script(client)
    return run


def pipelined(version, password):
    """A login in the packet of the handshake's end."""
    def run(client):
        behind = credentials(client.service, ANN, password)
        over_tls(version, lambda client: None, behind)(client)
        if expects_greeting(client):
            client.greet()
        for _ in range(behind.count(b"\r\n")):
            client.reply()
        client.send(end_of(client))
        client.rest()
    return run


def instead_of_handshake(script):
    def run(client):
        if client.listener not in IMPLICIT:
            starttls(client)
        script(client)
    return run


def injected(client):
    """A command in the packet of STARTTLS, before TLS."""
    client.greeting = client.greet()
    client.capabilities()
    prefix = "a " if client.service == "imap" else ""
    client.send(f"{prefix}{client.STARTTLS}\r\n{prefix}NOOP\r\n")
    client.reply()
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        client.wrap("TLSv1.3")
        client.send(end_of(client))
        client.rest()


def without_tls(client):
    """What is offered before STARTTLS."""
    client.greet()
    client.capabilities()
    client.send(end_of(client))
    client.rest()


def sessions(listener, mechanisms):
    """(name, function of a client)."""
    for version in VERSIONS:
        for name, script in SCRIPTS.items():
            yield f"{name}, {version}", over_tls(version, script)
        for mechanism in mechanisms:
            login = with_mechanism(MECHANISMS[mechanism])
            yield f"{mechanism}, {version}", over_tls(version, login)
        for name, password in BEHIND.items():
            yield f"{name} behind the handshake, {version}", pipelined(version, password)
        yield f"distrust, {version}", instead_of_handshake(distrust(version))
    for name, (data, waits) in INSTEAD.items():
        yield name, instead_of_handshake(raw(data, waits))
    if listener not in IMPLICIT and all(name in ("plain", "login") for name in mechanisms):
        yield "a command behind STARTTLS", injected
        yield "without TLS", without_tls


def run_all(server):
    """The transcripts of all sessions with a Dovecot."""
    recorder = Recorder(server, ELSEWHERE)
    for listener in server.ports:
        for session, function in sessions(listener, server.options.mechanisms.split()):
            recorder.run(session, listener, function, certified=session.startswith("external"))
    return recorder.finish()


def compare(tap, mode, ours, stock):
    for one, other in zip(ours, stock, strict=True):
        with tap.case(f"{mode}, {one.listener}: {one.name}"):
            expect_same(one.replies(), other.replies(), "replies")
            expect_same(one.lines, other.lines, "log")


def test_explanations(tap, results):
    """Which words Dovecot finds for a handshake that failed is chance, and so masked: counted."""
    with tap.case("failed handshakes are explained about as often as without the plugin"):
        ours, stock = (sum(session.explained for sessions in results for session in sessions[side])
                       for side in range(2))
        comment(f"explained: {ours} with the plugin, {stock} without it")
        expect_true(stock > 0 and 2 * ours >= stock, f"{ours} of {stock}")


def main():
    skip_unless_root()
    tap = Tap()
    with Workspace() as workspace, concurrent.futures.ThreadPoolExecutor(32) as pool:
        site = Site(workspace)
        site.apply()
        # Most of the time is spent on Dovecot's waits after failures: all of them at once.
        running = {}
        for mode, protocol in itertools.product(MODES, SERVICES):
            for plugin in (True, False):
                name = f"{'ours' if plugin else 'stock'}-{len(running)}"
                server = DovecotServer(workspace, site, USERS, name=name, plugin=plugin,
                                       protocols=(protocol,), extra=MAIN, **MODES[mode])
                running[mode, protocol, plugin] = pool.submit(run_all, server)
        results = []
        for mode, protocol in itertools.product(MODES, SERVICES):
            results.append([running[mode, protocol, plugin].result() for plugin in (True, False)])
            compare(tap, mode, *results[-1])
        test_explanations(tap, results)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
