# SPDX-License-Identifier: MIT
"""The cases of a test: functions, each of which is called with a directory of its own.

The name of a function, in words, is the name of its case.
"""

import os
import tempfile

from tap import Tap

CASES = []


def case(function):
    """Decorator: this is a case; they run in the order of the file."""
    CASES.append(function)
    return function


def case_unless(condition):
    """Decorator: a case, but where it cannot make sense; there it does not count as skipped."""
    return (lambda function: function) if condition else case


def needs(condition, what):
    """Decorator below @case: skipped by name where the condition does not hold."""
    def mark(function):
        if not condition:
            function.lacks = what
        return function

    return mark


needs_root = needs(os.geteuid() == 0, "root")


def run(clean_up=lambda directory: None):
    """Runs all; the exit status. clean_up: called after each case, however it went."""
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="tlsfloor-") as base:
        os.chmod(base, 0o755)
        for number, function in enumerate(CASES):
            name = function.__name__.replace("_", " ")
            if hasattr(function, "lacks"):
                tap.skip(name, f"needs {function.lacks}")
                continue
            # Short: the name of a socket in it must be, too.
            directory = os.path.join(base, str(number))
            os.mkdir(directory)
            try:
                with tap.case(name):
                    function(directory)
            finally:
                clean_up(directory)
    return tap.finish()
