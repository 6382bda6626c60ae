"""A certificate authority for this checkout, and a certificate for 127.0.0.1, ::1 and localhost.

Clients trust the CA file: NODE_EXTRA_CA_CERTS, `ssl.create_default_context(cafile=…)`, a browser's settings.
localcloud adds nothing to the system's trust store. It keeps the CA over restarts, so that clients need to
trust it once.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path

import trustme
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_LIFETIME = dt.timedelta(days=3650)
LEAF_LIFETIME = dt.timedelta(days=365)  # browsers refuse leaves of more than 398 days
RENEW_BEFORE = dt.timedelta(days=30)
CLOCK_TOLERANCE = dt.timedelta(hours=1)

_HOST = "localhost"
_ADDRESSES = ("127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM files: the CA that clients trust, and the server's certificate and private key."""

    ca: Path
    certificate: Path
    key: Path


def ensure_certificates(folder: Path, *, now: dt.datetime) -> Certificates:
    """The certificates in `folder`. Creates those that are missing, broken or close to expiry at `now`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ca_file, ca_key_file = folder / "ca.pem", folder / "ca.key"
    leaf_file, leaf_key_file = folder / "localhost.pem", folder / "localhost.key"
    authority = _read(ca_file, ca_key_file, now)
    if authority is None:
        authority = _new_authority(now)
        _write(authority, ca_file, ca_key_file)
    leaf = _read(leaf_file, leaf_key_file, now)
    if leaf is None or not _is_issued_by(leaf, authority):
        _write(_new_leaf(authority, now), leaf_file, leaf_key_file)
    return Certificates(ca=ca_file, certificate=leaf_file, key=leaf_key_file)


@dataclass(frozen=True, slots=True)
class Pem:
    """A certificate and its private key."""

    certificate: bytes
    key: bytes = field(repr=False)


def _read(certificate_file: Path, key_file: Path, now: dt.datetime) -> Pem | None:
    """A pair that is valid for long enough; None when it has to be renewed."""
    try:
        pem = Pem(certificate_file.read_bytes(), key_file.read_bytes())
        certificate = x509.load_pem_x509_certificate(pem.certificate)
        key = serialization.load_pem_private_key(pem.key, password=None)
    except (FileNotFoundError, ValueError):
        return None
    if certificate.public_key() != key.public_key():
        return None
    if certificate.not_valid_after_utc - RENEW_BEFORE < now or certificate.not_valid_before_utc > now:
        return None
    return pem


def _is_issued_by(leaf: Pem, authority: Pem) -> bool:
    issuer = x509.load_pem_x509_certificate(authority.certificate)
    try:
        x509.load_pem_x509_certificate(leaf.certificate).verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _new_authority(now: dt.datetime) -> Pem:
    """Build the CA with cryptography: trustme's own CA has no name constraints and never expires."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Statusbeam localcloud CA")])
    signs_certificates = x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
    # A thief of its key can impersonate this machine's own servers only.
    permitted = [x509.DNSName(_HOST), *(x509.IPAddress(ipaddress.ip_network(each)) for each in _ADDRESSES)]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_TOLERANCE)
        .not_valid_after(now + CA_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(signs_certificates, critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    private_key = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Pem(certificate.public_bytes(serialization.Encoding.PEM), private_key)


def _new_leaf(authority: Pem, now: dt.datetime) -> Pem:
    ca = trustme.CA.from_pem(authority.certificate, authority.key)
    leaf = ca.issue_cert(
        _HOST,
        *_ADDRESSES,
        common_name=_HOST,
        not_before=now - CLOCK_TOLERANCE,
        not_after=now + LEAF_LIFETIME,
    )
    return Pem(leaf.cert_chain_pems[0].bytes(), leaf.private_key_pem.bytes())


def _write(pem: Pem, certificate_file: Path, key_file: Path) -> None:
    key_file.unlink(missing_ok=True)  # an existing file would keep its mode
    descriptor = os.open(key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem.key)
    certificate_file.write_bytes(pem.certificate)
