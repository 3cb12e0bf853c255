"""SM2 signatures with SM3, as far as checking one needs: the curve, the digest of the signer, the equation.

GB/T 32918.2-2016 (signatures), 32918.5-2017 (the curve), 32905-2016 (SM3), GM/T 0009-2012 (the signer's id in
certificates). `cryptography` has SM3 but not SM2, so the points are python-ecdsa's (decision 0022). Only public values
come here: nothing in it is secret, nothing is signed, nothing is decrypted.
"""

from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from ecdsa.ellipticcurve import INFINITY, CurveFp, PointJacobi

P = 0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_00000000_FFFFFFFF_FFFFFFFF
A = P - 3
B = 0x28E9FA9E_9D9F5E34_4D5A9E4B_CF6509A7_F39789F5_15AB8F92_DDBCBD41_4D940E93
N = 0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_7203DF6B_21C6052B_53BBF409_39D54123
GX = 0x32C4AE2C_1F198119_5F990446_6A39C994_8FE30BBF_F2660BE1_715A4589_334C74C7
GY = 0xBC3736A2_F4F6779C_59BDCEE3_6B692153_D0A9877C_C62A4740_02DF32E5_2139F0A0
SIGNER = b"1234567812345678"
WIDE = 32
UNCOMPRESSED = 4

_CURVE = CurveFp(P, A, B, 1)
_G = PointJacobi(_CURVE, GX, GY, 1, N, generator=True)


class NotSigned(Exception):
    """The signature does not fit, or is none."""


@dataclass(frozen=True, slots=True)
class Sm2Key:
    """A public key: a point of the curve."""

    x: int
    y: int

    @classmethod
    def of(cls, point: bytes) -> "Sm2Key":
        """The key of an uncompressed point: 04, x, y (65 bytes).

        Raises:
            ValueError: it is none, or does not lie on the curve.
        """
        if len(point) != 2 * WIDE + 1 or point[0] != UNCOMPRESSED:
            raise ValueError("not an uncompressed point")
        key = cls(int.from_bytes(point[1 : WIDE + 1]), int.from_bytes(point[WIDE + 1 :]))
        if key.x >= P or key.y >= P or not _CURVE.contains_point(key.x, key.y):
            raise ValueError("not a point of the SM2 curve")
        return key

    def digest(self, data: bytes, signer: bytes = SIGNER) -> int:
        """The number that is signed: SM3 over the signer's digest and the data (GB/T 32918.2 5.5, 6.1)."""
        fixed = (A, B, GX, GY, self.x, self.y)
        about = (len(signer) * 8).to_bytes(2) + signer + b"".join(value.to_bytes(WIDE) for value in fixed)
        return int.from_bytes(sm3(sm3(about) + data))

    def verify(self, signature: bytes, data: bytes, signer: bytes = SIGNER) -> None:
        """Let a signature pass (GB/T 32918.2 7.1).

        Args:
            signature: DER of (r, s), or the two numbers of 32 bytes one after the other, as some devices send them.
            data: what was signed.
            signer: the signer's id; certificates and GM/T devices use the default.

        Raises:
            NotSigned: it does not fit.
        """
        r, s = _numbers(signature)
        t = (r + s) % N
        if not (1 <= r < N and 1 <= s < N and t):
            raise NotSigned
        point = _G.mul_add(s, PointJacobi(_CURVE, self.x, self.y, 1, N), t)
        if point == INFINITY or (self.digest(data, signer) + int(point.x())) % N != r:
            raise NotSigned


def _numbers(signature: bytes) -> tuple[int, int]:
    if len(signature) == 2 * WIDE:
        return int.from_bytes(signature[:WIDE]), int.from_bytes(signature[WIDE:])
    try:
        return decode_dss_signature(signature)
    except ValueError:
        raise NotSigned from None


def sm3(data: bytes) -> bytes:
    """The SM3 digest, 32 bytes."""
    hashing = hashes.Hash(hashes.SM3())
    hashing.update(data)
    return hashing.finalize()
