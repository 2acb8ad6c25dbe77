#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The core is pure: its objects call nothing that reads a clock or a file, and keep nothing.

Every member of libtlsfloor.a, libpolicyd.a and libdovecotplugin.a but the named impure ones:
undefined symbols are ours or on a short list, nothing of the impure modules is called, and there is
no writable data but what the linker makes read-only. What allocates is named with what it may call.
"""

import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from tap import Tap, Unexpected, expect, expect_true  # noqa: E402

CORE = "common/libtlsfloor.a"
POLICYD = "postfix-policyd/libpolicyd.a"
PLUGIN = "dovecot-plugin/libdovecotplugin.a"
ADMIN = "admin/libadmin.a"
IMPURE = {"audit-syslog.o", "build-identity.o", "envelope-file.o", "file.o", "snapshot.o",
          "state.o", "state-apply.o", "state-directory.o", "store.o"}

# The members that the design calls pure; a new member of the archives is checked like them.
PURE = {CORE: set("""
    audit.o audit-read.o bytes.o cipher-suites.o conf.o decision.o envelope.o exception.o facts.o
    hash.o log-line.o log-stamp.o network.o policy.o policy-text.o policy-values.o reply.o text.o
    time-text.o tls-names.o
""".split()), POLICYD: {"adapter.o", "request.o"}, PLUGIN: {"verdict.o"},
ADMIN: set("""
    doctor-check.o doctor-dovecot.o doctor-findings.o doctor-postfix.o doctor-postfix-tls.o
    doctor-restrictions.o doctor-services.o doctor-settings.o doctor-socket.o
    probe-reply.o
""".split())}

ALLOWED = set("""
    bcmp inet_ntop inet_pton memchr memcmp memcpy memmem memmove memrchr memset snprintf strcat
    strchr strcmp strcpy strcspn strlen strncmp strnlen strpbrk strrchr strspn strstr vsnprintf
