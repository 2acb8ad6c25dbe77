# SPDX-License-Identifier: MIT
"""A small SMTP client that shows exact replies, with the TLS version and suite of one's choice."""

import base64
import socket
import ssl
import warnings

VERSIONS = {
    "TLSv1": ssl.TLSVersion.TLSv1,
    "TLSv1.1": ssl.TLSVersion.TLSv1_1,
    "TLSv1.2": ssl.TLSVersion.TLSv1_2,
    "TLSv1.3": ssl.TLSVersion.TLSv1_3,
}


def tls_context(version, cipher="DEFAULT"):
    """Exactly this version; OpenSSL's level 0, because TLS 1.0 signs with SHA-1."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = VERSIONS[version]
        context.maximum_version = VERSIONS[version]
    context.set_ciphers(f"{cipher}:@SECLEVEL=0")
    return context


def plain(user, password):
    """The initial response of AUTH PLAIN."""
    if isinstance(user, str):
        user = user.encode()
    return base64.b64encode(b"\0" + user + b"\0" + password.encode()).decode()


class Session:
    """One connection. A reply is its lines without line ends, joined by newlines."""

    def __init__(self, port, timeout=60):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout)
        self.client_port = self.socket.getsockname()[1]
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.socket.close()

    def wrap(self, version, cipher="DEFAULT"):
        self.socket = tls_context(version, cipher).wrap_socket(self.socket)
        return self.socket.cipher()[0]

    def send(self, data):
        self.socket.sendall(data if isinstance(data, bytes) else data.encode())

    def line(self):
        while b"\n" not in self.buffer:
            data = self.socket.recv(4096)
            if not data:
                raise ConnectionError(f"closed by the server after {self.buffer!r}")
            self.buffer += data
        line, self.buffer = self.buffer.split(b"\n", 1)
        return line.rstrip(b"\r").decode("ascii", "backslashreplace")

    def reply(self):
        lines = [self.line()]
        while lines[-1][3:4] == "-":
            lines.append(self.line())
        return "\n".join(lines)

    def command(self, data):
        """Sends a line (str or bytes, without line end) and returns the reply."""
        self.send((data if isinstance(data, bytes) else data.encode()) + b"\r\n")
        return self.reply()

    def auth(self, user, password):
        return self.command("AUTH PLAIN " + plain(user, password))

    def starttls(self, version, cipher="DEFAULT"):
        """From the greeting to TLS; the EHLO after it is the caller's."""
        for reply in (self.reply(), self.command("EHLO client.example.net"),
                      self.command("STARTTLS")):
            if not reply.startswith("2"):
                raise ConnectionError(f"no STARTTLS: {reply}")
        self.wrap(version, cipher)

    def message(self, sender, recipients, text="Subject: test\r\n\r\ntest\r\n"):
        """A whole message; the reply that ended it: the first refusal, or the last reply."""
        commands = [f"MAIL FROM:<{sender}>"]
        commands += [f"RCPT TO:<{recipient}>" for recipient in recipients] + ["DATA"]
        for command in commands:
            reply = self.command(command)
            if reply[0] not in "23":
                return reply
        return self.command(text + ".")
