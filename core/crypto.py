"""Encrypted columns and the keyed hashes beside them that make exact search possible.

A value is stored as: algorithm and key id (1 byte each), nonce (12), ciphertext and tag; the table and
column are authenticated with it, so a value moved to another column does not decrypt.
"""

import base64
import hashlib
import hmac
import os
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from tortoise import fields
from tortoise.models import Model

from core.settings import SettingsError, settings

AES_256_GCM = 1


class KeyRing:
    """Keys by id; the first named encrypts, all decrypt."""

    def __init__(self, text: str) -> None:
        self.keys: dict[int, AESGCM] = {}
        for part in filter(None, (piece.strip() for piece in text.split(","))):
            number, _, encoded = part.partition(":")
            try:
                key = base64.b64decode(encoded, validate=True)
                self.keys[int(number)] = AESGCM(key)
            except ValueError as error:
                raise SettingsError(
                    f"HUIYIN_ENCRYPTION_KEYS: key {number!r} is not id:base64 ({error})"
                ) from None
            if len(key) != 32 or not 0 <= int(number) <= 255:
                raise SettingsError("HUIYIN_ENCRYPTION_KEYS: a key is 32 bytes, its id 0 to 255")
        if not self.keys:
            raise SettingsError("HUIYIN_ENCRYPTION_KEYS: no key given")
        self.current = next(iter(self.keys))

    def encrypt(self, value: str, place: str) -> bytes:
        """Encrypt for `place` ("table.column")."""
        nonce = os.urandom(12)
        sealed = self.keys[self.current].encrypt(nonce, value.encode(), place.encode())
        return bytes((AES_256_GCM, self.current)) + nonce + sealed

    def decrypt(self, sealed: bytes, place: str) -> str:
        """Decrypt what was encrypted for `place`; raises `cryptography.exceptions.InvalidTag` if tampered."""
        return self.keys[sealed[1]].decrypt(sealed[2:14], sealed[14:], place.encode()).decode()


@cache
def key_ring() -> KeyRing:
    """The process's keys."""
    return KeyRing(settings().encryption_keys.get_secret_value())


@cache
def _hash_key() -> bytes:
    return hashlib.sha256(b"search|" + settings().secret_key.get_secret_value().encode()).digest()


def search_hash(value: str) -> bytes:
    """Keyed hash (16 bytes) of a normalised value, for exact search beside an encrypted column."""
    return hmac.new(_hash_key(), value.encode(), hashlib.sha256).digest()[:16]


def sign(purpose: str, text: str) -> str:
    """Hex signature of `text` for one purpose, with the process's secret."""
    key = settings().secret_key.get_secret_value().encode()
    return hmac.new(key, f"{purpose}|{text}".encode(), hashlib.sha256).hexdigest()


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
