#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tlsfloor probe against servers that are hostile, broken, or have a bad certificate.

Each ends within its time, with one clear line and the right status; nothing that a server sends
reaches the terminal as it is; and before TLS a server hears nothing but capabilities and STARTTLS.
"""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import socket
import socketserver
import ssl
import struct
import subprocess
import sys
import threading
import time
import warnings

sys.path[:0] = [str(pathlib.Path(__file__).resolve().parents[1] / "lib"),
                str(pathlib.Path(__file__).resolve().parents[2] / "scripts" / "lib")]

from authority import Authority  # noqa: E402
from lab.workspace import Workspace  # noqa: E402
from tap import Tap, expect, expect_true  # noqa: E402

TLSFLOOR = pathlib.Path(os.environ["TLSFLOOR_BUILD"]) / "admin" / "tlsfloor"
GREETING = b"* OK hello\r\n"
CAPABILITIES = b"* CAPABILITY IMAP4rev1 STARTTLS\r\na OK done\r\n"
# The names of all that a probe may say before TLS: C5.
BEFORE_TLS = {b"a CAPABILITY", b"a STARTTLS", b"a LOGOUT"}


class Server:
    """Each connection is given to talk(); heard: the lines that came before TLS."""

    def __init__(self, talk, family=socket.AF_INET):
        server = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                with contextlib.suppress(OSError, EOFError):
                    talk(server, self.request)

        class Listener(socketserver.ThreadingTCPServer):
            daemon_threads, address_family, allow_reuse_address = True, family, True

        self.heard = []
        self.listener = Listener(("127.0.0.1" if family == socket.AF_INET else "::1", 0), Handler)
        self.port = self.listener.server_address[1]
        threading.Thread(target=self.listener.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.listener.shutdown()
        self.listener.server_close()

    def line(self, client):
        data = b""
        while not data.endswith(b"\n"):
            byte = client.recv(1)
            if not byte:
                raise EOFError
            data += byte
        self.heard.append(data.strip())
        return data


def probe(*arguments, timeout=2, json_too=True, **environment):
    done = subprocess.run([TLSFLOOR, "probe", "--timeout", str(timeout), *map(str, arguments)],
                          capture_output=True, timeout=120, check=False,
                          env=dict(os.environ, **environment))
    said = done.stdout + done.stderr
    expect_true(all(byte == 10 or 32 <= byte < 127 for byte in said), f"not printable: {said!r}")
    if json_too and done.returncode != 2:
        again = subprocess.run([TLSFLOOR, "probe", "--timeout", str(timeout), "--json",
                                *map(str, arguments)], capture_output=True, timeout=120,
                               check=False)
        expect(again.returncode, done.returncode, "status with --json")
        expect(json.loads(again.stdout)["confidential"], done.returncode == 0, "confidential")
    return done.returncode, said.decode()


# --- servers ---

def silent(_server, client):
    """To the client's end."""
    while client.recv(4096):
        pass


def sends(data):
    def talk(server, client):
        client.sendall(data)
        silent(server, client)
    return talk


def endless(begin, piece):
    def talk(_server, client):
        client.sendall(begin)
        while True:
            client.sendall(piece)
    return talk


def drips(data):
    """One byte now and then: never a reply in time, always something to wait for."""
    def talk(_server, client):
        for byte in data:
            client.sendall(bytes([byte]))
            time.sleep(0.1)
    return talk


def starttls(*replies):
    """Up to the command STARTTLS, and then these bytes."""
    def talk(server, client):
        client.sendall(GREETING)
        server.line(client)
        client.sendall(CAPABILITIES)
        server.line(client)
        for reply in replies:
            client.sendall(reply)
        silent(server, client)
    return talk


def at_capabilities(reply):
    def talk(server, client):
        client.sendall(GREETING)
        server.line(client)
        client.sendall(reply)
        server.line(client)
        silent(server, client)
    return talk


def record(kind, version, size, data):
    return struct.pack(">BHH", kind, version, size) + data


def context_of(files):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files[1], files[0])
    return context


def with_tls(files, talk, context=None):
    context = context or context_of(files)

    def wrapped(server, client):
        with context.wrap_socket(client, server_side=True) as secure:
            talk(server, secure)
    return wrapped


def old_only(files, talk):
    """TLS 1.0 and 1.1, which no mail program of today offers."""
    context = context_of(files)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    return with_tls(files, talk, context)


def good_imap(server, client):
    client.sendall(GREETING)
    server.line(client)
    client.sendall(b"* CAPABILITY IMAP4rev1 AUTH=PLAIN\r\na OK done\r\n")
    server.line(client)


LAX = """\
openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = lax
[lax]
MinProtocol = TLSv1
CipherString = DEFAULT:@SECLEVEL=0
"""

