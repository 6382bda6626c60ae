"""The results of the benchmarks, and the documentation that quotes them."""

from __future__ import annotations

import re

import pytest

from benchmarks.__main__ import NAMES, main
from benchmarks.measure import Goal
from benchmarks.results import DOCUMENT, RESULTS, Section, quoted, read_results, written

RUNS_THESE_TESTS = {"fresh_clone"}
"""It has no results before these tests have passed."""

MET = Goal(what="import ours / theirs", values=[0.05, 0.06, 0.07], at_most=0.08)
MISSED = Goal(what="rate, ours / theirs", values=[0.5], at_least=1.0)
IN_UNITS = Goal(what="p99", values=[1_500.0], at_most=1_000, unit=" ms")


def test_a_section_has_a_row_for_each_goal_that_was_printed() -> None:
    section = Section.of(
        "caller", measured="2026-11-29", output=f"words: {1}\n\n{MET}\n{MISSED}\n{IN_UNITS}\n"
    )
    assert section.rows == (
        "| import ours / theirs ≤ 0.08 | 0.06 (0.05 to 0.07) | met |",
        "| rate, ours / theirs ≥ 1 | 0.5 (0.5 to 0.5) | **missed** |",
        "| p99 ≤ 1,000 ms | 1,500 (1,500 to 1,500) ms | **missed** |",
    )
    assert section.missed == 2


def test_results_are_read_as_they_were_written() -> None:
    sections = {
        "caller": Section.of("caller", measured="2026-11-29, commit abc, load 0.1", output=f"a\n\nb\n{MET}"),
        "cost": Section.of("cost", measured="2026-11-29, commit abc, load 0.1", output="no goals"),
    }
    text = written("| processor | x |\n", sections)
    assert read_results(text) == sections
    assert written("| processor | x |\n", read_results(text)) == text


def test_a_quoted_table_is_replaced_by_the_results() -> None:
    sections = {"caller": Section.of("caller", measured="2026-11-29, load 0.1", output=str(MET))}
    before = "above\n<!-- results: caller -->\nan old table\n<!-- end of results -->\nbelow\n"
    after = quoted(before, sections)
    assert sections["caller"].table in after
    assert after.startswith("above\n")
    assert after.endswith("<!-- end of results -->\nbelow\n")
    assert "an old table" not in after
    assert quoted(after, sections) == after


def test_a_quoted_table_without_results_stays_unchanged() -> None:
    document = "<!-- results: caller -->\nan old table\n<!-- end of results -->"
    assert quoted(document, {}) == document


def test_a_benchmark_that_does_not_exist_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["caller", "caler"])
    assert "unknown benchmark: caler" in capsys.readouterr().err


def test_an_output_that_would_end_its_fence_is_refused() -> None:
    with pytest.raises(ValueError, match="the output of caller contains a code fence"):
        Section.of("caller", measured="2026-11-29", output="```")


def test_the_documentation_quotes_the_results_as_they_are() -> None:
    sections = read_results(RESULTS.read_text())
    document = DOCUMENT.read_text()
    assert quoted(document, sections) == document
    shown = set(re.findall(r"<!-- results: (\w+) -->", document))
    assert shown - RUNS_THESE_TESTS == {
        name for name, section in sections.items() if section.rows and name not in RUNS_THESE_TESTS
    }


def test_every_benchmark_has_results() -> None:
    assert set(NAMES) - set(read_results(RESULTS.read_text())) <= RUNS_THESE_TESTS
