#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Shows that the fuzzers can find something: each of these bugs is put into a copy of the tree,
passes all seeds, and is found by scripts/fuzz within a minute.

It installs, builds and runs what scripts/fuzz does; not part of "make check".
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TREE / "tests" / "lib"))

from tap import Tap, expect, expect_true  # noqa: E402

PLANTED = (
    ("libfuzzer", "request", "a second version behind an empty one", "postfix-policyd/request.c",
     "|| request->values[attribute].present)", "|| request->values[attribute].size > 0)"),
    ("libfuzzer", "verdict", "a second verdict behind an empty one", "dovecot-plugin/verdict.c",
     "        if (value != NULL)\n", "        if (value != NULL && *value != '\\0')\n"),
    ("libfuzzer", "names", "a time with bytes that nobody reads", "common/time-text.c",
     "(text.size != 17 && text.size != 20)", "text.size < 17"),
    ("libfuzzer", "envelope", "a version that no row may have", "common/envelope.c",
     "row_r->allow > TLSFLOOR_TLS_1_3", "row_r->allow > 15"),
    ("afl", "envelope", "a version that no row may have", "common/envelope.c",
     "row_r->allow > TLSFLOOR_TLS_1_3", "row_r->allow > 15"),
)


def plant(tree, file, good, bad):
    for folder in ("admin", "common", "dovecot-plugin", "postfix-policyd", "scripts", "tests"):
        shutil.copytree(TREE / folder, tree / folder, symlinks=True)
    text = (tree / file).read_text()
    expect(text.count(good), 1, f"how often {file} has {good!r}")
    (tree / file).write_text(text.replace(good, bad))


def find(engine, harness, file, good, bad):
    with tempfile.TemporaryDirectory() as directory:
        tree, kept = Path(directory, "tree"), Path(directory, "kept")
        plant(tree, file, good, bad)
        done = subprocess.run([tree / "scripts" / "fuzz", "-e", engine, "-d", kept, "1", harness],
                              check=False, capture_output=True, text=True)
        said = f"{done.stdout}{done.stderr}"
        expect_true(done.returncode == 1 and "1 new finding\n" in said, said)
        # The seeds alone had not found it; AFL++ leaves out those that do.
        log = (kept / f"{harness}.log").read_text(errors="replace")
        expect_true("INITED" in log or engine == "afl", log)
        replay = re.search(r"replay with\n +(\S+) (\S+)\n", said)
        expect_true(replay is not None, said)
        expect_true(subprocess.run(replay.groups(), check=False, capture_output=True).returncode,
                    "what was found does not fail again")


def main():
    tap = Tap()
    for engine, harness, name, *change in PLANTED:
        with tap.case(f"{engine}, {harness}: {name}"):
            find(engine, harness, *change)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
