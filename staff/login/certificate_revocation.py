"""Whether a certificate of a proven chain has been revoked: by OCSP for the person's, by the CA's list for all.

An OCSP answer is asked for at each log-in (a log-in is rare); lists are kept in `ca_list`, refreshed by the clock, and
fetched at the door when one is missing. When neither can be had, the parameter `login.ca_unreachable` decides: refuse,
unless the hospital has said otherwise. RFC 6960 3.2 and 4.2.2.2, RFC 5280 5 and 6.3 (whole lists only).
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, ExtensionOID

from core import clock, db
from core.logs import logger
from core.parameters import Parameter, declare, value
from integrations import ca_status
from integrations.http import CallFailed
from staff.login.certificate_chain import Untrusted, Why, extension, read
from staff.login.certificate_keys import Sealed, Unfit, check, key_of, of_certificate, of_list
from staff.login.certificate_sm2 import NotSigned

log = logger(__name__)

REFUSE, ALLOW = "refuse", "allow"
SKEW = timedelta(minutes=5)
LONGEST_ANSWER = timedelta(days=1)  # of an OCSP answer that names no end
EARLY = timedelta(hours=1)  # a list is fetched anew this long before its end, and at least this often
_LIST_EXTENSIONS = frozenset({ExtensionOID.CRL_NUMBER, ExtensionOID.AUTHORITY_KEY_IDENTIFIER})

UNREACHABLE = declare(
    Parameter(
        "login.ca_unreachable",
        "证书吊销状态查不到时",
        str,
        REFUSE,
        source="GB/T 20518-2018；RFC 5280 6.3：状态未知不等于有效",
        choices=(REFUSE, ALLOW),
        names=("拒绝登录", "允许登录，并记入审计"),
        what="认证机构的吊销服务暂时连不上，又没有可用的缓存时怎么办",
    )
)


class Unknown(Exception):
    """Nobody could say."""


async def ensure(way: Sequence[x509.Certificate]) -> bool:
    """Let a proven chain (person first, root last) pass when nothing in it is revoked; whether that is known for certain.

    Raises:
        Untrusted: revoked; or not known, and the parameter says refuse.
    """
    certain = True
    for at, (below, issuer) in enumerate(pairwise(way)):
        try:
            await _one(below, issuer, ask=at == 0)
        except Unknown as error:
            log.warning("revocation_unknown", serial=f"{below.serial_number:x}", error=str(error))
            if await value(UNREACHABLE) != ALLOW:
                raise Untrusted(Why.UNREACHABLE, str(error)) from None
            certain = False
    return certain


async def _one(below: x509.Certificate, issuer: x509.Certificate, *, ask: bool) -> None:
    said = "no address to ask"
    for url in _ocsp_urls(below) if ask else ():
        try:
            await _ask(url, below, issuer)
        except (CallFailed, Unknown) as error:
            said = f"ocsp: {error}"
        else:
            return
    for url in _list_urls(below):
        try:
            revoked = await _list(url, issuer)
        except (CallFailed, Unknown) as error:
            said = f"crl: {error}"
            continue
        entry = revoked.get_revoked_certificate_by_serial_number(below.serial_number)
        if entry is not None:
            raise Untrusted(Why.REVOKED, "crl")
        return
    raise Unknown(said[:300])


def _ocsp_urls(certificate: x509.Certificate) -> list[str]:
    access = extension(certificate, x509.AuthorityInformationAccess)
    return [
        entry.access_location.value
        for entry in access or ()
        if entry.access_method == AuthorityInformationAccessOID.OCSP
        and isinstance(entry.access_location, x509.UniformResourceIdentifier)
    ][:2]


def _list_urls(certificate: x509.Certificate) -> list[str]:
    points = extension(certificate, x509.CRLDistributionPoints)
    return [
        name.value
        for point in points or ()
        for name in point.full_name or ()
        if isinstance(name, x509.UniformResourceIdentifier) and name.value.startswith("http")
    ][:2]


# --- OCSP -----------------------------------------------------------------------------------------


async def _ask(url: str, below: x509.Certificate, issuer: x509.Certificate) -> None:
    question = ocsp.OCSPRequestBuilder().add_certificate(below, issuer, hashes.SHA1()).build()  # noqa: S303 - RFC 6960: names the issuer, proves nothing
    body = await ca_status.ask_status(url, question.public_bytes(Encoding.DER))
    answer = _answer(body, question, issuer)
    if answer.certificate_status is ocsp.OCSPCertStatus.REVOKED:
        raise Untrusted(Why.REVOKED, "ocsp")
    if answer.certificate_status is not ocsp.OCSPCertStatus.GOOD:
        raise Unknown("the CA does not know the certificate")


def _answer(body: bytes, question: ocsp.OCSPRequest, issuer: x509.Certificate) -> ocsp.OCSPResponse:
    """The answer to our question, signed by the issuer or by whom it named for that, and of today."""
    try:
        answer = ocsp.load_der_ocsp_response(body)
        if answer.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise Unknown(f"ocsp {answer.response_status.name}")
        same = (
            answer.serial_number == question.serial_number
            and answer.issuer_key_hash == question.issuer_key_hash
            and answer.issuer_name_hash == question.issuer_name_hash
        )
        sealed = Sealed(answer.tbs_response_bytes, answer.signature, answer.signature_algorithm_oid)
        came = list(answer.certificates)
        since, until = answer.this_update_utc, answer.next_update_utc
    except ValueError as error:
        raise Unknown(f"not an OCSP answer: {error}") from None
    if not same:
        raise Unknown("an answer about another certificate")
    now = clock.now()
    if since > now + SKEW or (until or since + LONGEST_ANSWER) + SKEW < now:
        raise Unknown("an answer of another day")
    _signed_by(issuer, came, sealed, now)
    return answer


def _signed_by(
    issuer: x509.Certificate, came: Sequence[x509.Certificate], sealed: Sealed, now: datetime
) -> None:
    for signer in (issuer, *came[:2]):
        try:
            if signer != issuer:
                _named_for_it(signer, issuer, now)
            check(key_of(signer), sealed)
        except (NotSigned, Unfit, Unknown):
            continue
        return
    raise Unknown("an answer that the CA has not signed")


def _named_for_it(signer: x509.Certificate, issuer: x509.Certificate, now: datetime) -> None:
    """RFC 6960 4.2.2.2: issued by the CA itself, for OCSP."""
    uses = extension(signer, x509.ExtendedKeyUsage)
    if uses is None or ExtendedKeyUsageOID.OCSP_SIGNING not in uses or signer.issuer != issuer.subject:
        raise Unknown("not named for OCSP")
    if not signer.not_valid_before_utc <= now <= signer.not_valid_after_utc:
        raise Unknown("expired")
    check(key_of(issuer), of_certificate(signer))


# --- lists ----------------------------------------------------------------------------------------


async def _list(url: str, issuer: x509.Certificate) -> x509.CertificateRevocationList:
    row = await db.fetchrow("select body, issuer from ca_list where url = $1", url)
    if row is not None and row["body"] is not None:
        try:
            return sound(row["body"], issuer)
        except Unknown:
            pass  # too old, or another CA's: fetched anew
    return await _fetch(url, issuer, at_the_door=True)


async def _fetch(url: str, issuer: x509.Certificate, *, at_the_door: bool) -> x509.CertificateRevocationList:
    """Fetch a list and keep it; one that is not sound is not kept."""
    try:
        body = await ca_status.fetch_list(url, at_the_door=at_the_door)
        found = sound(body, issuer)
    except (CallFailed, Unknown) as error:
        await db.execute(
            "insert into ca_list (url, issuer, fetched_at, error) values ($1, $2, $3, $4)"
            " on conflict (url) do update set fetched_at = $3, error = $4",
            url,
            issuer.public_bytes(Encoding.DER),
            clock.now(),
            str(error)[:500],
        )
        raise
    await db.execute(
        "insert into ca_list (url, issuer, body, this_update, next_update, fetched_at) values ($1, $2, $3, $4, $5, $6)"
        " on conflict (url) do update set issuer = $2, body = $3, this_update = $4, next_update = $5,"
        " fetched_at = $6, error = ''",
        url,
        issuer.public_bytes(Encoding.DER),
        body,
        found.last_update_utc,
        found.next_update_utc,
        clock.now(),
    )
    return found


def sound(body: bytes, issuer: x509.Certificate) -> x509.CertificateRevocationList:
    """A list that its issuer has signed and that holds today.

    Raises:
        Unknown: it is none.
    """
    try:
        text = body.lstrip().startswith(b"-----BEGIN")
        revoked = x509.load_pem_x509_crl(body) if text else x509.load_der_x509_crl(body)
        extensions = revoked.extensions
        since, until = revoked.last_update_utc, revoked.next_update_utc
    except (ValueError, x509.DuplicateExtension) as error:
        raise Unknown(f"not a list: {error}") from None
    if revoked.issuer != issuer.subject:
        raise Unknown("a list of another CA")
    # A list for part of the certificates, or of changes only, says so in a critical extension.
    if any(entry.critical and entry.oid not in _LIST_EXTENSIONS for entry in extensions):
        raise Unknown("a list of a part")
    now = clock.now()
    if since > now + SKEW or until is None or until < now:
        raise Unknown("a list of another day")
    usage = extension(issuer, x509.KeyUsage)
    if usage is not None and not usage.crl_sign:
        raise Unknown("the CA may not sign lists")
    try:
        check(key_of(issuer), of_list(revoked))
    except (NotSigned, Unfit) as error:
        raise Unknown(f"the list is not signed by the CA ({error})") from None
    return revoked


async def refresh() -> int:
    """What the clock calls: fetch the known lists that are old or soon will be; how many came."""
    now = clock.now()
    rows = await db.fetch(
        "select url, issuer from ca_list where fetched_at < $1"
        " and (next_update is null or next_update < $2 or fetched_at < $3) order by url",
        now - timedelta(minutes=5),
        now + EARLY,
        now - EARLY,
    )
    came = 0
    for row in rows:
        try:
            await _fetch(row["url"], read(bytes(row["issuer"])), at_the_door=False)
        except (CallFailed, Unknown, Untrusted) as error:
            log.warning("revocation_list_missing", url=row["url"], error=str(error))
        else:
            came += 1
    return came
