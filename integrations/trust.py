"""Whom our outward calls believe: the system's certificate authorities, and those of the hospital. Opens no connection."""

import ssl
from pathlib import Path

from core.settings import settings


def context() -> ssl.SSLContext:
    """Certificates and names are checked, TLS 1.2 at least."""
    made = ssl.create_default_context()
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    if (more := settings().outward_ca_file) is not None:
        made.load_verify_locations(more)
    return made


def file() -> str:
    """One file of authorities for a driver that takes no context: the hospital's own, else the system's; "" for none."""
    own: Path | None = settings().outward_ca_file
    return str(own) if own is not None else ssl.get_default_verify_paths().cafile or ""
