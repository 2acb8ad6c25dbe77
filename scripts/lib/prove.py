# SPDX-License-Identifier: MIT
"""Runs the proofs of tests/proof; scripts/prove says how it is used.

A harness is linked with the modules that it is about and with the files that stand for the others.
What it says with ALWAYS() has to be proved, and what with REACHES() to be refuted: else the proof
would be one of nothing.
"""

import argparse
import multiprocessing.pool
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

TREE = Path(__file__).resolve().parents[2]
PROOF = TREE / "tests" / "proof"
sys.dont_write_bytecode = True
sys.path[:0] = [str(TREE / "tests" / "lib"), str(PROOF)]

from mutants import MUTANTS  # noqa: E402
from tap import Tap, Unexpected  # noqa: E402

BUCKET = "tlsfloor_policy_bucket"
BROWNOUT = "__CPROVER_file_local_policy_c_in_brownout"
AT_ONCE = 2
SECONDS = 600  # for one run of CBMC

# What is undefined behaviour, or loses something without being meant to.
CHECKS = ("--bounds-check", "--pointer-check", "--pointer-overflow-check", "--div-by-zero-check",
          "--signed-overflow-check", "--undefined-shift-check", "--enum-range-check")
# A hash is meant to overflow, and a byte of a name to become unsigned.
MEANT = ("--unsigned-overflow-check", "--conversion-check")
MEANT_IN = {"facts", "text"}

# CBMC's answer: "common/policy.c function is_bound", then "[is_bound.1] line 7 what: SUCCESS".
FILE = re.compile(r"(?:.*/)?(\S+) function ")
RESULT = re.compile(r"\[[^]]+\] (?:line (\d+) )?(.*): (\w+)$")
VERDICT = re.compile(r"^VERIFICATION (SUCCESSFUL|FAILED)$", re.MULTILINE)


class Harness(NamedTuple):
    proves: str
    core: tuple = ()  # modules of common beside policy.c
    assumed: tuple = ()  # files of tests/proof that stand for what the decision calls
    removed: tuple = ()  # functions of policy.c that they stand for
    checks: bool = False  # whether undefined behaviour is looked for
    unwind: int = 18  # no loop goes round more than 16 times, and a mutant may once more
    array: int = 5  # of longer arrays CBMC does not follow each element as a variable of its own


def of_decision(proves, *assumed, core=()):
    return Harness(proves, core, ("inputs", "assumed-networks", "assumed-bucket",
                                  "assumed-brownout", *assumed), (BUCKET, BROWNOUT))


# Those that take long come first.
HARNESSES = {
    "networks": Harness("a list has the addresses of its networks", ("network",), checks=True,
                        array=16),
    "undefined": of_decision("a decision has no undefined behaviour", "assumed-from",
                             core=("exception", "text"))._replace(checks=True),
    "times": Harness("nor has the question whether a time is in a brown-out", removed=(BUCKET,),
                     checks=True, array=16),
    "order": of_decision("action, reason and rule are those of the order of judgement",
                         "assumed-exception"),
    "newer": of_decision("a newer version never makes it worse, and exceptions go up",
                         "assumed-from", "assumed-names", core=("exception",)),
    "expired": of_decision("an expired exception never applies",
                           "assumed-from", "assumed-names", core=("exception",)),
    "allowed": of_decision("no violation is accepted unless whom the reason names allowed it",
                           "assumed-exception"),
    "undecided": of_decision("undecided only before the user is named; when the store counts",
                             "assumed-exception"),
    "rollout": of_decision("a higher percentage never lets anybody in", "assumed-exception"),
    "exceptions": of_decision("an exception covers what it says", "assumed-names",
                              core=("exception",)),
    "ciphers": Harness("a profile judges a suite by its table", checks=True),
    "brownout": Harness("a brown-out has the minutes of its windows", removed=(BUCKET,), unwind=25,
                        array=16),
    "bucket": Harness("a bucket is of the name in lower case, and below 100", ("facts", "text"),
                      removed=(BROWNOUT,), checks=True),
}


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Unexpected(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")


def compile_c(source, target, common, *options):
    run("goto-cc", "-std=c11", "-D_GNU_SOURCE", f"-I{common}", f"-I{PROOF}", *options, "-c",
        str(source), "-o", str(target))
    return target


def compile_core(name, harness, common, directory):
    """A module of common, without what is removed, with the checks."""
    target = compile_c(common / f"{name}.c", directory / f"{name}.o", common,
                       "--export-file-local-symbols")
    for function in harness.removed if name == "policy" else ():
        run("goto-instrument", "--remove-function-body", function, str(target), str(target))
    if harness.checks:
        meant = name in MEANT_IN or (name == "policy" and BUCKET not in harness.removed)
        run("goto-instrument", *CHECKS, *(() if meant else MEANT), str(target), str(target))
    return target


def link(name, common, directory):
    harness = HARNESSES[name]
    objects = [compile_core(module, harness, common, directory)
               for module in ("policy", *harness.core)]
    objects += [compile_c(PROOF / f"{file}.c", directory / f"proof-{file}.o", common)
                for file in (*harness.assumed, name)]
    run("goto-cc", *map(str, objects), "-o", str(directory / name))
    return directory / name


def ask_cbmc(name, common):
    """(description, place, "SUCCESS" or "FAILURE") of everything that CBMC was asked."""
    with tempfile.TemporaryDirectory(prefix="tlsfloor-prove.") as directory:
        program = link(name, common, Path(directory))
        command = ["cbmc", str(program), "--unwind", str(HARNESSES[name].unwind),
                   "--unwinding-assertions", "--no-standard-checks", "--drop-unused-functions",
                   "--max-field-sensitivity-array-size", str(HARNESSES[name].array),
                   "--verbosity", "4"]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS,
                                  check=False)
        except subprocess.TimeoutExpired as error:
            raise Unexpected(f"CBMC has not finished after {SECONDS} seconds") from error
    file = "?"
    for line in done.stdout.splitlines():
        header, result = FILE.match(line), RESULT.match(line)
        if header:
            file = header[1]
        elif result:
            yield result[2], f"{file}:{result[1]}", result[3]
    if not VERDICT.search(done.stdout):
        raise Unexpected(f"CBMC came to no end:\n{done.stdout[-2000:]}{done.stderr}")


