"""The product imports nothing that its extras do not bring. Here the tests' own packages are installed as
well, so that an import of one of them fails only for users."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from functools import cache
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PRODUCT = ("statusbeam", "status_utils")
BROUGHT_BY_CALLERS = {"aws_xray_sdk", "langgraph"}
"""Imported only where the caller's program has loaded them."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def distribution(requirement: str) -> str:
    """The normalised name of the distribution in a requirement."""
    found = _NAME.match(requirement)
    assert found is not None, requirement
    return re.sub(r"[-_.]+", "-", found[0]).lower()


@cache
def brought_by(name: str) -> frozenset[str]:
    """A distribution, and all that it requires without extras of its own."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        one = waiting.pop()
        if one in found:
            continue
        found.add(one)
        try:
            waiting += [distribution(need) for need in requires(one) or () if "extra ==" not in need]
        except PackageNotFoundError:  # for another system or version of Python
            continue
    return frozenset(found)


@cache
def in_extras() -> frozenset[str]:
    """The distributions that an installation with all extras has."""
    needs = [distribution(need) for need in requires("statusbeam") or ()]
    return frozenset().union(*map(brought_by, needs))


def imported(tree: ast.AST) -> Iterator[str]:
    """The top-level modules that a module imports at any time, but not for its types only."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            continue
        if isinstance(node, ast.Import):
            yield from (name.name.partition(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.partition(".")[0]
        yield from imported(node)


def not_brought(source: str) -> set[str]:
    """The third-party modules that a source imports and no extra brings."""
    foreign = set(imported(ast.parse(source))) - sys.stdlib_module_names - BROUGHT_BY_CALLERS - {*PRODUCT}
    return {module for module in foreign if in_extras().isdisjoint(distributions_of(module))}


def distributions_of(module: str) -> list[str]:
    """The installed distributions that have a top-level module."""
    return [distribution(name) for name in modules().get(module, ())]


modules = cache(packages_distributions)


@pytest.mark.parametrize("package", PRODUCT)
def test_each_imported_package_comes_with_an_extra(package: str) -> None:
    found = {path: not_brought(path.read_text()) for path in (ROOT / package).rglob("*.py")}
    assert {path: lacking for path, lacking in found.items() if lacking} == {}


def test_an_import_of_one_of_the_tests_own_packages_is_noticed() -> None:
    source = "if TYPE_CHECKING:\n    import moto\ndef f():\n    from gql import Client\n    import os, rich\n"
    assert not_brought(source) == {"gql"}
