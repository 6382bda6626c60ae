"""JavaScript text as tokens: enough to tell code from strings, comments and templates, and to name lines."""

from __future__ import annotations

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r"""
    (?P<space>\s+ | //[^\n]* | /\*.*?\*/)
  | (?P<word>[A-Za-z_$\u0080-\uffff][\w$\u0080-\uffff]*)
  | (?P<number>\.?\d[\w.]*)
  | (?P<string>"(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*')
  | (?P<template>`)
  | (?P<punctuation>
        => | \.\.\. | \?\.(?!\d) | \?\?=? | \+\+ | -- | &&=? | \|\|=? | ===? | !==? | <<=? | >>>?=?
      | <= | >= | \*\*=? | [-+*/%&|^]= | [{}()\[\];,<>+\-*/%&|^!~?:=.@\#]
    )
    """,
    re.VERBOSE | re.DOTALL,
)
_REGEX = re.compile(
    r"/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n])*/\w*"
)
# After these a slash begins a regular expression; after any other word, number or closing bracket it divides.
_BEFORE_REGEX = frozenset({"return", "typeof", "case", "in", "of", "delete", "void", "new", "else", "do"})
_CLOSING = frozenset({")", "]", "}"})


class JsSourceError(Exception):
    """The text is not APPSYNC_JS: not JavaScript at all, or outside its subset. `line` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(f"line {line}: {message}")
        self.message = message
        self.line = line


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is word, number, string, template, regex or punctuation; `start` and `end` are offsets."""

    kind: str
    text: str
    start: int
    end: int
    line: int


def tokenize(code: str) -> list[Token]:
    """The tokens of `code`, expressions inside templates included. Raises JsSourceError."""
    scanner = _Scanner(code)
    scanner.scan(inside_template=False)
    return scanner.tokens


class _Scanner:
    def __init__(self, code: str) -> None:
        self.tokens: list[Token] = []
        self._code = code
        self._position = 0
        self._line = 1

    def scan(self, *, inside_template: bool) -> None:
        """Read to the end, or behind the brace that closes a template's expression."""
        depth = 0
        while self._position < len(self._code):
            match = self._next()
            kind, text = self._kind(match), match.group()
            if kind == "template":
                self._template()
                continue
            depth += (text == "{") - (text == "}")
            start = self._position
            if kind != "space" and depth >= 0:
                self.tokens.append(Token(kind, text, start, match.end(), self._line))
            self._move(match.end())
            if inside_template and depth < 0:
                return
        if inside_template:
            raise JsSourceError("a template literal is not closed", self._line)

    def _template(self) -> None:
        start, line = self._position, self._line
        self._move(start + 1)
        while self._position < len(self._code):
            if self._code.startswith("${", self._position):
                self._move(self._position + 2)
                self.scan(inside_template=True)
            elif self._code[self._position] == "`":
                self._move(self._position + 1)
                text = self._code[start : self._position]
                self.tokens.append(Token("template", text, start, self._position, line))
                return
            else:
                self._move(self._position + (2 if self._code[self._position] == "\\" else 1))
        raise JsSourceError("a template literal is not closed", line)

    def _next(self) -> re.Match[str]:
        match = _TOKEN.match(self._code, self._position)
        if match is None or (match.group() in {"/", "/="} and self._regex_may_follow()):
            match = _REGEX.match(self._code, self._position) or match
        if match is None:
            raise JsSourceError(f"unexpected character {self._code[self._position]!r}", self._line)
        return match

    @staticmethod
    def _kind(match: re.Match[str]) -> str:
        return "regex" if match.re is _REGEX else str(match.lastgroup)

    def _move(self, position: int) -> None:
        self._line += self._code.count("\n", self._position, position)
        self._position = position

    def _regex_may_follow(self) -> bool:
        if not self.tokens:
            return True
        previous = self.tokens[-1]
        if previous.kind == "word":
            return previous.text in _BEFORE_REGEX
        return previous.kind == "punctuation" and previous.text not in _CLOSING
