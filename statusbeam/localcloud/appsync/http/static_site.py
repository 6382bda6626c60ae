"""Static files from one folder, and from no other place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final
from urllib.parse import unquote_to_bytes

from .messages import HttpResponse

CONTENT_TYPES: Final[Mapping[str, str]] = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpg": "image/jpeg",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".map": "application/json; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class StaticSite:
    """Files below `root`.

    The path of a folder returns its index.html. Each response has the additional `headers`.
    """

    root: Path
    content_security_policy: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def respond(self, path: str) -> HttpResponse | None:
        """The file at a URL path (percent-encoded, starts with `/`); None when there is none."""
        file = self._file(path)
        if file is None:
            return None
        try:
            body = file.read_bytes()
        except OSError:  # removed since, or not readable
            return None
        return HttpResponse(
            body=body,
            content_type=CONTENT_TYPES.get(file.suffix.lower(), "application/octet-stream"),
            headers={
                "cache-control": "no-store",
                "content-security-policy": self.content_security_policy,
                "referrer-policy": "no-referrer",
                "x-content-type-options": "nosniff",
                **self.headers,
            },
        )

    def _file(self, path: str) -> Path | None:
        try:
            name = unquote_to_bytes(path).decode()
        except UnicodeDecodeError:
            return None
        parts = PurePosixPath(name).parts[1:]
        if "\0" in name or "\\" in name or any(part.startswith(".") for part in parts):
            return None  # `..` and hidden files alike
        root = self.root.resolve()
        file = root.joinpath(*parts).resolve()
        if file.is_dir():
            file = (file / "index.html").resolve()
        # resolve() followed the links, so a link cannot lead out either
        return file if file.is_relative_to(root) and file.is_file() else None
