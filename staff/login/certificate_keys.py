"""The keys of certificates and what they have signed: RSA (PKCS#1 v1.5, PSS) and SM2 with SM3; everything else is refused.

Certificates are read by `cryptography`, which also knows RSA; the point of an SM2 key is found here, because it takes
no key of that curve. Judges no date and no chain.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, PSS, AsymmetricPadding, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import PublicKeyAlgorithmOID, SignatureAlgorithmOID

from staff.login.certificate_sm2 import NotSigned, Sm2Key

SMALLEST_RSA = 2048
SM2_WITH_SM3 = x509.ObjectIdentifier("1.2.156.10197.1.501")
SM2_CURVE = bytes.fromhex("06082a811ccf5501822d")  # 1.2.156.10197.1.301 as DER
SEQUENCE, BIT_STRING, VERSION = 0x30, 0x03, 0xA0
Key = RSAPublicKey | Sm2Key


class Kind(StrEnum):
    """The family of a certificate's key."""

    RSA = "rsa"
    SM2 = "sm2"


class Method(StrEnum):
    """How a challenge was signed, as the CA's messages name it."""

    RSA_PKCS1 = "rsa-pkcs1-sha256"
    RSA_PSS = "rsa-pss-sha256"
    SM2 = "sm2-sm3"


class Unfit(Exception):
    """A key or an algorithm that is not accepted."""


_RSA_HASHES: MappingProxyType[x509.ObjectIdentifier, hashes.HashAlgorithm] = MappingProxyType(
    {
        SignatureAlgorithmOID.RSA_WITH_SHA256: hashes.SHA256(),
        SignatureAlgorithmOID.RSA_WITH_SHA384: hashes.SHA384(),
        SignatureAlgorithmOID.RSA_WITH_SHA512: hashes.SHA512(),
    }
)  # SHA-1 and MD5 can be forged
_PSS_HASHES = (hashes.SHA256, hashes.SHA384, hashes.SHA512)


@dataclass(frozen=True, slots=True)
class Sealed:
    """Something a CA has signed: a certificate, a list, an answer."""

    data: bytes
    signature: bytes
    algorithm: x509.ObjectIdentifier
    padding: Callable[[], object] = lambda: None  # of an RSA-PSS signature
    hashing: Callable[[], hashes.HashAlgorithm | None] = lambda: None


def of_certificate(certificate: x509.Certificate) -> Sealed:
    """A certificate as its issuer signed it."""
    return Sealed(
        certificate.tbs_certificate_bytes,
        certificate.signature,
        certificate.signature_algorithm_oid,
        lambda: certificate.signature_algorithm_parameters,
        lambda: certificate.signature_hash_algorithm,
    )


def of_list(revoked: x509.CertificateRevocationList) -> Sealed:
    """A revocation list as its issuer signed it."""
    return Sealed(
        revoked.tbs_certlist_bytes,
        revoked.signature,
        revoked.signature_algorithm_oid,
        lambda: revoked.signature_algorithm_parameters,
        lambda: revoked.signature_hash_algorithm,
    )


def key_of(certificate: x509.Certificate) -> Key:
    """The public key of a certificate.

    Raises:
        Unfit: another algorithm, an RSA key below 2048 bits, a point beside the curve.
    """
    if certificate.public_key_algorithm_oid == PublicKeyAlgorithmOID.EC_PUBLIC_KEY:
        return _sm2(certificate)
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm):
        raise Unfit("the key cannot be read") from None
    if not isinstance(key, RSAPublicKey):
        raise Unfit("neither RSA nor SM2")
    if key.key_size < SMALLEST_RSA:
        raise Unfit(f"an RSA key of {key.key_size} bits")
    return key


def _sm2(certificate: x509.Certificate) -> Sm2Key:
    """The point in the SubjectPublicKeyInfo, the seventh part of a certificate (the version counted)."""
    inner = _parts(_parts(certificate.public_bytes(Encoding.DER))[0][1])
    parts = _parts(inner[0][1])
    at = 6 if parts[0][0] == VERSION else 5
    algorithm, bits = _parts(parts[at][1])
    if SM2_CURVE not in algorithm[1] or bits[0] != BIT_STRING or bits[1][:1] != b"\x00":
        raise Unfit("a curve that is not SM2")
    try:
        return Sm2Key.of(bits[1][1:])
    except ValueError as error:
        raise Unfit(str(error)) from None


def _parts(data: bytes) -> list[tuple[int, bytes]]:
    """Tag and content of each element of DER that `cryptography` has parsed already; so lengths are sound."""
    found, at = [], 0
    while at < len(data):
        tag, length, at = data[at], data[at + 1], at + 2
        if length & 0x80:
            wide = length & 0x7F
            length, at = int.from_bytes(data[at : at + wide]), at + wide
        found.append((tag, data[at : at + length]))
        at += length
    return found


def kind_of(key: Key) -> Kind:
    """The family of a key."""
    return Kind.RSA if isinstance(key, RSAPublicKey) else Kind.SM2


def check(key: Key, sealed: Sealed) -> None:
    """Let what a CA has signed pass.

    Raises:
        NotSigned: it was not this key.
        Unfit: an algorithm that is not accepted.
    """
    if isinstance(key, Sm2Key):
        if sealed.algorithm != SM2_WITH_SM3:
            raise Unfit(f"signature algorithm {sealed.algorithm.dotted_string}")
        key.verify(sealed.signature, sealed.data)
        return
    if sealed.algorithm == SignatureAlgorithmOID.RSASSA_PSS:
        padding, hashing = sealed.padding(), sealed.hashing()
        if not isinstance(padding, PSS) or not isinstance(hashing, _PSS_HASHES):
            raise Unfit("parameters of RSA-PSS")
        _rsa(key, sealed.signature, sealed.data, padding, hashing)
        return
    known = _RSA_HASHES.get(sealed.algorithm)
    if known is None:
        raise Unfit(f"signature algorithm {sealed.algorithm.dotted_string}")
    _rsa(key, sealed.signature, sealed.data, PKCS1v15(), known)


def check_challenge(key: Key, method: Method, signature: bytes, data: bytes) -> None:
    """Let a signed challenge pass.

    Raises:
        NotSigned: it does not fit.
        Unfit: the method is not one of this key's.
    """
    if isinstance(key, Sm2Key) != (method is Method.SM2):
        raise Unfit(f"{method} with a key of another kind")
    if isinstance(key, Sm2Key):
        key.verify(signature, data)
        return
    sha = hashes.SHA256()
    pss = PSS(mgf=MGF1(hashes.SHA256()), salt_length=PSS.AUTO)
    _rsa(key, signature, data, pss if method is Method.RSA_PSS else PKCS1v15(), sha)


def _rsa(
    key: RSAPublicKey,
    signature: bytes,
    data: bytes,
    padding: AsymmetricPadding,
    hashing: hashes.HashAlgorithm,
) -> None:
    try:
        key.verify(signature, data, padding, hashing)
    except InvalidSignature:
        raise NotSigned from None
