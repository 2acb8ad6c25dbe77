#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How long tlsfloor report takes for a log of 1 GB, and how much memory, beside its aims.

The log has audit lines only, which is the worst: each is judged. One with three users in ten
below the floor, and one with as many users as there are lines. Needs 1.1 GB of disk.
"""

import os
import subprocess
import sys
import tempfile
import time

TLSFLOOR = os.path.join(os.environ["TLSFLOOR_BUILD"], "admin/tlsfloor")
SIZE = int(os.environ.get("SIZE", 1000)) * 1000000
SECONDS, MEGABYTES = 30, 100


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


def write(path, users):
    with open(path, "w", encoding="ascii", buffering=1 << 20) as file:
        size = 0
        for line in lines(users):
            size += file.write(line)
            if size > SIZE:
                return


def measure(directory, name, users):
    path, conf = os.path.join(directory, "log"), os.path.join(directory, "conf")
    write(path, users)
    with open(conf, "w", encoding="ascii") as file:
        file.write("exceptions = none\n")
    before = time.monotonic()
    with subprocess.Popen([TLSFLOOR, "-c", conf, "report", path], text=True,
                          stdout=subprocess.PIPE) as process:
        text = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds, megabytes = time.monotonic() - before, usage.ru_maxrss / 1024
    print(f"{name}: {os.path.getsize(path) / 1e9:.2f} GB in {seconds:.1f} s (aim {SECONDS}; "
          f"{usage.ru_utime + usage.ru_stime:.1f} s of a processor), {megabytes:.0f} MB "
          f"(aim {MEGABYTES}); exit {process.returncode}; "
          f"{text.splitlines()[0]}", flush=True)
    return seconds <= SECONDS and megabytes <= MEGABYTES


def main():
    with tempfile.TemporaryDirectory() as directory:
        results = [measure(directory, "50,000 users", 50000),
                   measure(directory, "a new user in each line", 1 << 40)]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
