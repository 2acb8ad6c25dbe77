# SPDX-License-Identifier: MIT
"""Results as TAP: one line a case; what went wrong follows as comments."""

import contextlib
import os
import sys
import traceback


class Tap:
    def __init__(self):
        self.count = self.failed = 0

    @contextlib.contextmanager
    def case(self, name):
        """The block passes unless it raises; says expect() in it."""
        try:
            yield
            error = None
        except Exception as exception:  # the next case still runs
            error = exception
        self.count += 1
        print(f"{'not ok' if error else 'ok'} {self.count} - {name}", flush=True)
        if error:
            self.failed += 1
            comment(str(error) if isinstance(error, Unexpected)
                    else "".join(traceback.format_exception(error)))

    def skip(self, name, reason):
        self.count += 1
        print(f"ok {self.count} - {name} # SKIP {reason}", flush=True)

    def finish(self):
        """Prints the plan; the exit status."""
        print(f"1..{self.count}", flush=True)
        return 1 if self.failed or not self.count else 0


class Unexpected(Exception):
    pass


def comment(text):
    for line in text.splitlines():
        print(f"# {line}".encode("ascii", "backslashreplace").decode(), flush=True)


def expect(got, want, what="got"):
    if got != want:
        raise Unexpected(f"{what}: {got!r}\nwant: {want!r}")


def expect_true(condition, what):
    if not condition:
        raise Unexpected(what)


def skip_unless_root():
    if os.geteuid() != 0:
        print("1..0 # SKIP needs root")
        sys.exit(0)
