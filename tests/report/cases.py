#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tlsfloor report as an admin uses it: which logs, which times, by what it judges, what follows."""

import calendar
import contextlib
import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from cases import case, run  # noqa: E402
from log_lines import GOOD, TLSFLOOR, Logs, dovecot, dovecot_own, policyd  # noqa: E402
from tap import expect, expect_true  # noqa: E402

UTC = {"env": {**os.environ, "TZ": "UTC"}}


def json_of(logs, *arguments, status=1, **options):
    output, errors, got = logs.run("--json", *arguments, **options)
    expect((got, errors), (status, ""), "status and errors")
    return json.loads(output)


def period(logs, *arguments, **options):
    found = json_of(logs, *arguments, **options)["period"]
    return found["first"], found["last"], found["lines"]


def seconds(*date):
    return calendar.timegm((*date, 0, 0, 0)[:6])


def expect_error(logs, words, *arguments, **options):
    output, errors, status = logs.run(*arguments, **options)
    expect((output, status), ("", 2), "output and status")
    expect_true(words in errors and "error: " in errors, errors)


# --- exit status, and what is no report ---

@case
def nobody_below_is_0_and_somebody_1(directory):
    logs = Logs(directory)
    path = logs.write("log", [dovecot(**GOOD)])
    expect(logs.run(path)[0].split("\n")[0], "If you enforce today: nobody loses access.")
    expect(logs.run(path)[2], 0)
    logs.write("log", [dovecot()])
    expect(logs.run(path)[0].split("\n")[0], "If you enforce today: 1 user loses access.")
    expect(logs.run(path)[2], 1)


@case
def no_audit_line_is_no_zero(directory):
    logs = Logs(directory)
    path = logs.write("log", ["Nov 20 12:00:00 mail postfix/smtpd[7]: connect\n"])
    expect_error(logs, "there is no audit line in that", path)
    expect_error(logs, "there is no audit line in that", "--since", "2026-11-21",
                 logs.write("old", [dovecot()]))


@case
def what_cannot_be_read_is_an_error(directory):
    logs = Logs(directory)
    path = logs.write("log", [dovecot()])
    expect_error(logs, "absent: cannot be read: No such file", path, Path(directory) / "absent")
    expect_error(logs, "is a directory", path, directory)
    expect_error(logs, "give one of them", "--csv", "--json", path)
    expect_error(logs, "--since soon", "--since", "soon", path)
    expect_error(logs, "--by user", "--by", "user", path)
    expect_error(logs, "--by day", "--by", "day", "--html", path)
    expect_error(logs, "--year 26", "--year", "26", path)
    expect_error(logs, "--at now", path, at="now")
    expect_error(logs, "until=2027-03-31", "--exceptions", "2027-03-31", path)
    expect_error(logs, "not with --mask", "--mask", "--exceptions", "until=2027-03-31", path)


@case
def without_a_policy_nothing_is_judged(directory):
    path = Logs(directory).write("log", [dovecot()])
    done = subprocess.run([TLSFLOOR, "-S", directory, "report", path], check=False,
                          capture_output=True, text=True)
    expect((done.returncode, done.stdout), (2, ""))
    expect_true("no policy has been applied" in done.stderr, done.stderr)


# --- times ---

@case
def years_are_found_across_the_new_year(directory):
    logs = Logs(directory)
    lines = [dovecot(time=f"{stamp} 12:00:00") for stamp in
             ("Nov 30", "Dec 31", "Jan  1", "Dec 31", "Jan  1", "Jan  5")]
    path = logs.write("log", lines, seconds(2025, 1, 6))
    expect(period(logs, path, **UTC), ("2024-11-30", "2025-01-05", 6))


