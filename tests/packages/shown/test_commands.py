"""The commands in the documentation exist, and take these arguments."""

from __future__ import annotations

import importlib.util
import re
import shlex
import subprocess
from collections.abc import Callable, Iterator
from importlib import metadata

import botocore.session
import pytest
from botocore import xform_name
from typer import TyperException
from typer.core import TyperGroup

from statusbeam.cli.command import CommandError
from statusbeam.cli.parser import root
from tests.documents import PAGES, ROOT, Block, blocks

AWS_CLI_ONLY = {"cli-binary-format", "notification-endpoint"}
"""Arguments that the AWS CLI adds to, or renames from, those of the services."""
SHELL = [block for page in PAGES for block in blocks(page) if block.language == "sh"]


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
    provided = set(metadata.metadata("statusbeam").get_all("Provides-Extra", []))
    for extras in re.findall(r"statusbeam\[([\w,-]+)\]", " ".join(words)):
        assert set(extras.split(",")) <= provided


def python(words: list[str]) -> None:
    if words[0] == "-m":
        assert importlib.util.find_spec(words[1]), words[1]


def shell_word(words: list[str]) -> None:
    """Only its syntax is checked, by bash."""


TOOLS: dict[str, Callable[[list[str]], None]] = {
    "make": make,
    "statusbeam": statusbeam,
    "aws": aws,
    "pip": pip,
    **dict.fromkeys(("python", "python3"), python),
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


@pytest.mark.parametrize("block", SHELL, ids=str)
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
        "python -m statusbeam.none",
        "none",
        "echo $(none)",
    ],
)
def test_a_command_that_does_not_exist_is_found(line: str) -> None:
    with pytest.raises((AssertionError, KeyError)):
        for command, *words in commands_in(line):
            TOOLS[command](words)
