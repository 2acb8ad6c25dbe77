# SPDX-License-Identifier: MIT
"""A small SMTP client that shows exact replies, with the TLS version and suite of one's choice."""

import base64

from .lines import Connection


def plain(user, password):
    """The initial response of AUTH PLAIN."""
    if isinstance(user, str):
        user = user.encode()
    return base64.b64encode(b"\0" + user + b"\0" + password.encode()).decode()


class Session(Connection):
    """One connection. A reply is its lines without line ends, joined by newlines."""

    def reply(self):
        lines = [self.line()]
        while lines[-1][3:4] == "-":
            lines.append(self.line())
        return "\n".join(lines)

    def command(self, data):
        """Sends a line (str or bytes, without line end) and returns the reply."""
        self.send_line(data)
        return self.reply()

    def auth(self, user, password):
        return self.command("AUTH PLAIN " + plain(user, password))

    def starttls(self, version, cipher="DEFAULT", behind=b""):
        """From the greeting to TLS; the EHLO after it is the caller's."""
        self.greeting = self.reply()
        for reply in (self.greeting, self.command("EHLO client.example.net"),
                      self.command("STARTTLS")):
            if not reply.startswith("2"):
                raise ConnectionError(f"no STARTTLS: {reply}")
        self.wrap(version, cipher, behind)

    def message(self, sender, recipients, text="Subject: test\r\n\r\ntest\r\n"):
        """A whole message; the reply that ended it: the first refusal, or the last reply."""
        commands = [f"MAIL FROM:<{sender}>"]
        commands += [f"RCPT TO:<{recipient}>" for recipient in recipients] + ["DATA"]
        for command in commands:
            reply = self.command(command)
            if reply[0] not in "23":
                return reply
        return self.command(text + ".")
