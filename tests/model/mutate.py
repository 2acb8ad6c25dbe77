#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Breaks the decision once in every way that a rule below knows; each time a test has to fail.

Takes policy.c, and of exception.c the match, makes one change, compiles that file, links it with
the rest of the core and compares its answers with the model's, over the quick sample of
products.py.  A mutant whose answers are the same survives: the sample is too thin, or the change
makes no difference.  The latter stand in EQUIVALENT with a reason each.

Environment: CC, CFLAGS, TLSFLOOR_SRC (source tree), TLSFLOOR_BUILD (build tree).  Prints TAP.
"""

import collections
import multiprocessing.pool
import os
import re
import shlex
import subprocess
import sys
import tempfile
from typing import NamedTuple

from cases import known_suites
from products import quick_run

SRC = os.environ.get("TLSFLOOR_SRC", os.path.join(os.path.dirname(__file__), "../.."))
BUILD = os.environ.get("TLSFLOOR_BUILD", ".")
LIBRARY = os.path.join(BUILD, "common/libtlsfloor.a")
CC = shlex.split(os.environ.get("CC", "cc")) + shlex.split(os.environ.get("CFLAGS", ""))
# An index beyond a constant bound ends the mutant, where it would read what the stack holds.
COMPILE = CC + ["-std=c11", "-O0", "-w", "-D_GNU_SOURCE", "-I", os.path.join(SRC, "common"),
                "-fno-sanitize=all", "-fsanitize=bounds", "-fsanitize-undefined-trap-on-error",
                "-c"]

# What is mutated: the whole file, or these functions of it.
TARGETS = {
    "policy.c": None,
    "exception.c": ("covers_network", "covers_version", "covers_cipher", "tlsfloor_exception_match",
                    "tlsfloor_exception_names"),
}

# (line of source, change): why it makes no difference.
EQUIVALENT = {
    ("return suite->encryption == TLSFLOOR_ENC_NULL || suite->encryption == TLSFLOOR_ENC_RC4 ||",
     "TLSFLOOR_ENC_NULL to TLSFLOOR_ENC_RC4"):
        "NULL encryption has a strength of 0 bits, and that is forbidden too",
    ("if (suite->first_version == TLSFLOOR_TLS_1_3)",
     "TLSFLOOR_TLS_1_3 to TLSFLOOR_TLS_NEWER"):
        "every suite of TLS 1.3 that encrypts is AEAD with forward secrecy, thus fine anyway",
    ("return policy->rollout_percent > 0 && policy->rollout_percent < 100;",
     "> to >="):
        "with 0 percent nobody is bound, and what is partial is asked of the bound only",
    ("return tls != TLSFLOOR_TLS_UNKNOWN && tls >= exception->allow;",
     "TLSFLOOR_TLS_UNKNOWN to TLSFLOOR_TLS_CLEARTEXT"):
        "unknown and cleartext are below every other version, also as numbers",
}

# Constants and what takes their place: the next of the ring.
RINGS = [ring.split() for ring in (
    "TLSFLOOR_ACCEPT TLSFLOOR_TAG TLSFLOOR_REFUSE TLSFLOOR_DEFER TLSFLOOR_UNDECIDED",
    "TLSFLOOR_REASON_NOT_SUBJECT TLSFLOOR_REASON_COMPLIANT TLSFLOOR_REASON_WEAK_CIPHER"
    " TLSFLOOR_REASON_TRUSTED_NETWORK TLSFLOOR_REASON_UNKNOWN_TLS TLSFLOOR_REASON_CLEARTEXT"
    " TLSFLOOR_REASON_VERSION TLSFLOOR_REASON_CIPHER TLSFLOOR_REASON_UNKNOWN_CIPHER"
    " TLSFLOOR_REASON_EXCEPTION TLSFLOOR_REASON_STORE_ERROR",
    "TLSFLOOR_RULE_LOCAL TLSFLOOR_RULE_RFC8997 TLSFLOOR_RULE_RFC8314_4_1"
    " TLSFLOOR_RULE_RFC9325_4_1 TLSFLOOR_RULE_RFC10015",
    "TLSFLOOR_CIPHER_VIOLATION TLSFLOOR_CIPHER_WEAK TLSFLOOR_CIPHER_FINE TLSFLOOR_CIPHER_UNKNOWN",
    "TLSFLOOR_MATCH_EXPIRED TLSFLOOR_MATCH_SERVICE TLSFLOOR_MATCH_NETWORK TLSFLOOR_MATCH_VERSION"
    " TLSFLOOR_MATCH_CIPHER TLSFLOOR_MATCH_WHO TLSFLOOR_MATCH_YES",
    "TLSFLOOR_ANSWER_REJECT TLSFLOOR_ANSWER_TAG TLSFLOOR_ANSWER_ACCEPT",
    "TLSFLOOR_MODE_ENFORCE TLSFLOOR_MODE_TAG TLSFLOOR_MODE_OBSERVE",
    "TLSFLOOR_PROFILE_RFC9325 TLSFLOOR_PROFILE_RFC10015 TLSFLOOR_PROFILE_NONE",
    "TLSFLOOR_AUDIT_ALL TLSFLOOR_AUDIT_VIOLATIONS TLSFLOOR_AUDIT_NONE",
    "TLSFLOOR_LOOKUP_ERROR TLSFLOOR_LOOKUP_ABSENT TLSFLOOR_LOOKUP_FOUND",
    "TLSFLOOR_USER_NOT_YET TLSFLOOR_USER_NONE TLSFLOOR_USER_NAMED",
    "TLSFLOOR_WHO_USER TLSFLOOR_WHO_DOMAIN TLSFLOOR_WHO_ANYBODY",
    "TLSFLOOR_SERVICE_NONE TLSFLOOR_SERVICE_IMAP TLSFLOOR_SERVICE_SUBMISSION",
    "TLSFLOOR_TLS_UNKNOWN TLSFLOOR_TLS_CLEARTEXT TLSFLOOR_TLS_SSLV2 TLSFLOOR_TLS_SSLV3"
    " TLSFLOOR_TLS_1_0 TLSFLOOR_TLS_1_1 TLSFLOOR_TLS_1_2 TLSFLOOR_TLS_1_3 TLSFLOOR_TLS_NEWER",
    "TLSFLOOR_ENC_NULL TLSFLOOR_ENC_RC4 TLSFLOOR_ENC_AES_GCM",
    "TLSFLOOR_AUTH_NONE TLSFLOOR_AUTH_RSA",
)]
NEXT = {name: ring[(index + 1) % len(ring)] for ring in RINGS for index, name in enumerate(ring)}
NEIGHBOURS = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||",
              "||": "&&"}


class Mutant(NamedTuple):
    file: str
    start: int
    end: int
    text: str  # what takes the place of the source between start and end
    change: str  # in words


# --- Reading C, as far as it takes --------------------------------------------------------------


def blank(source):
    """The source with comments, texts and directives as spaces: offsets stay."""
    pattern = r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|^[ \t]*#[^\n]*'
    return re.sub(pattern, lambda match: re.sub(r"[^\n]", " ", match[0]), source,
                  flags=re.DOTALL | re.MULTILINE)


def closing(code, start):
    """The bracket that closes the one at start."""
    depth = 0
    for index in range(start, len(code)):
        depth += (code[index] in "([{") - (code[index] in ")]}")
        if depth == 0:
            return index
    raise ValueError("unbalanced source")


def expression_end(code, start):
    """Where an expression that begins at start ends: at the , ; or bracket that is not its own."""
    depth = 0
    for index in range(start, len(code)):
        if depth == 0 and code[index] in ",;)]}":
            return index
        depth += (code[index] in "([{") - (code[index] in ")]}")
    raise ValueError("unbalanced source")


def colon_of(code, question):
    """The colon that belongs to the question mark."""
    depth = 0
    for match in re.finditer(r"[?:()\[\]]", code[question:]):
        depth += (match[0] in "?([") - (match[0] in ":)]")
        if depth == 0:
            return question + match.start()
    raise ValueError("a ternary without colon")


def spans(code, functions):
    """The bodies of these functions; None: of all."""
    found = {}
    for match in re.finditer(r"^(\w+)\([^;{]*\)\n\{", code, re.MULTILINE):
        found[match[1]] = (match.end() - 1, closing(code, match.end() - 1) + 1)
    return [found[name] for name in (found if functions is None else functions)]


# --- Rules: each gives (start, end, text, change) for a function's body ---------------------------


def negate_ifs(code, source):
    for match in re.finditer(r"\bif \(", code):
        start, end = match.end() - 1, closing(code, match.end() - 1)
        yield start, end + 1, "(!" + source[start:end + 1] + ")", "if negated"


def swap_operators(code, _source):
    for match in re.finditer(r" (<=|>=|==|!=|<|>|&&|\|\|)(?=\s)", code):
        other = NEIGHBOURS[match[1]]
        yield match.start(1), match.end(1), other, "%s to %s" % (match[1], other)


def drop_nots(code, _source):
    for match in re.finditer(r"!(?!=)", code):
        yield match.start(), match.end(), "", "! dropped"


def swap_constants(code, _source):
    for match in re.finditer(r"\bTLSFLOOR_\w+", code):
        label = re.search(r"\bcase\s+$", code[:match.start()])
        if match[0] in NEXT and not label:
            yield match.start(), match.end(), NEXT[match[0]], "%s to %s" % (match[0],
                                                                            NEXT[match[0]])


def swap_returns(code, _source):
    for match in re.finditer(r"\breturn ([01]);", code):
        other = str(1 - int(match[1]))
        yield match.start(1), match.end(1), other, "return %s to %s" % (match[1], other)


def swap_ternaries(code, source):
    for match in re.finditer(r"\?", code):
        colon = colon_of(code, match.start())
        end = expression_end(code, colon + 1)
        yes, no = source[match.end():colon], source[colon + 1:end]
        yield match.start(), end, "? (%s) : (%s)" % (no, yes), "ternary swapped"


def drop_cases(code, _source):
    """Each label of a group that does something; a group that breaks at once is nothing to drop."""
    groups = re.finditer(r"((?:\bcase \w+:\s*)+)(?!\s*case\b)(\w+)", code)
    for group in groups:
        if group[2] == "break":
            continue
        for label in re.finditer(r"case \w+:", group[1]):
            start = group.start(1) + label.start()
            yield start, start + len(label[0]), "", "label dropped"


def shift_numbers(code, _source):
    for match in re.finditer(r"(?<=[ (])(?<!return )([1-9][0-9]*)\b(?!U)", code):
        other = str(int(match[1]) + 1)
        yield match.start(1), match.end(1), other, "%s to %s" % (match[1], other)


def drop_assignments(code, _source):
    for match in re.finditer(r"^ +([*\w.>\[\]-]+ [*^]?= [^;{}]*;)", code, re.MULTILINE):
        yield match.start(1), match.end(1), ";", "assignment dropped"


RULES = (negate_ifs, swap_operators, drop_nots, swap_constants, swap_returns, swap_ternaries,
         drop_cases, shift_numbers, drop_assignments)


def mutants_of(file, source):
    code = blank(source)
    for first, last in spans(code, TARGETS[file]):
        for rule in RULES:
            for start, end, text, change in rule(code[first:last], source[first:last]):
                yield Mutant(file, first + start, first + end, text, change)


# --- Running a mutant ---------------------------------------------------------------------------


class Bench:
    """Compiles and runs, in a directory of its own."""

    def __init__(self, directory):
        self.directory = directory
        self.driver = os.path.join(directory, "decide-cases.o")
        self.sources = {}
        for file in TARGETS:
            with open(os.path.join(SRC, "common", file), encoding="ascii") as stream:
                self.sources[file] = stream.read()
        driver_source = os.path.join(SRC, "tests/model/decide-cases.c")
        subprocess.run(COMPILE + [driver_source, "-o", self.driver], check=True)
        original = self.build("original", self.sources["policy.c"], stderr=None)
        if original is None:
            raise SystemExit("the unchanged source does not compile: is %s up to date?" % LIBRARY)
        self.text, self.answer = quick_run(known_suites(original))
        if not self.agrees(original):
            raise SystemExit("core and model disagree already: see compare.py")

    def build(self, name, source, stderr=subprocess.DEVNULL):
        """The path of the program, or None: it does not compile."""
        path = os.path.join(self.directory, name)
        with open(path + ".c", "w", encoding="ascii") as stream:
            stream.write(source)
        for command in (COMPILE + [path + ".c", "-o", path + ".o"],
                        CC + [path + ".o", self.driver, LIBRARY, "-o", path]):
            if subprocess.run(command, stderr=stderr, check=False).returncode != 0:
                return None
        return path

    def agrees(self, program):
        try:
            run = subprocess.run([program], input=self.text.encode("latin-1"), check=False,
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=20)
        except subprocess.TimeoutExpired:
            return False
        return run.returncode == 0 and run.stdout == self.answer

    def fate(self, number_and_mutant):
        """What became of a mutant: "stillborn" (does not compile), "killed" or "survives"."""
        number, mutant = number_and_mutant
        source = self.sources[mutant.file]
        source = source[:mutant.start] + mutant.text + source[mutant.end:]
        program = self.build("mutant%d" % number, source)
        if program is None:
            return "stillborn"
        return "survives" if self.agrees(program) else "killed"

    def place(self, mutant):
        """The line number and the line of source."""
        source = self.sources[mutant.file]
        line = source.count("\n", 0, mutant.start) + 1
        return line, source.splitlines()[line - 1].strip()


# --- The whole run, as TAP ----------------------------------------------------------------------


def report(bench, mutants, fates):
    points, failed = 0, 0
    met = set()
    for mutant, fate in zip(mutants, fates):
        number, line = bench.place(mutant)
        key = (line, mutant.change)
        good = fate == "killed"
        if fate == "stillborn":
            continue
        points += 1
        name = "%s:%d: %s: %s" % (mutant.file, number, mutant.change, line.replace("#", ""))
        if key in EQUIVALENT:
            met.add(key)
            good = fate == "survives"  # or the entry is wrong
            name += " (equivalent: %s)" % EQUIVALENT[key]
        failed += not good
        print("%s %d - %s" % ("ok" if good else "not ok", points, name))
    for key in EQUIVALENT:
        points += 1
        failed += key not in met
        print("%s %d - still there: %s: %s" % ("ok" if key in met else "not ok", points, key[1],
                                               key[0]))
    print("1..%d" % points)
    return failed


def main():
    with tempfile.TemporaryDirectory(prefix="tlsfloor-mutate.") as directory:
        bench = Bench(directory)
        mutants = [mutant for file, source in bench.sources.items()
                   for mutant in mutants_of(file, source)]
        with multiprocessing.pool.ThreadPool(2) as pool:
            fates = pool.map(bench.fate, enumerate(mutants), chunksize=1)
        failed = report(bench, mutants, fates)
    print("# %d mutants: %s" % (len(mutants), ", ".join(
        "%d %s" % (count, fate) for fate, count in sorted(collections.Counter(fates).items()))))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
