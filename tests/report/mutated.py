#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A log that was cut, mangled and forged: nothing is counted that was not logged, nothing twice,
and the reader never ends by a signal.

Each line is of another user, so that the report tells which lines it has counted.
"""

import json
import random
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from log_lines import Logs, dovecot, dovecot_own, policyd  # noqa: E402
from tap import Tap, expect, expect_true  # noqa: E402

LINES = 400
FORMS = (dovecot, policyd, dovecot_own,
         lambda user: dovecot(user=user, service="pop3", tls="TLSv1.1"))


def user_of(number):
    return f"u{number:04}@example.org"


def original():
    return [FORMS[number % len(FORMS)](user=user_of(number)).rstrip("\n")
            for number in range(LINES)]


# Each changes a line: what becomes of it, and whether it still counts (None: it may).

def cut(line, rng):
    """Ends before its last value begins."""
    return line[:rng.randrange(line.index(" session=") + 9)], False


def cut_begin(line, rng):
    return line[rng.randrange(1, line.index("tlsfloor: ") + 9):], False


def join(line, rng):
    """The next line stands where this one was cut, as after a full disk."""
    end = rng.randrange(line.index("tlsfloor: action=") + 17, line.index(" session="))
    return line[:end] + policyd(user="joined@example.org").rstrip("\n"), False


def binary(line, rng):
    at = rng.randrange(line.index("tlsfloor: "), line.index(" session="))
    return line[:at] + chr(rng.choice((0, 1, 9, 13, 27, 127, 155, 255))) + line[at:], False


def other_program(line, rng):
    for ident in ("tlsfloor-policyd", "dovecot", "imap-login", "pop3-login"):
        line = line.replace(f" {ident}", f" {rng.choice(('x', ''))}{ident[1:]}", 1)
    return line, False


def helo(line, _):
    return ("Nov 20 12:00:00 mail postfix/smtpd[7]: NOQUEUE: reject: EHLO from unknown[192.0.2.7]: "
            f"504 5.5.2 <{line}>: Helo command rejected; helo=<{line}>"), False


def user_name(line, rng):
    inside = line[line.index("tlsfloor: "):]
    return rng.choice((
        f"Nov 20 12:00:00 mail dovecot: imap-login: Disconnected (auth failed): user=<{inside}>",
        f"Nov 20 12:00:00 imap-login: Info: Aborted login: user=<{inside}>, rip=192.0.2.7",
        f"Nov 20 12:00:00 mail dovecot: pop3-login: Aborted login: user=<imap-login: {inside}>",
        f"Nov 20 12:00:00 mail dovecot: auth: passwd-file(dovecot: imap-login: {inside},192.0.2.7)",
        f"Nov 20 12:00:00 mail dovecot: auth: passwd-file({inside},192.0.2.7): unknown user",
        f"Nov 20 12:00:00 mail dovecot: imap({inside})<77><x>: Logged out",
        f"Nov 20 12:00:00 mail postfix/smtpd[7]: {inside}",
        f"<22>1 2026-11-20T12:00:00Z mail postfix/smtpd 7 - - {inside}",
        policyd(user='"' + inside.replace('"', '\\"')[:200] + '"', action="refuse").rstrip("\n"),
    )), False


def flip(line, rng):
    """One bit, but not in the name, where it would be another user."""
    begin, end = line.index("user="), line.index(" client=")
    while True:
        at = rng.randrange(len(line))
        if not begin <= at <= end:
            return line[:at] + chr(ord(line[at]) ^ 1 << rng.randrange(7)) + line[at + 1:], None


def twice(line, _):
    """A value that says what is said already, and a second one."""
    return line.replace(" client=", " user=twice@example.org client="), False


def unchanged(line, _):
    return line, True


CHANGES = (unchanged, unchanged, cut, cut_begin, join, binary, other_program, helo, user_name, flip,
           twice)


def mutate(seed):
    """The log, users that have to be counted, and those that may be."""
    rng = random.Random(seed)
    lines, certain, possible = [], set(), set()
    for number, line in enumerate(original()):
        changed, counts = rng.choice(CHANGES)(line, rng)
        lines.append(changed)
        if counts is not False:
            possible.add(user_of(number))
        if counts:
            certain.add(user_of(number))
    return "\n".join(lines), certain, possible


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory() as directory:
        logs = Logs(directory)
        for seed in range(40):
            with tap.case(f"log {seed}"):
                text, certain, possible = mutate(seed)
                path = logs.write("log", [text], 1795305600)
                output, errors, status = logs.run("--json", path, env={"TZ": "UTC"})
                expect((errors, status), ("", 1), "errors and status")
                found = json.loads(output)
                counted = [row for row in found["rows"] if row["class"] != "turned-away"]
                users = {row["user"] for row in counted}
                expect(sorted(certain - users), [], "not counted")
                expect(sorted(users - possible), [], "counted and not logged")
                expect(sum(row["logins"] for row in counted), len(users), "logins")
        with tap.case("noise"):
            rng = random.Random(1)
            noise = [bytes(rng.randrange(256) for _ in range(500)) + b"tlsfloor: action=\n"
                     for _ in range(500)]
            path = logs.write("log", [b"".join(noise).decode("latin-1")])
            output, _, status = logs.run(path)
            expect_true(status == 2 and output == "", output)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
