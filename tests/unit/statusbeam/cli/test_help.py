"""The help of every command, as a file. `pytest --write-help` writes them again."""

from __future__ import annotations

from pathlib import Path

import pytest

from statusbeam.cli.main import main
from statusbeam.cli.parser import load
from statusbeam.cli.registry import COMMANDS

GOLDEN = Path(__file__).with_name("golden")


def calls() -> list[tuple[str, ...]]:
    """The arguments before `--help` of every command and action."""
    found: list[tuple[str, ...]] = [()]
    for registered in COMMANDS:
        actions = getattr(load(registered), "commands", None) or ()
        found += [(registered.name,), *((registered.name, action) for action in actions)]
    return found


@pytest.mark.parametrize("arguments", calls(), ids=lambda arguments: "-".join(arguments) or "statusbeam")
def test_the_help_is_the_one_in_the_file(
    arguments: tuple[str, ...],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> None:
    monkeypatch.setenv("COLUMNS", "57")  # the width of the caller's terminal changes nothing
    assert main([*arguments, "--help"]) == 0
    shown = capsys.readouterr()
    assert shown.err == ""
    file = GOLDEN / f"{'-'.join(arguments) or 'statusbeam'}.txt"
    if request.config.getoption("--write-help"):
        file.write_text(shown.out)
    assert shown.out == file.read_text()


def test_each_file_is_of_a_command() -> None:
    names = {"-".join(arguments) or "statusbeam" for arguments in calls()}
    assert {path.stem for path in GOLDEN.glob("*.txt")} == names


@pytest.mark.parametrize("arguments", calls()[1:], ids="-".join)
def test_each_command_has_an_example_of_itself(arguments: tuple[str, ...]) -> None:
    text = (GOLDEN / f"{'-'.join(arguments)}.txt").read_text()
    examples = text.partition("Examples:\n")[2]
    assert f"statusbeam {' '.join(arguments)}" in examples


def test_the_summary_of_each_command_is_short_enough_for_the_list() -> None:
    assert [registered.name for registered in COMMANDS if len(registered.summary) > 75] == []
