# SPDX-License-Identifier: MIT
"""Clients of IMAP, POP3, ManageSieve and submission that show exact replies.

All have the same methods, so that a table of cases can serve the four. A reply
is its lines without line ends, joined by newlines; where the server has closed
the connection, what came before that.
"""

import base64
import re

from .lines import Connection
from .sasl import Plain
from .smtp import Session

# IMAP's tag; always the same, so that replies are.
TAG = "a"


def encode(response):
    """As a line of its own, or behind the name of the mechanism: RFC 4954 and others."""
    return base64.b64encode(response).decode()


class Client(Connection):
    """starttls() leads from the greeting to TLS; what the server says then is the caller's."""

    STARTTLS = "STARTTLS"
    CAPABILITY = "CAPABILITY"

    def reply(self):
        """One reply to a command, or a challenge."""
        lines = []
        while not lines or not self.is_last(lines[-1]):
            try:
                lines.append(self.logical_line())
            except ConnectionError:
                if not lines:
                    raise
                break
        return "\n".join(lines)

    def logical_line(self):
        return self.line()

    def greet(self):
        """The server's first words."""
        return self.line()

    def is_last(self, line):
        raise NotImplementedError

    def command(self, data):
        """Sends a line (str or bytes, without line end) and returns the reply."""
        self.send_line(data)
        return self.reply()

    def capabilities(self):
        return self.command(self.CAPABILITY)

    def starttls(self, version, cipher="DEFAULT", behind=b""):
        self.greeting = self.greet()
        reply = self.command(self.STARTTLS)
        if not self.is_good(reply):
            raise ConnectionError(f"no STARTTLS: {reply}")
        self.wrap(version, cipher, behind)

    def authenticate(self, mechanism, initial=True):
        """The last reply of an exchange. initial: with an initial response, if there is one."""
        first = mechanism.first
        with_first = initial and first is not None
        reply = self.command(self.auth_command(mechanism.name, first if with_first else None))
        while (challenge := self.challenge(reply)) is not None:
            if first is not None and not with_first:
                answer, with_first = first, True
            else:
                answer = mechanism.answer(challenge)
            reply = self.command(self.auth_response(answer))
        return reply

    @staticmethod
    def auth_response(response):
        return encode(response)

    def challenge(self, reply):
        """The bytes of a challenge, None if the reply is none."""
        found = re.fullmatch(r"\+ ?(.*)", reply)
        return base64.b64decode(found[1]) if found else None

    def login(self, user, password):
        """The plainest login of the protocol."""
        return self.authenticate(Plain(user, password))


class Imap(Client):
    service = "imap"

    def is_last(self, line):
        return line.startswith((f"{TAG} ", "+ "))

    def is_good(self, reply):
        return reply.split("\n")[-1].startswith(f"{TAG} OK")

    def command(self, data):
        """Without the tag, which is put before it; a line of AUTHENTICATE has none."""
        prefix = b"" if getattr(self, "in_exchange", False) else f"{TAG} ".encode()
        self.send_line(prefix + (data if isinstance(data, bytes) else data.encode()))
        reply = self.reply()
        self.in_exchange = reply.startswith("+ ")
        return reply

    @staticmethod
    def auth_command(name, first):
        return f"AUTHENTICATE {name}" + ("" if first is None else f" {encode(first) or '='}")

    def login(self, user, password):
        return self.command(f'LOGIN "{user}" "{password}"')


class Pop3(Client):
    service = "pop3"
    STARTTLS = "STLS"
    CAPABILITY = "CAPA"

    def is_last(self, line):
        return line.startswith(("+", "-ERR"))

    def is_good(self, reply):
        return reply.startswith("+OK")

    def capabilities(self):
        lines = [self.command(self.CAPABILITY)]
        while lines[0].startswith("+OK") and lines[-1] != ".":
            lines.append(self.line())
        return "\n".join(lines)

    def challenge(self, reply):
        return None if reply.startswith("+OK") else super().challenge(reply)

    @staticmethod
    def auth_command(name, first):
        return f"AUTH {name}" + ("" if first is None else f" {encode(first) or '='}")

    def login(self, user, password):
        """USER is answered before anything is known; the reply to PASS counts."""
        reply = self.command(f"USER {user}")
        return self.command(f"PASS {password}") if self.is_good(reply) else reply


class Sieve(Client):
    service = "sieve"

    def logical_line(self):
        """A line with the literals in it."""
        line = self.line()
        while found := re.search(r"\{([0-9]+)\+?\}$", line):
            line += "\n" + self.count(int(found[1])) + self.line()
        return line

    def greet(self):
        return self.reply()

    def is_last(self, line):
        # A challenge is a string alone, as the capability STARTTLS is.
        return bool(re.match(r"(OK|NO|BYE)\b", line, re.I)) or self.challenge(line) is not None

    def is_good(self, reply):
        return reply.split("\n")[-1].startswith("OK")

    def challenge(self, reply):
        found = re.fullmatch(r'"((?:[\w+/=]{4})*)"|\{[0-9]+\+?\}\n(.*)', reply)
        if found is None or reply == '"STARTTLS"':
            return None
        return base64.b64decode(found[1] or found[2] or "")

    @staticmethod
    def auth_command(name, first):
        return f'AUTHENTICATE "{name}"' + ("" if first is None else f' "{encode(first)}"')

    @staticmethod
    def auth_response(response):
        return f'"{encode(response)}"'


class Submission(Session, Client):
    service = "submission"
    CAPABILITY = "EHLO client.example.net"

    def greet(self):
        return self.reply()

    def is_good(self, reply):
        return reply.startswith("2")

    def challenge(self, reply):
        return base64.b64decode(reply[4:]) if reply.startswith("334") else None

    @staticmethod
    def auth_command(name, first):
        return f"AUTH {name}" + ("" if first is None else f" {encode(first) or '='}")