@case
def files_may_come_newest_first(directory):
    logs = Logs(directory)
    names = [logs.write(f"log.{number}", [dovecot(time=f"{stamp} 12:00:00")], seconds(*changed))
             for number, (stamp, changed) in enumerate(
                 [("Feb 29", (2024, 3, 1)), ("Dec 31", (2024, 12, 31)), ("Jan  1", (2025, 1, 2))])]
    want = ("2024-02-29", "2025-01-01", 3)
    expect(period(logs, *names, **UTC), want)
    expect(period(logs, *names[::-1], **UTC), want)


@case
def files_of_one_second_are_read_as_they_are_named(directory):
    """Of times with a year given, the order tells whether they go on from each other."""
    logs = Logs(directory)
    names = [logs.write(f"log.{number:02}", [dovecot(time=f"{month} 15 12:00:00")],
                        seconds(2027, 1, 1)) for number, month in enumerate(
                            ("Jan", "Apr", "Jul", "Oct", "Jan", "Apr", "Jul", "Oct", "Jan", "Apr"))]
    expect(period(logs, "--year", "2023", *names, **UTC), ("2023-01-15", "2025-04-15", 10))


@case
def more_than_a_year_without_a_year_is_not_guessed(directory):
    logs = Logs(directory)
    stamps = [f"{month} 15 12:00:00" for _ in range(2)
              for month in ("Feb", "May", "Aug", "Nov")]
    path = logs.write("log", [dovecot(time=stamp) for stamp in stamps], seconds(2026, 11, 16))
    expect_error(logs, "give --year, the year of its first line", path, **UTC)
    expect(period(logs, "--year", "2025", path, **UTC), ("2025-02-15", "2026-11-15", 8))
    parts = [logs.write("1", [dovecot(time=stamp) for stamp in stamps[:4]], seconds(2026, 11, 15)),
             logs.write("2", [dovecot(time=stamp) for stamp in stamps[4:]], seconds(2026, 11, 16))]
    expect(period(logs, "--year", "2023", *parts, **UTC), ("2023-02-15", "2024-11-15", 8))


@case
def a_clock_that_was_wrong_for_a_while(directory):
    logs = Logs(directory)
    stamps = ("Nov 19 12:00:00", "Jan  1 00:00:07", "Feb 29 00:00:00", "Nov 20 12:00:00")
    path = logs.write("log", [dovecot(time=stamp) for stamp in stamps], seconds(2026, 11, 21))
    expect_error(logs, "give --year", path, **UTC)
    found = json_of(logs, "--year", "2026", path, **UTC)["period"]
    expect((found["first"], found["last"], found["lines"], found["damaged"]),
           ("2026-11-19", "2026-11-20", 2, 2))


@case
def times_without_a_zone_are_local(directory):
    logs = Logs(directory)
    path = logs.write("log", [dovecot(time="Jul  1 01:30:00")], seconds(2026, 7, 2))
    expect(period(logs, path, env={"TZ": "Europe/Berlin"})[0], "2026-06-30")
    expect(period(logs, path, env={"TZ": "UTC"})[0], "2026-07-01")
    path = logs.write("log", [dovecot(time="2026-07-01T01:30:00+02:00")])
    expect(period(logs, path, env={"TZ": "Asia/Tokyo"})[0], "2026-06-30")
    path = logs.write("log", [dovecot_own(time="2026-07-01 01:30:00")])
    expect(period(logs, path, env={"TZ": "Europe/Berlin"})[0], "2026-06-30")


@case
def days_without_lines_are_named(directory):
    logs = Logs(directory)
    days = (1, 2, 5, 6)
    path = logs.write("log", [dovecot(time=f"2026-11-{day:02}T12:00:00Z") for day in days] +
                      [dovecot(time="2026-11-01T12:00:00Z", host="other")])
    found = json_of(logs, path)["period"]
    expect(found["missing"],
           [{"source": "Dovecot on mail", "first": "2026-11-03", "last": "2026-11-04"},
            {"source": "Dovecot on other", "first": "2026-11-02", "last": "2026-11-06"}])
    expect(found["days"], 4)


# --- what is read ---

