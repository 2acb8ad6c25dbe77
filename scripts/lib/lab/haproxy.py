# SPDX-License-Identifier: MIT
"""The headers with which HAProxy hands a connection on (its PROXY protocol, versions 1 and 2)."""

import socket
import struct

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
PP2_TYPE_SSL = 0x20
PP2_SUBTYPE_SSL_VERSION = 0x21
PP2_CLIENT_SSL = 0x01


def version_1(client, client_port, server="192.0.2.1", server_port=993):
    """IPv4 or IPv6 addresses."""
    family = "TCP6" if ":" in client else "TCP4"
    return f"PROXY {family} {client} {server} {client_port} {server_port}\r\n".encode()


def version_2(client, client_port, tls=None, server="192.0.2.1", server_port=993):
    """tls: None says nothing about TLS, "" says that there is none, "TLSv1.3" that there is."""
    family = socket.AF_INET6 if ":" in client else socket.AF_INET
    body = b"".join(socket.inet_pton(family, address) for address in (client, server))
    body += struct.pack("!HH", client_port, server_port)
    if tls is not None:
        # Which bits are set, and whether a client certificate was good (0: it was).
        value = struct.pack("!BI", PP2_CLIENT_SSL if tls else 0, 0)
        if tls:
            value += struct.pack("!BH", PP2_SUBTYPE_SSL_VERSION, len(tls)) + tls.encode()
        body += struct.pack("!BH", PP2_TYPE_SSL, len(value)) + value
    kind = 0x21 if ":" in client else 0x11
    return SIGNATURE + struct.pack("!BBH", 0x21, kind, len(body)) + body
