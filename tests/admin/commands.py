#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""check, apply, show, decide and ciphers as an admin uses them."""
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))

from tap import Tap  # noqa: E402

TLSFLOOR = Path(os.environ["TLSFLOOR_BUILD"]) / "admin" / "tlsfloor"
OLD = ["--client", "192.0.2.7", "--tls", "TLSv1", "--cipher", "AES128-SHA"]


class Commands(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.directory = Path(temporary.name)
        self.conf = self.directory / "tlsfloor.conf"
        self.state = self.directory / "state"
        self.edit("exceptions = none\n")

    def edit(self, text):
        self.conf.write_text(text)

    def run_tool(self, *arguments):
        return subprocess.run([TLSFLOOR, *arguments], capture_output=True, text=True, check=False)

    def tool(self, *arguments, status=0):
        """Runs a command on this test's files; its output, errors first."""
        done = self.run_tool("-c", self.conf, "-S", self.state, *arguments)
        self.assertEqual(done.returncode, status, done.stderr + done.stdout)
        return done.stderr + done.stdout

    def test_check_says_ok_once_applied(self):
        self.tool("apply")
        self.assertEqual(self.tool("check"), "ok\n")

    def test_check_warns_before_anything_is_applied(self):
        self.assertEqual(
            self.tool("check", status=1),
            f"warning: {self.state}/policy: no policy has been applied: run tlsfloor apply\n"
            "ok, with 1 warning\n")

    def test_check_warns_of_what_is_not_applied(self):
        self.tool("apply")
        self.edit("exceptions = none\nfloor = TLSv1.3\n")
        self.assertIn(f"warning: {self.conf}: is not what is applied: run tlsfloor apply\n",
                      self.tool("check", status=1))

    def test_check_finds_a_damaged_state(self):
        self.tool("apply")
        policy = self.state / "policy"
        policy.write_bytes(policy.read_bytes().replace(b"TLSv1.2", b"TLSv1.1"))
        self.assertEqual(
            self.tool("check", status=2),
            f"error: {policy}: is damaged or of another release: run tlsfloor apply\n")

    def test_check_changes_nothing(self):
        self.tool("check", status=1)
        self.assertFalse(self.state.exists())

    def test_check_counts_exceptions_that_dovecot_cannot_act_on(self):
        exceptions = self.directory / "exceptions"
        exceptions.write_text("# legacy\nann allow=TLSv1 until=2097-03-31 service=imap\n"
                              "scan allow=TLSv1 until=2097-03-31 service=submission from=::1\n")
        self.edit(f"exceptions = {exceptions}\n")
        warning = (f"warning: {exceptions}: 1 exception is not in force for imap, pop3 and sieve: "
                   "dovecot_passdb = no\n")
        self.assertIn(warning, self.tool("apply"))
        self.assertEqual(self.tool("check", status=1), warning + "ok, with 1 warning\n")
        self.edit(f"exceptions = {exceptions}\ndovecot_passdb = yes\n")
        self.tool("apply")
        self.assertEqual(self.tool("check"), "ok\n")

    def test_an_exception_without_an_end_is_a_warning(self):
        exceptions = self.directory / "exceptions"
        exceptions.write_text("ann allow=TLSv1 until=2027-03-31 service=imap\n"
                              "bob allow=TLSv1 until=never service=imap\n")
        self.edit(f"exceptions = {exceptions}\n")
        output = self.tool("check", status=1)
        self.assertIn(f"warning: {exceptions}:2: until=never: ", output)
        self.assertNotIn(f"{exceptions}:1: ", output)

    def test_a_named_exceptions_file_that_is_missing_is_a_warning(self):
        self.edit(f"exceptions = {self.directory}/absent\n")
        self.assertIn(f"warning: {self.directory}/absent: there is no such file",
                      self.tool("apply"))

    def test_missing_configuration_says_what_to_do(self):
        self.conf.unlink()
        self.assertEqual(
            self.tool("check", status=2),
            f"error: {self.conf}: there is no such file: make it (an empty one means the "
            "defaults)\n")

    def test_apply_says_what_changed(self):
        self.assertEqual(
            self.tool("apply"),
            "applied (nothing was in force before); what differs from the defaults:\n"
            "  exceptions: none\n")
        self.edit("exceptions = none\nmode = tag\n[imap]\nfloor = TLSv1.3\n")
        self.assertEqual(
            self.tool("apply"),
            "applied; what changed:\n"
            "  mode: enforce -> tag\n"
            "  [imap] floor: as for all services -> TLSv1.3\n")
        self.edit("exceptions = none\nmode = tag\n")
        self.assertEqual(
            self.tool("apply"),
            "applied; what changed:\n  [imap] floor: TLSv1.3 -> as for all services\n")
        self.assertEqual(self.tool("apply"), "applied; what changed:\n  nothing\n")

    def test_apply_refuses_a_broken_file_as_a_whole(self):
        self.tool("apply")
        before = (self.state / "policy").read_bytes()
        self.edit("floor = TLSv1.3\nflor = TLSv1.3\nmode = maybe\n")
        output = self.tool("apply", status=2)
        self.assertIn(f"error: {self.conf}:2: ", output)
        self.assertIn(f"error: {self.conf}:3: ", output)
        self.assertIn("tlsfloor: nothing was applied", output)
        self.assertEqual((self.state / "policy").read_bytes(), before)
        self.assertEqual(sorted(os.listdir(self.state)), ["envelope", "policy"])

    def test_a_partial_rollout_needs_the_passdb_in_dovecot(self):
        self.tool("apply")
        self.edit("exceptions = none\n[pop3]\nrollout_percent = 10\n")
        for command in ("check", "apply", "show"):
            output = self.tool(command, status=2)
            self.assertIn(f"error: {self.conf}:3: rollout_percent from 1 to 99 ", output)
            self.assertIn("set dovecot_passdb = yes, or, if only Postfix is meant, ", output)
        self.assertNotIn(b"[pop3]", (self.state / "policy").read_bytes())
        for text in ("dovecot_passdb = yes\n[pop3]\n", "[submission]\n"):
            self.edit(f"exceptions = none\n{text}rollout_percent = 10\n")
            self.tool("apply")

    def test_apply_needs_a_directory_it_can_write_to(self):
        self.state.write_text("")
        self.assertIn(f"error: {self.state}: cannot be opened: Not a directory",
                      self.tool("apply", status=2))

    def test_show_prints_what_differs_from_the_defaults(self):
        self.edit("# ours\nexceptions = none\n[pop3]\nmode =  observe\n")
        self.tool("apply")
        self.assertEqual(
            self.tool("show"),
            f"# {self.conf}, applied\nexceptions = none\n\n[pop3]\nmode = observe\n")

    def test_show_says_that_it_is_not_applied(self):
        self.assertTrue(self.tool("show").startswith(f"# {self.conf}, not applied\n"))
        self.tool("apply")
        self.edit("exceptions = none\nmode = tag\n")
        self.assertTrue(self.tool("show").startswith(
            f"# {self.conf}, not applied: another policy is in force (run tlsfloor apply)\n"))

    def test_show_d_is_a_configuration_of_the_same_meaning(self):
        self.edit("exceptions = none\nbrownout = Mon-Fri 09:00-10:00\nrollout_from = 2027-01-01\n"
                  "trusted_networks = 10.0.0.0/8,\n  192.168.0.0/16\n[sieve]\nfloor = TLSv1.3\n")
        self.tool("apply")
        everything = self.tool("show", "-d")
        self.assertIn("\nreject_text = ", everything)
        self.edit(everything)
        self.assertEqual(self.tool("check"), "ok\n")

    def test_decide_without_c_judges_what_is_applied(self):
        self.edit("exceptions = none\nmode = tag\n")
        self.tool("apply")
        self.edit("exceptions = none\n")
        decide = ["decide", "--service", "imap", "--no-user", *OLD]
        applied = self.run_tool("-S", self.state, *decide)
        self.assertEqual((applied.returncode, applied.stdout.split("\n")[0]),
                         (0, "action:     tag"))
        self.assertIn("action:     refuse\n", self.tool(*decide, status=1))

    def test_decide_without_an_applied_state(self):
        done = self.run_tool("-S", self.state, "decide", "--service", "imap", "--no-user", *OLD)
        self.assertEqual(done.returncode, 2)
        self.assertIn("no policy has been applied: run tlsfloor apply", done.stderr)

    def test_decide_json(self):
        output = self.tool("decide", "--json", "--service", "pop3", "--user", "ann", *OLD, status=1)
        answer = json.loads(output)
        self.assertEqual(
            [answer[key] for key in ("action", "reason", "rule", "service", "floor", "mode")],
            ["refuse", "version", "RFC8997", "pop3", "TLSv1.2", "enforce"])
        self.assertIn("TLSv1", answer["reply"])

    def test_options_stand_before_or_behind_the_command(self):
        done = self.run_tool("check", "-S", self.state, "-c", self.conf)
        self.assertEqual(done.returncode, 1, done.stderr)

    def test_ciphers_lists_every_suite(self):
        suites = json.loads(self.run_tool("ciphers", "--json").stdout)
        lines = self.run_tool("ciphers").stdout.splitlines()
        self.assertGreater(len(suites), 350)
        self.assertEqual(len(lines), len(suites) + 1)

    def test_ciphers_judges_one_suite_by_either_name(self):
        by_openssl = self.run_tool("ciphers", "AES128-SHA")
        by_iana = self.run_tool("ciphers", "TLS_RSA_WITH_AES_128_CBC_SHA")
        self.assertEqual(by_openssl.stdout, by_iana.stdout)
        self.assertIn("profile rfc9325:  weak\nprofile rfc10015: violation\n", by_iana.stdout)
        suite = json.loads(self.run_tool("ciphers", "--json", "AES128-SHA").stdout)
        self.assertEqual(suite["judged"],
                         {"none": "fine", "rfc9325": "weak", "rfc10015": "violation"})

    def test_ciphers_names_what_it_does_not_know(self):
        done = self.run_tool("ciphers", "AES128-NOSUCH")
        self.assertEqual(done.returncode, 2)
        self.assertIn("error: AES128-NOSUCH: no cipher suite of that", done.stderr)

    def test_mistyped_commands_and_options(self):
        for arguments, sentence in (
                (["chek"], "tlsfloor: unknown command chek: see tlsfloor --help\n"),
                ([], "tlsfloor: no command: see tlsfloor --help\n"),
                (["ciphers", "-S", "x"], "tlsfloor: ciphers takes no -S: see tlsfloor --help\n"),
                (["check", "--json"], "tlsfloor: check takes no --json: see tlsfloor --help\n"),
                (["check", "x"], "tlsfloor: too many arguments: x: see tlsfloor --help\n")):
            done = self.run_tool(*arguments)
            self.assertEqual((done.returncode, done.stderr, done.stdout), (2, sentence, ""))

    def test_help_and_version(self):
        done = self.run_tool("--help")
        self.assertEqual(done.returncode, 0)
        for command in ("check", "apply", "show", "decide", "ciphers"):
            self.assertIn(f"\n  {command}", done.stdout)
        self.assertRegex(self.run_tool("--version").stdout, r"^tlsfloor \d+\.\d+\.\d+\n$")

    def test_output_that_cannot_be_written_is_an_error(self):
        with open("/dev/full", "w", encoding="ascii") as full:
            done = subprocess.run([TLSFLOOR, "ciphers"], stdout=full, stderr=subprocess.PIPE,
                                  text=True, check=False)
        self.assertEqual(done.returncode, 2)
        self.assertIn("No space left on device", done.stderr)


def main():
    tap = Tap()
    for name in unittest.defaultTestLoader.getTestCaseNames(Commands):
        with tap.case(name.removeprefix("test_").replace("_", " ")):
            Commands(name).debug()
    return tap.finish()


if __name__ == "__main__":
    sys.exit(main())
