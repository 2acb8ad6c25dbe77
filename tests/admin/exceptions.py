#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tlsfloor exception as an admin uses it, as a hundred admins do, and as it is killed."""
import contextlib
import json
import os
import re
import shutil
import sqlite3
import stat
import subprocess
import sys
import tempfile
import unittest
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from tap import Tap, comment  # noqa: E402

TLSFLOOR = Path(os.environ["TLSFLOOR_BUILD"]) / "admin" / "tlsfloor"
EXAMPLES = Path(os.environ["TLSFLOOR_SRC"]) / "doc" / "examples"
SANITIZED = b"__asan_init" in TLSFLOOR.read_bytes()
FROM = "from=192.0.2.0/24"
TEXT = f"""\
# Legacy users, in the order of their tickets.
ann@example.org allow=TLSv1 until=2099-03-31 {FROM}   service=submission

# printers
scan   allow=TLSv1 until=2099-03-31 {FROM} note="by the stairs"
  # indented
@old.example.org allow=TLSv1.1 until=2020-03-31 {FROM}
"""
OLD_TLS = ["--tls", "TLSv1", "--cipher", "AES128-SHA"]


class Exceptions(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.directory = Path(temporary.name)
        self.conf = self.directory / "tlsfloor.conf"
        self.exceptions = self.directory / "exceptions"
        self.state = self.directory / "state"
        self.conf.write_text(f"exceptions = {self.exceptions}\ndovecot_passdb = yes\n")
        self.exceptions.write_text(TEXT)

    def command(self, *arguments):
        return [TLSFLOOR, "-c", self.conf, "-S", self.state, *arguments]

    def tool(self, *arguments, status=0, text=None):
        """Runs a command on this test's files; its output, errors first."""
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True, input=text,
                              check=False)
        self.assertEqual(done.returncode, status, done.stderr + done.stdout)
        # There is no such group on most machines that build this.
        errors = "".join(line for line in done.stderr.splitlines(keepends=True)
                         if "only root can read it" not in line)
        return errors + done.stdout

    def edit(self, *arguments, status=0, text=None):
        return self.tool("exception", *arguments, status=status, text=text)

    def judge(self, user, client="192.0.2.7"):
        """What the applied state says of a user with TLS 1.0: (action, reason). None: not yet."""
        who = [] if user is None else ["--user", user]
        done = subprocess.run(
            [TLSFLOOR, "-S", self.state, "decide", "--json", "--service", "submission", *who,
             "--client", client, *OLD_TLS], capture_output=True, text=True, check=False)
        answer = json.loads(done.stdout)
        return answer["action"], answer["reason"]

    def is_in(self, user, client="192.0.2.7"):
        """Whether he gets in, for which the gate must be open before he is named."""
        verdict = self.judge(user, client)
        self.assertIn(verdict, [("accept", "exception"), ("refuse", "version")])
        if verdict[0] == "accept":
            self.assertEqual(self.judge(None, client)[0], "undecided")
        return verdict[0] == "accept"

    # --- add and remove ---

    def test_add_is_in_force_and_keeps_the_rest(self):
        self.assertEqual(
            self.edit("add", "bob@example.org", "allow=TLSv1", "until=2099-01-31", FROM,
                      'note=ticket "47" \\ x'),
            f"added: bob@example.org allow=TLSv1 until=2099-01-31 {FROM} "
            'note="ticket \\"47\\" \\\\ x"\nexceptions in force: 4\n')
        self.assertEqual(
            self.exceptions.read_text(),
            TEXT + f"bob@example.org allow=TLSv1 until=2099-01-31 {FROM} "
            'note="ticket \\"47\\" \\\\ x"\n')
        self.assertTrue(self.is_in("Bob@example.org"))
        self.assertFalse(self.is_in("carl@example.org"))

    def test_add_twice_is_once(self):
        for want in ("added: ", "is there already: "):
            self.assertIn(want, self.edit("add", "b", "allow=TLSv1", "until=2099-01-31", FROM))
        self.assertEqual(self.exceptions.read_text().count("\nb "), 1)

    def test_add_to_a_last_line_without_newline(self):
        self.exceptions.write_text(TEXT.rstrip("\n"))
        self.edit("add", "b", "allow=TLSv1", "until=2099-01-31", FROM)
        self.assertEqual(self.exceptions.read_text(),
                         TEXT + f"b allow=TLSv1 until=2099-01-31 {FROM}\n")

    def test_add_makes_the_file(self):
        self.exceptions.unlink()
        self.edit("add", "b", "allow=TLSv1", "until=2099-01-31", FROM)
        self.assertTrue(self.is_in("b"))

    def test_add_warns_of_what_deserves_it(self):
        output = self.edit("add", "b", "allow=TLSv1", "until=never", "from=any")
        self.assertIn(f"warning: {self.exceptions}: until=never: ", output)
        self.assertIn(f"warning: {self.exceptions}: from=any ", output)

    def test_what_is_no_exception_changes_nothing(self):
        self.tool("apply")
        before = (self.state / "policy").read_bytes()
        for arguments, want in (
                (["b", "allow=TLSv1", "until=tomorrow"], "until=tomorrow: write a date"),
                (["b", "allow=TLSv1", "until=2099-01-31"], "needs from="),
                (["b", "allow=TLS1", FROM, "until=2099-01-31"], "allow=TLS1: "),
                (["#b", "allow=TLSv1", "until=2099-01-31"], "write user@domain"),
                (["b\nc allow=TLSv1", "allow=TLSv1", "until=2099-01-31"], "control character"),
                (["b", "note=a\nb", "allow=TLSv1", "until=2099-01-31"], "control character")):
            self.assertIn(want, self.edit("add", *arguments, status=2))
        self.assertEqual(self.exceptions.read_text(), TEXT)
        self.assertEqual((self.state / "policy").read_bytes(), before)

    def test_a_bad_line_elsewhere_stops_it(self):
        self.exceptions.write_text(TEXT + "bob allow=everything\n")
        output = self.edit("add", "b", "allow=TLSv1", "until=2099-01-31", FROM, status=2)
        self.assertIn(f"error: {self.exceptions}:8: ", output)
        self.assertNotIn("added", output)

    def test_remove_takes_every_line_of_that_name(self):
        self.edit("add", "ANN@example.org", "allow=SSLv3", "until=2099-01-31", FROM)
        self.assertTrue(self.is_in("ann@example.org"))
        output = self.edit("remove", "Ann@Example.org")
        self.assertEqual(output.count("removed: "), 2)
        self.assertFalse(self.is_in("ann@example.org"))
        self.assertEqual(self.exceptions.read_text(),
                         "".join(line for line in TEXT.splitlines(keepends=True)
                                 if not line.startswith("ann")))

    def test_remove_of_a_domain_is_not_of_its_users(self):
        self.edit("add", "x@old.example.org", "allow=TLSv1", "until=2099-01-31", FROM)
        self.edit("remove", "@OLD.example.org")
        self.assertNotIn("\n@old", self.exceptions.read_text())
        self.assertTrue(self.is_in("x@old.example.org"))

    def test_remove_of_nobody(self):
        self.assertIn("has no exception for that name", self.edit("remove", "zoe", status=2))
        self.assertIn("write user@domain", self.edit("remove", "a b", status=2))

    def test_remove_with_the_default_domain(self):
        with self.conf.open("a") as file:
            file.write("default_domain = example.org\n")
        self.assertIn("removed: ann@example.org", self.edit("remove", "ann"))

    # --- what it does not touch ---

    def test_only_exceptions_are_put_in_force(self):
        self.tool("apply")
        with self.conf.open("a") as file:
            file.write("floor = TLSv1.3\n")
        output = self.edit("add", "b", "allow=TLSv1", "until=2099-01-31", FROM)
        self.assertIn(f"warning: {self.conf}: is not what is applied; only the exceptions were\n",
                      output)
        self.assertTrue(self.is_in("b"))
        self.assertNotIn("floor = TLSv1.3", (self.state / "policy").read_text())

    def test_another_default_domain_is_applied_first(self):
        self.tool("apply")
        with self.conf.open("a") as file:
            file.write("default_domain = example.org\n")
        self.assertIn("run tlsfloor apply first",
                      self.edit("add", "b", "allow=TLSv1", "until=2099-01-31", FROM, status=2))
        self.assertEqual(self.exceptions.read_text(), TEXT)

    def test_no_file_no_exceptions(self):
        self.conf.write_text("exceptions = none\n")
        self.assertIn("exceptions = none: name a file",
                      self.edit("add", "b", "allow=TLSv1", "until=2099-01-31", FROM, status=2))

    def test_mode_and_link_stay(self):
        real = self.directory / "real"
        self.exceptions.rename(real)
        self.exceptions.symlink_to("real")
        real.chmod(0o640)
        self.edit("add", "b", "allow=TLSv1", "until=2099-01-31", FROM)
        self.assertTrue(self.exceptions.is_symlink())
        self.assertEqual(stat.S_IMODE(real.stat().st_mode), 0o640)
        self.assertEqual(sorted(os.listdir(self.directory)),
                         ["exceptions", "real", "state", "tlsfloor.conf"])

    # --- list, show, export ---

    def test_list(self):
        self.assertEqual(len(self.edit("list").splitlines()), 3)
        self.assertTrue(self.edit("list", "--expired").startswith("@old.example.org "))
        self.assertEqual(self.edit("list", "--expiring", "30"), "")
        self.assertEqual(len(self.edit("list", "--expiring", "36500").splitlines()), 2)
        self.assertIn("number of days", self.edit("list", "--expiring", "soon", status=2))

    def test_list_json(self):
        first, second, third = json.loads(self.edit("list", "--json"))
        self.assertEqual(first, {
            "line": 2, "who": "ann@example.org", "allow": "TLSv1", "until": "2099-03-31",
            "expired": False, "services": ["submission"], "from": ["192.0.2.0/24"],
            "ciphers_any": False, "note": None})
        self.assertEqual((second["note"], third["expired"]), ("by the stairs", True))

    def test_show(self):
        self.assertIn("ann@example.org allow=TLSv1 ", self.edit("show", "ANN@example.org"))
        self.assertIn(":7: until=2020-03-31: has expired", self.edit("show", "x@old.example.org"))
        self.assertIn("no exception concerns that name", self.edit("show", "zoe"))
        self.assertEqual(json.loads(self.edit("show", "--json", "zoe")), [])

    def test_export_and_import_are_a_round_trip(self):
        text = self.edit("export")
        self.assertEqual(self.edit("import", "--replace", "-", text=text),
                         "imported: 0 added, 0 removed\nexceptions in force: 3\n")
        self.assertEqual(self.exceptions.read_text(), TEXT)

    # --- import ---

    def test_import_adds_what_is_new(self):
        path = self.directory / "more"
        line = f"b allow=TLSv1 until=2099-01-31 {FROM}\n"
        path.write_text("# from elsewhere\n" + line + line +
                        f"ann@example.org until=2099-03-31 allow=TLSv1 service=submission {FROM}\n")
        self.assertIn("imported: 1 added, 0 removed\n", self.edit("import", path))
        self.assertEqual(self.exceptions.read_text(), TEXT + line)
        self.assertTrue(self.is_in("b"))

    def test_import_replace(self):
        ann = f"ann@example.org allow=TLSv1 until=2099-03-31 service=submission {FROM}\n"
        new = f"scan allow=TLSv1 until=2099-12-31 {FROM}\n"
        output = self.edit("import", "--replace", "-", text=new + ann)
        self.assertIn("imported: 1 added, 2 removed\n", output)
        text = self.exceptions.read_text()
        self.assertIn("# Legacy users", text)
        self.assertTrue(text.index("ann@") < text.index("# printers") < text.index("scan "))
        self.assertNotIn("@old", text)

    def test_import_replace_of_half_a_list_needs_force(self):
        self.tool("apply")
        for text in ("", "# nothing\n", f"zoe allow=TLSv1 until=2099-12-31 {FROM}\n"):
            self.assertIn("3 of 3 exceptions without any line",
                          self.edit("import", "--replace", "-", text=text, status=2))
            self.assertEqual(self.exceptions.read_text(), TEXT)
            self.assertTrue(self.is_in("ann@example.org"))
        self.edit("import", "--replace", "--force", "-", text="")
        self.assertFalse(self.is_in("ann@example.org"))

    def test_import_of_a_broken_list_changes_nothing(self):
        text = self.edit("export") + "half a li"
        self.assertIn("error: standard input:4: ",
                      self.edit("import", "--replace", "-", text=text, status=2))
        self.assertEqual(self.exceptions.read_text(), TEXT)
        self.assertIn("No such file", self.edit("import", self.directory / "absent", status=2))

    def test_import_from_sqlite_as_in_the_example(self):
        database, tool = self.directory / "users.sqlite", self.directory / "tool"
        tool.write_text("#!/bin/sh\nexec " + " ".join(map(str, self.command())) + ' "$@"\n')
        tool.chmod(0o755)
        script = EXAMPLES / "tlsfloor-import-sqlite"
        schema = "".join(line.removeprefix("#").split("--")[0] + "\n"
                         for line in script.read_text().splitlines() if line.startswith("#  "))
        with contextlib.closing(sqlite3.connect(database)) as connection:
            connection.execute(schema)
            connection.executemany("INSERT INTO tls_exceptions VALUES (?, ?, ?, ?, ?, ?)", [
                ("ann@example.org", "TLSv1", "2099-03-31", "submission", "192.0.2.0/24", None),
                ("scan", "TLSv1", "2099-03-31", None, "any", 'a "b" \\c\nd allow=TLSv1'),
                ("@old.example.org", "TLSv1", "never", "imap,pop3", None, "x")])
            connection.commit()
        environment = dict(os.environ, DATABASE=str(database), TLSFLOOR=str(tool))
        done = subprocess.run([script], env=environment, capture_output=True, text=True,
                              check=False)
        self.assertIn("imported: 2 added, 2 removed\n", done.stdout, done.stderr)
        self.assertTrue(self.is_in("ann@example.org") and self.is_in("scan"))
        self.assertIn('from=any note="a \\"b\\" \\\\c d allow=TLSv1"\n',
                      self.exceptions.read_text())
        before = self.exceptions.read_text()
        environment["DATABASE"] = str(self.directory / "absent")
        done = subprocess.run([script], env=environment, capture_output=True, check=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(self.exceptions.read_text(), before)

    def test_usage(self):
        for arguments in ([], ["give"], ["add", "b"], ["remove"], ["add", "--force", "b", "c", "d"],
                          ["list", "--replace"], ["export", "--json"], ["import"]):
            self.assertIn("tlsfloor: ", self.edit(*arguments, status=2))

    # --- check ---

    def test_check_tells_of_a_newer_text(self):
        self.tool("apply")
        with self.exceptions.open("a") as file:
            file.write(f"b allow=TLSv1 until=2099-01-31 {FROM}\n")
        warning = f"warning: {self.exceptions}: is not what is applied: run tlsfloor apply\n"
        self.assertIn(warning, self.tool("check", status=1))
        self.tool("apply")
        self.assertNotIn(warning, self.tool("check", status=1))

    def test_check_tells_of_a_damaged_snapshot(self):
        self.tool("apply")
        snapshot = self.state / "exceptions.cdb"
        os.truncate(snapshot, 3000)
        self.assertIn(f"error: {snapshot}: is damaged", self.tool("check", status=2))
        snapshot.unlink()
        self.assertIn(f"error: {snapshot}: is missing", self.tool("check", status=2))
        self.assertEqual(self.judge("ann@example.org"), ("defer", "store-error"))

    def test_check_tells_of_lines_of_no_use(self):
        with self.conf.open("a") as file:
            file.write("legacy_networks = 198.51.100.0/24\n")
        self.exceptions.write_text(f"a allow=TLSv1 until=2099-01-31 {FROM}\n"
                                   "b allow=TLSv1.2 until=2099-01-31 from=198.51.100.7\n"
                                   "c allow=TLSv1.2 until=2099-01-31 from=198.51.100.7 "
                                   "ciphers=any\n")
        output = self.tool("check", status=1)
        self.assertIn(f"{self.exceptions}:1: never applies: ", output)
        self.assertIn(f"{self.exceptions}:2: allows no version below the floor: ", output)
        self.assertNotIn(f"{self.exceptions}:3: ", output)

    def test_warnings_of_a_kind_are_counted(self):
        self.exceptions.write_text("".join(f"u{number} allow=TLSv1 until=2020-01-31 {FROM}\n"
                                           for number in range(500)))
        output = self.tool("check", status=1)
        self.assertEqual(output.count("until=2020-01-31: has expired"), 10)
        self.assertIn("490 more of the kind: has expired", output)

    # --- many at once, and none to its end ---

    def test_a_hundred_at_once_lose_none(self):
        self.tool("apply")
        with ThreadPoolExecutor(100) as pool:
            done = list(pool.map(lambda number: self.edit(
                "add", f"user{number}", "allow=TLSv1", "until=2099-01-31", FROM), range(100)))
        self.assertEqual(len(done), 100)
        lines = self.exceptions.read_text().splitlines()
        self.assertEqual(sorted(line.split()[0] for line in lines if line.startswith("user")),
                         sorted(f"user{number}" for number in range(100)))
        self.assertEqual(self.exceptions.read_text()[:len(TEXT)], TEXT)
        for number in (0, 50, 99):
            self.assertTrue(self.is_in(f"user{number}"))
        self.assertNotIn("is not what is applied", self.tool("check", status=1))

    def trace(self, text, *options):
        """Runs an import under strace; what it has traced, and whether it came to its end."""
        trace = self.directory / "trace"
        import_ = self.command("exception", "import", "--replace", "--force", "-")
        done = subprocess.run(["strace", "-o", trace, *options, *import_], input=text,
                              capture_output=True, text=True, check=False)
        return trace.read_text(), done.returncode == 0

    def calls(self, text):
        """(name, how often it was called until then) of each system call since the lock."""
        traced, ended = self.trace(text)
        self.assertTrue(ended)
        names = re.findall(r"^(\w+)\(", traced, re.M)
        counted = [(name, names[:number + 1].count(name)) for number, name in enumerate(names)]
        return counted[names.index("mkdir"):]

    def test_killed_at_every_system_call(self):
        if shutil.which("strace") is None or SANITIZED:
            comment("needs strace, and a build without sanitizers")
            return
        old = "old allow=TLSv1 until=2099-01-31 from=198.51.100.1/32\n"
        new = "new allow=TLSv1 until=2099-01-31 from=198.51.100.2/32\n"
        both = f"carl allow=TLSv1 until=2099-01-31 {FROM}\n"
        self.exceptions.write_text(old + both)
        self.tool("apply")
        calls, states = self.calls(both + new), set()
        for name, count in calls:
            self.exceptions.write_text(old + both)
            self.tool("apply")
            kill = ["-e", f"trace={name}", "-e", f"inject={name}:signal=KILL:when={count}"]
            traced, ended = self.trace(both + new, *kill)
            where = f"killed at {name} {count}: {traced}"
            self.assertFalse(ended, where)
            # Every one is a state that was meant, and none is both or between.
            state = (self.is_in("old", "198.51.100.1"), self.is_in("new", "198.51.100.2"))
            self.assertIn(state, [(True, False), (False, True)], where)
            self.assertTrue(self.is_in("carl"), where)
            self.assertIn(self.exceptions.read_text(), (old + both, both + new))
            states.add((state, self.exceptions.read_text() == old + both))
        comment(f"killed at {len(calls)} system calls, {len(states)} states seen")
        self.assertEqual(states, {((True, False), True), ((True, False), False),
                                  ((False, True), False)})
        self.tool("apply")
        self.assertEqual(sorted(os.listdir(self.state)), ["envelope", "exceptions.cdb", "policy"])


def main():
    tap = Tap()
    for name in unittest.defaultTestLoader.getTestCaseNames(Exceptions):
        with tap.case(name.removeprefix("test_").replace("_", " ")):
            case = Exceptions(name)
            try:
                case.debug()
            finally:
                case.doCleanups()
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
