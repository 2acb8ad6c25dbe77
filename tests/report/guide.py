#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""doc/rollout.md: each command in it prints what stands below it.

A block "conf" is written to tlsfloor.conf; in a block "console" lines that begin with "# " are
commands, and the others what they print. A comment "at" says when the blocks below it are. The logs
are of a made-up site. "guide.py --update" writes the outputs anew.
"""

import datetime
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from log_lines import GOOD, OLD, SOURCE, TLSFLOOR, dovecot, policyd  # noqa: E402
from tap import Tap, expect, expect_true  # noqa: E402

GUIDE = SOURCE / "doc" / "rollout.md"
BLOCK = re.compile(r"<!-- at (\S+) -->\n|```(conf|console)\n(.*?)```\n", re.S)
AT = ("report", "retire", "decide")
CLEAR = {"tls": "cleartext", "cipher": "-", "reason": "cleartext"}
TLS12 = {**GOOD, "tls": "TLSv1.2", "cipher": "ECDHE-RSA-AES128-GCM-SHA256"}
TLS11 = {**OLD, "tls": "TLSv1.1"}


def days(first, last):
    first, last = (datetime.date.fromisoformat(day) for day in (first, last))
    return [first + datetime.timedelta(number) for number in range((last - first).days + 1)]


def on(day, hour):
    return f"{day}T{hour:02}:00:00+00:00"


def lines_of_november():
    """Four weeks of a small site."""
    found = []
    for day in days("2026-11-02", "2026-11-28"):
        for number in range(20):
            name = f"user{number:02}@example.org"
            found.append(dovecot(time=on(day, 7), user=name, client=f"198.51.100.{number}",
                                 **(GOOD if number % 2 else TLS12)))
        found.append(policyd(time=on(day, 7), user="user00@example.org", **GOOD))
        found.append(dovecot(time=on(day, 8), user="ann@example.org", client="192.0.2.7", **OLD))
        if day.weekday() < 5:
            found.append(policyd(time=on(day, 9), user="carl@example.org", client="192.0.2.40",
                                 **OLD))
        if day.weekday() == 0:
            found.append(dovecot(time=on(day, 10), user="dora@example.org", service="pop3",
                                 client="203.0.113.9", **CLEAR))
            found.append(dovecot(time=on(day, 11), user="ben@example.org", client="192.0.2.8",
                                 **TLS11))
        if day.day == 3:
            found.append(policyd(time=on(day, 12), user="-", client="192.0.2.77", **OLD))
        if day.day == 20:
            found.append(dovecot(time=on(day, 12), user="dora@example.org", service="pop3",
                                 client="203.0.113.9", **GOOD))
        found.append(dovecot(time=on(day, 13), user="emil@example.org", client="127.0.0.1",
                             **{**CLEAR, "action": "accept", "reason": "trusted-network"}))
    return found


def lines_of_spring():
    """Somebody is excepted, somebody turned away, and one day there was no log of Postfix."""
    found = []
    for day in days("2027-03-01", "2027-06-01"):
        found.append(dovecot(time=on(day, 7), user="user00@example.org", **GOOD))
        if day.isoformat() != "2027-04-11":
            found.append(policyd(time=on(day, 7), user="user00@example.org", **GOOD))
            found.append(policyd(time=on(day, 9), user="carl@example.org", client="192.0.2.40",
                                 **{**OLD, "action": "accept", "reason": "exception"}))
        if day.day == 2:
            found.append(dovecot(time=on(day, 8), user="-", client="192.0.2.7",
                                 **{**OLD, "action": "refuse"}))
    return found


def lines_of_a_quiet_autumn():
    return [make(time=on(day, 7), user="user00@example.org", **GOOD)
            for day in days("2027-08-01", "2027-11-01") for make in (dovecot, policyd)]


class Site:
    """A directory in which the commands of the guide run."""

    def __init__(self, directory):
        self.directory, self.at = Path(directory), None
        self.conf = self.directory / "tlsfloor.conf"
        (self.directory / "exceptions").write_text("")
        (self.directory / "mail.log").write_text("".join(lines_of_november()))
        (self.directory / "mail.log.spring").write_text("".join(lines_of_spring()))
        (self.directory / "mail.log.autumn").write_text("".join(lines_of_a_quiet_autumn()))
        tool = self.directory / "bin" / "tlsfloor"
        tool.parent.mkdir()
        # An own -c of the command line comes later, and so wins.
        tool.write_text(f"""#!/bin/sh
case " $* " in
*" report "* | *" retire "* | *" decide "*) set -- "$@" --at "$AT" ;;
esac
case " $* " in
*" -c "* | *" report "* | *" retire "* | *" decide "*) exec {TLSFLOOR} -S {directory}/state "$@" ;;
esac
exec {TLSFLOOR} -c {self.conf} -S {directory}/state "$@"
""")
        tool.chmod(0o755)
        for name in ("head", "grep", "cat", "sh"):
            (tool.parent / name).symlink_to(f"/bin/{name}" if os.path.exists(f"/bin/{name}")
                                            else f"/usr/bin/{name}")

    def configure(self, text):
        self.conf.write_text(f"exceptions = {self.directory}/exceptions\n{text}")

    def run(self, command):
        """What is printed, errors not, with the guide's paths."""
        done = subprocess.run(
            ["/bin/sh", "-c", command.replace("/var/log/", f"{self.directory}/")], text=True,
            cwd=self.directory, check=False, capture_output=True,
            env={"PATH": f"{self.directory}/bin", "AT": self.at, "TZ": "UTC"})
        errors = [line for line in done.stderr.splitlines() if not line.startswith("warning: ")]
        expect(errors, [], command)
        # Where the exceptions are is the guide's default, and not the test's.
        output = re.sub(r"^  exceptions: .*\n", "", done.stdout, flags=re.M)
        return output.replace("\r", "").replace(f"{self.directory}/", "/var/log/")

    def block(self, match):
        """The block as it should be."""
        at, kind, text = match.groups()
        if at:
            self.at = at
            return match[0]
        if kind == "conf":
            self.configure(text)
            return match[0]
        commands = [line for line in text.split("\n") if line.startswith("# ")]
        expect_true(commands, f"no command in {text}")
        return "```console\n" + "".join(f"{command}\n{self.run(command[2:])}"
                                        for command in commands) + "```\n"


def main():
    tap = Tap()
    text = GUIDE.read_text()
    with tempfile.TemporaryDirectory() as directory:
        site = Site(directory)
        with tap.case("each command prints what stands below it"):
            written = BLOCK.sub(site.block, text)
            if "--update" in sys.argv[1:]:
                GUIDE.write_text(written)
                text = written
            for got, want in zip(BLOCK.finditer(written), BLOCK.finditer(text)):
                expect(want[0], got[0], "the guide says")
        with tap.case("the steps have commands"):
            expect_true(len(re.findall(r"^# tlsfloor", text, re.M)) > 15, "there are too few")
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
