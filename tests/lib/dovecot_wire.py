# SPDX-License-Identifier: MIT
"""Clients of a Dovecot whose bytes go out under control: cut off, or one by one."""

import socket
import ssl
import struct

from dovecot_words import expects_greeting, provoke_refusal
from lab.dovecot_server import CLIENTS, IMPLICIT
from lab.lines import tls_context

RESET = struct.pack("ii", 1, 0)


class Cut(Exception):
    """The connection was closed where it should be."""


class Wire:
    """A socket for lab.lines.Connection that does TLS by itself.

    limit: so many bytes go out, TLS and all, then Cut is raised. piece: the
    size of packets.
    """

    def __init__(self, plain, limit=None, piece=None):
        self.plain, self.limit, self.piece = plain, limit, piece
        self.sent, self.tls = 0, None
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def put(self, data):
        if self.limit is not None:
            data, whole = data[:self.limit - self.sent], data
        for start in range(0, len(data), self.piece or len(data) or 1):
            self.plain.sendall(data[start:start + (self.piece or len(data))])
        self.sent += len(data)
        if self.limit is not None and len(data) < len(whole):
            raise Cut

    def flush(self):
        self.put(self.outgoing.read())

    def step(self, function, *arguments):
        """Something that TLS may have to read for first."""
        while True:
            try:
                result = function(*arguments)
            except ssl.SSLWantReadError:
                self.flush()
                data = self.plain.recv(65536)
                if data:
                    self.incoming.write(data)
                else:
                    self.incoming.write_eof()
            else:
                self.flush()
                return result

    def wrap(self, version):
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = tls_context(version).wrap_bio(self.incoming, self.outgoing)
        self.step(self.tls.do_handshake)

    def sendall(self, data):
        if self.tls is None:
            self.put(data)
        else:
            self.step(self.tls.write, data)

    def recv(self, size):
        if self.tls is None:
            return self.plain.recv(size)
        try:
            return self.step(self.tls.read, size)
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
            return b""

    def close(self, reset=False):
        if reset:
            self.plain.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        self.plain.close()


def connect(server, listener, source=None, **options):
    """A client over a Wire; options: as of Wire."""
    client = CLIENTS[listener](server.ports[listener], source)
    client.socket = Wire(client.socket, **options)
    client.wrap = lambda version, *_others: client.socket.wrap(version)
    return client


def secure(client, listener, version):
    """TLS, at once or by STARTTLS."""
    if listener in IMPLICIT:
        client.wrap(version)
    else:
        client.starttls(version)


def log_in(client, user, password):
    """The reply to a login; TLS is up and nothing was read since."""
    if expects_greeting(client):
        client.greet()
    if client.service == "submission":
        client.capabilities()
    return client.login(user, password)


def last_words(client):
    """The same for a client that sends no password: the last line before the server closes."""
    if not expects_greeting(client):
        provoke_refusal(client, client.service)
    return client.rest().split("\n")[-1]
