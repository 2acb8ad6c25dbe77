# SPDX-License-Identifier: MIT
"""Dovecot's programs under the address sanitizer, for modules that were built with it.

Dovecot itself is not: clang's runtime is loaded before all else, and sees every
block of memory and each access of a module. What it has to say goes to
standard error, which for Dovecot's processes is its log. It cannot look for
leaks: nobody may trace a process that has dropped its privileges.
"""

import platform
import re
import subprocess

from .dovecot_text import block, run_with, settings

# A report has no names, for which it would need more than a chroot has: llvm-symbolizer
# finds them from the offsets into the module.
OPTIONS = "detect_leaks=0:symbolize=0"
# Services of the auth passdb, and what they run.
AUTH = {"auth": "auth", "auth-worker": "auth -w"}
REPORT = re.compile(r"ERROR: \w+Sanitizer|: runtime error: ")


def is_needed(module):
    return module.exists() and b"__asan_init" in module.read_bytes()


def configuration(programs, LD_PRELOAD="", **values):
    """Text for dovecot.conf. programs: service -> command. The rest: more of their environment.

    Shadow memory takes terabytes of addresses, so the limit is beyond all that there are.
    """
    runtime = subprocess.run(
        ["clang", f"-print-file-name=libclang_rt.asan-{platform.machine()}.so"], check=True,
        capture_output=True, text=True).stdout.strip()
    preload = f"{runtime}:{LD_PRELOAD}" if LD_PRELOAD else runtime
    return run_with(programs, LD_PRELOAD=preload, ASAN_OPTIONS=OPTIONS, **values) + "".join(
        block(f"service {service}", settings(vsz_limit="100000 T")) for service in programs)


def expect_no_report(log):
    """Raises if a process of this log was stopped by the sanitizer."""
    lines = log.read_text(errors="backslashreplace").split("\n") if log.exists() else []
    for number, line in enumerate(lines):
        if REPORT.search(line):
            raise RuntimeError("\n".join(lines[number:number + 30]))
