# SPDX-License-Identifier: MIT
"""What becomes of a session with Dovecot: every byte that came back, and Dovecot's own log lines.

Masked, so that two sessions can be compared: ids, ports, times and the random
parts of challenges.
"""

import base64
import contextlib
import difflib
import re
import socket
import ssl

from lab.dovecot_server import CLIENTS
from lab.workspace import wait_until
from tap import Unexpected

# Of the login process, or of the mail process that has the session then.
END_OF_SESSION = (r"-login: Info: (Disconnected|Aborted login|Login aborted).* rip={}, |"
                  r"\)<\d+><[\w/+]+>: Info: Disconnected")
# What is not about one session, or not Dovecot's own, or tells each step inside of it.
NOT_COMPARED = re.compile(
    r"^master: |tlsfloor: |[Mm]odules? |Debug: smtp-server: |Event \S+ leaked |"
    r"auth: Debug: (conn unix:.*\): |conn unix:.*\]: )?(Server accepted connection|"
    r"auth client connected|client in: CANCEL|(auth-master client: )?Disconnected|"
    r"Wrote new auth|passwd-file \S+:Read)")
BROKEN = r"(SSL_\w+\(\)|error:|read\(size=\d+\)|write\(\)|Connection reset)"
SESSION = re.compile(r"session=<?([\w/+]{10,})|<([\w/+]{10,})>")
RANDOM = [(re.compile(pattern), mask) for pattern, mask in (
    (r"(session=<?|<)[\w/+]{10,}", r"\1SESSION"),
    (r"\)<\d+><", ")<PID><"),
    (r"\b(mpid|session_pid|pid)=\d+", r"\1=PID"),
    (r"\b([lr]port)=\d+", r"\1=PORT"),
    (r"\bconn (127\.0\.0\.1):\d+", r"conn \1:PORT"),
    (r"REQUEST\t\d+\t\d+\t(\d+)\t[0-9a-f]{32}", r"REQUEST\tN\tPID\t\1\tCOOKIE"),
    (r"USER\t\d+", r"USER\tN"),
    (r"auth_token=[0-9a-f]+", "auth_token=TOKEN"),
    (r"CONT\t(\d+)\t\S+", r"CONT\t\1\tCHALLENGE"),
    (r"/tmp/\S*?/(ours|stock)-\d+", "/SERVER"),
    (r"\b\d+ (m?secs)", r"N \1"),
    (r"\bpasswd-file-\d+", "passwd-file-N"),
    (r"\bconn unix:login \(.*?\) \[\d+\]: ", ""),
    (r"(passdb out: OK.*\tresp=)\S+", r"\1RESPONSE"),
    (r"\bout=\d+ ", "out=N "),
    # Which of several words Dovecot finds for a connection that broke is chance.
    (rf"(Connection closed)((: |, ){BROKEN}.*?)+(?= \(|, [^e]|: user=)", r"\1"),
    (rf"\b(TLS( handshaking)?)((: |, )({BROKEN}|Connection closed)[^,]*)+", r"\1"),
)]
TIMES = re.compile(r"\(\d\.\d+( \+ \d\.\d+)+ secs\)")
# What a new login process knows of the auth process by then is chance.
WAITING = re.compile(r"^\* OK Waiting for authentication process to respond\.\.\r\n", re.M)
NOT_READY = re.compile(r"disconnected before auth was ready, waited N secs")
CHALLENGE = re.compile(r'^(\+ |334 |")([\w+/]+=*)("?)(?=\r?$)', re.M)
# The alert of a handshake that the client does not wait for, if it came in time.
ALERT = re.compile(rb"\x15\x03[\x00-\x04]\x00\x02..$", re.S)
RANDOM_OF_CHALLENGE = re.compile(rb"(?<![^,])([rsv]=)[^,]+|(<)[^@]+")


# Tells why a handshake failed. Dovecot does not always find it.
OPENSSL_ERROR = re.compile(r"Connection closed: SSL_accept\(\) failed: error:\w+:")


def mask_log(line):
    for pattern, mask in RANDOM:
        line = pattern.sub(mask, line)
    return NOT_READY.sub("no auth attempts in N secs", line)


