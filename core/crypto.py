"""Encrypted columns and the keyed hashes beside them that make exact search possible.

A value is stored as: algorithm and key id (1 byte each), nonce (12), ciphertext and tag; the table and
column are authenticated with it, so a value moved to another column does not decrypt. Where the value opens a door or
is somebody's words as they came, the row is authenticated too (`row`): moved to another row it does not decrypt either.
"""

import base64
import hashlib
import hmac
import os
from enum import StrEnum
from functools import cache
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from tortoise import fields
from tortoise.models import Model

from core.settings import SettingsError, settings

AES_256_GCM, SM4_GCM = 1, 2
BOUND = 0x10  # set in the algorithm's byte: the row is authenticated as well
NONCE, TAG = 12, 16


class Algorithm(StrEnum):
    """What new values are sealed with; both open at any time, by the algorithm's byte in the value."""

    AES = "aes-256-gcm"
    SM4 = "sm4-gcm"


_BYTES = {Algorithm.AES: AES_256_GCM, Algorithm.SM4: SM4_GCM}


class KeyRing:
    """Keys by id; the first named encrypts, all decrypt. `algorithm` is what new values are sealed with."""

    def __init__(self, text: str, algorithm: Algorithm = Algorithm.AES) -> None:
        self.keys: dict[int, bytes] = {}
        for part in filter(None, (piece.strip() for piece in text.split(","))):
            number, _, encoded = part.partition(":")
            try:
                key = base64.b64decode(encoded, validate=True)
                self.keys[int(number)] = key
            except ValueError as error:
                raise SettingsError(
                    f"HUIYIN_ENCRYPTION_KEYS: key {number!r} is not id:base64 ({error})"
                ) from None
            if len(key) != 32 or not 0 <= int(number) <= 255:
                raise SettingsError("HUIYIN_ENCRYPTION_KEYS: a key is 32 bytes, its id 0 to 255")
        if not self.keys:
            raise SettingsError("HUIYIN_ENCRYPTION_KEYS: no key given")
        self.current = next(iter(self.keys))
        self.algorithm = algorithm
        self._aes = {number: AESGCM(key) for number, key in self.keys.items()}
        # SM4 takes 16 bytes (GB/T 32907-2016); its key is derived, so that no key serves two algorithms.
        self._sm4 = {
            number: HKDF(hashes.SHA256(), 16, salt=None, info=b"huiyin sm4-gcm").derive(key)
            for number, key in self.keys.items()
        }

    def head(self, *, bound: bool = False) -> bytes:
        """The two bytes with which a value sealed now begins: algorithm and key."""
        return bytes((_BYTES[self.algorithm] | (BOUND if bound else 0), self.current))

    def seal(self, data: bytes, place: str, row: str = "") -> bytes:
        """Encrypt bytes for `place` ("table.column"), and for that row alone when one is named."""
        nonce, head, about = os.urandom(NONCE), self.head(bound=bool(row)), _about(place, row)
        if self.algorithm is Algorithm.AES:
            return head + nonce + self._aes[self.current].encrypt(nonce, data, about)
        sealer = Cipher(algorithms.SM4(self._sm4[self.current]), modes.GCM(nonce)).encryptor()
        sealer.authenticate_additional_data(about)
        return head + nonce + sealer.update(data) + sealer.finalize() + sealer.tag

    def open(self, sealed: bytes, place: str, row: str = "") -> bytes:
        """Decrypt what was sealed for `place` and `row`; a value from before rows were named opens without its row.

        Raises:
            cryptography.exceptions.InvalidTag: it was tampered with, or moved.
        """
        number, nonce, rest = sealed[1], sealed[2 : 2 + NONCE], sealed[2 + NONCE :]
        about = _about(place, row if sealed[0] & BOUND else "")
        if sealed[0] & ~BOUND == AES_256_GCM:
            return self._aes[number].decrypt(nonce, rest, about)
        opener = Cipher(algorithms.SM4(self._sm4[number]), modes.GCM(nonce, rest[-TAG:])).decryptor()
        opener.authenticate_additional_data(about)
        return opener.update(rest[:-TAG]) + opener.finalize()

    def encrypt(self, value: str, place: str, row: str = "") -> bytes:
        """Seal a text."""
        return self.seal(value.encode(), place, row)

    def decrypt(self, sealed: bytes, place: str, row: str = "") -> str:
        """Open a text."""
        return self.open(sealed, place, row).decode()

    def anew(self, sealed: bytes, place: str, row: str = "") -> bytes:
        """The same value under the present key and algorithm, for its row where there is one."""
        return self.seal(self.open(sealed, place, row), place, row)


def _about(place: str, row: str) -> bytes:
    """What is authenticated beside a value; no name of a place holds the sign between."""
    return f"{place}\x1f{row}".encode() if row else place.encode()


@cache
def key_ring() -> KeyRing:
    """The process's keys."""
    given = settings()
    return KeyRing(given.encryption_keys.get_secret_value(), Algorithm(given.encryption_algorithm))


@cache
def _hash_key() -> bytes:
    return hashlib.sha256(b"search|" + settings().hash_key.encode()).digest()


def search_hash(value: str) -> bytes:
    """Keyed hash (16 bytes) of a normalised value, for exact search beside an encrypted column."""
    return hmac.digest(_hash_key(), value.encode(), "sha256")[:16]


def sign(purpose: str, text: str) -> str:
    """Hex signature of `text` for one purpose, with the first of the signing keys."""
    return _signed(settings().signing_keys[0], purpose, text)


def _signed(key: str, purpose: str, text: str) -> str:
    return hmac.digest(key.encode(), f"{purpose}|{text}".encode(), "sha256").hex()


def fits(purpose: str, text: str, given: str, length: int = 64) -> bool:
    """Whether `given` is the beginning, `length` digits long, of our signature of `text`, by any key that is believed."""
    found = [
        hmac.compare_digest(_signed(key, purpose, text)[:length].encode(), given.encode())
        for key in settings().signing_keys
    ]
    return any(found)


class EncryptedText(fields.Field[str], str):  # type: ignore[misc]  # the ORM asks a field to be its Python type
    """A text column encrypted at rest; empty text is stored as null."""

    SQL_TYPE = "BYTEA"

    @property
    def _place(self) -> str:
        return f"{self.model._meta.db_table}.{self.source_field or self.model_field_name}"

    def to_db_value(self, value: Any, instance: type[Model] | Model) -> bytes | None:  # noqa: ARG002
        """Encrypt."""
        return key_ring().encrypt(value, self._place) if value else None

    def to_python_value(self, value: Any) -> str:
        """Decrypt; text that was just assigned passes through."""
        if isinstance(value, (bytes, memoryview)):
            return key_ring().decrypt(bytes(value), self._place)
        return value or ""
