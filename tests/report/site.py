#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tlsfloor report of two years of a made-up site with 50,000 users says what is true of it."""

import collections
import datetime
import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from log_lines import Logs  # noqa: E402
from made_up_site import FIRST, LAST, SILENT, UNTIL, Site  # noqa: E402
from tap import Tap, expect, expect_true  # noqa: E402

CLASSES = ("ready", "below", "excepted", "not_judged", "turned_away")


def report(logs, *arguments):
    output, errors, status = logs.run("--json", *arguments, env={"TZ": "UTC", "PATH": "/bin"})
    expect((errors, status), ("", 1), "errors and status")
    return json.loads(output)


def expect_truth(found, logins):
    """The report says of these logins, of which each has its class, what is true."""
    users = Site.users_by_class(logins)
    want = {name: users[name.replace("_", "-")] for name in CLASSES}
    expect({name: found["users"][name] for name in CLASSES}, want, "users")
    expect(found["lose_access_today"], want["below"])
    numbers = collections.Counter(what.replace("-", "_") for _, what in logins)
    expect(found["logins"], {name: numbers[name] for name in CLASSES}, "logins")
    rows = {(row["user"], row["service"], row["version"], row["cipher"], row["class"]):
            (row["logins"], row["first"], row["last"]) for row in found["rows"]}
    truth = Site.rows(logins)
    expect(len(rows), len(truth), "rows")
    expect([(key, rows.get(key), truth[key]) for key in truth if rows.get(key) != truth[key]], [],
           "rows that are wrong")


def expect_from(found, logins):
    """Where the users come from, and until when exceptions let them in."""
    truth = collections.defaultdict(set)
    for login, what in logins:
        truth[login.user, login.service, login.version, what].add(login.client)
    for row in found["rows"]:
        clients = truth[row["user"], row["service"], row["version"], row["class"]]
        expect(set(row["from"]), clients, row["user"])
        if row["class"] == "excepted":
            expect(row["exception"], {"who": row["user"], "until": UNTIL.isoformat()})


def expect_days(found, logins):
    truth = collections.defaultdict(collections.Counter)
    for login, what in logins:
        truth[login.time.date().isoformat()][what.replace("-", "_")] += 1
    expect(len(found["by"]), len(truth), "days")
    for item in found["by"]:
        expect(item["logins"], {name: truth[item["day"]][name] for name in CLASSES}, item["day"])


def main():
    tap, site = Tap(), Site()
    with tempfile.TemporaryDirectory() as directory:
        logs = Logs(directory, exceptions=site.exceptions())
        paths = site.write(directory)
        expect_true(len(paths) == 24, f"{len(paths)} files")
        with tap.case("two years, the newest file first"):
            found = report(logs, "--by", "day", *paths)
            expect_truth(found, site.logins)
            expect_from(found, site.logins)
            expect_days(found, site.logins)
        with tap.case("what is missing is named"):
            missing = [(item["first"], item["last"]) for item in found["period"]["missing"]]
            expect(missing, [tuple(date.isoformat() for date in SILENT)] * 2)
            expect((found["period"]["first"], found["period"]["last"]),
                   (FIRST.isoformat(), LAST.isoformat()))
            expect((found["period"]["damaged"], found["period"]["losses"]), (0, 0))
        with tap.case("the last half year alone"):
            expect_truth(report(logs, "--since", "2026-06-01", *paths),
                         site.since(datetime.date(2026, 6, 1)))
        with tap.case("whoever is excepted as proposed no longer loses access"):
            proposed, _, _ = logs.run("--exceptions", "until=2027-03-31", *paths)
            with logs.exceptions.open("a") as file:
                file.write(proposed)
            expect(report(logs, *paths)["lose_access_today"], 0)
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
