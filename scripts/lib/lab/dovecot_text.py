# SPDX-License-Identifier: MIT
"""How Dovecot's configuration is written in every release: lines and blocks."""


def yes_no(value):
    return "yes" if value else "no"


def settings(**values):
    """A line each; none for None. Values are text, numbers, or bools."""
    return "".join(f"{name} = {yes_no(value) if isinstance(value, bool) else value}\n"
                   for name, value in values.items() if value is not None)


def block(head, text):
    """text: lines, which may be blocks in turn."""
    return f"{head} {{\n" + "".join(f"  {line}\n" for line in text.splitlines()) + "}\n"
