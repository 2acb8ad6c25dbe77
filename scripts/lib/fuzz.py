# SPDX-License-Identifier: MIT
"""Builds the fuzz harnesses and runs them; scripts/fuzz says how it is used.

In the directory: src/ leads to the tree, bin/ has the harnesses for the fuzzer,
coverage/ those that count what the inputs reach, corpus/HARNESS/ the inputs that
reach something new, findings/HARNESS/ those that break something, HARNESS.log
what the fuzzer said.
"""

import argparse
import base64
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

TREE = Path(__file__).resolve().parents[2]
SEEDS = TREE / "tests" / "fuzz" / "seeds"

# Whose coverage a harness has to answer for.
UNDER_TEST = {
    "applied": ["common/envelope.c", "common/snapshot.c"],
    "audit": ["common/audit.c"],
    "envelope": ["common/envelope.c"],
    "exception": ["common/exception.c"],
    "log-line": ["common/audit-read.c", "common/log-line.c", "common/log-stamp.c"],
    "names": ["common/cipher-suites.c", "common/facts.c", "common/text.c", "common/time-text.c",
              "common/tls-names.c"],
    "network": ["common/network.c"],
    "policy-text": ["common/conf.c", "common/policy-brownout.c", "common/policy-checks.c",
                    "common/policy-text.c", "common/policy-values.c"],
    "reply": ["admin/probe-reply.c"],
    "request": ["common/policy.c", "common/reply.c", "postfix-policyd/adapter.c",
                "postfix-policyd/request.c"],
    "snapshot": ["common/snapshot.c"],
    "verdict": ["dovecot-plugin/verdict.c"],
}

# Of a finding, in bytes.
LARGEST_PRINTED = 3000

SANITIZERS = ("-g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined "
              "-fno-sanitize-recover=all")


class Failed(Exception):
    pass


