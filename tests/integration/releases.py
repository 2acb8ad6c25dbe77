#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The programs that these tests are run with are those of one release in doc/compatibility.md."""

import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from guide import releases  # noqa: E402
from tap import Tap, comment, expect  # noqa: E402

# As the table names them: what prints the version.
COMMANDS = {
    "Dovecot": ["dovecot", "--version"],
    "Postfix": ["postconf", "-dh", "mail_version"],
    "OpenSSL": ["openssl", "version"],
    "HAProxy": ["haproxy", "-v"],
    "fail2ban": ["fail2ban-client", "--version"],
    "curl": ["curl", "--version"],
    "fetchmail": ["fetchmail", "--version"],
    "mbsync": ["mbsync", "--version"],
    "msmtp": ["msmtp", "--version"],
}


def installed(command):
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    return re.search(r"\d+(\.\d+)+", done.stdout)[0]


def main():
    tap = Tap()
    versions = {program: installed(command) for program, command in COMMANDS.items()}
    comment(f"installed: {versions}")
    name, release = next(((name, release) for name, release in releases().items()
                          if versions["Dovecot"].startswith(release["Dovecot"])), (None, {}))
    with tap.case(f"the programs are those of {name}"):
        expect(release.keys(), COMMANDS.keys(), "programs of the table")
        # The table leaves out what changes within a release.
        expect({program: version for program, version in versions.items()
                if not f"{version}.".startswith(f"{release[program]}.")}, {}, "not in the table")
    return tap.finish()


sys.exit(main())
