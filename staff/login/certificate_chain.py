"""Whether a certificate leads to a root the hospital trusts, today, and may be used to log in (RFC 5280 section 6.1).

Smaller than the whole of RFC 5280: no policies, no name constraints (a certificate that insists on either is refused),
at most three certificates above the person's. GB/T 20518-2018 has the same fields. Asks nobody whether it is revoked.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID

from staff.login.certificate_keys import Unfit, check, key_of, of_certificate
from staff.login.certificate_sm2 import NotSigned

T = TypeVar("T", bound=x509.ExtensionType)
MOST_ABOVE = 3
MOST_GIVEN = 5  # certificates that may come along
UNDERSTOOD = frozenset(
    {
        ExtensionOID.BASIC_CONSTRAINTS,
        ExtensionOID.KEY_USAGE,
        ExtensionOID.EXTENDED_KEY_USAGE,
        ExtensionOID.SUBJECT_ALTERNATIVE_NAME,
        ExtensionOID.SUBJECT_KEY_IDENTIFIER,
        ExtensionOID.AUTHORITY_KEY_IDENTIFIER,
        ExtensionOID.CRL_DISTRIBUTION_POINTS,
        ExtensionOID.AUTHORITY_INFORMATION_ACCESS,
    }
)
FOR_PEOPLE = frozenset({ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE})


class Why(StrEnum):
    """What was wrong; for the audit line and the log, never for the person at the door."""

    MALFORMED = "malformed"
    ALGORITHM = "algorithm"
    NOT_YET = "not_yet_valid"
    EXPIRED = "expired"
    NO_ROOT = "no_root"
    ISSUER = "issuer_is_no_ca"
    USAGE = "key_usage"
    CRITICAL = "critical_extension"
    SIGNATURE = "signature"
    REVOKED = "revoked"
    UNREACHABLE = "revocation_unknown"
    UNBOUND = "not_bound"
    CHALLENGE = "challenge"


class Untrusted(Exception):
    """The certificate or what it signed is not accepted."""

    def __init__(self, why: Why, words: str = "") -> None:
        super().__init__(f"{why}: {words}" if words else why)
        self.why = why
        self.words = words


def read(der: bytes) -> x509.Certificate:
    """A certificate.

    Raises:
        Untrusted: it is none, or its extensions cannot be read.
    """
    try:
        certificate = x509.load_der_x509_certificate(der)
        _ = certificate.extensions, certificate.subject, certificate.issuer
    except (ValueError, x509.UnsupportedGeneralNameType, x509.DuplicateExtension) as error:
        raise Untrusted(Why.MALFORMED, str(error)[:200]) from None
    return certificate


def chain(
    person: x509.Certificate,
    given: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    now: datetime,
) -> tuple[x509.Certificate, ...]:
    """The way from the person's certificate to a trusted root, both included.

    Args:
        person: the certificate that signed.
        given: what came along with it, in any order; believed in nothing.
        roots: what the hospital trusts, issuing certificates among them if it likes.
        now: the instant, aware.

    Raises:
        Untrusted: with the reason nearest to a root.
    """
    _usable(person, now)
    _may_sign_in(person)
    trusted = {root for root in roots if _in_time(root, now)}
    if not trusted and roots:
        raise Untrusted(Why.EXPIRED, "every trusted root")
    above = tuple(dict.fromkeys((*roots, *given[:MOST_GIVEN])))
    return _climb((person,), above, trusted, now)


def _climb(
    way: tuple[x509.Certificate, ...],
    above: Sequence[x509.Certificate],
    trusted: set[x509.Certificate],
    now: datetime,
) -> tuple[x509.Certificate, ...]:
    below = way[-1]
    failed = Untrusted(Why.NO_ROOT, below.issuer.rfc4514_string()[:200])
    if len(way) > MOST_ABOVE:
        raise failed
    for issuer in above:
        if issuer.subject != below.issuer or issuer in way:
            continue
        try:
            _issued(below, issuer, len(way) - 1)
            if issuer in trusted:
                return (*way, issuer)
            _usable(issuer, now)
            return _climb((*way, issuer), above, trusted, now)
        except Untrusted as error:
            failed = error
    raise failed


def _issued(below: x509.Certificate, issuer: x509.Certificate, between: int) -> None:
    """Whether `issuer` may have issued `below` and has; `between` are the CAs already under it."""
    basic = extension(issuer, x509.BasicConstraints)
    if basic is None or not basic.ca or (basic.path_length is not None and basic.path_length < between):
        raise Untrusted(Why.ISSUER)
    usage = extension(issuer, x509.KeyUsage)
    if usage is not None and not usage.key_cert_sign:
        raise Untrusted(Why.ISSUER)
    try:
        check(key_of(issuer), of_certificate(below))
    except NotSigned:
        raise Untrusted(Why.SIGNATURE, "certificate") from None
    except Unfit as error:
        raise Untrusted(Why.ALGORITHM, str(error)) from None


def _usable(certificate: x509.Certificate, now: datetime) -> None:
    if now < certificate.not_valid_before_utc:
        raise Untrusted(Why.NOT_YET)
    if now > certificate.not_valid_after_utc:
        raise Untrusted(Why.EXPIRED)
    for extension in certificate.extensions:
        if extension.critical and extension.oid not in UNDERSTOOD:
            raise Untrusted(Why.CRITICAL, extension.oid.dotted_string)
    try:
        key_of(certificate)
    except Unfit as error:
        raise Untrusted(Why.ALGORITHM, str(error)) from None


def _in_time(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


def _may_sign_in(person: x509.Certificate) -> None:
    """A person's signing certificate: no CA, meant for signatures and, where it says for what, for log-in."""
    basic = extension(person, x509.BasicConstraints)
    if basic is not None and basic.ca:
        raise Untrusted(Why.USAGE, "a CA's certificate")
    usage = extension(person, x509.KeyUsage)
    if usage is None or not usage.digital_signature:
        raise Untrusted(Why.USAGE, "not for signatures")
    wider = extension(person, x509.ExtendedKeyUsage)
    if wider is not None and not FOR_PEOPLE & set(wider):
        raise Untrusted(Why.USAGE, "not for log-in")


def extension(certificate: x509.Certificate, kind: type[T]) -> T | None:
    """An extension of a certificate, None when it has none of this kind."""
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
