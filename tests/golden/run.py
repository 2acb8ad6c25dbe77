#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs each golden case through `tlsfloor decide` and compares the transcript.

NNN-topic.conf        tlsfloor.conf; @DIR@ stands for the directory the case runs in
NNN-topic.exceptions  the exceptions of the case, if it has any
NNN-topic.in          one decide command line a line; lines with # go to the transcript
NNN-topic.ref         the transcript that is expected

`run.py --update` writes the .ref files anew, to be read before they are committed.
"""
import difflib
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))

from tap import Tap, Unexpected  # noqa: E402

TLSFLOOR = Path(os.environ["TLSFLOOR_BUILD"]) / "admin" / "tlsfloor"


def run_case(case, directory):
    """The transcript of one case."""
    conf = case.with_suffix(".conf").read_text().replace("@DIR@", directory)
    exceptions = case.with_suffix(".exceptions")
    Path(directory, "tlsfloor.conf").write_text(conf)
    if exceptions.exists():
        shutil.copyfile(exceptions, Path(directory, "exceptions"))
    transcript = []
    for line in case.with_suffix(".in").read_text().splitlines():
        transcript.append(f"{line}\n" if line.startswith("#") or not line else f"$ {line}\n")
        if line and not line.startswith("#"):
            transcript.append(decide(line, directory))
    return "".join(transcript)


def decide(line, directory):
    done = subprocess.run(
        [TLSFLOOR, "-c", f"{directory}/tlsfloor.conf", "decide", *shlex.split(line)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout.replace(directory, "@DIR@") + f"exit {done.returncode}\n"


def check_case(case):
    reference = case.with_suffix(".ref")
    with tempfile.TemporaryDirectory() as directory:
        transcript = run_case(case, directory)
    if "--update" in sys.argv:
        reference.write_text(transcript)
    want = reference.read_text() if reference.exists() else ""
    if transcript != want:
        raise Unexpected("\n".join(difflib.unified_diff(
            want.splitlines(), transcript.splitlines(), "want", "got", lineterm="")))


def main():
    tap = Tap()
    for case in sorted(HERE.glob("*.in")):
        with tap.case(case.stem):
            check_case(case)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