# Name, server, whether STARTTLS is used, status, what is said.
HOSTILE = (
    ("silence", silent, True, 2, "no whole reply in time"),
    ("silence in place of a handshake", silent, False, 1, "no TLS 1.2 or 1.3: not in time"),
    ("an end at once", lambda *_: None, True, 2, "closed without a word"),
    ("an end at once, for a handshake", lambda *_: None, False, 1, "closed without a word"),
    ("half a greeting", lambda _, client: client.sendall(b"* O"), True, 2,
     "closed in the middle of a reply"),
    ("garbage", sends(b"\x00\x01\x02\xff\n"), True, 2, "not a reply of IMAP: ????"),
    ("garbage for a handshake", sends(b"\x00\x01\x02\xff" * 100), False, 1,
     "no TLS 1.2 or 1.3: wrong version number"),
    ("an escape sequence", sends(b"\x1b]0;pwned\x07\x1b[2J\x9b\r\n"), True, 2, "?]0;pwned??[2J?"),
    ("another protocol", sends(b"220 hello\r\n"), True, 2, "not a reply of IMAP: 220 hello"),
    ("cleartext where TLS should be", sends(b"* OK hello\r\n"), False, 1, "no TLS 1.2 or 1.3"),
    ("an endless banner", endless(b"* OK ", b"x" * 4096), True, 2, "a reply without an end"),
    ("endless capabilities", at_capabilities(b"* CAPABILITY X\r\n" * 5000), True, 2,
     "a reply without an end"),
    ("a server that drips", drips(b"* OK " + b"x" * 10000), True, 2, "no whole reply in time"),
    ("a handshake that drips", drips(record(22, 0x0303, 16000, b"\x02" + b"x" * 15999)), False, 1,
     "not in time"),
    ("a refusal in the greeting", sends(b"* BYE \x1b[1mbusy\r\n"), True, 1, "* BYE ?[1mbusy"),
    ("no STARTTLS", at_capabilities(b"* CAPABILITY IMAP4rev1\r\na OK\r\n"), True, 1,
     "STARTTLS is not offered"),
    ("STARTTLS that is refused", starttls(b"a NO not now\r\n"), True, 1, "a NO not now"),
    ("data behind the reply to STARTTLS", starttls(b"a OK\r\n* OK [ALERT] injected\r\n"), True, 1,
     "data behind the reply to STARTTLS, before the handshake"),
    ("data in place of a handshake", starttls(b"a OK\r\n", b"* OK [ALERT] injected\r\n"), True, 1,
     None),
    ("an oversized record", sends(record(22, 0x0303, 0xffff, b"x" * 0xffff)), False, 1,
     "no TLS 1.2 or 1.3"),
    ("an empty record without end", endless(b"", record(22, 0x0303, 0, b"")), False, 1,
     "no TLS 1.2 or 1.3"),
    ("hello requests without end", endless(b"", record(22, 0x0303, 4, bytes(4)) * 1000), False, 1,
     "no TLS 1.2 or 1.3: not in time"),
    ("an alert", sends(record(21, 0x0303, 2, b"\x02\x28")), False, 1, "handshake failure"),
)

INSIDE = (  # the same with TLS: status, what is said
    ("silence in TLS", silent, 1, "after the handshake: no whole reply in time"),
    ("an end in TLS", lambda *_: None, 1, "after the handshake: closed without a word"),
    ("garbage in TLS", sends(b"\xff\xfe\r\n"), 1, "no greeting of a mail server: ??"),
    ("an endless banner in TLS", endless(b"* OK ", b"x" * 4096), 1, "a reply without an end"),
    ("a refusal in TLS", sends(b"* BYE go away\r\n"), 0, "refused: * BYE go away"),
    ("a good server", good_imap, 0, "yes: a mail program may call this confidential"),
)


def check_hostile(talk, with_starttls, status, said):
    with Server(talk) as server:
        began = time.monotonic()
        got = probe(f"127.0.0.1:{server.port}",
                    *(("--starttls", "imap") if with_starttls else ()), timeout=1,
                    json_too=False)
        expect(got[0], status, f"status of {got[1]}")
        expect_true(said is None or said in got[1], f"not told: {said}\n{got[1]}")
        # Once for each client that is played, and some for a slow machine.
        expect_true(time.monotonic() - began < 60, "took too long")
        expect(set(server.heard if with_starttls else ()) - BEFORE_TLS - {b""}, set(),
               "said before TLS")


def check_name(files, host, arguments, want):
    """SNI: an address is no name."""
    context, heard = context_of(files), set()
    context.sni_callback = lambda _socket, name, _context: heard.add(name)
    with Server(with_tls(files, good_imap, context)) as server:
        probe(f"{host}:{server.port}", *arguments)
    expect(heard, want, "names")