def broken(name, common=TREE / "common"):
    """What the harness says of this source: what is not as claimed, and what it never reaches."""
    wrong, unreached = [], []
    for description, place, status in ask_cbmc(name, common):
        if description.startswith("reaches: "):
            if status != "FAILURE":
                unreached.append(f"{place}: never {description}")
        elif status != "SUCCESS":
            wrong.append(f"{place}: {status}: {description}")
    return wrong, unreached


def fails_on(mutant):
    """The harness that it is for has to refute the broken source."""
    with tempfile.TemporaryDirectory(prefix="tlsfloor-mutant.") as directory:
        common = Path(directory)
        for path in (TREE / "common").glob("*.[ch]"):
            (common / path.name).write_bytes(path.read_bytes())
        source = (common / mutant.file).read_text(encoding="ascii")
        if source.count(mutant.old) != 1:
            raise Unexpected(f"{mutant.file} has this not once:\n{mutant.old}")
        (common / mutant.file).write_text(source.replace(mutant.old, mutant.new),
                                          encoding="ascii")
        wrong, _ = broken(mutant.harness, common)
    # A loop that only goes round too often for CBMC tells nothing of the decision.
    if all("unwinding assertion" in problem for problem in wrong):
        raise Unexpected(f"{mutant.harness} proves it all the same")


def proves(name):
    wrong, unreached = broken(name)
    if wrong or unreached:
        raise Unexpected("\n".join(wrong + unreached))


def attempt(function_and_argument):
    """The seconds that it took, and what went wrong or None."""
    function, argument = function_and_argument
    start = time.monotonic()
    try:
        function(argument)
        error = None
    except Exception as exception:  # told when its turn comes
        error = exception
    return time.monotonic() - start, error


def report(function, arguments, name_of):
    """All of them, as TAP, so many at a time."""
    tap = Tap()
    with multiprocessing.pool.ThreadPool(min(AT_ONCE, os.cpu_count() or 1)) as pool:
        outcomes = pool.imap(attempt, [(function, argument) for argument in arguments])
        for argument, (seconds, error) in zip(arguments, outcomes):
            with tap.case(f"{name_of(argument)} ({seconds:.1f} s)"):
                if error:
                    raise error
    return tap.finish()


def main():
    parser = argparse.ArgumentParser(prog="scripts/prove")
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("harness", nargs="*", metavar="HARNESS")
    options = parser.parse_args()
    unknown = set(options.harness) - set(HARNESSES)
    if unknown:
        parser.error(f"no harness {', '.join(sorted(unknown))}: {', '.join(HARNESSES)}")
    wanted = options.harness or list(HARNESSES)
    if options.self_test:
        return report(fails_on, [mutant for mutant in MUTANTS if mutant.harness in wanted],
                      lambda mutant: f"{mutant.harness} fails: {mutant.what}")
    return report(proves, wanted, lambda name: f"{name}: {HARNESSES[name].proves}")


if __name__ == "__main__":
    sys.exit(main())
