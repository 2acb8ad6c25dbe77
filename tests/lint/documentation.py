#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The manual pages say all that there is, and nothing else.

Parameters with their defaults and sections, from "tlsfloor show -d"; keys and values of the audit
line, keys of exceptions and what Dovecot's plugin sends and reads, from the tables of the source;
commands and options, from --help and from what the programs accept. What is there must be
documented and what is documented must exist. Dovecot takes the lines for its configuration.
"""

import functools
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "scripts" / "lib")]

from tap import Tap, Unexpected, expect_true  # noqa: E402

POLICYD = "postfix-policyd/tlsfloor-policyd"
PLUGIN = "dovecot-plugin/tlsfloor.so"
SNIPPETS = "packaging/dovecot"
CONFIGURED = "/etc/tlsfloor"  # what pages say for sysconfdir
SERVICES = ("imap", "pop3", "sieve", "submission")


def compare(what, there, documented):
    """Problems of two sets of names."""
    return ([f"{what} {name} is not documented" for name in sorted(set(there) - set(documented))] +
            [f"{what} {name} is documented and does not exist"
             for name in sorted(set(documented) - set(there))])


# --- mdoc ---

def words(line):
    """The arguments of a macro line, quotes taken off."""
    line = re.sub(r'\\"[^\n]*', "", line)
    line = line.replace(r"\(dq", '"').replace(r"\&", "").replace(r"\e", "\\")
    lexer = shlex.shlex(line[1:], posix=True)
    lexer.whitespace_split, lexer.commenters, lexer.quotes, lexer.escape = True, "", '"', ""
    return list(lexer)


def section(page, title, level="Sh"):
    """What stands below a title, up to the next one of its level or above."""
    found = re.search(rf"^\.{level} {re.escape(title)}\n(.*?)(?=^\.Sh |^\.{level} |\Z)", page,
                      re.M | re.S)
    return found.group(1) if found else ""


def items(text, macro):
    """First words of the items ".It MACRO word", in their order."""
    return [words(line)[2] for line in re.findall(rf"^\.It {macro} .*", text, re.M)]


def outer_items(text, macro):
    """Items of the outermost list alone: (word, what stands below it)."""
    depth, found = 0, []
    for line in text.splitlines():
        if line.startswith(".Bl"):
            depth += 1
        elif line.startswith(".El"):
            depth -= 1
        if depth == 1 and line.startswith(f".It {macro} "):
            found.append((words(line)[2], []))
        elif found:
            found[-1][1].append(line)
    return [(word, "\n".join(below)) for word, below in found]


def options_of(text):
    """Every option that macros of the text name: -c, --json."""
    found = set()
    for line in re.findall(r"^\..*\bFl\b.*", text, re.M):
        parts = words(line)
        following = parts[parts.index("Fl") + 1:]
        for at, part in enumerate(following):
            is_name = re.fullmatch(r"[a-zA-Z]|-[a-z-]+", part)
            before = following[at - 1] if at else "Fl"
            if is_name and before in ("Fl", "|", ","):
                found.add("-" + part)
    return found


# --- parameters ---

def show(program, text, *options):
    """What "tlsfloor show" prints of a configuration, without comments; None: an error."""
    with tempfile.TemporaryDirectory() as directory:
        conf = pathlib.Path(directory) / "tlsfloor.conf"
        conf.write_text(text, encoding="utf-8")
        done = subprocess.run([program, "-c", str(conf), "-S", directory, "show", *options],
                              check=False, capture_output=True, text=True)
    if done.returncode != 0:
        return None
    return "".join(line for line in done.stdout.splitlines(keepends=True)
                   if not line.startswith("#"))


def parameters(program):
    """Names and defaults, as a person would write them."""
    found = {}
    for line in show(program, "", "-d").splitlines():
        name, value = line.split(" =", 1)
        found[name] = re.sub(r"\S+/exceptions$", CONFIGURED + "/exceptions", value.strip())
    return found


def documented_default(text):
    """The default that an item tells, or None."""
    found = re.search(r"^Default:(.*)\n((?:.*\n?)*)", text, re.M)
    if not found:
        return None
    rest, below = found.group(1).strip(), found.group(2)
    if rest:
        return "" if rest == "empty." else rest.rstrip(".")
    if below.startswith(".Bd"):
        return " ".join(below[:below.index(".Ed")].splitlines()[1:])
    value = words(below.split("\n", 1)[0])[1:]
    return " ".join(value[:-1] if value[-1:] in ([","], ["."]) else value)


def check_parameters(program, page):
    there = parameters(program)
    documented = outer_items(section(page, "PARAMETERS"), "Ic")
    problems = compare("parameter", there, [name for name, _ in documented])
    for name, text in documented:
        default = documented_default(text)
        if name in there and default != there[name]:
            problems.append(f"parameter {name} has the default {there[name]!r}, not {default!r}")
        in_section = show(program, f"[imap]\n{name} = {there.get(name, '')}\n") is not None
        if in_section != ("May stand in a section." in text):
            problems.append(f"parameter {name} may {'' if in_section else 'not '}stand in "
                            "a section")
    if [name for name, _ in documented] != list(there) and not problems:
        problems.append("parameters stand in another order than in tlsfloor show")
    return problems


def check_example(program, example):
    """With its comment signs taken off, the example is the default policy, with every name."""
    there = parameters(program)
    lines = re.findall(r"^#((?:\w+ =|    |\[).*)$", example, re.M)
    names = [line.split()[0] for line in lines if re.match(r"\w", line)]
    text = "\n".join(lines).split("[")[0] + "\n"
    own = next(line.split("= ")[1] for line in show(program, "", "-d").splitlines()
               if line.startswith("exceptions ="))
    problems = compare("parameter", there, names)
    changed = show(program, text.replace(CONFIGURED + "/exceptions", own))
    if changed is None:
        problems.append("what is commented out is no good configuration")
    elif changed:
        problems.append("what is commented out is not the default: " + changed)
    return problems


# --- the audit line and exceptions ---

def table(source, prefix):
    """Names of an enum's table: [TLSFLOOR_PREFIX...] = "name" or {"name", ...}."""
    return re.findall(rf'\[TLSFLOOR_{prefix}\w+\]\s*=\s*\{{?\s*"([^"]+)"', source)


