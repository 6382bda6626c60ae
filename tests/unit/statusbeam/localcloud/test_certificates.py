"""The local certificate authority: valid for this machine's names only, for clients that trust its file."""

from __future__ import annotations

import datetime as dt
import socket
import ssl
import stat
import threading
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from statusbeam.localcloud.certificates import LEAF_LIFETIME, Certificates, ensure_certificates

NOW = dt.datetime.now(dt.UTC)


def handshake(certificates: Certificates, *, trust: Path, host: str) -> None:
    """A real TLS handshake over a socket pair. Raises ssl.SSLError when the client refuses."""
    server_side, client_side = socket.socketpair()
    server_context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_context.load_cert_chain(certificates.certificate, certificates.key)

    def serve() -> None:
        try:
            server_context.wrap_socket(server_side, server_side=True).close()
        except (ssl.SSLError, OSError):
            server_side.close()

    server = threading.Thread(target=serve)
    server.start()
    try:
        client = ssl.create_default_context(cafile=str(trust))
        client.wrap_socket(client_side, server_hostname=host).close()
    finally:
        client_side.close()
        server.join()


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_a_client_that_trusts_the_ca_accepts_this_machines_names(tmp_path: Path, host: str) -> None:
    certificates = ensure_certificates(tmp_path, now=NOW)
    handshake(certificates, trust=certificates.ca, host=host)


def test_a_client_refuses_another_name(tmp_path: Path) -> None:
    certificates = ensure_certificates(tmp_path, now=NOW)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(certificates, trust=certificates.ca, host="example.com")


def test_a_client_that_trusts_another_ca_refuses(tmp_path: Path) -> None:
    certificates = ensure_certificates(tmp_path / "ours", now=NOW)
    other = ensure_certificates(tmp_path / "other", now=NOW)
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(certificates, trust=other.ca, host="localhost")


def test_private_keys_are_readable_by_the_user_only(tmp_path: Path) -> None:
    ensure_certificates(tmp_path, now=NOW)
    keys = list(tmp_path.glob("*.key"))
    assert len(keys) == 2
    assert {stat.S_IMODE(key.stat().st_mode) for key in keys} == {0o600}


def test_a_second_call_keeps_everything(tmp_path: Path) -> None:
    first = {path.name: path.read_bytes() for path in _files(ensure_certificates(tmp_path, now=NOW))}
    second = {path.name: path.read_bytes() for path in _files(ensure_certificates(tmp_path, now=NOW))}
    assert first == second


def test_a_leaf_close_to_its_end_is_renewed_under_the_same_ca(tmp_path: Path) -> None:
    before = ensure_certificates(tmp_path, now=NOW)
    ca, leaf = before.ca.read_bytes(), before.certificate.read_bytes()
    after = ensure_certificates(tmp_path, now=NOW + LEAF_LIFETIME - dt.timedelta(days=29))
    assert after.ca.read_bytes() == ca
    assert after.certificate.read_bytes() != leaf


@pytest.mark.parametrize("name", ["ca.pem", "ca.key", "localhost.pem", "localhost.key"])
@pytest.mark.parametrize("content", [None, b"", b"not a certificate"])
def test_a_lost_or_broken_file_is_made_again(tmp_path: Path, name: str, content: bytes | None) -> None:
    ensure_certificates(tmp_path, now=NOW)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    certificates = ensure_certificates(tmp_path, now=NOW)
    handshake(certificates, trust=certificates.ca, host="localhost")


def test_a_leaf_of_another_ca_is_replaced(tmp_path: Path) -> None:
    ensure_certificates(tmp_path / "ours", now=NOW)
    other = ensure_certificates(tmp_path / "other", now=NOW)
    for file in (other.certificate, other.key):
        (tmp_path / "ours" / file.name).write_bytes(file.read_bytes())
    certificates = ensure_certificates(tmp_path / "ours", now=NOW)
    handshake(certificates, trust=certificates.ca, host="localhost")


@pytest.mark.parametrize("host", ["example.com", "sub.localhost.example", "10.0.0.1"])
def test_a_found_ca_key_vouches_for_no_other_machine(tmp_path: Path, host: str) -> None:
    certificates = ensure_certificates(tmp_path, now=NOW)
    stolen = trustme.CA.from_pem(certificates.ca.read_bytes(), (tmp_path / "ca.key").read_bytes())
    forged = stolen.issue_cert(host)
    certificates.certificate.write_bytes(forged.cert_chain_pems[0].bytes())
    certificates.key.write_bytes(forged.private_key_pem.bytes())
    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree violation"):
        handshake(certificates, trust=certificates.ca, host=host)


def test_the_ca_signs_for_servers_only(tmp_path: Path) -> None:
    ca = x509.load_pem_x509_certificate(ensure_certificates(tmp_path, now=NOW).ca.read_bytes())
    usage = ca.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.SERVER_AUTH]
    assert ca.extensions.get_extension_for_class(x509.BasicConstraints).value.path_length == 0


def test_browsers_accept_the_leafs_lifetime(tmp_path: Path) -> None:
    leaf = x509.load_pem_x509_certificate(ensure_certificates(tmp_path, now=NOW).certificate.read_bytes())
    assert leaf.not_valid_before_utc < NOW
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc < dt.timedelta(days=398)


def _files(certificates: Certificates) -> tuple[Path, Path, Path]:
    return certificates.ca, certificates.certificate, certificates.key
