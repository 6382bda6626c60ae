"""The files of the page, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from statusbeam.localcloud.appsync.http.static_site import StaticSite

POLICY = "default-src 'self'"


@pytest.fixture
def site(tmp_path: Path) -> StaticSite:
    root = tmp_path / "page"
    (root / "lib").mkdir(parents=True)
    (root / "index.html").write_text("<p>home</p>")
    (root / "lib" / "index.html").write_text("<p>lib</p>")
    (root / "lib" / "client.mjs").write_text("export {}")
    (root / "a b.css").write_text("a{}")
    (root / "blob.unknown").write_bytes(b"\0")
    (root / ".env").write_text("SECRET=1")
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "page-two").mkdir()
    (tmp_path / "page-two" / "x.txt").write_text("other")
    (root / "link.txt").symlink_to(tmp_path / "secret.txt")
    (root / "good-link.html").symlink_to(root / "index.html")
    return StaticSite(root=root, content_security_policy=POLICY)


@pytest.mark.parametrize(
    ("path", "body", "content_type"),
    [
        ("/", b"<p>home</p>", "text/html; charset=utf-8"),
        ("/index.html", b"<p>home</p>", "text/html; charset=utf-8"),
        ("/lib", b"<p>lib</p>", "text/html; charset=utf-8"),
        ("/lib/", b"<p>lib</p>", "text/html; charset=utf-8"),
        ("/lib/client.mjs", b"export {}", "text/javascript; charset=utf-8"),
        ("/a%20b.css", b"a{}", "text/css; charset=utf-8"),
        ("/blob.unknown", b"\0", "application/octet-stream"),
        ("/good-link.html", b"<p>home</p>", "text/html; charset=utf-8"),
    ],
)
def test_file_is_served_with_its_type(site: StaticSite, path: str, body: bytes, content_type: str) -> None:
    response = site.respond(path)
    assert response is not None
    assert (response.body, response.content_type) == (body, content_type)


@pytest.mark.parametrize(
    "path",
    [
        "/missing.html",
        "/../secret.txt",
        "/lib/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/lib/..%5c..%5csecret.txt",
        "/..\\secret.txt",
        "//../secret.txt",
        "/../page-two/x.txt",
        "/link.txt",
        "/.env",
        "/index.html%00.css",
        "/%ff",
        "/index.html/",
        "",
    ],
)
def test_files_outside_the_folder_and_hidden_files_are_not_served(site: StaticSite, path: str) -> None:
    response = site.respond(path)
    assert response is None or response.body == b"<p>home</p>"


def test_absolute_path_in_the_url_stays_below_the_folder(site: StaticSite, tmp_path: Path) -> None:
    assert site.respond(f"/{tmp_path / 'secret.txt'}") is None


def test_page_is_not_stored_and_has_the_policy_of_the_caller(site: StaticSite) -> None:
    response = site.respond("/")
    assert response is not None
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["content-security-policy"] == POLICY
    assert response.headers["x-content-type-options"] == "nosniff"
