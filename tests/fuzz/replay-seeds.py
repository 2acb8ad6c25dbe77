#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Replays the seeds of every fuzz harness: one point a harness."""
import os
import subprocess
import sys
from pathlib import Path

SEEDS = Path(os.environ["TLSFLOOR_SRC"]) / "tests" / "fuzz" / "seeds"
BUILT = Path(os.environ["TLSFLOOR_BUILD"]) / "tests" / "fuzz"


def replay(seeds):
    """What went wrong with a directory of seeds, or nothing."""
    harness = BUILT / f"replay-{seeds.name}"
    files = sum(1 for seed in seeds.iterdir() if seed.is_file())
    done = subprocess.run([harness, seeds], capture_output=True, text=True, errors="replace",
                          check=False)
    passed = sum(line.startswith("ok ") for line in done.stdout.splitlines())
    if done.returncode == 0 and passed == files and files > 0:
        return ""
    return (f"exit {done.returncode}, {passed} of {files} seeds\n"
            f"{done.stdout[-1000:]}{done.stderr[-3000:]}")


def main():
    # A build without Postfix has no harness for its requests.
    built = [path for path in sorted(SEEDS.iterdir()) if (BUILT / f"replay-{path.name}").exists()]
    print(f"1..{len(built)}")
    failed = not built
    for number, seeds in enumerate(built, 1):
        problem = replay(seeds)
        failed = failed or bool(problem)
        print(f"{'not ok' if problem else 'ok'} {number} - {seeds.name}")
        for line in problem.splitlines():
            print(f"# {line}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
