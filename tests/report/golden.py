#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Every view of one log, byte for byte: golden/lines, and golden/NAME.ref for each view.

"golden.py --update" writes them anew. The log has what a report must tell apart: users below the
floor, excepted, ready and not judged; sessions that were turned away; names and addresses of every
kind; lines that were forged, cut and lost; and a month of silence.
"""

import pathlib
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))

from log_lines import Logs  # noqa: E402
from tap import Tap, Unexpected, expect_true  # noqa: E402

GOLDEN = HERE / "golden"
CHANGED = 1795305600  # 2026-11-22, when the log is said to have been written last
VIEWS = {
    "text": [],
    "text-since": ["--since", "2026-11-01"],
    "text-masked": ["--mask"],
    "json": ["--json", "--by", "service"],
    "csv": ["--csv"],
    "csv-masked": ["--csv", "--mask"],
    "html": ["--html"],
    "users": ["--users"],
    "exceptions": ["--exceptions", "until=2027-03-31"],
    "password-changes": ["--password-changes"],
    "by-service": ["--by", "service"],
    "by-version": ["--by", "version"],
    "by-cipher": ["--by", "cipher"],
    "by-network": ["--by", "network"],
    "by-day": ["--by", "day"],
    "by-network-csv": ["--by", "network", "--csv"],
}
LISTS = ("csv", "csv-masked", "users", "password-changes", "by-network-csv")


def produce(logs, name):
    """What the view prints, and its exit status below; lists without their carriage returns."""
    path = logs.write("mail.log", [(GOLDEN / "lines").read_text()], CHANGED)
    output, errors, status = logs.run(*VIEWS[name], path, env={"TZ": "UTC"})
    if name in LISTS:
        expect_true(output.count("\r\n") == output.count("\n"), "a line of CSV ends otherwise")
        output = output.replace("\r\n", "\n")
    return f"{errors}{output}exit status: {status}\n"


def main():
    tap = Tap()
    for name in VIEWS:
        with tap.case(name), tempfile.TemporaryDirectory() as directory:
            reference = GOLDEN / f"{name}.ref"
            logs = Logs(directory, exceptions=(GOLDEN / "exceptions").read_text())
            got = produce(logs, name)
            if "--update" in sys.argv[1:]:
                reference.write_text(got)
            if got != reference.read_text():
                raise Unexpected(f"{name}.ref is otherwise:\n{got}")
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
