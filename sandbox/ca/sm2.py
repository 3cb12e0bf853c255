"""SM2 keys that sign (GB/T 32918.2), and the swap that makes an SM2 certificate out of one for P-256.

`cryptography` writes certificates, lists and OCSP answers, but for none of SM2's curve. The names of the two curves
and of the two ways of signing are equally long in DER, and so are their points: what it wrote for P-256 becomes SM2's
by replacing them, and is then signed here. Good for test certificates only: it takes no care of side channels.
"""

import secrets

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from ecdsa.ellipticcurve import CurveFp, PointJacobi

P = 0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFF_00000000_FFFFFFFF_FFFFFFFF
A = P - 3
B = 0x28E9FA9E_9D9F5E34_4D5A9E4B_CF6509A7_F39789F5_15AB8F92_DDBCBD41_4D940E93
N = 0xFFFFFFFE_FFFFFFFF_FFFFFFFF_FFFFFFFF_7203DF6B_21C6052B_53BBF409_39D54123
GX = 0x32C4AE2C_1F198119_5F990446_6A39C994_8FE30BBF_F2660BE1_715A4589_334C74C7
GY = 0xBC3736A2_F4F6779C_59BDCEE3_6B692153_D0A9877C_C62A4740_02DF32E5_2139F0A0
SIGNER = b"1234567812345678"
_G = PointJacobi(CurveFp(P, A, B, 1), GX, GY, 1, N, generator=True)

P256, SM2_CURVE = bytes.fromhex("06082a8648ce3d030107"), bytes.fromhex("06082a811ccf5501822d")
ECDSA_SHA256, SM2_SM3 = bytes.fromhex("06082a8648ce3d040302"), bytes.fromhex("06082a811ccf55018375")


class Sm2Key:
    """A private key, with the P-256 key that stands in for it while something is written."""

    def __init__(self, secret: int = 0) -> None:
        self.secret = secret or secrets.randbelow(N - 2) + 1
        point = _G * self.secret
        self.point = b"\x04" + int(point.x()).to_bytes(32) + int(point.y()).to_bytes(32)
        # The stand-in follows from the secret, so that a key read back is replaced alike.
        self.stand_in = ec.derive_private_key(self.secret, ec.SECP256R1())

    def sign(self, data: bytes) -> bytes:
        """The signature as DER."""
        curve = b"".join(value.to_bytes(32) for value in (A, B, GX, GY))
        about = (len(SIGNER) * 8).to_bytes(2) + SIGNER + curve + self.point[1:]
        digest = int.from_bytes(_sm3(_sm3(about) + data))
        while True:
            k = secrets.randbelow(N - 1) + 1
            r = (digest + int((_G * k).x())) % N
            s = pow(1 + self.secret, -1, N) * (k - r * self.secret) % N
            if r and r + k != N and s:
                return encode_dss_signature(r, s)

    def finish(self, written: bytes, *keys: "Sm2Key") -> bytes:
        """What was written for the stand-ins of ourselves and of `keys`, as SM2 has it: to be signed, signed by us.

        Args:
            written: the DER of the part that is signed (tbsCertificate, tbsCertList, tbsResponseData).
            keys: other keys whose points stand in it.

        Returns:
            A SEQUENCE of that part, the algorithm and the signature.
        """
        data = written.replace(P256, SM2_CURVE).replace(ECDSA_SHA256, SM2_SM3)
        for key in (self, *keys):
            data = data.replace(_point(key.stand_in), key.point)
        return der(0x30, data + der(0x30, SM2_SM3) + der(0x03, b"\x00" + self.sign(data)))


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _sm3(data: bytes) -> bytes:
    hashing = hashes.Hash(hashes.SM3())
    hashing.update(data)
    return hashing.finalize()


def der(tag: int, content: bytes) -> bytes:
    """One element of DER."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    wide = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes((tag, 0x80 | len(wide))) + wide + content
