# SPDX-License-Identifier: MIT
"""What all rows share: pairs in turn, their control, medians, the verdict, and the table.

A row compares a subject with a reference that runs on the same machine in the
same minute: A B A B, and with each pair once more the reference, as a second
instance. What the two references differ by is the noise of the machine.
"""

import dataclasses
import os
import pathlib
import platform
import statistics

# The control may be off by so much before there is no verdict.
NOISE = 0.05
ROWS = {}


class Skip(Exception):
    """A row that cannot be measured here, and why."""


@dataclasses.dataclass
class Effort:
    """How much is measured: all of it, or so little that one sees that the row works."""
    quick: bool = False

    @property
    def pairs(self):
        return 1 if self.quick else 15

    @property
    def seconds(self):
        """Of one turn of a load."""
        return 0.05 if self.quick else 0.25

    def sizes(self, *sizes):
        return sizes[:1] if self.quick else sizes


@dataclasses.dataclass
class Result:
    """One line of the table: what was measured, what is aimed at, how calm the machine was."""
    what: str
    measured: str
    aim: str = ""
    control: str = ""
    verdict: str = ""


def row(name, about):
    """Decorator of a function that takes an Effort and yields Results: the row of that name."""
    def add(function):
        ROWS[name] = function, about
        return function

    return add


def in_turn(effort, subjects, pairs=None):
    """Calls the subjects in turn, after a first round that does not count; name -> results."""
    results = {name: [] for name in subjects}
    for number in range((effort.pairs if pairs is None or effort.quick else pairs) + 1):
        for name, subject in subjects.items():
            result = subject()
            if number > 0:
                results[name].append(result)
    return results


def ratios(results, a, b, key):
    return [x[key] / y[key] for x, y in zip(results[a], results[b])]


def median(results, name, key):
    return statistics.median(result[key] for result in results[name])


def judge(value, at_least=None, at_most=None, noise=0.0):
    """The verdict, if it is the same for all that the noise, a part of 1, leaves open."""
    verdicts = {keeps(value * (1 + error), at_least, at_most) for error in (-noise, 0, noise)}
    if abs(noise) > NOISE or len(verdicts) > 1:
        return "too noisy"
    return "met" if verdicts == {True} else "MISSED"


def ratio_result(what, results, key, at_least=None, at_most=None, unit="", digits=2):
    """The median ratio of subject to reference, with the ratio of control to reference."""
    found = ratios(results, "subject", "reference", key)
    ratio = statistics.median(found)
    noise = statistics.median(ratios(results, "control", "reference", key))
    medians = [f"{median(results, name, key):,.{digits}f}" for name in ("subject", "reference")]
    return Result(what, f"{ratio:.3f} ({min(found):.2f}-{max(found):.2f}); "
                  f"{medians[0]} to {medians[1]}{unit}",
                  aim(at_least, at_most), f"{noise:.3f}",
                  "" if at_least is None and at_most is None else
                  judge(ratio, at_least, at_most, noise - 1))


def difference_result(what, results, key, at_most, unit, digits=3):
    """The median difference of subject and reference, and of control and reference."""
    more, noise = (statistics.median(x[key] - y[key] for x, y in
                                     zip(results[name], results["reference"]))
                   for name in ("subject", "control"))
    medians = [f"{median(results, name, key):,.{digits}f}" for name in ("subject", "reference")]
    return Result(what, f"{more:+.{digits}f}{unit}; {medians[0]} to {medians[1]}{unit}",
                  f"<= {at_most:g}{unit}", f"{noise:+.{digits}f}{unit}",
                  judge(more, None, at_most, noise / median(results, "reference", key)))


def value_result(what, value, unit, at_most=None, digits=2):
    return Result(what, f"{value:,.{digits}f}{unit}",
                  "" if at_most is None else f"<= {at_most:g}{unit}", "",
                  "" if at_most is None else judge(value, None, at_most))


def keeps(value, at_least, at_most):
    return (at_least is None or value >= at_least) and (at_most is None or value <= at_most)


def aim(at_least, at_most):
    limits = ((">=", at_least), ("<=", at_most))
    return " ".join(f"{sign} {limit:g}" for sign, limit in limits if limit is not None)


# --- the table ---

def machine():
    """In a sentence."""
    cpu = next((line.split(":", 1)[1].strip()
                for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                if line.startswith("model name")), platform.machine())
    system = platform.freedesktop_os_release()["PRETTY_NAME"]
    return f"{os.cpu_count()} processors ({cpu}), {system}, Linux {platform.release()}"


def load():
    return f"load {os.getloadavg()[0]:.2f}"


def heading(markdown):
    names = "row", "what", "measured", "aim", "control", "verdict"
    return "\n".join(["", line(names), line(["---"] * len(names))]) if markdown else ""


def line(cells):
    return "| " + " | ".join(cells) + " |"


def text(name, result, markdown):
    if markdown:
        return line([f"`{name}`", result.what, result.measured, result.aim, result.control,
                     result.verdict])
    extra = [f"aim {result.aim}"] * bool(result.aim) + \
        [f"control {result.control}"] * bool(result.control) + [result.verdict] * bool(
            result.verdict)
    return f"{name:<12} {result.what}: {result.measured}" + "".join(f"; {part}" for part in extra)
