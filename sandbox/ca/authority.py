"""Two certification authorities, one of RSA and one of SM2: a root, an issuing CA below it, and people's certificates.

Keys and certificates lie in the folder of `SANDBOX_CA_FOLDER`, or in memory. Knows no task and no phone.
"""

import base64
import hashlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from pydantic import BaseModel, ConfigDict, Field

from sandbox.ca.extensions import Extensions, access, list_url, name_of, of_ca, of_person, points
from sandbox.ca.sm2 import Sm2Key, der

Algorithm = Literal["rsa", "sm2"]
ALGORITHMS: tuple[Algorithm, ...] = ("rsa", "sm2")
Key = rsa.RSAPrivateKey | Sm2Key
LIST_DAYS = 7
ROOT, ISSUING = "root", "issuing"
NAMES = {"rsa": "RSA", "sm2": "SM2"}
BASIC_OCSP = bytes.fromhex("06092b0601050507300101")  # id-pkix-ocsp-basic


class Entry(BaseModel):
    """A certificate with its private key; the sandbox keeps both, as no CA would."""

    model_config = ConfigDict(extra="forbid")

    userid: str = ""
    algorithm: Algorithm
    key: str  # SM2: the number in hexadecimal; RSA: PEM
    certificate: str  # base64 of DER
    revoked_at: float = 0.0


class Book(BaseModel):
    """Everything the CA remembers; people's certificates by serial in hexadecimal."""

    model_config = ConfigDict(extra="forbid")

    authorities: dict[str, Entry] = Field(default_factory=dict)  # "rsa root", "rsa issuing", "sm2 root" …
    people: dict[str, Entry] = Field(default_factory=dict)


