#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Includes point down, one file speaks to the system log, and only a main file may exit.

common knows neither Dovecot nor Postfix and needs the C library alone (cdb.h in snapshot.c); an
adapter includes no other adapter and no store; the admin tool includes no adapter; no .c file is
included anywhere.
"""

import os
import pathlib
import re
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from tap import Tap, Unexpected, expect  # noqa: E402

# C11 and POSIX; sys/file.h is there for flock(), elf.h and link.h for build-ids.
SYSTEM = set("""
    arpa/inet.h assert.h ctype.h dirent.h elf.h errno.h fcntl.h float.h getopt.h grp.h inttypes.h
    iso646.h libgen.h limits.h link.h netdb.h netinet/in.h netinet/tcp.h paths.h poll.h pwd.h
    signal.h spawn.h
    stdarg.h stddef.h stdint.h stdio.h stdlib.h string.h sys/file.h sys/mman.h sys/resource.h
    sys/socket.h sys/stat.h sys/time.h sys/types.h sys/un.h sys/wait.h syslog.h time.h unistd.h
""".split())

# Of each folder: folders of ours that it may include, and foreign headers.
LAYERS = {
    "common": ((), ()),
    "postfix-policyd": (("common",), ("event2/", "linux/capability.h", "seccomp.h", "sys/prctl.h",
                                      "sys/syscall.h", "sys/timerfd.h")),
    "dovecot-plugin": (("common",), ("dovecot/",)),
    "admin": (("common",), ("arpa/nameser.h", "ifaddrs.h", "jansson.h", "net/if.h",
                           "openssl/", "resolv.h", "spawn.h")),
}

# Dovecot's headers are written in quotes; only its plugins have them.
QUOTES_MAY_BE_FOREIGN = ("dovecot-plugin",)

MAINS = ("postfix-policyd/main.c", "admin/tlsfloor.c")
CDB_USER = "common/snapshot.c"
LOGGER = "common/audit-syslog.c"
# Looks whether there is a system log, and says nothing to it.
LOG_LOOKER = "admin/doctor-gather.c"

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
ENDING = re.compile(r"\b(exit|_exit|_Exit|quick_exit|abort|errx?|verrx?|assert)\s*\(")
LOGGING = re.compile(r"\b(openlog|syslog|vsyslog|closelog|setlogmask)\s*\(")
LOG_SOCKET = re.compile(r'"/dev/log"|\b_PATH_LOG\b')
COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|//[^\n]*|("(?:\\.|[^"\\\n])*"'
                               r"|'(?:\\.|[^'\\\n])*')", re.S)


def without_comments(text):
    return COMMENT_OR_STRING.sub(lambda match: match.group(1) or " ", text)


def without_strings(text):
    return COMMENT_OR_STRING.sub(lambda match: '""' if match.group(1) else " ", text)


def include_problem(tree, path, quote, name):
    """What is wrong with one include, or None."""
    folder = path.parts[0]
    below, foreign = LAYERS[folder]
    if name.endswith(".c"):
        return f"includes {name}, which is no header"
    if name == "cdb.h":
        return None if str(path) == CDB_USER else f"includes cdb.h, which only {CDB_USER} may"
    if quote == "<":
        if name in SYSTEM or name.startswith(foreign):
            return None
        return f"includes <{name}>"
    if "/" in name:
        return f'includes "{name}" by its path'
    if name == "config.h" or any((tree / where / name).exists() for where in (folder, *below)):
        return None
    owners = [where for where in LAYERS if (tree / where / name).exists()]
    if owners:
        return f'includes "{name}" of {owners[0]}'
    if folder in QUOTES_MAY_BE_FOREIGN and not name.startswith("event"):
        return None
    return f'includes "{name}", which is not ours'


def check_file(tree, path):
    text = (tree / path).read_text(encoding="utf-8", errors="replace")
    problems = []
    for match in INCLUDE.finditer(without_comments(text)):
        problems.append(include_problem(tree, path, *match.groups()))
    calls = without_strings(text)
    if str(path) not in MAINS:
        problems += [f"calls {name}()" for name in ENDING.findall(calls)]
    if str(path) != LOGGER:
        problems += [f"calls {name}()" for name in LOGGING.findall(calls)]
    if str(path) not in MAINS + (LOGGER, LOG_LOOKER) and LOG_SOCKET.search(without_comments(text)):
        problems.append("names the socket of the system log")
    return [f"{path}: {problem}" for problem in problems if problem]


def check(tree):
    """Problems of all layers below a source tree, and the number of files."""
    problems, files = [], 0
    for folder in LAYERS:
        for path in sorted((tree / folder).glob("**/*.[ch]")):
            problems += check_file(tree, path.relative_to(tree))
            files += 1
    return problems, files


# A made-up tree: file, its text, and what is to be said of it.
MADE_UP = (
    ("common/good.h", "#include <stdint.h>\n#include <sys/stat.h>\n", []),
    ("common/good.c", '/* exit(1); #include "main.h" */\n#include "good.h"\n'
                      'char *a = "abort()"; // syslog(1, "x")\nvoid tlsfloor_syslog_exit(void);\n',
     []),
    ("common/snapshot.c", "#include <cdb.h>\n", []),
    ("common/audit-syslog.c", "#include <syslog.h>\nvoid f(void) { syslog(1, \"\"); }\n"
                              'char *path = "/dev/log";\n', []),
    ("common/bad-cdb.c", "#include <cdb.h>\n",
     ["includes cdb.h, which only common/snapshot.c may"]),
    ("common/bad-event.c", "#include <event2/event.h>\n", ["includes <event2/event.h>"]),
    ("common/bad-dovecot.c", '  #  include "login-common.h"\n',
     ['includes "login-common.h", which is not ours']),
    ("common/bad-up.c", '#include "adapter.h"\n', ['includes "adapter.h" of postfix-policyd']),
    ("common/bad-path.c", '#include "../postfix-policyd/adapter.h"\n',
     ['includes "../postfix-policyd/adapter.h" by its path']),
    ("common/bad-exit.c", "void f(void) { exit(1); abort (); assert(0); }\n",
     ["calls exit()", "calls abort()", "calls assert()"]),
    ("common/bad-log.c", 'void f(void) { syslog(1, "x"); openlog("", 0, 0); }\n'
                         'char *path = "/dev/log";\n',
     ["calls syslog()", "calls openlog()", "names the socket of the system log"]),
    ("common/bad-source.c", '#include "good.c"\n', ["includes good.c, which is no header"]),
    ("postfix-policyd/adapter.h", '#include "good.h"\n#include <event2/event.h>\n', []),
    ("postfix-policyd/main.c", "void f(void) { exit(1); }\n", []),
    ("postfix-policyd/bad.c", '#include "tlsfloor.h"\n#include <cdb.h>\n#include "login.h"\n'
                              "void f(void) { _exit(1); }\n",
     ['includes "tlsfloor.h" of admin', "includes cdb.h, which only common/snapshot.c may",
      'includes "login.h" of dovecot-plugin', "calls _exit()"]),
    ("dovecot-plugin/login.h", '#include "lib.h"\n#include "good.h"\n', []),
    ("dovecot-plugin/bad.c", '#include "adapter.h"\n#include <cdb.h>\nvoid f(void) { abort(); }\n',
     ['includes "adapter.h" of postfix-policyd', "includes cdb.h, which only common/snapshot.c may",
      "calls abort()"]),
    ("admin/tlsfloor.h", "#include <jansson.h>\n", []),
    ("admin/tlsfloor.c", '#include "tlsfloor.h"\nvoid f(void) { exit(0); }\n', []),
    ("admin/bad.c", '#include "adapter.h"\n#include <event2/event.h>\nvoid f(void) { exit(0); }\n',
     ['includes "adapter.h" of postfix-policyd', "includes <event2/event.h>", "calls exit()"]),
)


def check_made_up():
    want = [f"{name}: {problem}" for name, _, problems in MADE_UP for problem in problems]
    with tempfile.TemporaryDirectory() as directory:
        tree = pathlib.Path(directory)
        for name, text, _ in MADE_UP:
            (tree / name).parent.mkdir(exist_ok=True)
            (tree / name).write_text(text, encoding="utf-8")
        problems, files = check(tree)
    expect(sorted(problems), sorted(want), "said of a made-up tree")
    expect(files, len(MADE_UP), "files of a made-up tree")


def main():
    tap = Tap()
    with tap.case("each violation of a made-up tree is told"):
        check_made_up()
    with tap.case("includes, exits and the system log"):
        problems, files = check(pathlib.Path(os.environ["TLSFLOOR_SRC"]))
        if problems or files < 20:
            raise Unexpected("\n".join(problems or [f"only {files} files found"]))
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