@case
def compressed_logs_and_standard_input(directory):
    logs = Logs(directory)
    path = logs.write("log", [dovecot()])
    for program, ending in (("gzip", "gz"), ("xz", "xz"), ("zstd", "zst")):
        subprocess.run([program, "-q", "-k", path], check=True)
        packed = path.rename(Path(directory) / "other")
        expect(period(logs, f"{path}.{ending}")[2], 1, program)
        packed.rename(path)
    data = path.read_bytes()
    expect(period(logs, input=data)[2], 1, "standard input")
    expect(period(logs, "-", path, input=data)[2], 2, "both")


@case
def half_an_archive_is_no_report(directory):
    logs = Logs(directory)
    path = logs.write("log", [dovecot(client=f"192.0.2.{n % 200}") for n in range(5000)])
    subprocess.run(["gzip", path], check=True)
    packed = Path(f"{path}.gz")
    packed.write_bytes(packed.read_bytes()[:-100])
    expect_error(logs, "gzip could not read all of it", packed)
    expect_error(logs, "is compressed, and there is no gzip: apt install gzip", packed,
                 env={"PATH": directory})


def journal_entry(ident, message, when="2026-11-20"):
    micro = seconds(*map(int, when.split("-"))) * 1000000
    return json.dumps({"__REALTIME_TIMESTAMP": str(micro), "SYSLOG_IDENTIFIER": ident,
                       "_HOSTNAME": "mail", "MESSAGE": message}) + "\n"


def entries():
    message = dovecot().split(" dovecot: ", 1)[1].strip()
    return [journal_entry("dovecot", message),
            journal_entry("tlsfloor-policyd", policyd().split("]: ", 1)[1].strip()),
            journal_entry("postfix/smtpd", message),
            journal_entry("dovecot", "imap-login: Disconnected: user=<" + message + ">"),
            journal_entry("dovecot", [104, 0, *message.encode()]),
            '{"tlsfloor": broken\n', "{}\n"]


@case
def the_journal_from_standard_input(directory):
    found = json_of(Logs(directory), input="".join(entries()).encode())
    expect(found["period"]["lines"], 2)
    expect(found["period"]["sources"], ["Dovecot on mail", "Postfix on mail"])


@case
def the_journal_itself(directory):
    logs = Logs(directory)
    logs.write("entries", entries())
    tool = logs.write("journalctl", [f'#!/bin/sh\necho "$@" >{directory}/asked\n'
                                     f"exec cat {directory}/entries\n"])
    tool.chmod(0o755)
    environment = {**os.environ, "PATH": f"{directory}:{os.environ['PATH']}"}
    found = json_of(logs, "--journal", "--since", "2026-11-01", env=environment)
    expect(found["period"]["lines"], 2)
    asked = (Path(directory) / "asked").read_text()
    expect_true(f"--since @{seconds(2026, 11, 1)}" in asked and "-a -o json" in asked and
                "-t tlsfloor-policyd -t dovecot" in asked, asked)
    tool.write_text("#!/bin/sh\nexit 1\n")
    expect_error(logs, "the journal: journalctl could not read all", "--journal", env=environment)


