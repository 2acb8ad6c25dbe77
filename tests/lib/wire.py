# SPDX-License-Identifier: MIT
"""Sessions as a person can read them, and the files of tests/wire that keep them.

A line of a session is what the client sent ("C: "), what the server sent
("S: "), or what happened ("-- "). A file has the sessions of all versions of a
server; before a line that not all of them have stand the names of those that do.
"""

import contextlib
import difflib
import itertools
import re
import ssl

from tap import Unexpected

# What no two sessions have in common. A blank at the end of a line would not be seen.
MASKS = [(re.compile(pattern), mask) for pattern, mask in (
    (r"queued as \w+$", "queued as ID"),
    (r"\(\d\.\d+( \+ \d\.\d+)+ secs\)", "(N secs)"),
    (r" $", r"\\x20"),
)]


def text_lines(data):
    text = data.decode("ascii", "backslashreplace").removesuffix("\r\n")
    for line in text.split("\r\n"):
        for pattern, mask in MASKS:
            line = pattern.sub(mask, line)
        yield line.replace("\n", r"\n")


class Conversation:
    """Keeps what goes over a client's connection from now on."""

    def __init__(self, client):
        self.client, self.parts = client, []
        self.send, self.receive, self.wrap = client.send, client.receive, client.wrap
        client.send, client.receive, client.wrap = self.sending, self.receiving, self.wrapping

    def add(self, who, data):
        if self.parts and self.parts[-1][0] == who:
            self.parts[-1][1] += data
        elif data:
            self.parts.append([who, data])

    def sending(self, data):
        self.add("C:", data if isinstance(data, bytes) else data.encode())
        self.send(data)

    def receiving(self):
        before = len(self.client.buffer)
        more = self.receive()
        self.add("S:", self.client.buffer[before:])
        return more

    def wrapping(self, version, *arguments, **options):
        try:
            suite = self.wrap(version, *arguments, **options)
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError, ConnectionResetError):
            self.add("--", f"{version}: closed by the server in the handshake".encode())
            raise
        except ssl.SSLError as error:
            self.add("--", f"{version}: the server refuses, {error.reason}".encode())
            raise
        self.add("--", f"{version} with {suite}".encode())
        return suite

    def lines(self):
        return [f"{who} {line}".rstrip() for who, data in self.parts for line in text_lines(data)]


def converse(client, *steps):
    """The lines of a session, until the server ends it. steps: functions of the client."""
    conversation = Conversation(client)
    with contextlib.suppress(ssl.SSLError, ConnectionResetError):
        for step in steps:
            step(client)
        client.rest()
        conversation.add("--", b"closed by the server")
    return conversation.lines()


def merge(old, version, new):
    """(versions, line) of other versions, with the lines of one more put between them."""
    matcher = difflib.SequenceMatcher(None, [line for _, line in old], new, autojunk=False)
    merged = []
    for what, start, end, new_start, new_end in matcher.get_opcodes():
        if what == "equal":
            merged += [(versions | {version}, line) for versions, line in old[start:end]]
        else:
            merged += old[start:end]
            merged += [(frozenset([version]), line) for line in new[new_start:new_end]]
    return merged


class WireFile:
    """One file: sessions[name] is a list of (versions, line)."""

    def __init__(self, path):
        self.path, self.versions, self.sessions = path, [], {}
        if path.exists():
            self.read(path.read_text().splitlines())

    def read(self, lines):
        for line in lines:
            if line.startswith("# versions: "):
                self.versions = line.split()[2:]
            elif line.startswith("== "):
                session = self.sessions.setdefault(line[3:], [])
            elif line and not line.startswith("#"):
                tag, text = re.fullmatch(r"([\d.,]*) +(.*)", line).groups()
                session.append((frozenset(tag.split(",") if tag else self.versions), text))

    def write(self, about):
        """about: comments for the head of the file."""
        text = "".join(f"# {line}\n" for line in about) + f"# versions: {' '.join(self.versions)}\n"
        for name, lines in self.sessions.items():
            text += f"\n== {name}\n"
            text += "".join(f"{self.tagged(*line)}\n" for line in lines)
        self.path.write_text(text)

    def tagged(self, versions, line):
        tag = "" if len(versions) == len(self.versions) else ",".join(
            version for version in self.versions if version in versions)
        return f"{tag:{max(map(len, self.versions))}} {line}"

    def lines(self, version, name):
        return [line for versions, line in self.sessions.get(name, []) if version in versions]

    def names(self, version):
        return [name for name in self.sessions if self.lines(version, name)]

    def put(self, version, sessions):
        """Takes sessions, name -> lines, for all that this version says."""
        kept = {other: {name: self.lines(other, name) for name in self.names(other)}
                for other in self.versions}
        kept[version] = sessions
        self.versions = sorted(kept, key=lambda version: [int(n) for n in version.split(".")])
        self.sessions = {}
        for version in self.versions:
            for name, lines in kept[version].items():
                self.sessions[name] = merge(self.sessions.get(name, []), version, lines)

    def differences(self):
        """Tagged lines without a break that not all versions have -> their sessions, as keys."""
        found = {}
        for name, lines in self.sessions.items():
            for common, run in itertools.groupby(lines, lambda line: line[0] == set(self.versions)):
                if not common:
                    text = "\n".join(self.tagged(*line) for line in run)
                    found.setdefault(text, {})[name] = None
        return found


def compare(tap, path, version, about, sessions, update):
    """A case for each session: whether it is as in the file. update: then it is made so."""
    wire = WireFile(path)
    if update:
        wire.put(version, sessions)
        wire.write(about)
    with tap.case(f"{path.name} has the sessions of version {version}, and no others"):
        if wire.names(version) != list(sessions):
            raise Unexpected(f"{path}: {wire.names(version)}\ngot: {list(sessions)}")
    for name, lines in sessions.items():
        with tap.case(f"{version}: {name}"):
            if lines != wire.lines(version, name):
                raise Unexpected("\n".join(difflib.unified_diff(
                    wire.lines(version, name), lines, str(path), "got", lineterm="")))