""".split())
MAY_ALSO = {
    "conf.o": {"free", "realloc"},
    "doctor-restrictions.o": {"memmem"},
    "doctor-services.o": {"__isoc23_strtol", "atoi", "strtol"},
    "doctor-settings.o": {"free", "realloc"},
    "envelope.o": {"qsort"},
    "network.o": {"free", "qsort", "reallocarray"},
    "policy-text.o": {"calloc", "free"},
}

# What compilers put in: position independence, stack protector, arithmetic; and sanitizers.
OF_COMPILER = re.compile(r"_GLOBAL_OFFSET_TABLE_$|__stack_chk_(fail|guard)$"
                         r"|__u?(div|mod|mul)\w+[23]$")
OF_SANITIZER = re.compile(r"_{2,3}(start_|stop_)?"
                          r"(asan|ubsan|sanitizer|sancov|lsan|odr_asan|llvm|gcov)[_.]")
WRITABLE = re.compile(r"\.(data|bss|tdata|tbss)(\.|$)|\*COM\*$")
CONSTANT = re.compile(r"\.data\.rel\.ro(\.|$)")
SYMBOL = re.compile(r"^[0-9a-f]+ .{7} (\S+)\t[0-9a-f]+ (?:\.hidden )?(\S+)$", re.M)
SECTION = re.compile(r"^ *\d+ (\S+) +([0-9a-f]+) ", re.M)


def output_of(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def undefined_symbols(path):
    return [line.split()[-1] for line in output_of("nm", "-u", path).splitlines() if line.strip()]


def defined_symbols(path):
    return {line.split()[-1]
            for line in output_of("nm", "--defined-only", "-g", path).splitlines() if line.strip()}


def call_problems(path, foreign, own):
    """Symbols that a pure object must not need.

    foreign: those that impure modules define; own: those of its pure neighbours.
    """
    allowed = ALLOWED | own | MAY_ALSO.get(path.name, set())
    for symbol in undefined_symbols(path):
        plain = re.sub(r"^__(\w+)_chk$", r"\1", symbol)
        if symbol in foreign:
            yield f"needs {symbol} of an impure module"
        elif not (symbol.startswith("tlsfloor_") or plain in allowed or
                  OF_COMPILER.match(symbol) or OF_SANITIZER.match(symbol)):
            yield f"needs {symbol}"


def is_writable(section):
    return WRITABLE.match(section) and not CONSTANT.match(section)


def data_problems(path):
    """Writable data; sanitizers put in some of their own, so there only named symbols count."""
    sanitized = any(OF_SANITIZER.match(symbol) for symbol in undefined_symbols(path))
    for section, name in SYMBOL.findall(output_of("objdump", "-t", path)):
        of_sanitizer = OF_SANITIZER.match(name) or (sanitized and name.startswith("__unnamed_"))
        if is_writable(section) and name != section and not of_sanitizer:
            yield f"has writable data {name} in {section}"
    for section, size in SECTION.findall(output_of("objdump", "-h", path)):
        if is_writable(section) and int(size, 16) > 0 and not sanitized:
            yield f"has {int(size, 16)} bytes of writable data in {section}"


def check_object(path, foreign=frozenset(), own=frozenset()):
    return [f"{path.name}: {problem}"
            for problem in [*call_problems(path, foreign, own), *data_problems(path)]]


def unpack(archive, directory):
    directory.mkdir()
    subprocess.run(["ar", "x", str(archive)], check=True, cwd=directory)
    return sorted(directory.glob("*.o"))


def check_archive(build, name, directory, foreign):
    members = unpack(build / name, directory / pathlib.Path(name).stem)
    missing = PURE[name] - {path.name for path in members}
    problems = [f"{name} has no {member}" for member in sorted(missing)]
    pure = [path for path in members if path.name not in IMPURE]
    own = frozenset().union(*map(defined_symbols, pure))
    for path in pure:
        problems += check_object(path, foreign, own)
    return problems


def impure_symbols(build, directory):
    members = unpack(build / CORE, directory / "impure")
    return frozenset(symbol for path in members if path.name in IMPURE
                     for symbol in defined_symbols(path))


# --- objects made here ---

GOOD = """
#include <string.h>
static const char *const names[] = {"a", "b"};
const char *tlsfloor_other(void);
const char *tlsfloor_name(unsigned i);
const char *tlsfloor_name(unsigned i)
{
    return strlen(names[i % 2]) > 1 ? names[i % 2] : tlsfloor_other();
}
"""
BAD = """
#define _GNU_SOURCE
#include <stdlib.h>
#include <time.h>
static long counter;
long shared = 1;
long tlsfloor_file_read(void);
long tlsfloor_bad(void);
long tlsfloor_bad(void)
{
    static long initialized = 7;
    counter += time(NULL) + initialized++ + shared++;
    return counter + (getenv("A") != NULL) + (malloc(1) != NULL) + tlsfloor_file_read();
}
"""
WANTED = ("needs time", "needs getenv", "needs malloc",
          "needs tlsfloor_file_read of an impure module",
          "has writable data counter", "has writable data shared",
          r"has writable data (\w+\.)?initialized")


def compile_object(directory, name, text):
    compiler = shlex.split(os.environ.get("CC", "cc")) + shlex.split(os.environ.get("CFLAGS", ""))
    source = directory / f"{name}.c"
    source.write_text(text, encoding="utf-8")
    target = directory / f"{name}.o"
    subprocess.run([*compiler, "-O0", "-c", "-o", str(target), str(source)], check=True,
                   capture_output=True)
    return target


def check_made_up(directory):
    foreign = frozenset({"tlsfloor_file_read"})
    good = compile_object(directory, "good", GOOD)
    expect(check_object(good, foreign), [], "said of a pure object")
    problems = check_object(compile_object(directory, "bad", BAD), foreign)
    for want in WANTED:
        expect_true(any(re.search(want, problem) for problem in problems),
                    f"not told: {want}\n" + "\n".join(problems))
    named = compile_object(directory, "network", BAD.replace("malloc(1)", "reallocarray(0, 1, 1)"))
    problems = check_object(named, foreign)
    expect_true("network.o: needs getenv" in problems, "network.o may not call getenv()")
    expect_true("network.o: needs reallocarray" not in problems,
                "network.o may call reallocarray()")


def main():
    build = pathlib.Path(os.environ["TLSFLOOR_BUILD"])
    tap = Tap()
    with tempfile.TemporaryDirectory() as name:
        directory = pathlib.Path(name)
        with tap.case("an impure object is told, a pure one is not"):
            check_made_up(directory)
        foreign = impure_symbols(build, directory)
        for archive in PURE:
            if archive != CORE and not (build / archive).exists():
                continue  # a build without Postfix or Dovecot
            with tap.case(archive):
                problems = check_archive(build, archive, directory, foreign)
                if problems:
                    raise Unexpected("\n".join(problems))
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
