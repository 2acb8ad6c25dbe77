# SPDX-License-Identifier: MIT
"""Row of tlsfloor report: seconds and memory for a log of 1 GB.

The log has audit lines only, which is the worst: each is judged. One with three logins in ten
below the floor, and one with as many users as there are lines. Needs 1.1 GB of disk.
"""

import os
import pathlib
import subprocess
import sys
import tempfile

from measure import row, value_result

TLSFLOOR = os.path.join(os.environ["TLSFLOOR_BUILD"], "admin/tlsfloor")


def lines(users):
    """Lines of a second each, for ever."""
    number = 0
    while True:
        user, seconds = number % users, number % 86400
        outcome, version = (("tag reason=version", "TLSv1") if number % 10 < 3 else
                            ("accept reason=compliant", "TLSv1.2"))
        name = f"user{user}@example.org"
        client = f"198.51.{user // 250 % 200}.{user % 250}"
        yield (f"2026-{number // 86400 % 11 + 1:02}-{number // 86400 % 28 + 1:02}T"
               f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.123456+00:00 mail "
               f"dovecot: imap-login: tlsfloor: action={outcome} rule=RFC8997 service=imap "
               f"stage=auth user={name} client={client} port=40000 tls={version} "
               "cipher=ECDHE-RSA-AES256-SHA bits=256 floor=TLSv1.2 mode=observe exception=- "
               f"session=Qq54oYN59uas: user=<{name}>, method=PLAIN, rip={client}, "
               "lip=192.0.2.1, TLS, session=<Qq54oYN59uas>\n")
        number += 1


def write(path, users, size):
    with open(path, "w", encoding="ascii", buffering=1 << 20) as file:
        for line in lines(users):
            size -= file.write(line)
            if size <= 0:
                return


def read(directory, log):
    """Seconds and megabytes that tlsfloor report takes for it."""
    conf = pathlib.Path(directory, "conf")
    conf.write_text("exceptions = none\n")
    with subprocess.Popen([TLSFLOOR, "-c", conf, "report", log],
                          stdout=subprocess.DEVNULL) as process:
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 1:
        raise OSError(f"tlsfloor report has ended with {process.returncode}")
    return usage


@row("report", "tlsfloor report of 1 GB of audit lines")
def report(effort):
    size = 10**6 if effort.quick else 10**9
    for name, users in (("50,000 users", 50000), ("a new user in each line", sys.maxsize)):
        with tempfile.TemporaryDirectory() as directory:
            log = os.path.join(directory, "log")
            write(log, users, size)
            usage = read(directory, log)
        yield value_result(f"{name}, CPU", usage.ru_utime + usage.ru_stime, " s", at_most=30)
        yield value_result(f"{name}, memory", usage.ru_maxrss * 1024 / 1e6, " MB", at_most=100)
