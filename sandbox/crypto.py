"""The vendors' callback cipher: AES-256-CBC, PKCS#7 to 32 bytes, SHA-1 signature.

Source: WeCom 加解密方案说明, https://developer.work.weixin.qq.com/document/path/90968; the WeChat
service account's "safe mode" is the same scheme with the app id as receiver.
"""

import base64
import hashlib
import secrets
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

BLOCK = 32


def signature(*parts: str) -> str:
    """SHA-1 over the sorted parts, as every signature of this family."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def cbc_encrypt(key: bytes, plain: bytes) -> bytes:
    """AES-256-CBC with the key's first 16 bytes as IV; pads to multiples of 32."""
    pad = BLOCK - len(plain) % BLOCK
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()


def cbc_decrypt(key: bytes, cipher: bytes) -> bytes:
    """Undo :func:`cbc_encrypt`; raises ``ValueError`` when the padding is impossible."""
    decryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    padded = decryptor.update(cipher) + decryptor.finalize()
    if not padded or not 1 <= padded[-1] <= BLOCK:
        raise ValueError("bad padding")
    return padded[: -padded[-1]]


class Envelope:
    """Seals and opens the messages of one receiver (corp id or app id)."""

    def __init__(self, secret_token: str, aes_key: str, receiver: str) -> None:
        self._token = secret_token
        self._key = base64.b64decode(aes_key + "=")
        self._receiver = receiver.encode()

    def seal(self, text: str) -> str:
        """16 random bytes, length, text, receiver; encrypted, base64."""
        body = text.encode()
        plain = secrets.token_bytes(16) + struct.pack(">I", len(body)) + body + self._receiver
        return base64.b64encode(cbc_encrypt(self._key, plain)).decode()

    def open(self, cipher: str) -> str:
        """The text inside; raises ``ValueError`` when it is not for this receiver."""
        plain = cbc_decrypt(self._key, base64.b64decode(cipher))
        (length,) = struct.unpack(">I", plain[16:20])
        if plain[20 + length :] != self._receiver:
            raise ValueError("another receiver")
        return plain[20 : 20 + length].decode()

    def sign(self, timestamp: str, nonce: str, cipher: str) -> str:
        """``msg_signature`` of a sealed message."""
        return signature(self._token, timestamp, nonce, cipher)

    def sign_plain(self, timestamp: str, nonce: str) -> str:
        """``signature``: WeChat's proof of origin, which leaves the message out."""
        return signature(self._token, timestamp, nonce)
