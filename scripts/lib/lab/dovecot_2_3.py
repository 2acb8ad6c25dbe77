# SPDX-License-Identifier: MIT
"""What Dovecot's configuration says, in the words of Dovecot 2.3; dovecot_2_4 has the same names.

more of a passdb: settings whose words are the same in both, as they are.
"""

from .dovecot_text import block, settings, yes_no

BEGIN = ""
MAILDIR = "mail_location = maildir:~/Maildir\n"
MANY_CONNECTIONS = settings(service_count=0)
PREFETCH = block("userdb", "driver = prefetch")


def cleartext(allowed):
    """Whether passwords may be sent without TLS."""
    return f"disable_plaintext_auth = {yes_no(not allowed)}\n"


def environment(*names, **values):
    """Variables that all processes have: those of the master, and others. No blanks in values."""
    words = [*names, *(f"{name}={value}" for name, value in values.items())]
    return f"import_environment = $import_environment {' '.join(words)}\n"


def certificate(key, cert):
    return settings(ssl_cert=f"<{cert}", ssl_key=f"<{key}", ssl_dh="</usr/share/dovecot/dh.pem")


def client_certificates(ca):
    """They are asked for, and name the user."""
    return settings(ssl_ca=f"<{ca}", ssl_require_crl=False, ssl_verify_client_cert=True,
                    ssl_cert_username_field="commonName", auth_ssl_username_from_cert=True)


def tlsfloor(**more):
    """Our passdb."""
    return block("passdb", settings(driver="tlsfloor", **more))


def passwd_file(path, scheme="plain", **more):
    """A passdb of users by their whole names."""
    return block("passdb", settings(driver="passwd-file", args=f"scheme={scheme} {path}", **more))


def any_name(password):
    """A passdb that knows every user, with one password."""
    return block("passdb", settings(driver="static", args=f"password={password}"))


def sqlite(workspace, database, query):
    """A passdb. query: of the password, in clear; %{user} is the name."""
    conf = workspace.write("sql.conf", settings(
        driver="sqlite", connect=database, default_pass_scheme="PLAIN", password_query=query))
    return block("passdb", settings(driver="sql", args=conf))


def one_user(home):
    """A userdb: all mail belongs to nobody."""
    return block("userdb", settings(driver="static",
                                    args=f"uid=nobody gid=nogroup home={home}"))


def tokens(_directory, _users):
    """What OAUTHBEARER needs; users: name -> password."""
    return ""


def token(_user, password):
    """Of a user, good if the password is: here it is one."""
    return password


def metric(name, event, *fields):
    """Counts events, by their fields."""
    return block(f"metric {name}", settings(filter=f"event={event}", group_by=" ".join(fields)))
