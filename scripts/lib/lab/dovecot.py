# SPDX-License-Identifier: MIT
"""Dovecot's auth service alone, for Postfix's SASL: no login service, no port.

A whole Dovecot is in dovecot_server.py.
"""

import subprocess

from .workspace import answers

# What both configurations say.
COMMON = """\
base_dir = {run}
state_dir = {state}
log_path = {log}
protocols =
ssl = no
auth_mechanisms = plain login
auth_failure_delay = 0
auth_username_chars =
default_internal_user = dovecot
default_login_user = dovenull
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service auth {{
  unix_listener {socket} {{
    mode = 0660
    user = postfix
    group = postfix
  }}
}}
"""

# Users by name; then any name with the password of everybody, for odd names.
DOVECOT_2_3 = """\
disable_plaintext_auth = no
passdb {{
  driver = passwd-file
  args = scheme=plain username_format=%u {users}
}}
passdb {{
  driver = static
  args = password={anybody}
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}}
"""

DOVECOT_2_4 = """\
auth_allow_cleartext = yes
passdb passwd-file {{
  passwd_file_path = {users}
  default_password_scheme = plain
}}
passdb static {{
  password = {anybody}
}}
userdb static {{
  fields {{
    uid = nobody
    gid = nogroup
    home = /nonexistent
  }}
}}
"""


def version():
    """(2, 3), (2, 4) ..."""
    text = subprocess.run(["dovecot", "--version"], check=True, capture_output=True, text=True)
    major, minor = text.stdout.split(".")[:2]
    return int(major), int(minor)


class DovecotAuth:
    """users: name -> password. anybody: a password that is right for every name."""

    def __init__(self, workspace, socket, users, anybody):
        run = workspace.directory("dovecot/run")
        state = workspace.directory("dovecot/state")
        users_file = workspace.write(
            "dovecot/users", "".join(f"{name}:{password}\n" for name, password in users.items()))
        if version() >= (2, 4):
            text = "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n"
            text += COMMON + DOVECOT_2_4
        else:
            text = COMMON + DOVECOT_2_3
        self.log = workspace.path / "dovecot.log"
        conf = workspace.write("dovecot/dovecot.conf", text.format(
            run=run, state=state, log=self.log, socket=socket, users=users_file, anybody=anybody))
        self.process = workspace.start(["dovecot", "-F", "-c", str(conf)], "dovecot.out")
        workspace.wait_for(self.process, lambda: answers(socket), "dovecot's auth")
