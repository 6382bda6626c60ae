"""A certificate authority of this checkout, and a certificate for 127.0.0.1, ::1 and localhost.

Clients trust the CA file (NODE_EXTRA_CA_CERTS, `ssl.create_default_context(cafile=…)`, a browser's
settings); nothing is ever added to the system's own trust. The CA outlives restarts, so that trust given
once holds.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

CA_LIFETIME = dt.timedelta(days=3650)
LEAF_LIFETIME = dt.timedelta(days=365)  # browsers refuse leaves of more than 398 days
RENEW_BEFORE = dt.timedelta(days=30)
CLOCK_TOLERANCE = dt.timedelta(hours=1)

_HOSTS = ("localhost",)
_ADDRESSES = ("127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files in PEM: the CA that clients trust, and the server's chain and private key."""

    ca: Path
    certificate: Path
    key: Path


def ensure_certificates(folder: Path, *, now: dt.datetime) -> Certificates:
    """The certificates in `folder`; what is missing, broken or about to end at `now` (UTC) is made."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    ca_file, ca_key_file = folder / "ca.pem", folder / "ca.key"
    leaf_file, leaf_key_file = folder / "localhost.pem", folder / "localhost.key"
    authority = _load(ca_file, ca_key_file, now)
    if authority is None:
        authority = _new_authority(now)
        _write_pair(ca_file, ca_key_file, *authority)
        leaf_file.unlink(missing_ok=True)
    leaf = _load(leaf_file, leaf_key_file, now)
    if leaf is None or not _is_issued_by(leaf[0], authority[0]):
        _write_pair(leaf_file, leaf_key_file, *_new_leaf(authority, now))
    return Certificates(ca=ca_file, certificate=leaf_file, key=leaf_key_file)


Pair = tuple[x509.Certificate, ec.EllipticCurvePrivateKey]


def _load(certificate_file: Path, key_file: Path, now: dt.datetime) -> Pair | None:
    try:
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(key, ec.EllipticCurvePrivateKey) or certificate.public_key() != key.public_key():
        return None
    if certificate.not_valid_after_utc - RENEW_BEFORE < now or certificate.not_valid_before_utc > now:
        return None
    return certificate, key


def _is_issued_by(leaf: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        leaf.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _new_authority(now: dt.datetime) -> Pair:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Statusbeam localcloud CA")])
    builder = _builder(name, name, key, now, CA_LIFETIME)
    usage = x509.KeyUsage(
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
    # It can vouch for this machine's own names only, whoever gets hold of its key.
    permitted = [x509.DNSName(host) for host in _HOSTS]
    networks = [x509.IPAddress(ipaddress.ip_network(address)) for address in _ADDRESSES]
    builder = (
        builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.NameConstraints([*permitted, *networks], None), critical=True)
    )
    return builder.sign(key, hashes.SHA256()), key


def _new_leaf(authority: Pair, now: dt.datetime) -> Pair:
    ca_certificate, ca_key = authority
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = [x509.DNSName(host) for host in _HOSTS]
    addresses = [x509.IPAddress(ipaddress.ip_address(address)) for address in _ADDRESSES]
    issuer_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key())
    builder = (
        _builder(name, ca_certificate.subject, key, now, LEAF_LIFETIME)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([*names, *addresses]), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(issuer_key, critical=False)
    )
    return builder.sign(ca_key, hashes.SHA256()), key


def _builder(
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    now: dt.datetime,
    life: dt.timedelta,
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - CLOCK_TOLERANCE)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _write_pair(
    certificate_file: Path, key_file: Path, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey
) -> None:
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _write_private(key_file, pem)
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))


def _write_private(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)  # a file of another mode would keep that mode
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
