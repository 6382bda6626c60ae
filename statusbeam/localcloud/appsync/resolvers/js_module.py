"""An ES module of a resolver rewritten as a function body, because the engine loads no modules by name.

`import {util} from '@aws-appsync/utils'` becomes a declaration and `export` disappears; no line moves, so
that errors name the author's lines. graphql/eslint-appsync.js finds everything else that APPSYNC_JS rejects.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import tree_sitter_javascript
from tree_sitter import Language, Node, Parser

MODULES: Final = ("@aws-appsync/utils", "@aws-appsync/utils/dynamodb", "@aws-appsync/utils/rds")
HANDLERS: Final = ("request", "response")
_LANGUAGE: Final = Language(tree_sitter_javascript.language())
_DECLARATIONS: Final = {"function_declaration", "lexical_declaration", "variable_declaration"}
_EXCERPT: Final = 40


class JsSourceError(Exception):
    """The text is not a JavaScript module that AppSync could call. `line` counts from 1."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(f"line {line}: {message}")
        self.message = message
        self.line = line


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    text: str


def as_factory(code: str) -> str:
    """JavaScript of a function from `__import` to `{request, response}`. Raises JsSourceError."""
    source = code.encode(errors="replace")
    root = Parser(_LANGUAGE).parse(source).root_node
    if root.has_error:
        raise _not_understood(root)
    edits: list[_Edit] = []
    exported: dict[str, str] = {}
    for statement in root.named_children:
        if statement.type == "import_statement":
            edits.append(_import(statement))
        elif statement.type == "export_statement":
            edits.append(_export(statement, exported))
    missing = [name for name in HANDLERS if name not in exported]
    if missing:
        raise JsSourceError(f"the code does not export {' and '.join(missing)}", 1)
    handlers = ", ".join(f"{name}: {exported[name]}" for name in HANDLERS)
    body = _apply(source, edits).decode()
    return f'(function (__import) {{ "use strict"; {body}\nreturn {{ {handlers} }};\n}})'


def _apply(source: bytes, edits: Sequence[_Edit]) -> bytes:
    parts: list[bytes] = []
    position = 0
    for edit in edits:
        newlines = b"\n" * source.count(b"\n", edit.start, edit.end)
        parts += [source[position : edit.start], edit.text.encode(), newlines]
        position = edit.end
    return b"".join([*parts, source[position:]])


def _import(statement: Node) -> _Edit:
    name = _text(statement.child_by_field_name("source"))[1:-1]
    if name not in MODULES:
        raise _error(f"the module {name} is not available in APPSYNC_JS", statement)
    declarations = [
        _declaration(part, name)
        for clause in statement.named_children
        if clause.type == "import_clause"
        for part in clause.named_children
    ]
    return _Edit(statement.start_byte, statement.end_byte, " ".join(declarations))


def _declaration(part: Node, module: str) -> str:
    if part.type == "namespace_import":
        return f'const {_text(part.named_children[0])} = __import("{module}");'
    if part.type != "named_imports":
        raise _error(f"{module} has no default export", part)
    names = [": ".join(_names(specifier)) for specifier in _of_type(part, "import_specifier")]
    return f'const {{ {", ".join(names)} }} = __import("{module}");'


def _export(statement: Node, exported: dict[str, str]) -> _Edit:
    """Record the exported names; drop the keyword, or the whole list."""
    declaration = statement.child_by_field_name("declaration")
    if declaration is not None and declaration.type in _DECLARATIONS and _is_named(statement):
        declarators = _of_type(declaration, "variable_declarator") or [declaration]
        for one in declarators:
            name = _text(one.child_by_field_name("name"))
            exported[name] = name
        return _Edit(statement.start_byte, declaration.start_byte, "")
    clauses = _of_type(statement, "export_clause")
    if not clauses or statement.child_by_field_name("source") is not None:
        raise _error("only named exports of this module are supported", statement)
    for specifier in _of_type(clauses[0], "export_specifier"):
        local, *renamed = _names(specifier)
        exported[renamed[0] if renamed else local] = local
    return _Edit(statement.start_byte, statement.end_byte, "")


def _is_named(statement: Node) -> bool:
    return all(child.type != "default" for child in statement.children)


def _names(specifier: Node) -> Iterator[str]:
    return (_text(name) for name in specifier.named_children if name.type != "comment")


def _of_type(node: Node, kind: str) -> list[Node]:
    return [child for child in node.named_children if child.type == kind]


def _text(node: Node | None) -> str:
    return "" if node is None or node.text is None else node.text.decode()


def _error(message: str, node: Node) -> JsSourceError:
    return JsSourceError(message, node.start_point.row + 1)


def _not_understood(root: Node) -> JsSourceError:
    broken = root
    while inner := next((child for child in broken.children if child.has_error or child.is_missing), None):
        broken = inner
    what = (
        f"{broken.type} is missing" if broken.is_missing else f"not understood: {_text(broken)[:_EXCERPT]!r}"
    )
    return _error(what, broken)