def run(command, **options):
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False,
                          **options)
    if done.returncode != 0:
        raise Failed(f"{' '.join(map(str, command))} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def number(pattern, text):
    found = re.search(pattern, text, re.MULTILINE)
    if found is None:
        raise Failed(f"the fuzzer does not say how far it has come:\n{text[-2000:]}")
    return float(found.group(1))


class LibFuzzer:
    """Ends with the first finding, as AFL++ does here."""

    compiler = "clang"
    flags = f"{SANITIZERS} -fsanitize=fuzzer-no-link"

    def __init__(self, fuzzed):
        self.fuzzed = fuzzed

    def run(self, seconds):
        fuzzed = self.fuzzed
        dictionary = [f"-dict={fuzzed.dictionary}"] if fuzzed.dictionary.exists() else []
        with open(fuzzed.log, "w", encoding="utf-8") as log:
            done = subprocess.run([fuzzed.program, f"-max_total_time={seconds}", "-timeout=10",
                                   "-print_final_stats=1", f"-artifact_prefix={fuzzed.findings}/",
                                   *dictionary, fuzzed.corpus, fuzzed.seeds],
                                  stdout=log, stderr=log, check=False)
        said = fuzzed.log.read_text(errors="replace")
        for slow in fuzzed.findings.glob("slow-unit-*"):
            slow.unlink()
        if done.returncode != 0 and not fuzzed.new_findings():
            raise Failed(f"{fuzzed.name}: {said[-3000:]}")
        return int(number(r"^stat::number_of_executed_units: *(\d+)", said))


class Afl:
    compiler = "afl-clang-fast"
    flags = SANITIZERS
    environment = {"AFL_NO_UI": "1", "AFL_SKIP_CPUFREQ": "1", "AFL_NO_AFFINITY": "1",
                   "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1", "AFL_BENCH_UNTIL_CRASH": "1"}

    def __init__(self, fuzzed):
        self.fuzzed = fuzzed

    def run(self, seconds):
        fuzzed = self.fuzzed
        dictionary = ["-x", fuzzed.dictionary] if fuzzed.dictionary.exists() else []
        with tempfile.TemporaryDirectory() as directory, \
                open(fuzzed.log, "w", encoding="utf-8") as log:
            known, out = Path(directory, "in"), Path(directory, "out")
            shutil.copytree(fuzzed.seeds, known)
            shutil.copytree(fuzzed.corpus, known, dirs_exist_ok=True)
            done = subprocess.run(["afl-fuzz", "-V", str(seconds), "-m", "none", "-t", "10000",
                                   "-i", known, "-o", out, *dictionary, "--", fuzzed.program],
                                  stdout=log, stderr=log, check=False,
                                  env=os.environ | self.environment)
            if done.returncode != 0:
                raise Failed(f"{fuzzed.name}: {fuzzed.log.read_text(errors='replace')[-3000:]}")
            for kind in ("crashes", "hangs"):
                self.keep(out / "default" / kind, fuzzed.findings)
            self.keep(out / "default" / "queue", fuzzed.corpus)
            stats = (out / "default" / "fuzzer_stats").read_text()
        return int(number(r"^execs_done *: *(\d+)", stats))

    @staticmethod
    def keep(found, directory):
        for file in found.glob("id:*"):
            shutil.copy(file, directory / file.name.replace(":", "-").replace(",", "_"))


ENGINES = {"libfuzzer": LibFuzzer, "afl": Afl}


class Fuzzed:
    """One harness with all that belongs to it."""

    def __init__(self, name, directory):
        self.name = name
        self.program = directory / "bin" / f"fuzz-{name}"
        self.counting = directory / "coverage" / f"fuzz-{name}"
        self.dictionary = directory / "bin" / f"fuzz-{name}.dict"
        self.tested = [directory / "src" / "tlsfloor" / path for path in UNDER_TEST[name]]
        self.seeds = SEEDS / name
        self.corpus = directory / "corpus" / name
        self.findings = directory / "findings" / name
        self.log = directory / f"{name}.log"
        self.corpus.mkdir(parents=True, exist_ok=True)
        self.findings.mkdir(parents=True, exist_ok=True)
        self.known = set(self.findings.iterdir())

    def new_findings(self):
        return sorted(set(self.findings.iterdir()) - self.known)

    def coverage(self):
        """Per cent of regions and of lines that seeds and corpus reach."""
        inputs = [path for path in (self.seeds, self.corpus) if any(path.iterdir())]
        raw, profile = (self.counting.with_suffix(end) for end in (".raw", ".profile"))
        run([self.counting, *inputs], env=os.environ | {"LLVM_PROFILE_FILE": str(raw)})
        run(["llvm-profdata", "merge", "-o", profile, raw])
        said = json.loads(run(["llvm-cov", "export", "-summary-only", "-instr-profile", profile,
                               self.counting, *self.tested]))["data"][0]
        if sorted(file["filename"] for file in said["files"]) != sorted(map(str, self.tested)):
            raise Failed(f"{self.name}: no coverage of {', '.join(UNDER_TEST[self.name])}")
        return said["totals"]["regions"]["percent"], said["totals"]["lines"]["percent"]


def build(directory, name, compiler, flags, engine):
    """With the script that OSS-Fuzz builds with, and in its way."""
    out, source = directory / name, directory / "src"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    source.mkdir(exist_ok=True)
    tree = source / "tlsfloor"
    tree.unlink(missing_ok=True)
    tree.symlink_to(TREE)
    run([TREE / "tests" / "fuzz" / "oss-fuzz" / "build.sh"], env=os.environ | {
        "SRC": str(source), "OUT": str(out), "CC": compiler, "CXX": f"{compiler}++",
        "CFLAGS": flags, "CXXFLAGS": flags, "LIB_FUZZING_ENGINE": engine})


def build_all(directory, engine):
    harnesses = {path.stem.removeprefix("fuzz-") for path in TREE.glob("tests/fuzz/fuzz-*.c")}
    if harnesses != set(UNDER_TEST):
        raise Failed(f"{__file__} does not say what {harnesses ^ set(UNDER_TEST)} is for")
    build(directory, "bin", engine.compiler, engine.flags, "-fsanitize=fuzzer")
    replay = directory / "replay.o"
    run(["clang", "-D_GNU_SOURCE", "-c", TREE / "tests" / "fuzz" / "replay.c", "-o", replay])
    build(directory, "coverage", "clang", "-g -fprofile-instr-generate -fcoverage-mapping",
          str(replay))


def fuzz(fuzzed, engine, seconds):
    began = time.monotonic()
    executions = engine(fuzzed).run(seconds)
    took = time.monotonic() - began
    found = fuzzed.new_findings()
    line = f"{fuzzed.name:12} {executions:10} executions {executions / took:8.0f}/s"
    if not found:
        line += "  regions {:5.1f} %  lines {:5.1f} %".format(*fuzzed.coverage())
    print(f"{line}  {len(found) or 'no'} new finding{'' if len(found) == 1 else 's'}", flush=True)
    return fuzzed


def parse_arguments():
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description="Fuzzes every input.")
    parser.add_argument("-e", dest="engine", choices=ENGINES, default="libfuzzer")
    parser.add_argument("-d", dest="directory", type=Path, metavar="DIR")
    parser.add_argument("minutes", type=float, metavar="MINUTES", help="for each harness")
    parser.add_argument("harnesses", nargs="*", metavar="HARNESS",
                        help=f"of {' '.join(UNDER_TEST)}; all of them by default")
    arguments = parser.parse_args()
    unknown = set(arguments.harnesses) - set(UNDER_TEST)
    if unknown:
        parser.error(f"no such harness: {' '.join(sorted(unknown))}")
    if not arguments.minutes > 0:
        parser.error("MINUTES has to be more than 0")
    return arguments


def fuzz_all(directory, arguments):
    engine = ENGINES[arguments.engine]
    build_all(directory, engine)
    seconds = max(1, round(arguments.minutes * 60))
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        running = [pool.submit(fuzz, Fuzzed(name, directory), engine, seconds)
                   for name in arguments.harnesses or UNDER_TEST]
        return [one.result() for one in running]


def main():
    arguments = parse_arguments()
    directory = arguments.directory or Path(tempfile.mkdtemp(prefix="tlsfloor-fuzz."))
    directory = directory.absolute()
    directory.mkdir(parents=True, exist_ok=True)
    try:
        all_fuzzed = fuzz_all(directory, arguments)
    except Failed as failure:
        print(f"scripts/fuzz: {failure}\nThe logs are in {directory}", file=sys.stderr)
        return 1
    found = [fuzzed for fuzzed in all_fuzzed if fuzzed.new_findings()]
    for fuzzed in found:
        print(f"{fuzzed.name} (log: {fuzzed.log}), replay with")
        for finding in fuzzed.new_findings():
            print(f"    {fuzzed.program} {finding}")
            # For who has no more than what this has printed.
            data = finding.read_bytes()[:LARGEST_PRINTED]
            print(f"    base64: {base64.b64encode(data).decode()}")
    if not found and arguments.directory is None:
        shutil.rmtree(directory)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
