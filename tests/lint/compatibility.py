#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""doc/compatibility.md tells what tests/wire has, and names every integration test.

--update writes the differences of tests/wire into it.
"""

import difflib
import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from guide import SOURCE, read_guide, releases  # noqa: E402
from tap import Tap, Unexpected, expect, expect_true  # noqa: E402
from wire import WireFile  # noqa: E402

NAMES = {"imap": "IMAP", "pop3": "POP3", "sieve": "ManageSieve",
         "submission": "Submission to Dovecot", "postfix": "Submission to Postfix"}
BEGIN = "<!-- Written by tests/lint/compatibility.py --update, to the end. -->\n"


def where(names):
    first, *others = names
    return f"== {first}" + (f", and {len(others)} more" if others else "")


def differences(wire):
    """What a version of the server says otherwise than another, once each."""
    text = "\n\n".join(f"{where(names)}\n{lines}" for lines, names in wire.differences().items())
    return f"```\n{text}\n```\n" if text else "None.\n"


def expect_lines(got, want):
    difference = difflib.unified_diff(got.split("\n"), want.split("\n"), "the guide",
                                      "tests/wire", lineterm="")
    if got != want:
        raise Unexpected("run tests/lint/compatibility.py --update\n" + "\n".join(difference))


def main():
    tap = Tap()
    wires = {name: WireFile(SOURCE / "tests" / "wire" / f"{name}.txt") for name in NAMES}
    text = "\n".join(f"### {title}\n\n{differences(wires[name])}" for name, title in NAMES.items())
    head, begin, tail = read_guide().partition(BEGIN)
    if "--update" in sys.argv[1:]:
        (SOURCE / "doc" / "compatibility.md").write_text(f"{head}{BEGIN}\n{text}")
        tail = f"\n{text}"
    with tap.case("the differences are those of tests/wire"):
        expect_true(begin, f"no line {BEGIN}")
        expect_lines(tail.strip(), text.strip())
    with tap.case("the sessions of tests/wire are of the releases of the table"):
        for name, wire in wires.items():
            program = "Postfix" if name == "postfix" else "Dovecot"
            told = {".".join(release[program].split(".")[:2]) for release in releases().values()}
            expect(set(wire.versions), told, f"versions of {program} in {name}.txt")
    with tap.case("every integration test is named, and no other"):
        there = {path.stem for path in (SOURCE / "tests" / "integration").glob("*.py")}
        named = set(re.findall(r"`([\w-]+)\.py`", head))
        expect(sorted(named ^ there), [], "named, or there, alone")
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
