"""An ES module of a resolver rewritten as a function body, because the engine loads no modules by name.

`import {util} from '@aws-appsync/utils'` becomes a declaration and `export` disappears; no line moves, so
that errors name the author's lines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .js_subset import check_subset
from .js_tokens import JsSourceError, Token, tokenize

MODULES = ("@aws-appsync/utils", "@aws-appsync/utils/dynamodb", "@aws-appsync/utils/rds")
HANDLERS = ("request", "response")


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    text: str


def as_factory(code: str) -> str:
    """JavaScript of a function from `__import` to `{request, response}`. Raises JsSourceError."""
    tokens = tokenize(code)
    check_subset(tokens)
    edits: list[_Edit] = []
    exported: dict[str, str] = {}
    depth = 0
    for index, token in enumerate(tokens):
        if token.kind == "punctuation":
            depth += (token.text in "([{") - (token.text in ")]}")
        if token.kind != "word" or depth != 0:
            continue
        if token.text == "import":
            edits.append(_import(tokens, index))
        elif token.text == "export":
            edits.append(_export(tokens, index, exported))
    missing = [name for name in HANDLERS if name not in exported]
    if missing:
        raise JsSourceError(f"the code does not export {' and '.join(missing)}", 1)
    handlers = ", ".join(f"{name}: {exported[name]}" for name in HANDLERS)
    return f'(function (__import) {{ "use strict"; {_apply(code, edits)}\nreturn {{ {handlers} }};\n}})'


def _apply(code: str, edits: Sequence[_Edit]) -> str:
    parts: list[str] = []
    position = 0
    for edit in edits:
        newlines = "\n" * code.count("\n", edit.start, edit.end)
        parts += [code[position : edit.start], edit.text, newlines]
        position = edit.end
    return "".join([*parts, code[position:]])


def _import(tokens: Sequence[Token], index: int) -> _Edit:
    line = tokens[index].line
    end = index + 1
    while end < len(tokens) and tokens[end].kind != "string":
        end += 1
    if end == len(tokens):
        raise JsSourceError("this import is not understood", line)
    name = tokens[end].text[1:-1]
    if name not in MODULES:
        raise JsSourceError(f"the module {name} is not available in APPSYNC_JS", line)
    clause = tokens[index + 1 : end - 1] if tokens[end - 1].text == "from" else ()
    stop = tokens[end + 1].end if end + 1 < len(tokens) and tokens[end + 1].text == ";" else tokens[end].end
    return _Edit(tokens[index].start, stop, _declaration(clause, name, line))


def _declaration(clause: Sequence[Token], name: str, line: int) -> str:
    if not clause:
        return ""
    if clause[0].text == "*" and len(clause) == 3:
        return f'const {clause[2].text} = __import("{name}");'
    if clause[0].text != "{":
        raise JsSourceError(f"{name} has no default export", line)
    names = " ".join(token.text for token in clause[1:-1]).replace(" as ", ": ")
    return f'const {{ {names} }} = __import("{name}");'


def _export(tokens: Sequence[Token], index: int, exported: dict[str, str]) -> _Edit:
    """Note what is exported under which name; the keyword, or the whole list, is dropped."""
    here, after = tokens[index], tokens[index + 1]
    if after.text in {"function", "const", "let", "var"}:
        name = tokens[index + 2].text
        exported[name] = name
        return _Edit(here.start, after.start, "")
    if after.text != "{":
        raise JsSourceError("only named exports are supported", here.line)
    end = index + 2
    while tokens[end].text != "}":
        local = tokens[end].text
        if tokens[end + 1].text == "as":
            end += 2
        exported[tokens[end].text] = local
        end += 2 if tokens[end + 1].text == "," else 1
    if end + 1 < len(tokens) and tokens[end + 1].text == ";":
        end += 1
    return _Edit(here.start, tokens[end].end, "")