class Authority:
    """Issues, revokes, lists and answers."""

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder) if folder else None
        self._keys: dict[str, Key] = {}
        self.book = Book()
        if self._folder is not None and (self._folder / "book.json").exists():
            self.book = Book.model_validate_json((self._folder / "book.json").read_bytes())

    # --- issuing ------------------------------------------------------------------------------------

    def found(self, now: datetime, origin: str) -> None:
        """Make the four CAs, where they are not there yet."""
        if self.book.authorities:
            return
        for algorithm in ALGORITHMS:
            for level in (ROOT, ISSUING):
                key = _new_key(algorithm)
                name = f"沙箱{NAMES[algorithm]}{'根' if level == ROOT else '签发'}CA"
                extensions = of_ca(
                    root=level == ROOT, above=None if level == ROOT else list_url(origin, algorithm, ROOT)
                )
                above = f"{algorithm} {ROOT}"
                self.book.authorities[f"{algorithm} {level}"] = Entry(
                    algorithm=algorithm,
                    key=_kept(key),
                    certificate=base64.b64encode(
                        self._certificate(
                            key,
                            name,
                            extensions,
                            now - timedelta(days=30),
                            3650,
                            above if level == ISSUING else "",
                        )[1]
                    ).decode(),
                )
        self._save()

    def issue(
        self,
        userid: str,
        name: str,
        algorithm: Algorithm,
        origin: str,
        *,
        since: datetime,
        days: float = 365,
        signs: bool = True,
        told: bool = True,
    ) -> str:
        """A certificate for a person; its serial.

        Args:
            userid: whose.
            name: as the certificate says it.
            algorithm: of the key.
            origin: our own address, for the addresses of list and answers.
            since: the first instant of its validity.
            days: how long it is valid.
            signs: for signatures; else for encryption only.
            told: whether it says where list and answers are.
        """
        key = _new_key(algorithm)
        extensions = of_person(signs)
        if told:
            extensions += [
                (points(list_url(origin, algorithm, ISSUING)), False),
                (access(f"{origin}/ca/ocsp/{algorithm}"), False),
            ]
        serial, made = self._certificate(key, name, extensions, since, days, f"{algorithm} {ISSUING}")
        self.book.people[f"{serial:x}"] = Entry(
            userid=userid, algorithm=algorithm, key=_kept(key), certificate=base64.b64encode(made).decode()
        )
        self._save()
        return f"{serial:x}"

    def _certificate(
        self,
        key: Key,
        name: str,
        extensions: Extensions,
        since: datetime,
        days: float,
        above: str,
    ) -> tuple[int, bytes]:
        """Serial and DER; signed by itself when `above` is ""."""
        issuer = self.certificate(self.book.authorities[above]).subject if above else name_of(name)
        signer = self._key(above) if above else key
        serial = x509.random_serial_number()
        builder = (
            x509.CertificateBuilder()
            .subject_name(name_of(name))
            .issuer_name(issuer)
            .serial_number(serial)
            .not_valid_before(since)
            .not_valid_after(since + timedelta(days=days))
            .public_key(_public(key))
        )
        known = x509.SubjectKeyIdentifier(hashlib.sha1(_raw(key)).digest())  # noqa: S324 - RFC 5280 4.2.1.2: a name
        for extension, critical in [*extensions, (known, False)]:
            builder = builder.add_extension(extension, critical=critical)
        made = builder.sign(_signing(signer), hashes.SHA256())
        if isinstance(signer, Sm2Key):
            also = (key,) if isinstance(key, Sm2Key) else ()
            return serial, signer.finish(made.tbs_certificate_bytes, *also)
        return serial, made.public_bytes(Encoding.DER)

    # --- telling ------------------------------------------------------------------------------------

    def revoke(self, serial: str, at: float) -> None:
        """Revoke a certificate; raises ``KeyError`` when there is none."""
        self.book.people[serial].revoked_at = at
        self._save()

    def roots(self) -> bytes:
        """The two roots as PEM."""
        found = [self.certificate(self.book.authorities[f"{name} {ROOT}"]) for name in ALGORITHMS]
        return b"".join(one.public_bytes(Encoding.PEM) for one in found)

    def above(self, algorithm: Algorithm) -> bytes:
        """The issuing CA's certificate (DER)."""
        return base64.b64decode(self.book.authorities[f"{algorithm} {ISSUING}"].certificate)

    def revoked(self, algorithm: Algorithm, level: str, now: datetime) -> bytes:
        """The list (DER) of one of the four CAs."""
        place = f"{algorithm} {level}"
        signer = self._key(place)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate(self.book.authorities[place]).subject)
            .last_update(now)
            .next_update(now + timedelta(days=LIST_DAYS))
            .add_extension(x509.CRLNumber(int(now.timestamp())), critical=False)
        )
        for serial, entry in self.book.people.items():
            if level == ISSUING and entry.algorithm == algorithm and entry.revoked_at:
                gone = x509.RevokedCertificateBuilder().serial_number(int(serial, 16)).revocation_date(now)
                builder = builder.add_revoked_certificate(gone.build())
        made = builder.sign(_signing(signer), hashes.SHA256())
        if isinstance(signer, Sm2Key):
            return signer.finish(made.tbs_certlist_bytes)
        return made.public_bytes(Encoding.DER)

    def answer(self, algorithm: Algorithm, question: bytes, now: datetime) -> bytes:
        """The OCSP answer (DER) of an issuing CA; raises ``ValueError`` when the question is none."""
        asked = ocsp.load_der_ocsp_request(question)
        entry = self.book.people.get(f"{asked.serial_number:x}")
        status = ocsp.OCSPCertStatus.UNKNOWN
        if entry is not None:
            status = ocsp.OCSPCertStatus.REVOKED if entry.revoked_at else ocsp.OCSPCertStatus.GOOD
        place = f"{algorithm} {ISSUING}"
        signer = self._key(place)
        made = (
            ocsp.OCSPResponseBuilder()
            .add_response_by_hash(
                issuer_name_hash=asked.issuer_name_hash,
                issuer_key_hash=asked.issuer_key_hash,
                serial_number=asked.serial_number,
                algorithm=asked.hash_algorithm,
                cert_status=status,
                this_update=now,
                next_update=now + timedelta(hours=1),
                revocation_time=now if status is ocsp.OCSPCertStatus.REVOKED else None,
                revocation_reason=None,
            )
            .responder_id(ocsp.OCSPResponderEncoding.NAME, self._responder(place, now))
            .sign(_signing(signer), hashes.SHA256())
        )
        if not isinstance(signer, Sm2Key):
            return made.public_bytes(Encoding.DER)
        basic = signer.finish(made.tbs_response_bytes)
        return der(0x30, der(0x0A, b"\x00") + der(0xA0, der(0x30, BASIC_OCSP + der(0x04, basic))))

    def _responder(self, place: str, now: datetime) -> x509.Certificate:
        """Who answers: the CA itself; of SM2 its stand-in under the same name, for what writes the answer."""
        own = self.certificate(self.book.authorities[place])
        key = self._key(place)
        if not isinstance(key, Sm2Key):
            return own
        return (
            x509.CertificateBuilder()
            .subject_name(own.subject)
            .issuer_name(own.subject)
            .public_key(key.stand_in.public_key())
            .serial_number(1)
            .not_valid_before(now)
            .not_valid_after(now + timedelta(days=1))
            .sign(key.stand_in, hashes.SHA256())
        )

    def sign(self, serial: str, method: str, data: bytes) -> bytes:
        """A person's signature; raises ``KeyError`` or ``ValueError`` when that cannot be."""
        key = _read(self.book.people[serial])
        if isinstance(key, Sm2Key):
            if method != "sm2-sm3":
                raise ValueError(method)
            return key.sign(data)
        if method == "rsa-pss-sha256":
            pss = padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.DIGEST_LENGTH)
            return key.sign(data, pss, hashes.SHA256())
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())

    # --- keeping ------------------------------------------------------------------------------------

    @staticmethod
    def certificate(entry: Entry) -> x509.Certificate:
        """The certificate of an entry."""
        return x509.load_der_x509_certificate(base64.b64decode(entry.certificate))

    def _key(self, place: str) -> Key:
        if place not in self._keys:
            self._keys[place] = _read(self.book.authorities[place])
        return self._keys[place]

    def _save(self) -> None:
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        draft = self._folder / "book.part"
        draft.touch(mode=0o600)
        draft.write_text(self.book.model_dump_json(), encoding="utf-8")
        draft.replace(self._folder / "book.json")
        if len(self.book.authorities) == len(ALGORITHMS) * 2:
            (self._folder / "roots.pem").write_bytes(self.roots())


def _new_key(algorithm: Algorithm) -> Key:
    return Sm2Key() if algorithm == "sm2" else rsa.generate_private_key(65537, 2048)


def _kept(key: Key) -> str:
    if isinstance(key, Sm2Key):
        return f"{key.secret:x}"
    plain = serialization.NoEncryption()
    return key.private_bytes(Encoding.PEM, serialization.PrivateFormat.PKCS8, plain).decode()


def _read(entry: Entry) -> Key:
    if entry.algorithm == "sm2":
        return Sm2Key(int(entry.key, 16))
    key = serialization.load_pem_private_key(entry.key.encode(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("the book holds no RSA key there")
    return key


def _signing(key: Key) -> rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey:
    return key.stand_in if isinstance(key, Sm2Key) else key


def _public(key: Key) -> rsa.RSAPublicKey | ec.EllipticCurvePublicKey:
    return _signing(key).public_key()


def _raw(key: Key) -> bytes:
    if isinstance(key, Sm2Key):
        return key.point
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
