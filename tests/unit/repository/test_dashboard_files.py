"""The page's files: its examples are those of the example, without inline code and markup from texts."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate

from statusbeam.client import documents

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "web" / "dashboard"
SOURCES = sorted([*PAGE.glob("src/**/*.ts*"), *PAGE.glob("src/**/*.css"), PAGE / "index.html"])
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


CLIENTS = [value for name, value in vars(documents).items() if name.isupper() and not name.startswith("_")]


@pytest.mark.parametrize("document", CLIENTS)
def test_documents_of_the_command_fit_the_schema(schema: GraphQLSchema, document: str) -> None:
    assert validate(schema, parse(document)) == []


def test_examples_of_the_page_are_those_of_the_example() -> None:
    built_in = ROOT / "statusbeam" / "cli" / "complaints.json"
    assert json.loads((PAGE / "src/demo/complaints.json").read_text()) == json.loads(built_in.read_text())


def test_page_has_no_inline_script_style_or_handler() -> None:
    html = (PAGE / "index.html").read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", html)
    assert re.findall(r"<script[^>]*>(.*?)</script>", html, re.DOTALL) == [""]


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.name)
def test_page_never_sets_text_as_markup(file: Path) -> None:
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|dangerouslySet|document\.write|\beval\(|new Function"
    assert not re.search(forbidden, file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: file.name)
def test_page_loads_only_files_of_its_own(file: Path) -> None:
    for address in re.findall(r"https?://[^\s'\"`$)]+", file.read_text(encoding="utf-8")):
        assert address.startswith("https://cognito-idp."), address
