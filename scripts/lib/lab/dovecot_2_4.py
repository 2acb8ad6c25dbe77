# SPDX-License-Identifier: MIT
"""What Dovecot's configuration says, in the words of Dovecot 2.4; dovecot_2_3 has the same names.

more of a passdb: settings whose words are the same in both, as they are.
"""

import base64
import hmac
import itertools
import json

from .dovecot_text import block, settings

BEGIN = settings(dovecot_config_version="2.4.0", dovecot_storage_version="2.4.0")
MAILDIR = settings(mail_driver="maildir", mail_path="~/Maildir")
MANY_CONNECTIONS = settings(restart_request_count="unlimited")
PREFETCH = "userdb prefetch {\n}\n"
# Two passdbs of one name would be the same passdb.
NUMBERS = itertools.count(1)


def cleartext(allowed):
    """Whether passwords may be sent without TLS."""
    return settings(auth_allow_cleartext=allowed)


def environment(*names, **values):
    """Variables that all processes have: those of the master, and others. No blanks in values."""
    return block("import_environment",
                 settings(**{name: f"%{{env:{name}}}" for name in names}, **values))


def certificate(key, cert):
    return settings(ssl_server_cert_file=cert, ssl_server_key_file=key,
                    ssl_server_dh_file="/usr/share/dovecot/dh.pem")


def client_certificates(ca):
    """They are asked for, and name the user."""
    return settings(ssl_server_ca_file=ca, ssl_server_require_crl=False,
                    ssl_server_request_client_cert=True,
                    ssl_server_cert_username_field="commonName", auth_ssl_username_from_cert=True)


def passdb(driver, **values):
    return block(f"passdb {driver}-{next(NUMBERS)}", settings(driver=driver, **values))


def tlsfloor(**more):
    """Our passdb."""
    return passdb("tlsfloor", **more)


def passwd_file(path, scheme="plain", **more):
    """A passdb of users by their whole names."""
    return passdb("passwd-file", default_password_scheme=scheme, passwd_file_path=path, **more)


def any_name(password):
    """A passdb that knows every user, with one password."""
    return passdb("static", passdb_static_password=password)


def sqlite(_workspace, database, query):
    """A passdb. query: of the password, in clear; %{user} is the name."""
    # Of many requests at once each gets a worker, until one has said how many there may be.
    workers = block("service auth-worker", MANY_CONNECTIONS + settings(process_limit=200))
    return workers + settings(sql_driver="sqlite", sqlite_path=database) + passdb(
        "sql", passdb_sql_query=query)


def one_user(home):
    """A userdb: all mail belongs to nobody."""
    return block("userdb static", block("fields", settings(uid="nobody", gid="nogroup",
                                                           home=home)))


def url_base64(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def tokens(directory, users):
    """What OAUTHBEARER needs; users: name -> password, with which their tokens are signed."""
    keys = directory / "tokens"
    for user, password in users.items():
        key = keys / "default" / "HS256" / user
        key.parent.mkdir(parents=True, exist_ok=True)
        key.write_bytes(base64.b64encode(password.encode()))
    posix = block("fs posix", settings(prefix=f"{keys}/"))
    return settings(oauth2_introspection_mode="local", oauth2_username_attribute="sub") + block(
        "oauth2_local_validation", block("dict fs", posix))


def token(user, password):
    """Of a user, good if the password is: a JSON web token."""
    parts = [{"alg": "HS256", "kid": user}, {"sub": user, "exp": 4102444800}]
    signed = ".".join(url_base64(json.dumps(part).encode()) for part in parts)
    return f"{signed}.{url_base64(hmac.digest(password.encode(), signed.encode(), 'sha256'))}"


def metric(name, event, *fields):
    """Counts events, by their fields."""
    by = "".join(block(f"group_by {field}", "method discrete {\n}") for field in fields)
    return block(f"metric {name}", settings(filter=f"event={event}") + by)
