#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Each sentence of SECURITY.md names the tests that show it, and these are there.

A test is a file in backticks; what is quoted behind it stands in that file, where the name of a
function is as good as words.
"""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from guide import SOURCE  # noqa: E402
from tap import Tap, expect, expect_true  # noqa: E402

DEFAULT = "integration/"
TEST = re.compile(r'(?:tests/([\w-]+/))?`([\w-]+\.(?:py|c))`|"([^"]+)"')


def sentences(text):
    """The items of all lists, each in one line."""
    return [" ".join(item.split()) for item in re.findall(r"^- (.*(?:\n  .*)*)", text, re.M)]


def words(text):
    """Of prose or of a function's name."""
    return " ".join(text.replace("_", " ").split())


def said_in(path):
    """The words of a test; strings may be broken into lines."""
    return words(re.sub(r'"\n\s*f?"', "", path.read_text()))


def main():
    tap = Tap()
    items = sentences((SOURCE / "SECURITY.md").read_text())
    with tap.case("there are sentences"):
        expect_true(len(items) > 20, f"{len(items)}")
    for item in items:
        with tap.case(item[:80].replace("#", "")):
            path, found = None, 0
            for folder, name, case in TEST.findall(item):
                if name:
                    path, found = SOURCE / "tests" / ((folder or DEFAULT) + name), found + 1
                    expect(path.is_file(), True, str(path))
                elif path is not None:
                    expect_true(words(case) in said_in(path), f'"{case}" is not in {path.name}')
            expect_true(found, "names no test")
    return tap.finish()


sys.exit(main())