@case
def lines_that_do_not_fit_and_the_last_one(directory):
    logs = Logs(directory)
    for size in (100000, 262143, 262144, 262145, 700000):
        path = logs.write("log", ["x" * size, dovecot(), "tlsfloor " * (size // 9), "\n",
                                  dovecot(), dovecot().rstrip("\n")])
        expect(json_of(logs, path)["period"]["lines"], 2, f"{size} bytes")


@case
def a_terminal_sees_how_far_it_is(directory):
    logs = Logs(directory)
    path = logs.write("log", [dovecot()])
    leader, follower = pty.openpty()
    subprocess.run([TLSFLOOR, "-c", logs.conf, "report", path], check=False,
                   stdout=subprocess.DEVNULL, stderr=follower)
    os.close(follower)
    said = b""
    with contextlib.suppress(OSError):  # which is how a terminal without programs ends
        while piece := os.read(leader, 1000):
            said += piece
    os.close(leader)
    said = said.decode()
    expect_true(re.search(r"log: \d+ MB of \d+ MB", said) and said.endswith("\r\033[K"), said)


# --- by what is judged ---

@case
def what_a_new_floor_would_break(directory):
    logs = Logs(directory)
    path = logs.write("log", [dovecot(user="new", **GOOD),
                              dovecot(user="ben", **{**GOOD, "tls": "TLSv1.2",
                                                     "cipher": "ECDHE-RSA-AES128-GCM-SHA256"})])
    expect(json_of(logs, path, status=0)["lose_access_today"], 0)
    logs.configure("floor = TLSv1.3\n")
    expect(json_of(logs, path)["lose_access_today"], 1)


@case
def observed_or_partial_is_judged_as_enforced(directory):
    logs = Logs(directory)
    path = logs.write("log", [dovecot(user=f"user{n}@example.org") for n in range(20)])
    for conf in ("mode = observe\n", "mode = tag\n", "rollout_from = 2099-01-01\n",
                 "rollout_percent = 10\ndovecot_passdb = yes\n"):
        logs.configure(conf)
        expect(json_of(logs, path)["lose_access_today"], 20, conf)


@case
def exceptions_of_today_count(directory):
    logs = Logs(directory, exceptions="ann@example.org allow=TLSv1 until=2026-12-31 service=imap\n")
    path = logs.write("log", [dovecot(), policyd(user="ann@example.org")])
    users = json_of(logs, path)["users"]
    expect((users["below"], users["excepted"]), (1, 0), "submission is not excepted")
    path = logs.write("log", [dovecot()])
    expect(json_of(logs, path)["users"]["excepted"], 1)
    expect(json_of(logs, path, at="2027-01-01")["lose_access_today"], 1, "once it has ended")
    logs.configure("")
    expect(json_of(logs, path)["lose_access_today"], 1, "with dovecot_passdb = no")


@case
def the_exception_that_lasts_longest_is_told(directory):
    ends = {"192.0.2": "2026-12-31", "198.51.100": "2027-12-31"}
    logs = Logs(directory, exceptions="".join(
        f"ann@example.org allow=TLSv1 until={until} service=imap from={network}.0/24\n"
        for network, until in ends.items()))
    for networks in (list(ends), list(ends)[::-1]):
        path = logs.write("log", [dovecot(client=f"{network}.7") for network in networks])
        row, = json_of(logs, path)["rows"]
        expect(row["exception"]["until"], "2027-12-31", networks)


@case
def the_applied_state_is_judged_by(directory):
    logs = Logs(directory, exceptions="ann@example.org allow=TLSv1 until=never service=imap\n")
    path = logs.write("log", [dovecot(), dovecot(user="ben")])
    state = f"{directory}/state"
    subprocess.run([TLSFLOOR, "-c", logs.conf, "-S", state, "apply"], check=True,
                   capture_output=True)
    done = subprocess.run([TLSFLOOR, "-S", state, "report", "--json", path], check=False,
                          capture_output=True, text=True)
    users = json.loads(done.stdout)["users"]
    expect((done.returncode, users["below"], users["excepted"]), (1, 1, 1))


@case
def without_its_exceptions_nothing_is_told(directory):
    logs = Logs(directory, exceptions="ann@example.org allow=TLSv1 until=never service=imap\n")
    path, state = logs.write("log", [dovecot()]), f"{directory}/state"
    subprocess.run([TLSFLOOR, "-c", logs.conf, "-S", state, "apply"], check=True,
                   capture_output=True)
    (Path(state) / "exceptions.cdb").write_text("damaged")
    done = subprocess.run([TLSFLOOR, "-S", state, "report", path], check=False,
                          capture_output=True, text=True)
    expect((done.returncode, done.stdout), (2, ""))
    for words in ("exceptions.cdb", "so who is excepted is not known"):
        expect_true(words in done.stderr, done.stderr)


@case
def one_user_whatever_the_case(directory):
    logs = Logs(directory, "default_domain = example.org\n")
    path = logs.write("log", [dovecot(user=name) for name in
                              ("ann@example.org", "ANN@Example.ORG", "ann")])
    expect(json_of(logs, path)["users"]["seen"], 1)


# --- what follows from it ---

@case
def proposed_exceptions_let_everybody_in(directory):
    logs = Logs(directory)
    suites = (("TLSv1", "ECDHE-RSA-AES256-SHA"), ("SSLv3", "RC4-MD5"), ("cleartext", "-"),
              ("TLSv1.2", "AECDH-AES128-SHA"), ("TLSv1.3", "TLS_AES_256_GCM_SHA384"),
              ("TLSv1.1", "NULL-SHA"))
    lines = [make(user=f"user{n}@example.org", client=f"198.51.{n}.{n * 7 % 250}", tls=tls,
                  cipher=cipher)
             for n in range(60) for make in (dovecot, policyd)
             for tls, cipher in (suites[n % 6], suites[n // 6 % 6])]
    path = logs.write("log", lines)
    expect_true(json_of(logs, path)["lose_access_today"] > 40, "nobody is below")
    proposed = logs.run("--exceptions", "until=2026-12-31", path)[0]
    expect_true("#" not in proposed, proposed)
    logs.exceptions.write_text(proposed)
    found = json_of(logs, path)
    expect([row for row in found["rows"] if row["class"] == "below"], [])
    checked = logs.run(command="check", at=None)
    expect_true("error" not in checked[1], checked[1])


@case
def proposed_commands_do_what_they_say(directory):
    logs = Logs(directory)
    logs.configure("dovecot_passdb = yes\n")
    path = logs.write("log", [dovecot(user="ann@example.org"),
                              policyd(user="\"o'neil@example.org\""),
                              policyd(user='"$(touch pwned)@example.org"'),
                              policyd(user='"`touch pwned`"')])
    output = logs.run(path, at=None)[0]
    commands = output.split("more days:\n", 1)[1]
    expect(commands.count("tlsfloor exception add "), 2, commands)
    tool = logs.write("tlsfloor", [f'#!/bin/sh\nexec {TLSFLOOR} -c {logs.conf} '
                                   f'-S {directory}/state "$@"\n'])
    tool.chmod(0o755)
    subprocess.run([TLSFLOOR, "-c", logs.conf, "-S", f"{directory}/state", "apply"], check=True,
                   capture_output=True)
    subprocess.run(["sh", "-e"], input=commands, text=True, check=True, cwd=directory,
                   capture_output=True,
                   env={**os.environ, "PATH": f"{directory}:{os.environ['PATH']}"})
    expect(json_of(logs, path, at=time.strftime("%Y-%m-%d"))["lose_access_today"], 2)
    expect_true(not (Path(directory) / "pwned").exists(), "a name has run a command")


@case
def passwords_in_cleartext(directory):
    logs = Logs(directory)
    clear = {"tls": "cleartext", "cipher": "-", "reason": "cleartext"}
    lines = [dovecot(user="a", time="2026-11-01T00:00:00Z", **clear),
             dovecot(user="a", time="2026-11-03T00:00:00Z", **GOOD),
             dovecot(user="b", time="2026-11-03T00:00:00Z", **GOOD),
             dovecot(user="b", time="2026-11-04T00:00:00Z", **clear),
             dovecot(user="c", time="2026-11-04T00:00:00Z"),
             dovecot(user="d", time="2026-11-04T00:00:00Z", action="accept",
                     **{**clear, "reason": "trusted-network"}),
             dovecot(user="e", time="2026-11-04T00:00:00Z", action="refuse", **clear)]
    output = logs.run("--password-changes", logs.write("log", lines))[0]
    rows = list(csv.DictReader(io.StringIO(output, newline="")))
    expect([(row["user"], row["last_cleartext"], row["secure_since"]) for row in rows],
           [("a", "2026-11-01", "2026-11-03"), ("b", "2026-11-04", "")])


@case
def whatever_a_name_has(directory):
    """All bytes, in every view: nothing gets out of its place."""
    logs = Logs(directory)
    names = ["".join(f"\\x{byte:02x}" if not 32 <= byte < 127 else
                     {'"': '\\"', "\\": "\\\\"}.get(chr(byte), chr(byte))
                     for byte in range(start, start + 32)) for start in range(0, 256, 32)]
    names += ["<script>alert(1)</script>", "=1+1", "+1", "@x", "-1", "</title><b>", "a,b", "a;b"]
    path = logs.write("log", [dovecot(user=f'"{name}"') for name in names] +
                      [dovecot(user="x", host="m\x1b[2Jx", tls='"TLSv1\\x1b"', cipher='"\\x9b"')])
    names.append("x")
    plain, _, _ = logs.run(path)
    expect([line for line in plain.split("\n") if not line.isprintable()], [])
    rows = list(csv.DictReader(io.StringIO(logs.run("--csv", path)[0], newline="")))
    expect(len(rows), len(names))
    expect([row["user"] for row in rows if row["user"][0] in "=+@" or row["user"] == "-1"], [])
    page, _, _ = logs.run("--html", path)
    expect_true("<script" not in page and "</title><b>" not in page, "the page has a script")
    expect_true(re.search(r"(src|href)=|@import|url\((?!#hatch)|https?:", page) is None,
                "the page is not on its own")
    found = json_of(logs, path)
    expect(len({row["user"] for row in found["rows"]}), len(names))


@case
def masked_names_stay_the_same(directory):
    logs = Logs(directory)
    path = logs.write("log", [dovecot(user="ann@example.org"), policyd(user="ANN@example.org")])
    for view in ([], ["--csv"], ["--json"], ["--html"], ["--users"], ["--by", "network"]):
        output = logs.run("--mask", *view, path)[0].lower()
        expect_true("ann@" not in output and "192.0.2" not in output, f"{view}: {output}")
    rows = json_of(logs, "--mask", path)["rows"]
    expect(len({row["user"] for row in rows}), 1)


@case
def numbers_and_their_words(directory):
    logs = Logs(directory)
    for number, words in (
            (1, ("1 user loses access, and 1 session that does not name a user would",
                 "1 audit line is cut", "told 1 time that", "1 login below the floor, because")),
            (2, ("2 users lose access, and 2 sessions that do not name a user would",
                 "2 audit lines are cut", "told 2 times that",
                 "2 logins below the floor, because"))):
        path = logs.write("log", [
            line for n in range(number) for line in
            (dovecot(user=f"u{n}"), policyd(user="-"), dovecot()[:200] + "\n",
             "Nov 20 12:00:00 mail rsyslogd: 3 messages lost due to rate-limiting\n",
             dovecot(action="accept", reason="trusted-network"))])
        output = logs.run(path)[0]
        for word in words:
            expect_true(word in output, f"{word}:\n{output}")


@case
def more_than_there_is_room_for(directory):
    """Names that were turned away, which anybody can invent, leave the room of others alone."""
    logs = Logs(directory)
    path = logs.write("log", [dovecot(user=f"x{number}", action="refuse")
                              for number in range(20003)] + [dovecot()])
    output, errors, status = logs.run("--users", path)
    expect(status, 1)
    expect_true("3 logins are more than there is room for" in errors, errors)
    expect(output.count("\n"), 2, "one user below the floor")
    output, _, _ = logs.run(path)
    for words in ("left out      3 logins", "20003 names nobody was ever let in"):
        expect_true(words in output, output[:2000])


if __name__ == "__main__":
    sys.exit(run())
