"""What the documentation shows can be typed: each block runs, or the tool that it is for accepts it.

Other tests run the blocks of CDK apps (tests/infra/test_shown_apps.py), those of pages
(web/client/tests/documents.test.ts, tests/e2e/test_amplify_recipe.py) and the tutorials
(tests/e2e/test_tutorials.py).
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
import re
import shlex
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import boto3
import botocore.session
import pytest
from botocore import xform_name
from graphql import build_schema, parse, validate
from moto import mock_aws
from typer import TyperException
from typer.core import TyperGroup

from status_utils import job
from status_utils.testing import recorded
from statusbeam.cli.command import CommandError
from statusbeam.cli.parser import load, root
from statusbeam.cli.registry import COMMANDS
from tests.documents import DOCS, PAGES, ROOT, Block, blocks, is_of_an_app, runnable
from tests.unit.repository.test_dashboard_files import AWS_WORDS

LANGUAGES = {"python", "sh", "json", "toml", "graphql", "js", "jsx", "html", "text"}
"""Each has a test; `text` is what nobody types: drawings and output."""
AWS_CLI_ONLY = {"cli-binary-format", "notification-endpoint"}
"""Arguments that the AWS CLI adds to, or renames from, those of the services."""
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
ALL = [block for page in PAGES for block in blocks(page)]


@pytest.mark.parametrize("block", ALL, ids=str)
def test_every_block_says_what_it_is(block: Block) -> None:
    assert block.language in LANGUAGES


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_block_is_overlooked(page: Path) -> None:
    assert len(re.findall(r"^```", page.read_text(), re.MULTILINE)) == 2 * len(blocks(page))


# --- Python -----------------------------------------------------------------------------------------------


def handler(event: dict[str, Any], context: object) -> None:
    """An agent to be tested."""
    with job(job_id="job-1", user_id="ana", tenant_id="acme") as j, j.agent("Geo Agent") as agent:
        agent.tool("gazetteer", reason="The text names a street").start().end()


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """What the pages' prose speaks of before a block uses it."""
    with mock_aws(), recorded(strict=True), job(job_id="job-given", user_id="ana", tenant_id="acme") as j:
        secret = boto3.client("secretsmanager").create_secret(Name="view-tokens", SecretString="s" * 40)
        monkeypatch.setenv("VIEW_TOKEN_SECRET", secret["ARN"])
        monkeypatch.setenv("VIEW_TOKEN_AUDIENCE", "statusbeam-dev")
        yield {
            "j": j,
            "STREETS": ["Castro Street", "Market Street"],
            "pages": [1, 2],
            "event": {},
            "handler": handler,
            "find_place": lambda context: "Elm Street",
            "requests": SimpleNamespace(post=lambda url, json, headers: None),
            "url": "https://agents.example.com/geo",
            "body": {},
        }