def certificates(authority):
    """Name: (files, arguments, status, what is said). All but the first are bad, in one way."""
    good = authority.issue("good")
    name = ("--ca", authority.ca, "--name", "mail.example.org")
    return {
        "a good certificate": (good, name, 0, "yes: "),
        "an address": (authority.issue("address", "IP:127.0.0.1"), ("--ca", authority.ca), 0,
                       "is for 127.0.0.1"),
        "an address that is not in it": (good, ("--ca", authority.ca), 1,
                                         "is not for 127.0.0.1, but for mail.example.org"),
        "an authority that nobody trusts": (good, name[2:], 1, "the certificate does not verify: "),
        "another name": (good, (*name[:3], "imap.example.org"), 1,
                         "is not for imap.example.org, but for mail.example.org"),
        "a wildcard": (authority.issue("wild", "DNS:*.example.org"), name, 0, "yes: "),
        "a part of a wildcard": (authority.issue("part", "DNS:m*.example.org"), name, 1,
                                 "is not for mail.example.org"),
        "a wildcard for more": (authority.issue("more", "DNS:*.org"), name, 1,
                                "is not for mail.example.org"),
        "a common name beside others": (
            authority.issue("common", "DNS:x.example.org", "mail.example.org"), name, 1,
            "is not for mail.example.org, but for x.example.org"),
        "expired": (authority.issue("old", days=(-20, -10)), name, 1,
                    "does not verify: certificate has expired"),
        "not yet valid": (authority.issue("new", days=(10, 20)), name, 1,
                          "does not verify: certificate is not yet valid"),
        "an escape in a name": (
            authority.issue("escape", "DNS:a\x1b[2Jb.example.org"), name, 1,
            "but for a?[2Jb.example.org"),
    }


# Arguments that are wrong, and what is said of them.
WRONG = (
    ((), "HOST: is missing"),
    (("",), "names no host"),
    (("x:",), "is no port"),
    (("x:0",), "is no port"),
    (("x:65536",), "is no port"),
    (("x:1e3",), "is no port"),
    (("x:http",), "is no port: give a number, or one of imaps, imap,"),
    (("x" * 300,), "is longer than any name"),
    (("x", "--starttls", "http"), "--starttls is for imap, pop3, sieve or smtp"),
    (("x", "--timeout", "0"), "--timeout takes seconds, from 1 to 600"),
    (("x", "--timeout", "601"), "--timeout takes seconds, from 1 to 600"),
    (("x", "--timeout", "-1"), "--timeout takes seconds, from 1 to 600"),
    (("x", "--ca", "/nonexistent"), "--ca takes a readable file of certificates"),
    (("127.0.0.1:1",), "127.0.0.1: Connection refused"),
    (("[::1]:1",), "::1: Connection refused"),
    (("::1",), "::1: Connection refused"),
    (("host.invalid",), "host.invalid: "),
)


def check_wrong(arguments, want):
    done = subprocess.run([TLSFLOOR, "probe", *arguments], capture_output=True, text=True,
                          timeout=120, check=False)
    expect((done.returncode, done.stdout), (2, ""), "status and output")
    expect_true(want in done.stderr and done.stderr.count("\n") == 1, done.stderr)


def main():
    tap = Tap()
    for arguments, want in WRONG:
        with tap.case(f"{' '.join(arguments)[:40]}: {want}"):
            check_wrong(arguments, want)
    # They mostly wait.
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        checks = {name: pool.submit(check_hostile, *rest) for name, *rest in HOSTILE}
        for name, check in checks.items():
            with tap.case(name):
                check.result()
    with Workspace() as workspace:
        authority = Authority(workspace.path)
        good = authority.issue("inside")
        trust = ("--ca", authority.ca, "--name", "mail.example.org")
        for name, talk, status, said in INSIDE:
            with tap.case(name), Server(with_tls(good, talk)) as server:
                got = probe(f"127.0.0.1:{server.port}", *trust, timeout=1)
                expect(got[0], status, f"status of {got[1]}")
                expect_true(said in got[1], f"not told: {said}\n{got[1]}")
        with tap.case("old TLS alone"), Server(old_only(good, good_imap)) as server:
            # Also where OpenSSL itself would offer it.
            lax = workspace.write("openssl.cnf", LAX)
            got = probe(f"127.0.0.1:{server.port}", *trust, json_too=False, OPENSSL_CONF=str(lax))
            expect(got[0], 1, f"status of {got[1]}")
            expect_true("\nno: there is no TLS 1.2 or 1.3: " in got[1] and
                        "\nTLSv1.1          TLSv1.1 " in got[1], got[1])
        for host, names in (("localhost", {"mail.example.org"}), ("127.0.0.1", {None})):
            with tap.case(f"the name that a server hears, of {host}"):
                check_name(good, host, trust if names != {None} else trust[:2], names)
        for name, (files, arguments, status, said) in certificates(authority).items():
            with tap.case(f"certificate: {name}"), Server(with_tls(files, good_imap)) as server:
                got = probe(f"127.0.0.1:{server.port}", *arguments)
                expect_true(said in got[1], f"not told: {said}\n{got[1]}")
                expect(got[0], status, f"status of {got[1]}")
        with tap.case("IPv6"), Server(with_tls(good, good_imap), socket.AF_INET6) as server:
            got = probe(f"[::1]:{server.port}", *trust)
            expect(got[0], 0, f"status of {got[1]}")
            expect_true("(::1)" in got[1], got[1])
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
