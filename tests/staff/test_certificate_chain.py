"""The way from a person's certificate to a trusted root: each thing that may be wrong on it, one at a time."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cache

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from staff.login.certificate_chain import Untrusted, Why, chain, read

NOW = datetime(2026, 11, 22, tzinfo=UTC)
Extensions = Sequence[tuple[x509.ExtensionType, bool]]
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@cache
def key(who: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """One key for each name."""
    return rsa.generate_private_key(65537, bits)


def usage(*, signs: bool = False, ca: bool = False) -> tuple[x509.ExtensionType, bool]:
    flags = dict.fromkeys(
        (
            "key_encipherment",
            "data_encipherment",
            "key_agreement",
            "crl_sign",
            "encipher_only",
            "decipher_only",
            "content_commitment",
        ),
        False,
    )
    return x509.KeyUsage(digital_signature=signs, key_cert_sign=ca, **flags), True


def is_ca(*, yes: bool = True, below: int | None = None) -> tuple[x509.ExtensionType, bool]:
    return x509.BasicConstraints(ca=yes, path_length=below if yes else None), True


CA: Extensions = (is_ca(), usage(ca=True))
PERSON: Extensions = (is_ca(yes=False), usage(signs=True))


def name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def made(
    subject: str,
    issuer: str,
    extensions: Extensions,
    *,
    own: Key | None = None,
    by: rsa.RSAPrivateKey | None = None,
    since: int = -10,
    until: int = 10,
    hashing: hashes.SHA224 | None = None,
) -> x509.Certificate:
    """A certificate, valid for days around NOW."""
    builder = x509.CertificateBuilder(
        issuer_name=name(issuer),
        subject_name=name(subject),
        public_key=(own or key(subject)).public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=NOW + timedelta(days=since),
        not_valid_after=NOW + timedelta(days=until),
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical=critical)
    return builder.sign(by or key(issuer), hashing or hashes.SHA256())


def refused(
    person: x509.Certificate, given: Sequence[x509.Certificate], roots: Sequence[x509.Certificate]
) -> Why:
    with pytest.raises(Untrusted) as caught:
        chain(person, given, roots, NOW)
    return caught.value.why


ROOT = made("root", "root", CA)
MIDDLE = made("middle", "root", CA)
ALICE = made("alice", "middle", PERSON)


def test_the_way_is_found_whatever_else_came_along() -> None:
    other = made("other", "other", CA)
    assert chain(ALICE, [other, ALICE, ROOT, MIDDLE], [other, ROOT], NOW) == (ALICE, MIDDLE, ROOT)
    assert chain(ALICE, [], [MIDDLE], NOW) == (ALICE, MIDDLE)  # a hospital may trust the issuing CA alone
    twin = made("middle", "root", CA, own=key("twin"))  # the same name, another key
    assert chain(ALICE, [twin, MIDDLE], [ROOT], NOW) == (ALICE, MIDDLE, ROOT)


def test_what_came_along_is_believed_in_nothing() -> None:
    assert refused(ALICE, [MIDDLE, ROOT], []) is Why.NO_ROOT
    assert refused(ALICE, [], [ROOT]) is Why.NO_ROOT
    forged = made("root", "root", CA, own=key("mallory"), by=key("mallory"))
    alice = made("alice", "root", PERSON, by=key("mallory"))
    assert refused(alice, [forged], [ROOT]) is Why.SIGNATURE


@pytest.mark.parametrize(
    ("person", "why"),
    [
        (lambda: made("alice", "middle", PERSON, until=-1), Why.EXPIRED),
        (lambda: made("alice", "middle", PERSON, since=1), Why.NOT_YET),
        (lambda: made("alice", "middle", PERSON, by=key("mallory")), Why.SIGNATURE),
        (lambda: made("alice", "middle", CA), Why.USAGE),
        (lambda: made("alice", "middle", (is_ca(yes=False),)), Why.USAGE),
        (lambda: made("alice", "middle", (is_ca(yes=False), usage())), Why.USAGE),
        (
            lambda: made(
                "alice",
                "middle",
                (*PERSON, (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False)),
            ),
            Why.USAGE,
        ),
        (
            lambda: made(
                "alice",
                "middle",
                (*PERSON, (x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00"), True)),
            ),
            Why.CRITICAL,
        ),
        (lambda: made("alice", "middle", PERSON, own=key("short", 1024)), Why.ALGORITHM),
        (lambda: made("alice", "middle", PERSON, own=ec.generate_private_key(ec.SECP256R1())), Why.ALGORITHM),
        (lambda: made("alice", "middle", PERSON, hashing=hashes.SHA224()), Why.ALGORITHM),
    ],
)
def test_a_persons_certificate_that_will_not_do(person: object, why: Why) -> None:
    assert callable(person)
    assert refused(person(), [MIDDLE], [ROOT]) is why


@pytest.mark.parametrize(
    ("middle", "why"),
    [
        (lambda: made("middle", "root", PERSON), Why.ISSUER),
        (lambda: made("middle", "root", (is_ca(), usage(signs=True))), Why.ISSUER),
        (lambda: made("middle", "root", ()), Why.ISSUER),
        (lambda: made("middle", "root", CA, until=-1), Why.EXPIRED),
        (lambda: made("middle", "root", CA, by=key("mallory")), Why.SIGNATURE),
        (
            lambda: made(
                "middle",
                "root",
                (
                    *CA,
                    (
                        x509.NameConstraints(permitted_subtrees=[x509.DNSName("a")], excluded_subtrees=None),
                        True,
                    ),
                ),
            ),
            Why.CRITICAL,
        ),
    ],
)
def test_a_ca_between_that_will_not_do(middle: object, why: Why) -> None:
    assert callable(middle)
    assert refused(ALICE, [middle()], [ROOT]) is why


def test_no_more_cas_than_a_root_allows_and_no_endless_way() -> None:
    strict = made("root", "root", (is_ca(below=0), usage(ca=True)))
    assert refused(ALICE, [MIDDLE], [strict]) is Why.ISSUER
    low = made("low", "middle", CA)
    lower = made("lower", "low", CA)
    deep = made("alice", "lower", PERSON)
    assert refused(deep, [MIDDLE, low, lower], [ROOT]) is Why.NO_ROOT
    round_about = [made("a", "b", CA), made("b", "a", CA)]
    assert refused(made("alice", "a", PERSON), round_about, [ROOT]) is Why.NO_ROOT


def test_an_expired_root_trusts_nobody() -> None:
    assert refused(ALICE, [MIDDLE], [made("root", "root", CA, until=-1)]) is Why.EXPIRED


@pytest.mark.parametrize("der", [b"", b"\x30\x00", b"-----BEGIN CERTIFICATE-----", bytes(4000)])
def test_what_is_no_certificate_is_said_to_be_none(der: bytes) -> None:
    with pytest.raises(Untrusted) as caught:
        read(der)
    assert caught.value.why is Why.MALFORMED
