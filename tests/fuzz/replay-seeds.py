#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Replays the seeds of every fuzz harness: one point a harness."""
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from tap import Tap, expect_true  # noqa: E402

SEEDS = Path(os.environ["TLSFLOOR_SRC"]) / "tests" / "fuzz" / "seeds"
BUILT = Path(os.environ["TLSFLOOR_BUILD"]) / "tests" / "fuzz"


def replay(seeds):
    harness = BUILT / f"replay-{seeds.name}"
    files = sum(1 for seed in seeds.iterdir() if seed.is_file())
    done = subprocess.run([harness, seeds], capture_output=True, text=True, errors="replace",
                          check=False)
    passed = sum(line.startswith("ok ") for line in done.stdout.splitlines())
    expect_true(done.returncode == 0 and passed == files and files > 0,
                f"exit {done.returncode}, {passed} of {files} seeds\n"
                f"{done.stdout[-1000:]}{done.stderr[-3000:]}")


def main():
    tap = Tap()
    for seeds in sorted(SEEDS.iterdir()):
        # A build without Postfix has no harness for its requests.
        if (BUILT / f"replay-{seeds.name}").exists():
            with tap.case(seeds.name):
                replay(seeds)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
