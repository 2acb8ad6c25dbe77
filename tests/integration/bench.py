#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tests/bench still works: a few of its rows, measured so shortly that no figure counts."""

import os
import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from cases import case, run  # noqa: E402
from policyd_client import SOURCE  # noqa: E402
from tap import expect, expect_true, skip_unless_root  # noqa: E402

RUN = SOURCE + "/tests/bench/run"
# Row -> a result of it.
ROWS = {
    "speed": r"10 connections, CPU: [\d.]+ \(.*\); [\d.]+ to [\d.]+ us; aim <= 1\.15; control ",
    "ingredients": r"100 connections, all of these, CPU: [\d.]+ \(.*\); .* us; control ",
    "inside": r"parsing: \d+ ns",
    "memory": r"private: [\d.]+ MB; aim <= 3 MB; ",
    "start": r"100 networks: [\d.]+ ms; aim <= 0\.2 ms; control [-+][\d.]+ ms; ",
    "swap": r"new exceptions, p99: .* us; control [\d.]+",
    "report": r"50,000 users, memory: \d[\d.]* MB; aim <= 100 MB; ",
    "exception": r"the longest time: [\d.]+ s; aim <= 1 s; ",
}


def bench(*arguments):
    done = subprocess.run([RUN, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True, check=False)
    expect((done.returncode, done.stderr), (0, ""), "exit status and errors")
    return done.stdout


@case
def rows_are_listed(_directory):
    listed = [line.split()[0] for line in bench("--list").splitlines()]
    expect_true(set(ROWS) <= set(listed), f"{listed}")


@case
def rows_print_what_they_measure(_directory):
    said = bench("--quick", *ROWS)
    for name, line in ROWS.items():
        expect_true(re.search(rf"^{name} +{line}", said, re.M), f"{name} in\n{said}")


@case
def a_table_for_the_documentation(_directory):
    said = bench("--quick", "--markdown", "inside")
    expect_true(re.search(r"^\| `inside` \| parsing \| \d+ ns \|", said, re.M), said)


def main():
    skip_unless_root()
    # What it builds for itself is no test of it.
    expect_true("TLSFLOOR_BUILD" in os.environ, "TLSFLOOR_BUILD is not set")
    return run()


if __name__ == "__main__":
    sys.exit(main())
