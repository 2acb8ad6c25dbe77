# SPDX-License-Identifier: MIT
"""The files of an applied state as bytes: time that passes, and damage.

Knows the formats from common/envelope.c and common/snapshot.c.
"""

import struct

HEAD, ROW, DAY = 24, 22, 2
NEVER = 0xffffff


def fnv(data):
    value = 0xcbf29ce484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001b3 % 2 ** 64
    return value


def earlier(day, days):
    """Three bytes of a day's number, that many days earlier."""
    number = int.from_bytes(day, "little")
    return day if number == NEVER else (number - days).to_bytes(3, "little")


def age_envelope(state, days):
    """Every row ends that many days earlier; in place, as its readers have it open."""
    path = state / "envelope"
    block = bytearray(path.read_bytes())
    rows = struct.unpack_from("<I", block, 12)[0]
    for at in range(HEAD + DAY, HEAD + DAY + rows * ROW, ROW):
        block[at:at + 3] = earlier(block[at:at + 3], days)
    struct.pack_into("<Q", block, 16, fnv(block[:16] + block[HEAD:HEAD + rows * ROW]))
    with open(path, "r+b") as file:
        file.write(block)


def record_checksum(key, value):
    number = fnv(key + bytes([len(key)]) + value)
    number ^= number >> 33
    return (number * 0xff51afd7ed558ccd % 2 ** 64 >> 32).to_bytes(4, "little")


def records(data):
    """(where the value begins, key, value) of each record of a cdb file."""
    end = struct.unpack_from("<I", data)[0]
    at = 2048
    while at < end:
        key_size, size = struct.unpack_from("<II", data, at)
        at += 8
        yield at + key_size, bytes(data[at:at + key_size]), bytes(
            data[at + key_size:at + key_size + size])
        at += key_size + size


def age_snapshot(state, who, days):
    """The exceptions of this name end that many days earlier."""
    path = state / "exceptions.cdb"
    data = bytearray(path.read_bytes())
    for at, key, value in records(bytes(data)):
        if key == who.encode():
            new = value[:DAY] + earlier(value[DAY:DAY + 3], days) + value[DAY + 3:-4]
            data[at:at + len(value)] = new + record_checksum(key, new)
    with open(path, "r+b") as file:
        file.write(data)


def with_version(data, version):
    """A snapshot or an envelope that says that it has another format, with a right checksum."""
    data = bytearray(data)
    if data.startswith(b"tlsfl-en"):
        struct.pack_into("<I", data, 8, version)
        rows = struct.unpack_from("<I", data, 12)[0]
        struct.pack_into("<Q", data, 16, fnv(data[:16] + data[HEAD:HEAD + rows * ROW]))
    else:
        at, value = next((at, value) for at, key, value in records(bytes(data)) if not key)
        new = value[:8] + struct.pack("<I", version) + value[12:-4]
        data[at:at + len(value)] = new + record_checksum(b"", new)
    return bytes(data)
