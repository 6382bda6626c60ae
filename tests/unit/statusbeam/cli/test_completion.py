"""Shells complete the command: there is a script for each, and installed shells are seen to use it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from statusbeam.cli.main import main
from statusbeam.cli.registry import COMMANDS

BIN = Path(sys.executable).parent
LINES = [
    (["statusbeam", ""], {registered.name for registered in COMMANDS}),
    (["statusbeam", "wa"], {"watch", "wait"}),
    (["statusbeam", "queue", ""], {"peek", "redrive"}),
    (["statusbeam", "wait", "job-1", "--for", "c"], {"completed"}),
    (["statusbeam", "jobs", "--out"], {"--output"}),
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


def run(shell: str, script: str) -> list[str]:
    environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run([shell, "-c", script], env=environment, capture_output=True, text=True, check=True)
    return done.stdout.split("\n")


def installed(shell: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(shell) is None, reason=f"{shell} is not installed")


@installed("bash")
@pytest.mark.parametrize(("words", "expected"), LINES, ids=" ".join)
def test_bash_completes(words: list[str], expected: set[str]) -> None:
    quoted = " ".join(f"'{word}'" for word in words)
    script = f"""
        eval "$(statusbeam completion bash)"
        function=$(complete -p statusbeam | sed 's/.*-F \\([^ ]*\\).*/\\1/')
        COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; COMPREPLY=()
        $function statusbeam
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    assert {word for word in run("bash", script) if word} == expected


@installed("fish")
@pytest.mark.parametrize(("words", "expected"), LINES, ids=" ".join)
def test_fish_completes(words: list[str], expected: set[str]) -> None:
    lines = run("fish", f"statusbeam completion fish | source; complete -C '{' '.join(words)}'")
    assert {line.split("\t")[0] for line in lines if line} == expected


@installed("zsh")
def test_zsh_loads_the_script() -> None:
    script = (
        'autoload -U compinit; compinit -D; eval "$(statusbeam completion zsh)"; echo $_comps[statusbeam]'
    )
    assert run("zsh", script)[0]