def check_audit(source, page):
    decision = (source / "common/decision.c").read_text(encoding="utf-8")
    audit = (source / "common/audit.c").read_text(encoding="utf-8")
    actions = set(re.findall(r'\[TLSFLOOR_(?!REASON|RULE|MODE)\w+\] = "([^"]+)"', decision))
    keys = set(re.findall(r'"(?:tlsfloor:)? (\w+)="', audit))
    documented = items(section(page, "KEYS"), "Ic")
    problems = compare("key", keys, documented)
    shown = re.findall(r"(\w+)=", section(page, "DESCRIPTION").split(".Ed")[0])
    if [key for key in documented if key not in ("login", "cut")] != shown and not problems:
        problems.append(f"keys stand in another order than in the example: {shown}")
    for title, there in (("ACTION", actions), ("REASON", table(decision, "REASON_")),
                         ("RULE", table(decision, "RULE_")), ("STAGE", table(audit, "STAGE_"))):
        expect_true(len(there) > 3, f"the source has no table of {title}")
        problems += compare(title.lower(), there, items(section(page, f"VALUES OF {title}"), "Cm"))
    return problems


def check_shares(source, page):
    """How much room each value has."""
    audit = (source / "common/audit.c").read_text(encoding="utf-8")
    there = {key.lower(): size for key, size in re.findall(r"#define (\w+)_SHARE (\d+)", audit)}
    text = section(page, "ESCAPES").replace("may have ", "")
    documented = dict(re.findall(r"^\.Ic (\w+)\n(\d+)", text, re.M))
    expect_true(len(there) > 3, "the source has no shares")
    return [f"{key} has a share of {there.get(key)}, not {documented.get(key)}"
            for key in sorted({*there, *documented}) if there.get(key) != documented.get(key)]


