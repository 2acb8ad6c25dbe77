#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What every source file of this project has and has not.

No tabs, trailing blanks, long lines or missing final newlines; a licence line, and a comment that
says what the file is for; no function over 60 lines; no default in a switch over our enums, as it
would hide a case that was forgotten; no bool in headers of common, which Dovecot's may define
otherwise; and no path of the machine that it was written on.
"""

import ast
import os
import pathlib
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from tap import Tap, Unexpected, comment, expect  # noqa: E402

COLUMNS = 100
FUNCTION_LINES = 60
SEEDS = "tests/fuzz/seeds/"
NOT_OURS = ("LICENSE", "NEWS")
BUILT = {"autom4te.cache", "build-aux", "__pycache__", ".git", ".deps", "_build", "_inst"}

# Written in two parts, or this file would not pass.
FOREIGN_PATH = re.compile(r"(?<![\w.$}~-])/(?:ro" + r"ot|wo" + r"rk|ho" + r"me/\w+)/")
LICENCE = "SPDX-License-Identifier: MIT"
C_COMMENT_OR_STRING = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"'
                                 r"|'(?:\\.|[^'\\\n])*'", re.S)
SWITCH = re.compile(r"\bswitch\s*\(")
BOOL = re.compile(r"\bbool\b|\b_Bool\b|stdbool\.h")


def kind_of(path, text):
    """"c", "python", "shell", "manual", "build" or "text"."""
    if path.suffix in (".c", ".h"):
        return "c"
    if path.suffix == ".py":
        return "python"
    if re.fullmatch(r"\.[1-9]", path.suffix):
        return "manual"
    if path.name == "Makefile.am" or path.suffix == ".ac":
        return "build"
    first = text.split("\n", 1)[0]
    if first.startswith("#!/usr/bin/make"):
        return "build"
    if first.startswith("#!"):
        return "python" if "python" in first else "shell"
    return "shell" if path.suffix == ".sh" else "text"


def blank_out(text):
    """C without comments and strings, every line where it was."""
    return C_COMMENT_OR_STRING.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


# --- every file ---

def line_problems(kind, lines):
    for number, line in enumerate(lines, 1):
        if "\t" in line and kind in ("c", "python", "shell"):
            yield f"{number}: has a tab"
        if line != line.rstrip():
            yield f"{number}: has blanks at its end"
        if len(line) > COLUMNS and kind in ("c", "python", "shell", "build"):
            yield f"{number}: is longer than {COLUMNS} columns"
        if FOREIGN_PATH.search(line):
            yield f"{number}: names a path of some machine"


def end_problems(text):
    if text and not text.endswith("\n"):
        yield "has no newline at its end"
    if text.endswith("\n\n"):
        yield "has blank lines at its end"


def header_problems(kind, lines):
    if kind == "text":
        return
    first = 1 if lines and lines[0].startswith("#!") else 0
    if len(lines) <= first or LICENCE not in lines[first]:
        yield "has no licence line"
        return
    after = lines[first + 1] if len(lines) > first + 1 else ""
    says = {"c": "/*", "python": '"""', "shell": "#"}.get(kind, "")
    if not after.startswith(says):
        yield "does not say below its licence line what it is for"


# --- C ---

def name_above(lines, brace):
    """The name of the function whose body begins on that line."""
    first = brace
    while first > 0 and not re.search(r"^$|[;}]$", lines[first - 1]):
        first -= 1
    found = re.search(r"(\w+)\s*\(", re.sub(r"__attribute__\s*\(\(.*?\)\)", "",
                                            " ".join(lines[first:brace])))
    return found.group(1) if found else "?"


def c_functions(lines):
    """(name, lines, first line) of what stands between braces in the first column."""
    start = None
    for number, line in enumerate(lines):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            yield name_above(lines, start), number - start + 1, start + 1
            start = None


def switch_bodies(code):
    for match in SWITCH.finditer(code):
        start = code.find("{", match.end())
        depth, end = 1, start + 1
        while 0 < end < len(code) and depth > 0:
            depth += {"{": 1, "}": -1}.get(code[end], 0)
            end += 1
        yield code.count("\n", 0, match.start()) + 1, code[start:end]


def c_problems(path, text):
    code = blank_out(text)
    for name, size, line in c_functions(code.split("\n")):
        if size > FUNCTION_LINES:
            yield f"{line}: {name}() has {size} lines"
    for line, body in switch_bodies(code):
        if re.search(r"\bcase\s+TLSFLOOR_", body) and re.search(r"\bdefault\s*:", body):
            yield f"{line}: a switch over an enum of ours has a default"
    if path.parts[0] == "common" and path.suffix == ".h" and BOOL.search(code):
        yield "has a bool"


# --- Python ---

def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.end_lineno - node.lineno + 1, node.lineno


def python_problems(text):
    for name, size, line in python_functions(text):
        if size > FUNCTION_LINES:
            yield f"{line}: {name}() has {size} lines"


# --- the tree ---

def check_file(tree, path):
    data = (tree / path).read_bytes()
    if b"\0" in data:
        return [f"{path}: has a NUL byte"]
    text = data.decode("utf-8", "replace")
    kind = kind_of(path, text)
    lines = text.split("\n")
    problems = [*line_problems(kind, lines), *end_problems(text)]
    if path.name not in NOT_OURS:
        problems += header_problems(kind, lines)
    if kind == "c":
        problems += c_problems(path, text)
    if kind == "python":
        problems += python_problems(text)
    return [f"{path}:{problem}" if problem[0].isdigit() else f"{path}: {problem}"
            for problem in problems]


