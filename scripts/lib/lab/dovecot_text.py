# SPDX-License-Identifier: MIT
"""How Dovecot's configuration is written in every release: lines and blocks."""

import subprocess


def yes_no(value):
    return "yes" if value else "no"


def settings(**values):
    """A line each; none for None. Values are text, numbers, or bools."""
    return "".join(f"{name} = {yes_no(value) if isinstance(value, bool) else value}\n"
                   for name, value in values.items() if value is not None)


def block(head, text):
    """text: lines, which may be blocks in turn."""
    return f"{head} {{\n" + "".join(f"  {line}\n" for line in text.splitlines()) + "}\n"


def run_with(programs, **values):
    """Services that are run with more in their environment. programs: service -> command."""
    libexec = subprocess.run(["doveconf", "-dh", "libexec_dir"], check=True, capture_output=True,
                             text=True).stdout.strip()
    words = " ".join(f"{name}={value}" for name, value in values.items())
    return "".join(block(f"service {service}",
                         settings(executable=f"/usr/bin/env {words} {libexec}/{command}"))
                   for service, command in programs.items())