@pytest.mark.parametrize("block", [block for block in runnable("python") if not is_of_an_app(block)], ids=str)
def test_python_runs(block: Block, given: dict[str, Any]) -> None:
    code = compile(block.code, str(block), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    with recorded(strict=True) as recording:
        running = eval(code, given)  # noqa: S307 - our own page
        if inspect.iscoroutine(running):
            asyncio.run(running)
        for name in [name for name in given if name.startswith("test_")]:
            given[name]()
        assert recording.refused == []


# --- shell ------------------------------------------------------------------------------------------------


def make(words: list[str]) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert {word for word in words if "=" not in word} <= targets


def statusbeam(words: list[str]) -> None:
    try:
        called = root().make_context("statusbeam", list(words))
        while called.command and isinstance(called.command, TyperGroup):
            name, command, rest = called.command.resolve_command(
                called, [*called._protected_args, *called.args]
            )
            assert command is not None
            called = command.make_context(name, rest, parent=called)
    except (TyperException, CommandError) as refused:
        raise AssertionError(f"statusbeam {shlex.join(words)}: {refused}") from refused


def aws(words: list[str]) -> None:
    service, operation, *rest = words
    model = botocore.session.get_session().get_service_model(service)
    by_name = {xform_name(name, "-"): name for name in model.operation_names}
    shape = model.operation_model(by_name[operation]).input_shape
    assert shape
    known = {xform_name(name, "-") for name in shape.members} | AWS_CLI_ONLY
    assert {word[2:] for word in rest if word.startswith("--")} <= known


def pip(words: list[str]) -> None:
    assert words[0] == "install"
    for extras in re.findall(r"\[([\w,-]+)\]", " ".join(words)):
        assert set(extras.split(",")) <= set(PROJECT["optional-dependencies"])


def python(words: list[str]) -> None:
    if words[0] == "-m" and words[1] not in ("pytest", "venv"):
        path = ROOT / words[1].replace(".", "/")
        assert path.is_dir() or path.with_suffix(".py").is_file(), words[1]


def shell_word(words: list[str]) -> None:
    """Only its syntax is checked, by bash."""


TOOLS: dict[str, Callable[[list[str]], None]] = {
    "make": make,
    "statusbeam": statusbeam,
    "aws": aws,
    "pip": pip,
    "python": python,
    **dict.fromkeys(("npx", "npm", "node", "cdk"), shell_word),
    **dict.fromkeys(("cd", "mkdir", "export", "eval", "echo", "true", "jq", "."), shell_word),
}


def commands_in(code: str) -> Iterator[list[str]]:
    """Every command of a block, also those between `$(` and `)`."""
    for line in code.replace("\\\n", " ").splitlines():
        for inner in re.findall(r"\$\(([^)]+)\)", line):
            yield shlex.split(inner)
        lexer = shlex.shlex(re.sub(r"^(\w+=\S+ )+| > \S+", "", line), posix=True, punctuation_chars=";&|")
        lexer.whitespace_split = True
        command: list[str] = []
        for word in [*lexer, ";"]:
            if not set(word) <= set(";&|"):
                command.append(word)
            elif command:
                yield command
                command = []


@pytest.mark.parametrize("block", [block for block in ALL if block.language == "sh"], ids=str)
def test_shell_commands_exist_and_take_these_arguments(block: Block) -> None:
    code = re.sub(r"<(\w+)>", r"\1", block.code)  # what the reader fills in
    checked = subprocess.run(["bash", "-n"], input=code, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    for command, *words in commands_in(code):
        TOOLS[command](words)


@pytest.mark.parametrize(
    "line",
    [
        "make none",
        "statusbeam none",
        "aws sqs send-none",
        "pip install 'statusbeam[none]'",
        "none",
        "echo $(none)",
    ],
)
def test_a_command_that_does_not_exist_is_found(line: str) -> None:
    with pytest.raises((AssertionError, KeyError)):
        for command, *words in commands_in(line):
            TOOLS[command](words)


# --- data -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", runnable("json"), ids=str)
def test_json_can_be_read(block: Block) -> None:
    assert json.loads(block.code)


@pytest.mark.parametrize("block", runnable("toml"), ids=str)
def test_toml_can_be_read(block: Block) -> None:
    assert tomllib.loads(block.code)


@pytest.mark.parametrize("block", runnable("graphql"), ids=str)
def test_graphql_fits_the_schema(block: Block) -> None:
    schema = build_schema(AWS_WORDS + (ROOT / "graphql" / "schema.graphql").read_text(encoding="utf-8"))
    assert validate(schema, parse(block.code)) == []


# --- what pages say of the code ---------------------------------------------------------------------------


def commands() -> list[str]:
    """Every command a user can type, without flags."""
    found = []
    for registered in COMMANDS:
        actions = getattr(load(registered), "commands", None)
        name = f"statusbeam {registered.name}"
        found += [f"{name} {action}" for action in actions] if actions else [name]
    return found


def test_every_command_is_on_its_page() -> None:
    page = (DOCS / "reference" / "command.md").read_text()
    assert [command for command in commands() if f"`{command}`" not in page] == []


def test_every_extra_is_on_the_page_of_packages() -> None:
    page = (DOCS / "reference" / "packages.md").read_text()
    assert [extra for extra in PROJECT["optional-dependencies"] if f"`{extra}`" not in page] == []


def test_every_state_has_the_label_that_the_page_shows() -> None:
    source = (ROOT / "web" / "dashboard" / "src" / "labels.ts").read_text()
    _, labels = source.split("STATE_LABELS", maxsplit=1)
    page = (DOCS / "reference" / "words.md").read_text()
    rows = re.findall(r"^\| `([\w-]+)` \| [^|]+ \| ([^|]+) \|", page, re.MULTILINE)
    assert len(rows) > 10
    missing = [row for row in rows if not re.search(rf"^  '?{row[0]}'?: '{row[1]}',$", labels, re.MULTILINE)]
    assert missing == []


def test_every_decision_is_in_their_list() -> None:
    listed = re.findall(r"\]\(([\w-]+\.md)\)", (DOCS / "decisions" / "index.md").read_text())
    assert sorted(listed) == sorted(path.name for path in (DOCS / "decisions").glob("20*.md"))
