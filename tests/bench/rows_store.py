# SPDX-License-Identifier: MIT
"""Rows of the exceptions in their file, and of what a new process has to read."""

import re
import subprocess

from measure import Result, judge, row
from policyd_client import BUILD, apply_state
from rows_policyd import networks
from servers import workspace

LINE = re.compile(r"^(.+?) +([\d.]+) (.+) \(aim: ([\d.]+)\)")
# What is aimed at for a number of exceptions is for so many.
JUDGED = 1000000
# Milliseconds.
START = 0.2


def output(*argv):
    done = subprocess.run(argv, stdout=subprocess.PIPE, text=True, check=False)
    # 1: an aim is missed, which we see ourselves.
    if done.returncode > 1:
        raise RuntimeError(f"{argv[0]}: exit {done.returncode}")
    return done.stdout


@row("store", "exceptions in their file: size, look-ups, building, opening")
def store(effort):
    for number in effort.sizes(1000, 100000, JUDGED, 10 * JUDGED):
        for line in output(BUILD + "/tests/bench/snapshot", str(number)).splitlines():
            what, value, unit, aim = LINE.match(line).groups()
            judged = number == JUDGED or what.startswith(("private", "start"))
            yield Result(f"{number:,} exceptions, {what}", f"{float(value):.3f} {unit}",
                         f"<= {aim} {unit}" if judged else "", "",
                         judge(float(value), None, float(aim)) if judged else "")


@row("start", "loading the applied policy in a new process, more than an empty one takes")
def start(effort):
    with workspace() as (directory, _):
        for number in effort.sizes(100, 10000):
            state = f"{directory}/{number}"
            apply_state(state, networks(directory, number))
            value, noise = map(float, output(BUILD + "/tests/bench/start", state).split())
            yield Result(f"{number:,} networks", f"{value:.3f} ms",
                         f"<= {START} ms" if number == 100 else "", f"{noise:+.3f} ms",
                         judge(value, None, START, noise / START) if number == 100 else "")