def check_exceptions(source, page):
    text = (source / "common/exception.c").read_text(encoding="utf-8")
    there = re.findall(r'\{"(\w+)", parse_\1\}', text)
    expect_true(len(there) > 3, "the source has no table of keys")
    return compare("key", there, items(section(page, "Keys", "Ss"), "Ic"))


# --- doctor ---

def check_doctor(source, page):
    """Its checks, by their names."""
    code = "".join((source / "admin" / name).read_text(encoding="utf-8")
                   for name in ("doctor-check.c", "doctor.c", "doctor-live.c"))
    there = re.findall(r'\{"([\w-]+)", (?:doctor_)?check_\w+\}|check = "([\w-]+)";', code)
    expect_true(len(there) > 10, "the source has no table of checks")
    text = section(page, "DESCRIPTION").split("The checks, by their names")[-1].split("\n.El")[0]
    documented = [name for line in re.findall(r"^\.It Li (.*)", text, re.M)
                  for name in line.split(" , ")]
    return compare("check of doctor", ["".join(names) for names in there], documented)


# --- Dovecot ---

def plugin_names(source, pattern):
    """What a pattern finds in the source of the plugin."""
    code = "".join(path.read_text(encoding="utf-8")
                   for path in sorted((source / "dovecot-plugin").glob("*.[ch]")))
    found = re.findall(pattern, code)
    expect_true(found, f"the plugin's source has no {pattern}")
    return found


def check_plugin(source, page):
    """Fields to and from the auth process, and variables of the environment."""
    passdb = section(page, "The passdb", "Ss")
    return (
        compare("field", plugin_names(source, r'define TLSFLOOR_FORWARD_\w+ "(\w+)"'),
                items(passdb, "Li")) +
        compare("field", plugin_names(source, r'define TLSFLOOR_VERDICT_FIELD "(\w+)"'),
                re.findall(r"^\.D1 Li (\w+)=", passdb, re.M)) +
        compare("variable", plugin_names(source, r'define STATE_VARIABLE "(\w+)"'),
                items(section(page, "ENVIRONMENT"), "Ev")))


def check_event(source, page):
    """The event of each decision and its fields."""
    text = section(page, "Event of Dovecot", "Ss")
    return (compare("event", plugin_names(source, r'set_name\("(\w+)"\)'),
                    re.findall(r"^  filter = event=(\w+)$", text, re.M)) +
            compare("event field", plugin_names(source, r'add_str\("(\w+)"'), items(text, "Li")))


def check_snippet(begin, text):
    """Dovecot takes the lines as they are, and with the comment signs before settings taken off.

    begin: what every configuration of this release begins with.
    """
    problems = []
    for lines in (text, re.sub(r"^#(?=\S|  )", "", text, flags=re.M)):
        with tempfile.NamedTemporaryFile("w", encoding="utf-8") as conf:
            conf.write(begin + lines)
            conf.flush()
            done = subprocess.run(["doveconf", "-c", conf.name, "-n"], check=False, text=True,
                                  capture_output=True)
        if done.returncode != 0:
            problems.append(done.stderr)
    return problems


# --- commands and options ---

def run(program, *arguments):
    """What a program says; the words behind keep it from doing anything."""
    done = subprocess.run([program, *arguments, "excess", "excess"], check=False, text=True,
                          capture_output=True, stdin=subprocess.DEVNULL)
    return done.stdout + done.stderr


def help_of(program):
    return run(program, "--help")


def check_options(program, page):
    """Each option of --help is in the page, and each of the page is one."""
    text = section(page, "SYNOPSIS") + section(page, "DESCRIPTION").split("\n.Ss ")[0]
    there = set(re.findall(r"(?<![\w-])--?[a-zA-Z](?:[\w-]*\w)?(?![\w-])", help_of(program)))
    documented = options_of(text)
    problems = [f"option {name} is not documented" for name in sorted(there - documented)]
    for name in sorted(documented):
        if re.search(r"invalid option|unrecognized option", run(program, name)):
            problems.append(f"option {name} is documented and does not exist")
    shown = options_of(section(page, "SYNOPSIS"))
    for line in re.findall(r"^\.It Fl .*", text, re.M):
        if not options_of(line) & shown:
            problems.append(f"option {words(line)[2]} is missing in the synopsis")
    return problems


