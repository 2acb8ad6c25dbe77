# SPDX-License-Identifier: MIT
"""The client's side of SASL mechanisms, as bytes before base64.

Each has a name; first, the initial response, or None if the server begins;
and answer(), to a challenge.
"""

import base64
import hashlib
import hmac

from .dovecot_release import syntax


class Plain:
    """asking: the user whose mail is wanted, if not the one with the password."""

    name = "PLAIN"

    def __init__(self, user, password, asking=""):
        self.first = f"{asking}\0{user}\0{password}".encode()

    def answer(self, challenge):
        raise ValueError(f"{self.name}: unexpected challenge {challenge!r}")


class Login:
    name, first = "LOGIN", None

    def __init__(self, user, password):
        self.answers = [user.encode(), password.encode()]

    def answer(self, _challenge):
        return self.answers.pop(0)


class CramMd5:
    name, first = "CRAM-MD5", None

    def __init__(self, user, password):
        self.user, self.password = user, password

    def answer(self, challenge):
        digest = hmac.new(self.password.encode(), challenge, "md5").hexdigest()
        return f"{self.user} {digest}".encode()


class ScramSha256:
    """RFC 5802, RFC 7677; without channel binding. Believes whatever the server proves."""

    name = "SCRAM-SHA-256"
    NONCE = "rOprNGfwEbeRWgbNEkqO"

    def __init__(self, user, password):
        self.password = password.encode()
        self.bare = f"n={user},r={self.NONCE}"
        self.first = f"n,,{self.bare}".encode()

    def answer(self, challenge):
        fields = dict(field.split("=", 1) for field in challenge.decode().split(","))
        if "v" in fields or "e" in fields:
            return b""
        salted = hashlib.pbkdf2_hmac("sha256", self.password, base64.b64decode(fields["s"]),
                                     int(fields["i"]))
        final = f"c=biws,r={fields['r']}"
        message = f"{self.bare},{challenge.decode()},{final}".encode()
        key = hmac.digest(salted, b"Client Key", "sha256")
        signature = hmac.digest(hashlib.sha256(key).digest(), message, "sha256")
        proof = bytes(a ^ b for a, b in zip(key, signature))
        return f"{final},p={base64.b64encode(proof).decode()}".encode()


class External(Plain):
    """The user of the certificate; asking: the user whose mail is wanted."""

    name = "EXTERNAL"

    def __init__(self, asking=""):
        super().__init__("", "")
        self.first = asking.encode()


class OauthBearer:
    """RFC 7628, with a token as Dovecot is configured for."""

    name = "OAUTHBEARER"

    def __init__(self, user, password):
        self.first = f"n,a={user},\1auth=Bearer {syntax.token(user, password)}\1\1".encode()

    def answer(self, _challenge):
        # The challenge tells the error; this asks for the failure itself.
        return b"\1"
