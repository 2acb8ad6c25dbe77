# SPDX-License-Identifier: MIT
"""Which Dovecot this machine has, and the words of its configuration.

RELEASE is "2.3" or "2.4"; syntax is the module with its words.
"""

import subprocess

from . import dovecot_2_3, dovecot_2_4

RELEASES = {"2.3": dovecot_2_3, "2.4": dovecot_2_4}


def installed():
    text = subprocess.run(["dovecot", "--version"], check=True, capture_output=True,
                          text=True).stdout
    return ".".join(text.split(".")[:2])


RELEASE = installed()
syntax = RELEASES[RELEASE]