def commands_of(program):
    return re.findall(r"^  ([a-z]+) ", help_of(program), re.M)


def check_commands(program, page):
    """Commands both ways, and that each takes what the synopsis gives it."""
    there = commands_of(program)
    expect_true(len(there) > 3, "--help lists no commands")
    described = [name for name, _ in commands_in(section(page, "DESCRIPTION"))]
    problems = compare("command", there, described)
    synopsis = section(page, "SYNOPSIS").split(".Nm")
    shown = {}
    for block in synopsis:
        found = re.search(r"^\.Cm (\w+)", block, re.M)
        if found:
            shown[found.group(1)] = options_of(block)
    problems += [f"{problem} (synopsis)" for problem in compare("command", there, shown)]
    for command, below in commands_in(section(page, "DESCRIPTION")):
        for option in sorted(options_of(below) | shown.get(command, set())):
            if "takes no" in run(program, command, option):
                problems.append(f"command {command} takes no {option}")
            if option not in shown.get(command, ()):
                problems.append(f"option {option} of {command} is missing in the synopsis")
    return problems


def commands_in(text):
    """(command, its text) of the list of commands."""
    parts = re.split(r"^\.It Cm (\w+)$", text, flags=re.M)
    return list(zip(parts[1::2], (re.split(r"^\.El\n\.Pp", part, flags=re.M)[0]
                                  for part in parts[2::2])))


# --- each check with a page that was spoiled ---

def spoil(page, old, new):
    expect_true(re.search(old, page, re.M), f"nothing to spoil: {old}")
    return re.sub(old, new, page, count=1, flags=re.M)


SPOILED = (  # check, page, what to change in it, and what is to be said then
    ("parameters", r"^\.It Ic floor$", ".It Ic flor", "parameter floor is not documented"),
    ("parameters", r"^\.It Ic floor$", ".It Ic flor", "parameter flor is documented and does not"),
    ("parameters", r"^Default: 100\.$", "Default: 9.", "parameter rollout_percent has the default"),
    ("parameters", r"^\.Cm TLSv1\.2 \.$", ".Cm TLSv1.3 .", "parameter floor has the default"),
    ("parameters", r"^\.Li 587 465 \.$", ".Li 587 .", "parameter submission_ports has the default"),
    ("parameters", r"^%\{help_url\}$", "", "parameter reject_text has the default"),
    ("parameters", r"^May stand in a section\.$", "", "stand in a section"),
    ("example", r"^#floor = .*$", "", "parameter floor is not documented"),
    ("example", r"^#mode = .*$", "#mood = observe", "parameter mood is documented and does not"),
    ("example", r"^#floor = .*$", "#floor = TLSv1.3", "is not the default: floor = TLSv1.3"),
    ("audit", r"^tlsfloor: action=refuse reason=version ", "reason=version action=refuse ",
     "keys stand in another order"),
    ("audit", r"^\.It Ic cipher$", ".It Ic suite", "key cipher is not documented"),
    ("audit", r"^\.It Ic cipher$", ".It Ic suite", "key suite is documented and does not exist"),
    ("audit", r"^\.It Cm defer$", ".It Cm later", "action defer is not documented"),
    ("audit", r"^\.It Cm version Pq", ".It Cm versions Pq", "reason version is not documented"),
    ("audit", r"^\.It Cm RFC10015$", ".It Cm RFC1", "rule RFC1 is documented and does not exist"),
    ("audit", r"^\.It Cm helo$", ".It Cm ehlo", "stage helo is not documented"),
    ("shares", r"^24,$", "25,", "tls has a share of 24, not 25"),
    ("exceptions", r"^\.It Ic until ", ".It Ic till ", "key until is not documented"),
    ("exceptions", r"^\.It Ic until ", ".It Ic till ", "key till is documented and does not exist"),
    ("options", r"^\.It Fl -connection ", ".It Fl -connexion ", "option --connexion is documented"),
    ("options", r"^\.Op Fl -by Ar key$", "", "option -by is missing in the synopsis"),
    ("commands", r"^\.It Cm apply$", ".It Cm install", "command apply is not documented"),
    ("commands", r"^\.It Cm apply$", ".It Cm install", "command install is documented and does"),
    ("commands", r"^\.Cm check$", ".Cm check\n.Op Fl -json", "command check takes no --json"),
    ("plugin", r"^\.It Li tlsfloor_bits$", ".It Li tlsfloor_bit", "field tlsfloor_bits is not"),
    ("plugin", r"^\.D1 Li tlsfloor_verdict= ", ".D1 Li tlsfloor_word= ", "field tlsfloor_word is"),
    ("plugin", r"^\.It Ev TLSFLOOR_STATE$", ".It Ev TLSFLOOR", "variable TLSFLOOR_STATE is not"),
    ("event", r"=tlsfloor_decision$", "=tlsfloor", "event tlsfloor_decision is not documented"),
    ("event", r"^\.It Li tls_protocol$", ".It Li tls", "event field tls is documented"),
    ("95-tlsfloor.conf", r"^login_plugins", "login_plugin", ": login_plugin"),
    ("95-tlsfloor.conf", r"^#ssl_cipher_list = ", "#ssl_cipher = ", "Unknown setting: ssl_cipher"),
    ("doctor", r"^\.It Li policy-socket$", ".It Li socket", "check of doctor policy-socket is not"),
    ("doctor", r"^\.It Li policy-socket$", ".It Li socket", "check of doctor socket is documented"),
    ("policyd", r"^\.It Fl f$", ".It Fl q", "option -q is documented and does not exist"),
    ("policyd", r"^\.Op Fl l Ar listener$", "", "option l is missing in the synopsis"),
)


