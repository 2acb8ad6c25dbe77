# SPDX-License-Identifier: MIT
"""doc/compatibility.md: which versions of which programs it says that the tests were run with."""

import pathlib

SOURCE = pathlib.Path(__file__).resolve().parents[2]


def read_guide():
    return (SOURCE / "doc" / "compatibility.md").read_text()


def releases():
    """Name of a release -> program -> version, of the first table."""
    rows = []
    for line in read_guide().split("\n"):
        if line.startswith("|"):
            rows.append([cell.strip() for cell in line.strip("|").split("|")])
        elif rows:
            break
    (_, *names), _, *programs = rows
    return {name: {program: cells[number] for program, *cells in programs}
            for number, name in enumerate(names)}
