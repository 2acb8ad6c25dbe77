# SPDX-License-Identifier: MIT
"""Dovecot's auth service alone, for Postfix's SASL: no login service, no port.

A whole Dovecot is in dovecot_server.py.
"""

from .dovecot_release import syntax
from .workspace import answers

MAIN = """\
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


class DovecotAuth:
    """users: name -> password. anybody: a password that is right for every name."""

    def __init__(self, workspace, socket, users, anybody):
        run = workspace.directory("dovecot/run")
        state = workspace.directory("dovecot/state")
        users_file = workspace.write(
            "dovecot/users", "".join(f"{name}:{password}\n" for name, password in users.items()))
        self.log = workspace.path / "dovecot.log"
        text = syntax.BEGIN + MAIN.format(run=run, state=state, log=self.log, socket=socket)
        text += syntax.cleartext(allowed=True)
        # Users by name; then any name with the password of everybody, for odd names.
        text += syntax.passwd_file(users_file) + syntax.any_name(anybody)
        conf = workspace.write("dovecot/dovecot.conf", text + syntax.one_user("/nonexistent"))
        self.process = workspace.start(["dovecot", "-F", "-c", str(conf)], "dovecot.out")
        workspace.wait_for(self.process, lambda: answers(socket), "dovecot's auth")
