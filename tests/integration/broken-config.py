#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Broken configurations: told with file, line and sentence, and never applied.

Each file of the tables is given to `tlsfloor check` and `tlsfloor apply`. Both
must exit 2 and tell exactly the errors of the table; the applied state must
stay as it is to the byte, and a running tlsfloor-policyd must go on by it
without a word. Looks for the build in TLSFLOOR_BUILD.
"""

import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "lib"))

from policyd_client import ADMIN, OLD, POLICYD, Client, Daemon, wait_until  # noqa: E402
from tap import Tap, comment, expect, expect_true  # noqa: E402

APPLIED = b"exceptions = none\nreject_text = These are the old words.\n"
ROOT = os.geteuid() == 0
NOBODY = 65534

DID_YOU_MEAN = '; did you mean "%s"?'
COMMENTS = "; comments stand on lines of their own"
NETWORK = "is not an IP address or network (write 192.0.2.0/24 or 2001:db8::/32)"
INDENTED = ("begins with white space and would continue the line before: "
            "begin it in the first column")
NOTHING_BEFORE = "the line begins with white space, but there is no line that it could continue"
CR_LF = "the line ends in CR LF: convert the file to Unix line ends"
FOR_ALL = "is for all services: it belongs before the first section"


# --- what may lie where a file should be ---

def absent(path):
    pass


def dangling(path):
    os.symlink(path + ".nowhere", path)


def loop(path):
    os.symlink(path, path)


def directory(path):
    os.mkdir(path)


def fifo(path):
    os.mkfifo(path, 0o600)


def unix_socket(path):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)


def device(path):
    os.symlink("/dev/zero", path)


def too_large(path):
    with open(path, "wb") as file:
        file.truncate(128 * 1024 * 1024 + 1)


def with_mode(mode, owner=None, group=None):
    def prepare(path):
        write(path, b"mode = observe\n")
        os.chown(path, -1 if owner is None else owner, -1 if group is None else group)
        os.chmod(path, mode)
    return prepare


def write(path, data):
    with open(path, "wb") as file:
        file.write(data)
    os.chmod(path, 0o644)


# --- the tables: name, bytes or function, the errors as "LINE: how the sentence begins" ---

def quoted(parameter, text, rest):
    return f'1: {parameter}: "{text}" {rest}'


# A single line and the sentence that follows PARAMETER: "TEXT".
VALUES = [
    ("mode = enforced", "is none of observe, tag, enforce" + DID_YOU_MEAN % "enforce"),
    ("mode = Observe", "is none of observe, tag, enforce" + DID_YOU_MEAN % "observe"),
    ("mode = off", "is none of observe, tag, enforce"),
    ("mode =", "is none of observe, tag, enforce"),
    ("mode = tag # for now", "is none of observe, tag, enforce" + COMMENTS),
    ("floor = tlsv1.2", "is none of cleartext, SSLv3, TLSv1, TLSv1.1, TLSv1.2, TLSv1.3"
     + DID_YOU_MEAN % "TLSv1.2"),
    ("floor = TLS1.2", "is none of cleartext, SSLv3, TLSv1, TLSv1.1, TLSv1.2, TLSv1.3"
     + DID_YOU_MEAN % "TLSv1.2"),
    ("floor = TLSv1.0", "is none of cleartext, SSLv3, TLSv1, TLSv1.1, TLSv1.2, TLSv1.3"),
    ("floor = 1.2", "is none of cleartext, SSLv3, TLSv1, TLSv1.1, TLSv1.2, TLSv1.3"),
    ("floor = SSLv2", "is none of cleartext, SSLv3,"),
    ("cipher_profile = rfc7525", "is none of none, rfc9325, rfc10015"
     + DID_YOU_MEAN % "rfc9325"),
    ("cipher_profile = 9325", "is none of none, rfc9325, rfc10015"),
    ("weak_ciphers = accept", "is none of tag, reject"),
    ("unknown_cipher = refuse", "is none of tag, reject"),
    ("unknown_tls = drop", "is none of accept, tag, reject"),
    ("proxied_tls = yes", "is none of cleartext, unknown"),
    ("trusted_networks = 10.0.0.0/33", "has a bad prefix length (0 to 32 for IPv4,"),
    ("trusted_networks = 2001:db8::/129", "has a bad prefix length (0 to 32 for IPv4,"),
    ("trusted_networks = 10.0.0.1/8", "has bits set beyond its prefix length"),
    ("trusted_networks = 10.0.0", NETWORK),
    ("trusted_networks = 10.0.0.256", NETWORK),
    ("trusted_networks = 010.0.0.1", NETWORK),
    ("trusted_networks = localhost", NETWORK),
    ("trusted_networks = [::1]", NETWORK),
    ("trusted_networks = 10.0.0.0/255.0.0.0", "has a bad prefix length (0 to 32 for IPv4,"),
    ("legacy_networks = any", NETWORK),
    ("legacy_networks = !10.0.0.0/8", NETWORK),
    ("exceptions = exceptions", "is not none, or a file's full path without blanks"),
    ("exceptions =", "is not none, or a file's full path without blanks"),
    ("exceptions = /etc/a /etc/b", "is not none, or a file's full path without blanks"),
    ("exceptions = cdb:/etc/a", "is not none, or a file's full path without blanks"),
    ("dovecot_passdb = true", "is none of yes, no"),
    ("dovecot_passdb = YES", "is none of yes, no" + DID_YOU_MEAN % "yes"),
    ("default_domain = @example.org", "is not a domain name such as example.org"),
    ("default_domain = example..org", "is not a domain name such as example.org"),
    ("default_domain = a.org b.org", "is not a domain name such as example.org"),
    ("rollout_from = 2027-02-29", "is not a date such as 2027-03-31"),
    ("rollout_from = 31.03.2027", "is not a date such as 2027-03-31"),
    ("rollout_from = 2027-3-31", "is not a date such as 2027-03-31"),
    ("rollout_from = 2027-03-31T09:00Z", "is not a date such as 2027-03-31"),
    ("rollout_from = now", "is not a date such as 2027-03-31"),
    ("rollout_percent = 101", "is not a whole number from 0 to 100"),
    ("rollout_percent = -1", "is not a whole number from 0 to 100"),
    ("rollout_percent = 50%", "is not a whole number from 0 to 100"),
    ("rollout_percent = 12.5", "is not a whole number from 0 to 100"),
    ("rollout_percent = 18446744073709551716", "is not a whole number from 0 to 100"),
    ("rollout_percent =", "is not a whole number from 0 to 100"),
    ("reject_text =", "must not be empty"),
    ('reject_text = Say "friend"', "must be one line of printable ASCII without"),
    ("reject_text = %{user}, no", "may hold %{version}, %{floor} and %{help_url}, and no other"),
    ("reject_text = [ALERT] No", "must not begin with [, which IMAP and POP3 clients take"),
    ("help_url = www.example.org", "is not https://..., http://... or mailto:... without blanks"),
    ("help_url = https://a b", "is not https://..., http://... or mailto:... without blanks"),
    ("help_url = https://a # b", "is not https://..., http://... or mailto:... without blanks"
     + COMMENTS),
    ("help_url = javascript:1", "is not https://..., http://... or mailto:... without blanks"),
    ("imap_alert = on", "is none of yes, no"),
    ("tag_header = X-TLS-Floor:", "is not none, or the name of a header field without colon"),
    ("tag_header = Subject", "is a header field that has a meaning already;"),
    ("tag_header = resent-from", "is a header field that has a meaning already;"),
    ("audit = violation", "is none of none, violations, all" + DID_YOU_MEAN % "violations"),
    ("syslog_facility = LOG_MAIL", "is none of auth, authpriv, cron, daemon,"),
    ("syslog_facility = kern", "is none of auth, authpriv, cron, daemon,"),
]

# A single line and the whole of the error.
LINES = [
    ("flor = TLSv1.2", 'unknown parameter "flor"' + DID_YOU_MEAN % "floor"),
    ("Mode = tag", 'unknown parameter "Mode"' + DID_YOU_MEAN % "mode"),
    ("rollout-percent = 5", 'unknown parameter "rollout-percent"'
     + DID_YOU_MEAN % "rollout_percent"),
    ("trusted_network = ::1", 'unknown parameter "trusted_network"'
     + DID_YOU_MEAN % "trusted_networks"),
    ("unknown_ciphers = tag", 'unknown parameter "unknown_ciphers"'
     + DID_YOU_MEAN % "unknown_cipher"),
    ("ssl_min_protocol = TLSv1.2", 'unknown parameter "ssl_min_protocol"'),
    ("mode", '"mode" is not name = value'),
    ("mode: tag", '"mode: tag" is not name = value'),
    ("= tag", '"= tag" is not name = value'),
    ("include /etc/tlsfloor/more.conf", '"include /etc/tlsfloor/more.conf" is not name = value'),
    (" mode", NOTHING_BEFORE),
    ("\tmode = tag", f'"mode = tag" {INDENTED}'),
    ("brownout = Mon 22:00-02:00", 'brownout: "22:00-02:00" goes over midnight: write two'),
    ("brownout = Mon 10:00-10:00", 'brownout: "10:00-10:00" is no time at all'),
    ("brownout = Mon 9:00-10:00", 'brownout: "9:00-10:00" is not HH:MM-HH:MM, 00:00 to 24:00'),
    ("brownout = Mon 09:00-25:00", 'brownout: "09:00-25:00" is not HH:MM-HH:MM, 00:00 to 24:00'),
    ("brownout = monday 09:00-10:00", 'brownout: "monday" is none of Sun, Mon, Tue, Wed, Thu,'),
    ("brownout = 09:00-10:00", 'brownout: "09:00-10:00" does not begin a window such as "Mon-Fri'),
    ("brownout = Mon 09:00-10:00 Tue 09:00-10:00", 'brownout: "Mon" does not begin a window'),
    ("submission_ports = 587 smtps", 'submission_ports: "smtps" is not a port number from 1 to'),
    ("submission_ports = 0", 'submission_ports: "0" is not a port number from 1 to 65535'),
    ("submission_ports = 65536", 'submission_ports: "65536" is not a port number from 1 to 65535'),
    ("submission_ports = 587,465,587", 'submission_ports: "587" is there twice'),
    ("submission_ports = " + " ".join(map(str, range(1, 18))),
     'submission_ports: "17" is one port too many: 16 is the most'),
    ("policy_contexts = mua", 'policy_contexts: "mua" is not NAME=submission, NAME=none or'),
    ("policy_contexts = mua=imap", 'policy_contexts: "mua=imap" is not NAME=submission, NAME='),
    ("policy_contexts = a=none a=submission",
     'policy_contexts: "a=submission" names a context for the second time'),
    ("trusted_networks = ::1 # us, here", 'trusted_networks: "#" is no item' + COMMENTS),
    ("reject_text = " + "x" * 200, "reject_text is longer than 199 bytes"),
    ("help_url = https://" + "x" * 200, "help_url is longer than 119 bytes"),
    ("tag_header = " + "x" * 64, "tag_header is longer than 63 bytes"),
    ("default_domain = " + "x." * 200 + "org", "default_domain is longer than 255 bytes"),
    ("exceptions = /" + "x" * 2000, "exceptions is longer than 1023 bytes"),
    ("[imaps]", '"[imaps]" is no section: there are [imap], [pop3], [sieve] and [submission]; did '
     "you mean [imap]?"),
    ("[smtp]", '"[smtp]" is no section: there are [imap], [pop3], [sieve] and [submission]'),
    ("[imap", '"[imap" is no section: there are [imap], [pop3], [sieve] and [submission]'),
    ("[imap] # us", '"[imap] # us" is no section: there are [imap], [pop3], [sieve] and '
     "[submission]" + COMMENTS),
]

FILES = [
    ("a parameter twice", b"mode = tag\nfloor = TLSv1.3\nmode = tag\n",
     "3: mode is set a second time: line 1 set it already"),
    ("a parameter twice in a section", b"[imap]\nmode = tag\nmode = tag\n",
     "3: mode is set a second time: line 2 set it already"),
    ("a section twice", b"[imap]\n[pop3]\n[imap]\n",
     "3: section [imap] begins a second time: it began in line 1 already"),
    ("exceptions in a section", b"[imap]\nexceptions = none\n", "2: exceptions " + FOR_ALL),
    ("ports in a section", b"[submission]\n\nsubmission_ports = 25\n",
     "3: submission_ports " + FOR_ALL),
    ("an indented section", b"[imap]\n  floor = TLSv1.3\n  mode = tag\n",
     [f'2: "floor = TLSv1.3" {INDENTED}', f'3: "mode = tag" {INDENTED}']),
    ("an indented parameter behind a text", b"reject_text = No.\n help_url = https://a\n",
     f'2: "help_url = https://a" {INDENTED}'),
    ("a continuation after a section", b"mode = tag\n[imap]\n  tag\n", "3: " + NOTHING_BEFORE),
    ("bad items in several lines", b"trusted_networks = ::1,\n  here\n# c\n\n  ::2 there\n",
     [f'2: trusted_networks: "here" {NETWORK}', f'5: trusted_networks: "there" {NETWORK}']),
    ("a NUL byte", b"mode = tag\n\0\n", "2: column 1 is a NUL byte"),
    ("a NUL byte in a value", b"mode = tag\0\n", "1: column 11 is a NUL byte"),
    ("a NUL byte in a comment", b"# a\0\n", "1: column 4 is a NUL byte"),
    ("a NUL byte at the end", b"mode = tag\n\0", "2: column 1 is a NUL byte"),
    ("only NUL bytes", b"\0" * 4000, "1: column 1 is a NUL byte"),
    ("an escape sequence", b"# \x1b[2J\n", "1: column 3 is a control character (byte 0x1b)"),
    ("a delete", b"mode = t\x7fag\n", "1: column 9 is a control character (byte 0x7f)"),
    ("CR alone", b"mode = tag\rfloor = TLSv1.3\n",
     "1: column 11 is a control character (byte 0x0d)"),
    ("CR LF", b"# a\r\nmode = tag\r\n[imap]\r\n", "1: " + CR_LF),
    ("CR LF in one line", b"# a\nmode = tag\r\n", "2: " + CR_LF),
    ("CR LF and a mistake", b"mode = tag\r\nflor = TLSv1.2\r\n",
     ["1: " + CR_LF, '2: unknown parameter "flor"' + DID_YOU_MEAN % "floor"]),
    ("a byte order mark", b"\xef\xbb\xbfmode = tag\n",
     "1: the file begins with a byte order mark: save it as plain ASCII"),
    ("UTF-16", "mode = tag\n".encode("utf-16"), "1: the file is UTF-16: save it as plain ASCII"),
    ("UTF-16 without a mark", "mode = tag\n".encode("utf-16-le"),
     ["1: column 2 is a NUL byte", "2: column 1 is a NUL byte"]),
    ("UTF-8 in a text", "reject_text = Gr\u00fc\u00dfe\n".encode(),
     "1: column 17 is not ASCII (byte 0xc3), which only a comment may hold"),
    ("Latin-1 in a name", b"\xfcmode = tag\n",
     "1: column 1 is not ASCII (byte 0xfc), which only a comment may hold"),
    ("a blank that is none", "mode =\u00a0tag\n".encode(),
     "1: column 7 is not ASCII (byte 0xc2), which only a comment may hold"),
    ("a line of 4,097 bytes", b"# " + b"x" * 4095 + b"\n",
     "1: the line is longer than 4096 bytes"),
    ("a line of 1 MB", b"mode = tag\nreject_text = " + b"x" * 1048576 + b"\nfloor = 3\n",
     ["2: the line is longer than 4096 bytes", '3: floor: "3" is none of cleartext,']),
    ("1 MB without a line end", b"x" * 1048576, "1: the line is longer than 4096 bytes"),
    ("1 MB of items", b"trusted_networks =\n" + b"  ::1\n" * 170000 + b"  ::g\n",
     f'170002: trusted_networks: "::g" {NETWORK}'),
    ("a program", b"\x7fELF\x02\x01\x01\0\0\0\0\n",
     "1: column 1 is a control character (byte 0x7f)"),
    ("a merge conflict", b"<<<<<<< HEAD\nmode = tag\n=======\nmode = observe\n>>>>>>> b\n",
     ['1: "<<<<<<< HEAD" is not name = value', '3: "=======" is not name = value',
      "4: mode is set a second time: line 2 set it already",
      '5: ">>>>>>> b" is not name = value']),
    ("half a file", b"mode = tag\nfloor = TLSv", '2: floor: "TLSv" is none of cleartext,'),
    ("twenty mistakes", b"x\n" * 20,
     [f'{i}: "x" is not name = value' for i in range(1, 21)]),
    ("a hundred mistakes", b"x\n" * 100,
     [f'{i}: "x" is not name = value' for i in range(1, 21)] + ["more errors follow"]),
    ("a hundred thousand bad items", b"trusted_networks =" + b"\n x" * 100000,
     [f'{i}: trusted_networks: "x" {NETWORK}' for i in range(2, 22)] + ["more errors follow"]),
]

# What is wrong with the file and not with a line of it; the sentences have no line.
PLACES = [
    ("nothing", absent, "there is no such file"),
    ("a symbolic link to nothing", dangling, "there is no such file"),
    ("a symbolic link to itself", loop, "cannot be opened: Too many levels of symbolic links"),
    ("a directory", directory, "is a directory, not a file"),
    ("a FIFO", fifo, "is not a regular file"),
    ("a socket", unix_socket, "cannot be opened: No such device or address"),
    ("a device", device, "is not a regular file"),
    ("a file of more than 128 MB", too_large, "is larger than 134217728 bytes"),
    ("a file that nobody may read", with_mode(0), "cannot be opened: Permission denied"),
    ("a file that everybody can write", with_mode(0o666),
     "can be written by others (mode 0666): chmod go-w"),
    ("a file that everybody can write, sticky", with_mode(0o1602),
     "can be written by others (mode 1602): chmod go-w"),
]
if ROOT:
    PLACES += [
        ("a file that a group can write", with_mode(0o664, group=NOBODY),
         "can be written by others (mode 0664): chmod go-w"),
        ("another user's file", with_mode(0o644, owner=NOBODY), "belongs to user 65534"),
    ]

IN_ORDER = b"ann@example.org allow=TLSv1 until=2030-01-01 service=imap\n"
SUBMISSION_FROM = "an exception for submission needs from=,"

EXCEPTIONS = [
    ("no key", b"ann\n", "1: allow= is missing"),
    ("no until", b"ann allow=TLSv1 service=imap\n", "1: until= is missing"),
    ("no allow", b"# ours\n\nann until=2030-01-01 service=imap\n", "3: allow= is missing"),
    ("a bad version", b"ann allow=tls1 until=2030-01-01 service=imap\n", "1: allow=tls1: write"),
    ("no version", b"ann allow= until=2030-01-01 service=imap\n", "1: allow=: write cleartext,"),
    ("a bad date", b"ann allow=TLSv1 until=2030-02-30 service=imap\n",
     "1: until=2030-02-30: write a date such as 2027-03-31, or never"),
    ("a date of another country", b"ann allow=TLSv1 until=1.2.2030 service=imap\n",
     "1: until=1.2.2030: write a date"),
    ("a bad service", b"ann allow=TLSv1 until=never service=smtp\n",
     "1: service=smtp: write imap, pop3, sieve, submission, with commas"),
    ("an empty service", b"ann allow=TLSv1 until=never service=\n", "1: service=: write imap,"),
    ("a bad network", b"ann allow=TLSv1 until=never from=10.0.0.1/8\n",
     "1: from=10.0.0.1/8 has bits set beyond its prefix length"),
    ("a bad network among good ones", b"ann allow=TLSv1 until=never from=::1,here\n",
     f"1: from=here {NETWORK}"),
    ("bad ciphers", b"ann allow=TLSv1 until=never service=imap ciphers=all\n",
     "1: ciphers=all: only ciphers=any has a meaning"),
    ("a note without quotes", b"ann allow=TLSv1 until=never service=imap note=printer\n",
     "1: note= needs its text in double quotes"),
    ("a note without its end", b'ann allow=TLSv1 until=never service=imap note="a b\n',
     "1: note= needs its text in double quotes"),
    ("a note without quotes, of two words", b"ann allow=TLSv1 until=never service=imap note=a b\n",
     "1: note= needs its text in double quotes"),
    ("submission without from", b"ann allow=TLSv1 until=never service=imap,submission\n",
     "1: " + SUBMISSION_FROM),
    ("all services without from", b"ann allow=TLSv1 until=never\n", "1: " + SUBMISSION_FROM),
    ("everybody without from", b"* allow=TLSv1 until=never service=imap\n",
     "1: * needs from=: say which networks everybody may come from"),
    ("a key twice", b"ann allow=TLSv1 allow=TLSv1.1 until=never service=imap\n",
     "1: allow= is there twice"),
    ("an unknown key", b"ann allow=TLSv1 till=2030-01-01 service=imap\n", "1: unknown key till=:"),
    ("no key but a word", b"ann TLSv1 until=2030-01-01\n", "1: TLSv1 is not key=value"),
    ("no WHO", b"allow=TLSv1 until=2030-01-01 service=imap\n",
     "1: allow=TLSv1 is not a user: write user@domain, user, @domain or * first"),
    ("a pattern as WHO", b"*@example.org allow=TLSv1 until=never service=imap\n",
     "1: *@example.org is not a user:"),
    ("several WHO", b"ann,bob allow=TLSv1 until=never service=imap\n", "1: ann,bob is not a user:"),
    ("nothing behind the @", b"ann@ allow=TLSv1 until=never service=imap\n",
     "1: ann@ has no domain after its @"),
    ("a comment behind an exception", b"ann allow=TLSv1 until=never service=imap # printer\n",
     "1: comments stand on lines of their own"),
    ("the second line", IN_ORDER + b"bob allow=TLSv1 until=soon\n", "2: until=soon: write a date"),
    ("two lines", IN_ORDER + b"bob\n" + IN_ORDER + b"@ allow=TLSv1\n",
     ["2: allow= is missing", "4: @ has no domain after its @"]),
    ("a NUL byte", IN_ORDER + b"ann\0 allow=TLSv1 until=never service=imap\n",
     "2: the line holds the control character 0x00"),
    ("an escape sequence", b"# \x1b[2J\n", "1: the line holds the control character 0x1b"),
    ("CR LF", IN_ORDER.replace(b"\n", b"\r\n"), "1: " + CR_LF),
    ("a byte order mark", b"\xef\xbb\xbf" + IN_ORDER,
     "1: the file begins with a byte order mark: save it as UTF-8 without one"),
    ("a long line", b"# " + b"x" * 4096 + b"\n" + IN_ORDER, "1: the line is longer than"),
    ("a line of 1 MB", IN_ORDER + b"x" * 1048576, "2: the line is longer than"),
]


def configurations():
    """Each broken tlsfloor.conf: its name, its bytes or what makes it, its errors."""
    for line, problem in VALUES:
        parameter, text = (part.strip() for part in line.split("=", 1))
        yield line, line.encode() + b"\n", quoted(parameter, text, problem)
    for line, problem in LINES:
        yield line[:60], line.encode() + b"\n", "1: " + problem
    yield from FILES
    yield from PLACES


def exceptions():
    yield from EXCEPTIONS
    yield from (place for place in PLACES if place[1] not in (absent, dangling))


# --- running ---

def fingerprint(directory):
    """Everything of a directory that could change."""
    result = {}
    for root, directories, files in os.walk(directory):
        for path in [root, *(os.path.join(root, name) for name in directories + files)]:
            status = os.lstat(path)
            data = pathlib.Path(path).read_bytes() if os.path.isfile(path) else None
            result[path] = (status.st_ino, status.st_mode, status.st_mtime_ns, status.st_size, data)
    return result


def tlsfloor(site, conf, command, nobody=False):
    """Exit status, standard output and error of a command; nobody: run by a user without rights."""
    identity = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if nobody and ROOT else {}
    done = subprocess.run([site.admin, "-c", conf, "-S", site.state, command],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60, check=False,
                          encoding="ascii", errors="backslashreplace", **identity)
    return done.returncode, done.stdout, done.stderr


class Site:
    """A directory with an applied state, and a place for broken files."""

    def __init__(self, directory):
        os.chmod(directory, 0o755)
        self.state = os.path.join(directory, "state")
        self.conf = os.path.join(directory, "conf")
        self.socket = os.path.join(directory, "policy")
        self.broken = os.path.join(directory, "broken")
        self.admin = shutil.copy(ADMIN, os.path.join(directory, "tlsfloor"))
        os.mkdir(self.state)
        os.mkdir(self.broken)
        self.apply(APPLIED)
        self.before = fingerprint(self.state)

    def apply(self, text):
        write(self.conf, text)
        status, _, error = tlsfloor(self, self.conf, "apply")
        expect((status, error), (0, ""), "apply of a good file")

    def place(self, content, name):
        """Puts what is broken in its place, alone there."""
        shutil.rmtree(self.broken)
        os.mkdir(self.broken)
        path = os.path.join(self.broken, name)
        if callable(content):
            content(path)
        else:
            write(path, content)
        return path


def expect_errors(error, path, wanted):
    """Standard error holds these errors about the file, in this order, and no other."""
    told = [line for line in error.splitlines() if line.startswith("error: ")]
    rest = [line for line in error.splitlines() if not line.startswith("error: ")]
    for line in rest:
        expect_true(line.startswith("tlsfloor: nothing was applied"), f"also said: {line}")
    wanted = [wanted] if isinstance(wanted, str) else wanted
    expect(len(told), len(wanted), "number of errors in\n" + error)
    for line, begin in zip(told, wanted):
        separator = ":" if re.match(r"[0-9]+: ", begin) else ": "
        expect(line[:len(f"error: {path}{separator}{begin}")], f"error: {path}{separator}{begin}",
               "error")
        expect_true(len(line) < len(path) + 600, "a long sentence: " + line)


def expect_refused(site, conf, path, wanted, nobody):
    for command in ("check", "apply"):
        status, output, error = tlsfloor(site, conf, command, nobody)
        expect_errors(error, path, wanted)
        expect((status, output), (2, ""), command)
        now = fingerprint(site.state)
        changed = {path for path in {*now, *site.before} if now.get(path) != site.before.get(path)}
        expect(changed, set(), "changed in the state by " + command)


def old_words(site):
    with Client(site.socket) as client:
        return client.ask(**OLD)


def run_tables(tap, site, after_each):
    for name, content, wanted in configurations():
        with tap.case("tlsfloor.conf: " + name.replace("#", "\\#").replace("\t", " ")):
            path = site.place(content, "tlsfloor.conf")
            nobody = name == "a file that nobody may read"
            expect_refused(site, path, path, wanted, nobody)
            after_each()
    for name, content, wanted in exceptions():
        with tap.case("exceptions: " + name):
            path = site.place(content, "exceptions")
            nobody = name == "a file that nobody may read"
            write(site.conf, f"exceptions = {path}\n".encode())
            os.chmod(site.conf, 0o644)
            expect_refused(site, site.conf, path, wanted, nobody)
            after_each()


def other_lines(daemon):
    return [line for line in daemon.log().splitlines() if "tlsfloor: action=" not in line]


def run_beside_daemon(tap, site):
    """The tables, with a daemon that answers by what was applied before and after each file."""
    with Daemon(site.state, listeners=[site.socket]) as daemon:
        answer, lines = old_words(site), other_lines(daemon)
        expect_true("These are the old words." in answer, answer)

        def still():
            expect(old_words(site), answer, "answer")
            expect(other_lines(daemon), lines, "log")

        run_tables(tap, site, still)
        with tap.case("the daemon looks again, and finds what it knows"):
            daemon.signal(signal.SIGHUP)
            still()
        with tap.case("a good file is noticed"):
            site.apply(APPLIED.replace(b"old", b"new"))
            expect_true(wait_until(lambda: "These are the new words." in old_words(site)),
                        "the daemon does not follow")


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="tlsfloor-") as directory:
        site = Site(directory)
        if os.path.exists(POLICYD):
            run_beside_daemon(tap, site)
        else:
            comment("no tlsfloor-policyd in this build")
            run_tables(tap, site, lambda: None)
    broken = len(list(configurations()))
    with tap.case("a hundred broken configurations were tried"):
        expect_true(broken >= 100, f"only {broken}")
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