def walk(tree):
    for directory, folders, files in os.walk(tree):
        folders[:] = [folder for folder in folders
                      if folder not in BUILT and not (pathlib.Path(directory) / folder /
                                                      "config.status").exists()]
        yield from (pathlib.Path(directory, file).relative_to(tree) for file in files)


def generated(tree, path):
    """Whether autotools or make put it among the sources of an unpacked release."""
    if path.name in ("aclocal.m4", "configure", "Makefile.in", "config.status", "Makefile"):
        return True
    if path.suffix in (".o", ".a", ".log", ".trs", ".pyc") or path.name.endswith("~"):
        return True
    return os.access(tree / path, os.X_OK) and not (tree / path).read_bytes().startswith(b"#!")


def sources(tree):
    """All files that are tracked or about to be; of an unpacked release, all that look so."""
    found = []
    if (tree / ".git").exists():
        done = subprocess.run(["git", "-c", f"safe.directory={tree}", "-C", str(tree), "ls-files",
                               "-z", "--cached", "--others", "--exclude-standard"], check=False,
                              capture_output=True, text=True)
        found = [pathlib.Path(name) for name in done.stdout.split("\0") if name]
    if not found:
        found = [path for path in walk(tree) if not generated(tree, path)]
    return sorted(path for path in set(found)
                  if not str(path).startswith(SEEDS) and (tree / path).is_file())


def report_longest(tree, paths):
    """Tells where the longest functions are, good or not."""
    found = []
    for path in paths:
        text = (tree / path).read_text(encoding="utf-8", errors="replace")
        kind = kind_of(path, text)
        if kind == "c":
            found += [(size, f"{path}: {name}()")
                      for name, size, _ in c_functions(blank_out(text).split("\n"))]
        elif kind == "python":
            found += [(size, f"{path}: {name}()") for name, size, _ in python_functions(text)]
    comment("longest functions:\n" + "\n".join(f"{size} lines, {where}"
                                               for size, where in sorted(found)[:-4:-1]))


# --- a made-up tree ---

C_HEAD = f"/* {LICENCE} */\n/* Says what it is for. */\n"
LONG = "static int\nlong_one(int a)\n{\n" + "    a++;\n" * 59 + "}\n"
MADE_UP = (
    ("common/good.c", C_HEAD + 'char *a = "bool";\n' + LONG.replace("    a++;\n", "", 1) +
     "int f(int a)\n{\n    switch (a) {\n    case 1:\n    default:\n        return a;\n    }\n}\n",
     []),
    ("common/good.h", C_HEAD + "/* bool is no word for headers */\n", []),
    ("common/bad.h", C_HEAD + "#include <stdbool.h>\n", [" has a bool"]),
    ("common/bad.c", "int a;\n", [" has no licence line"]),
    ("common/mute.c", f"/* {LICENCE} */\nint a;\n",
     [" does not say below its licence line what it is for"]),
    ("common/lines.c", C_HEAD + "int\ta;\nint b; \n/* " + "x" * 98 + " */\nint c;",
     ["3: has a tab", "4: has blanks at its end", "5: is longer than 100 columns",
      " has no newline at its end"]),
    ("common/long.c", C_HEAD + LONG, ["5: long_one() has 61 lines"]),
    ("common/switch.c", C_HEAD + "int f(int a)\n{\n    switch (a) {\n    case TLSFLOOR_TAG: {\n"
     "        a = 1;\n    }\n    default:\n        return a;\n    }\n}\n",
     ["5: a switch over an enum of ours has a default"]),
    ("common/end.c", C_HEAD + "\n", [" has blank lines at its end"]),
    ("common/nul.c", C_HEAD + "\0\n", [" has a NUL byte"]),
    ("README.md", "See /ro" + "ot/x\nand $HOME/wo" + "rk/x, wo" + "rk/x.\n",
     ["1: names a path of some machine"]),
    ("scripts/run", "#!/bin/sh\necho\n", [" has no licence line"]),
    ("scripts/tool", f"#!/usr/bin/python3\n# {LICENCE}\nx = 1\n",
     [" does not say below its licence line what it is for"]),
    ("scripts/long.py", f"# {LICENCE}\n\"\"\"Says it.\"\"\"\ndef f():\n" + "    pass\n" * 60,
     ["3: f() has 61 lines"]),
    ("doc/a.8", ".Dd today\n", [" has no licence line"]),
    ("doc/a.txt", "a\tb\n" + "x" * 200 + "\n", []),
    ("Makefile.am", f"# {LICENCE}\nall:\n\ttrue\n", []),
    ("common/made.o", "\0", []),
    (SEEDS + "x", "\0\t \n\n", []),
)


def check_made_up():
    want = [f"{name}:{problem}" for name, _, problems in MADE_UP for problem in problems]
    with tempfile.TemporaryDirectory() as directory:
        tree = pathlib.Path(directory)
        for name, text, _ in MADE_UP:
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            (tree / name).write_bytes(text.encode())
        problems = [problem for path in sources(tree) for problem in check_file(tree, path)]
    expect(sorted(problems), sorted(want), "said of a made-up tree")


def main():
    tree = pathlib.Path(os.environ["TLSFLOOR_SRC"]).resolve()
    paths = sources(tree)
    tap = Tap()
    with tap.case("each fault of a made-up tree is told"):
        check_made_up()
    for folder in sorted({path.parts[0] if len(path.parts) > 1 else "." for path in paths}):
        with tap.case(folder):
            problems = [problem for path in paths
                        if (path.parts[0] if len(path.parts) > 1 else ".") == folder
                        for problem in check_file(tree, path)]
            if problems:
                raise Unexpected("\n".join(problems))
    report_longest(tree, paths)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
