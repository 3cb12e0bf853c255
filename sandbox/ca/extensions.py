"""Names, usages and addresses as they stand in the certificates of the sandbox; values in, values out."""

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

Extensions = list[tuple[x509.ExtensionType, bool]]  # each with whether it is critical


def name_of(name: str) -> x509.Name:
    """A subject with this common name."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "示范医院集团"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )


def usage(*, signs: bool = False, ca: bool = False, encrypts: bool = False) -> x509.KeyUsage:
    """What a key may do."""
    return x509.KeyUsage(
        digital_signature=signs,
        content_commitment=signs,
        key_encipherment=encrypts,
        data_encipherment=encrypts,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )


def of_ca(*, root: bool, above: str | None) -> Extensions:
    """Of a CA: `above` is the address of its own issuer's list."""
    found: Extensions = [
        (x509.BasicConstraints(ca=True, path_length=1 if root else 0), True),
        (usage(ca=True), True),
    ]
    return [*found, (points(above), False)] if above else found


def of_person(signs: bool) -> Extensions:
    """Of a person: for signatures, or for encryption only."""
    return [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (usage(signs=signs, encrypts=not signs), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), False),
    ]


def list_url(origin: str, algorithm: str, level: str) -> str:
    """Where a CA's list lies."""
    return f"{origin}/ca/crl/{algorithm}-{level}.crl"


def points(url: str) -> x509.CRLDistributionPoints:
    """The address of a list."""
    return x509.CRLDistributionPoints(
        [
            x509.DistributionPoint(
                full_name=[x509.UniformResourceIdentifier(url)],
                relative_name=None,
                reasons=None,
                crl_issuer=None,
            )
        ]
    )


def access(url: str) -> x509.AuthorityInformationAccess:
    """The address of the OCSP service."""
    return x509.AuthorityInformationAccess(
        [x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(url))]
    )
