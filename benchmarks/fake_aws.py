"""A fake AWS for publishers and callers: DynamoDB, AppSync and Lambda with fixed answers, over TLS.

It is a separate process, so its cost does not count. Every user has one live session, every job an empty log.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

JSON_1_0 = b"application/x-amz-json-1.0"
LAMBDA_INVOKE = b"POST /2015-03-31/functions/"
LIVE_SESSION = {
    "tenant_id": {"S": "tenant-1"},
    "sk": {"S": "user-1#connection-1"},
    "ttl": {"N": "9999999999"},
    "joined": {"BOOL": True},  # as every client of ours is
}


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and its key, written into `folder`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=5))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_path, key_path = folder / "cert.pem", folder / "key.pem"
    cert_path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return cert_path, key_path


def answer(target: str, body: dict[str, Any]) -> dict[str, Any]:
    """The service's answer to X-Amz-Target's operation, or to GraphQL (empty). Raises KeyError for others."""
    if not target:
        return {"data": {"publishStatus": body["variables"]["input"]}}
    sessions = "Session" in json.dumps(body.get("TableName", ""))
    items = [LIVE_SESSION] if sessions else []
    answers: dict[str, dict[str, Any]] = {
        "PutItem": {},
        "UpdateItem": {},
        "GetItem": {},
        "TransactWriteItems": {},
        "TransactGetItems": {"Responses": [{} for _ in body.get("TransactItems", ())]},
        "BatchGetItem": {
            "Responses": {table: [] for table in body.get("RequestItems", ())},
            "UnprocessedKeys": {},
        },
        "Query": {"Items": items, "Count": len(items), "ScannedCount": len(items)},
    }
    return answers[target]


async def serve_connection(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """HTTP/1.1 with kept-alive connections until the client disconnects."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            headers = {
                name.strip().lower(): value.strip()
                for name, _, value in (line.partition(":") for line in head.decode().split("\r\n")[1:])
            }
            body = json.loads(await reader.readexactly(int(headers.get("content-length", 0))) or b"{}")
            if head.startswith(LAMBDA_INVOKE):
                writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\nx-amzn-RequestId: 1\r\n\r\n")
                continue
            target = headers.get("x-amz-target", "").partition(".")[2]
            payload = json.dumps(answer(target, body)).encode()
            kind = JSON_1_0 if target else b"application/json"
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nContent-Length: %d\r\nx-amzn-RequestId: 1\r\n\r\n%s"
                % (kind, len(payload), payload)
            )
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def main(folder: Path) -> None:
    """Serve on a free port of 127.0.0.1 with the certificate in `folder`, and print the port."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate(folder))
    server = await asyncio.start_server(serve_connection, "127.0.0.1", 0, ssl=context)
    print(json.dumps({"port": server.sockets[0].getsockname()[1]}), flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
