"""Seals and grant keys as lockerd-protocol(7) describes them, written apart from the C code."""

import struct

_MASK = (1 << 64) - 1


def _rotate(value, bits):
    return ((value << bits) | (value >> (64 - bits))) & _MASK


def siphash(key, data):
    """SipHash-2-4 of Aumasson and Bernstein; `key` has 16 bytes."""
    low, high = struct.unpack("<QQ", key)
    v = [low ^ 0x736f6d6570736575, high ^ 0x646f72616e646f6d,
         low ^ 0x6c7967656e657261, high ^ 0x7465646279746573]

    def rounds(count):
        for _ in range(count):
            v[0] = (v[0] + v[1]) & _MASK
            v[1] = _rotate(v[1], 13) ^ v[0]
            v[0] = _rotate(v[0], 32)
            v[2] = (v[2] + v[3]) & _MASK
            v[3] = _rotate(v[3], 16) ^ v[2]
            v[0] = (v[0] + v[3]) & _MASK
            v[3] = _rotate(v[3], 21) ^ v[0]
            v[2] = (v[2] + v[1]) & _MASK
            v[1] = _rotate(v[1], 17) ^ v[2]
            v[2] = _rotate(v[2], 32)

    padded = data + b"\0" * (7 - len(data) % 8) + bytes([len(data) & 255])
    for (word,) in struct.iter_unpack("<Q", padded):
        v[3] ^= word
        rounds(2)
        v[0] ^= word
    v[2] ^= 255
    rounds(4)
    return v[0] ^ v[1] ^ v[2] ^ v[3]


def grant_key(key, token):
    """The key of a grant, made of that of the connection on which it was granted."""
    return b"".join(struct.pack("<Q", siphash(key, label + struct.pack("<Q", token)))
                    for label in (b"grant1", b"grant2"))


def connection_key(grant, nonce):
    """The key of a connection that proves a grant's."""
    return b"".join(struct.pack("<Q", siphash(grant, nonce + number)) for number in (b"1", b"2"))


class Chain:
    """The lines of a connection, for its seals."""

    def __init__(self, key, nonce):
        self.key = key
        self.state = siphash(key, nonce)

    def add(self, line):
        """Takes a line; returns the seal behind it."""
        self.state = siphash(self.key, struct.pack("<Q", self.state) + line.encode())
        return f"{self.state:016x}"
