"""Shells complete the command: each has a script, and the installed shells use it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from statusbeam.cli.main import main
from statusbeam.cli.registry import COMMANDS

BIN = Path(sys.executable).parent
LINES = [
    (["statusbeam", ""], [registered.name for registered in COMMANDS]),
    (["statusbeam", "wa"], ["watch", "wait"]),
    (["statusbeam", "queue", ""], ["peek", "redrive"]),
    (["statusbeam", "wait", "job-1", "--for", "c"], ["completed"]),
    (["statusbeam", "jobs", "--out"], ["--output"]),
]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_there_is_a_script_for_each_shell(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    assert f"_STATUSBEAM_COMPLETE=complete_{shell}" in capsys.readouterr().out


def test_another_shell_is_a_wrong_call(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", "tcsh"]) == 2
    assert capsys.readouterr().out == ""


def test_names_are_completed_also_where_a_command_cannot_be_loaded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "statusbeam.cli.commands.demo", None)
    for name, value in (
        ("_STATUSBEAM_COMPLETE", "complete_bash"),
        ("COMP_WORDS", "statusbeam de"),
        ("COMP_CWORD", "1"),
    ):
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as left:
        main([])
    assert (left.value.code, capsys.readouterr().out.split()) == (0, ["delete-user", "demo"])


@pytest.mark.parametrize(("words", "expected"), LINES, ids=" ".join)
def test_bash_completes(words: list[str], expected: list[str]) -> None:
    quoted = " ".join(f"'{word}'" for word in words)
    script = f"""
        eval "$(statusbeam completion bash)"
        function=$(complete -p statusbeam | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; COMPREPLY=()
        $function statusbeam
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == set(expected)


@pytest.mark.parametrize("shell", ["zsh", "fish"])
@pytest.mark.parametrize(("words", "expected"), LINES, ids=" ".join)
def test_the_completion_script_of_a_shell_gets_its_answer(
    words: list[str],
    expected: list[str],
    shell: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    main(["completion", shell])
    script = capsys.readouterr().out
    asked = {
        "_STATUSBEAM_COMPLETE": f"complete_{shell}",
        "_TYPER_COMPLETE_ARGS": " ".join(words),
        **({"_TYPER_COMPLETE_FISH_ACTION": "get-args"} if shell == "fish" else {}),
    }
    for name, value in asked.items():
        assert name in script
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit):
        main([])
    answer = capsys.readouterr().out
    assert [word for word in expected if word not in answer] == []