def checks(source, build):
    """Name: (check, page)."""
    tlsfloor, policyd = str(build / "admin/tlsfloor"), str(build / POLICYD)
    doc = {path.name: path.read_text(encoding="utf-8") for path in (source / "doc").iterdir()
           if path.is_file() and not path.name.startswith(".")}
    found = {
        "parameters": (lambda page: check_parameters(tlsfloor, page), doc["tlsfloor.conf.5"]),
        "example": (lambda page: check_example(tlsfloor, page), doc["tlsfloor.conf.example"]),
        "audit": (lambda page: check_audit(source, page), doc["tlsfloor-audit.5"]),
        "shares": (lambda page: check_shares(source, page), doc["tlsfloor-audit.5"]),
        "exceptions": (lambda page: check_exceptions(source, page), doc["tlsfloor-exceptions.5"]),
        "plugin": (lambda page: check_plugin(source, page), doc["tlsfloor-dovecot.7"]),
        "event": (lambda page: check_event(source, page), doc["tlsfloor-audit.5"]),
        "commands": (lambda page: check_commands(tlsfloor, page), doc["tlsfloor.8"]),
        "options": (lambda page: check_options(tlsfloor, page), doc["tlsfloor.8"]),
        "doctor": (lambda page: check_doctor(source, page), doc["tlsfloor.8"]),
    }
    if pathlib.Path(policyd).exists():  # a build without Postfix has none
        found["policyd"] = (lambda page: check_options(policyd, page), doc["tlsfloor-policyd.8"])
    if (build / PLUGIN).exists():  # a build with Dovecot has its doveconf, too
        from lab.dovecot_release import RELEASE, syntax
        for path in sorted((source / SNIPPETS / RELEASE).iterdir()):
            found[path.name] = (functools.partial(check_snippet, syntax.BEGIN),
                                path.read_text(encoding="utf-8"))
    return found


def main():
    found = checks(pathlib.Path(os.environ["TLSFLOOR_SRC"]),
                   pathlib.Path(os.environ["TLSFLOOR_BUILD"]))
    tap = Tap()
    for name, (check, page) in found.items():
        with tap.case(name):
            problems = check(page)
            if problems:
                raise Unexpected("\n".join(problems))
    with tap.case("each fault of a spoiled page is told"):
        for name, old, new, want in SPOILED:
            if name in found:
                check, page = found[name]
                said = check(spoil(page, old, new))
                expect_true(any(want in problem for problem in said),
                            f"{name}: {old}: not told: {want}\n" + "\n".join(said))
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
