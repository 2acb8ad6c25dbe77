#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""mandoc has nothing to say about the manual pages, down to their style.

Only our own pages count as installed, so that the outcome is the same everywhere: .Xr is for them,
and names of other pages stand as plain text.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from tap import Tap, Unexpected, expect_true  # noqa: E402

PAGES = ("tlsfloor.8", "tlsfloor.conf.5", "tlsfloor-audit.5", "tlsfloor-dovecot.7",
         "tlsfloor-exceptions.5", "tlsfloor-policyd.8")
BAD = ".Dd November 22, 2026\n.Dt BAD 8\n.Os\n.Sh NAME\n.Nm bad\n.Nd page \n.It\n.Xr nowhere 8\n"


def lint(page, manuals):
    """What mandoc says of a page, where these manuals are installed; empty for a good one."""
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "style", str(page)], check=False,
                          env=dict(os.environ, MANPATH=str(manuals)),
                          capture_output=True, text=True, errors="replace")
    said = "".join(line for line in (done.stdout + done.stderr).splitlines(keepends=True)
                   if "outdated mandoc.db" not in line)
    return said or (f"exit status {done.returncode}" if done.returncode else "")


def install(pages, directory):
    """A directory of manuals as man(1) looks for them."""
    for page in pages:
        section = directory / f"man{page.suffix[1:]}"
        section.mkdir(exist_ok=True)
        (section / page.name).symlink_to(page.resolve())
    return directory


def main():
    pages = {page.name: page
             for page in (pathlib.Path(os.environ["TLSFLOOR_SRC"]) / "doc").glob("*.[1-9]")}
    tap = Tap()
    with tempfile.TemporaryDirectory() as name:
        manuals = install(pages.values(), pathlib.Path(name))
        with tap.case("a bad page is told"):
            bad = manuals / "bad.8"
            bad.write_text(BAD, encoding="ascii")
            said = lint(bad, manuals)
            expect_true("whitespace at end of input line" in said, said)
            expect_true("Xr nowhere 8" in said, said)
        for name in sorted(set(pages) | set(PAGES)):
            with tap.case(name):
                expect_true(name in pages, "is missing")
                said = lint(pages[name], manuals)
                if said:
                    raise Unexpected(said)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