def mask_challenge(match):
    """The bytes of a challenge without what is random in CRAM-MD5 and SCRAM."""
    try:
        data = base64.b64decode(match[2], validate=True)
    except ValueError:
        return match[0]
    return match[1] + ascii(RANDOM_OF_CHALLENGE.sub(rb"\1\2RANDOM", data)) + match[3]


def mask_replies(data):
    text = ALERT.sub(b"", bytes(data)).decode("ascii", "backslashreplace")
    return CHALLENGE.sub(mask_challenge, TIMES.sub("(N secs)", WAITING.sub("", text)))


def expect_same(ours, stock, what):
    """Raises with what is different in two lists of lines."""
    if ours != stock:
        difference = difflib.unified_diff(stock, ours, "without the plugin", "with it", lineterm="")
        raise Unexpected("\n".join([what, *difference]))


class Transcript:
    """One session: its name, what the client got (text), and where its part of the log starts."""

    def __init__(self, name, listener, start):
        self.name, self.listener, self.start = name, listener, start
        self.received, self.outcome, self.lines, self.explained = bytearray(), "", [], False

    def keep(self, client):
        """Keeps all that the client receives from now on."""
        receive = client.receive

        def receive_and_keep():
            before = len(client.buffer)
            more = receive()
            self.received += client.buffer[before:]
            return more

        client.transcript, client.receive = self, receive_and_keep

    def replies(self):
        """The lines that the client got, with their line ends, and how the session ended for it."""
        return [ascii(line) for line in mask_replies(self.received).split("\n")] + [self.outcome]


def leave(client):
    """Ends the client's half, and reads the other, so that nothing is reset by chance."""
    if client.socket.fileno() < 0:
        return
    with contextlib.suppress(OSError), socket.socket(fileno=client.socket.detach()) as plain:
        plain.settimeout(30)
        plain.shutdown(socket.SHUT_WR)
        while plain.recv(65536):
            pass


class Recorder:
    """Has sessions with one server, one after the other, and finds their parts of its log."""

    def __init__(self, server, source):
        self.server, self.source = server, source
        self.end_of_session = re.compile(END_OF_SESSION.format(re.escape(source)))
        self.transcripts = []

    def run(self, name, listener, function, certified=False):
        """function(client): the session from the connection on."""
        certificate = self.server.client_certificate if certified else None
        start = len(self.server.messages())
        with CLIENTS[listener](self.server.ports[listener], self.source,
                               certificate=certificate) as client:
            transcript = Transcript(name, listener, start)
            client.listener = listener
            transcript.keep(client)
            try:
                function(client)
            except (ConnectionError, ssl.SSLError) as error:
                transcript.outcome = f" {type(error).__name__} {getattr(error, 'reason', '')}"
            leave(client)
        wait_until(lambda: self.server.find(self.end_of_session, start),
                   f"the end of {name} with {listener} in Dovecot's log")
        self.transcripts.append(transcript)

    def is_probe(self, line):
        """Whether it is about those who only asked whether the server is there."""
        address = re.search(r"\brip=([^,]+),", line)
        return address is not None and address[1] != self.source

    def finish(self):
        """Stops the server; all transcripts, now with their lines of the log."""
        self.server.stop()
        owners, starts = {}, {one.start: one for one in self.transcripts}
        current = of_auth = None
        for number, line in enumerate(self.server.messages()):
            current = starts.get(number, current)
            if current is None or NOT_COMPARED.search(line) or self.is_probe(line):
                continue
            session, owner = SESSION.search(line), current
            if session:
                owner = owners.setdefault(session[1] or session[2], current)
            if line.startswith("auth: "):
                # Its lines without a session belong to the one before, however late they come.
                owner = of_auth = owner if session else of_auth or current
            owner.lines.append(mask_log(line))
            owner.explained |= bool(OPENSSL_ERROR.search(line))
        for transcript in self.transcripts:
            # Programs log at the same time: their lines keep their order, not those of several.
            transcript.lines.sort(key=lambda line: line.split(":")[0])
        return self.transcripts
