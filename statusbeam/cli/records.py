"""Documents on stdout, in the format that `--output` names. Stdout has no other text.

Their texts are untrusted: no character that could control a terminal reaches it.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, TextIO

_UNSAFE = re.compile(r"[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]")
"""The characters that JSON and YAML may hold unescaped, and a terminal may not."""

Document = Mapping[str, Any]
Line = Callable[[Document], None]


class Output(StrEnum):
    """The formats."""

    TABLE = "table"
    JSON = "json"
    JSONL = "jsonl"
    YAML = "yaml"


def json_line(value: Any) -> str:
    """Compact JSON text on one line."""
    return _escaped(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str))


def json_text(value: Any) -> str:
    """JSON text for people."""
    return _escaped(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def yaml_text(value: Any) -> str:
    """YAML text."""
    import yaml  # noqa: PLC0415 - few calls need it

    class Dumper(yaml.SafeDumper):
        """Quotes scalars with escapes: other scalars have none."""

    def represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
        style = '"' if _UNSAFE.search(text) else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)

    Dumper.add_representer(str, represent)
    plain = json.loads(json.dumps(value, default=str))  # enumerations, tuples and mappings of our own
    return _escaped(yaml.dump(plain, Dumper=Dumper, allow_unicode=True, sort_keys=False, width=1_000_000))


class Stream:
    """A list of documents that is printed while it grows. Use it with `with`.

    `line` prints one for people; the other formats are printed here.
    """

    def __init__(self, output: Output, line: Line, out: TextIO | None = None) -> None:
        self._output = output
        self._line = line
        self._out = out or sys.stdout
        self._count = 0

    def __enter__(self) -> Stream:
        return self

    def __exit__(self, *_: object) -> None:
        if self._output is Output.JSON:
            self._write("\n]\n" if self._count else "[]\n")
        elif self._output is Output.YAML and not self._count:
            self._write("[]\n")

    def add(self, document: Document) -> None:
        """Print one more document."""
        match self._output:
            case Output.JSON:
                self._write(("[\n" if not self._count else ",\n") + json_line(document))
            case Output.JSONL:
                self._write(json_line(document) + "\n")
            case Output.YAML:
                self._write(yaml_text([document]))
            case _:
                self._line(document)
        self._count += 1

    def _write(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


def print_document(output: Output, document: Document, show: Line) -> None:
    """Print one document; `show` prints it for people."""
    match output:
        case Output.JSON:
            sys.stdout.write(json_text(document) + "\n")
        case Output.JSONL:
            sys.stdout.write(json_line(document) + "\n")
        case Output.YAML:
            sys.stdout.write(yaml_text(document))
        case _:
            show(document)
    sys.stdout.flush()


def _escaped(text: str) -> str:
    return _UNSAFE.sub(_escape, text)


def _escape(match: re.Match[str]) -> str:
    return f"\\u{ord(match[0]):04x}"
