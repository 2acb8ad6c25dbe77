# SPDX-License-Identifier: MIT
"""What several tests of Dovecot have besides the lab's passdb: master users, SQL, verdicts."""

import os
import subprocess

from dovecot_words import PASSWORD
from lab.dovecot_release import syntax

BOSS = "boss"

# passwd-file's fields are split at blanks, and variables are filled in after that.
os.environ["TLSFLOOR_TEST_BLANK"] = " "
BLANK = "%{env:TLSFLOOR_TEST_BLANK}"
# What a configuration needs for that.
BLANKS = syntax.environment("TLSFLOOR_TEST_BLANK")


def verdict(text):
    """A field of passwd-file."""
    return "tlsfloor_verdict=" + text.replace(" ", BLANK)


def masters(workspace, passed=True):
    """The master BOSS logs in as USER*BOSS. passed: only as those whom another passdb knows."""
    path = workspace.write("masters", f"{BOSS}:{PASSWORD}\n")
    return "auth_master_user_separator = *\n" + syntax.passwd_file(
        path, master=True, result_success="continue" if passed else None)


def sql_passdb(workspace, users):
    """A password database that makes the auth process ask its workers."""
    database = workspace.path / "users.sqlite"
    database.unlink(missing_ok=True)
    rows = ", ".join(f"('{name}', '{password}')" for name, password in users.items())
    subprocess.run(["sqlite3", database, "CREATE TABLE users (name TEXT, password TEXT);"
                    f"INSERT INTO users VALUES {rows};"], check=True)
    return syntax.sqlite(workspace, database,
                         "SELECT name AS user, password FROM users WHERE name = '%{user}'")
