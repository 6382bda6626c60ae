"""What APPSYNC_JS forbids, checked when a resolver is loaded: code that runs here must run on AWS.

The list is https://docs.aws.amazon.com/appsync/latest/devguide/supported-features.html and the rules of
AWS's own ESLint plugin.
"""

from __future__ import annotations

from collections.abc import Sequence

from .js_tokens import JsSourceError, Token

_FORBIDDEN_WORDS = {
    "try": "try/catch is not supported",
    "catch": "try/catch is not supported",
    "finally": "try/catch is not supported",
    "throw": "throw is not supported, use util.error",
    "while": "while loops are not supported",
    "do": "do loops are not supported",
    "continue": "continue is not supported",
    "async": "async functions are not supported",
    "await": "await is not supported",
    "yield": "generators are not supported",
    "class": "classes are not supported",
    "this": "this is not supported",
    "instanceof": "instanceof is not supported",
    "in": "the in operator is not supported, use Object.hasOwn",
    "Promise": "promises are not supported",
    "RegExp": "regular expressions are not supported, use util.matches",
    "eval": "eval is not supported",
    "Function": "the Function constructor is not supported",
    "require": "require is not supported, use import",
    "with": "with is not supported",
    "debugger": "debugger is not supported",
    "setTimeout": "timers are not supported",
    "setInterval": "timers are not supported",
}
_FORBIDDEN_OPERATORS = frozenset({"++", "--", "~", "#", "@"})
_CONSTRUCTIBLE = frozenset({"Date"})
# The only methods a function may be passed to (AWS's rule no-function-passing).
_TAKES_FUNCTION = frozenset(
    {"map", "flatMap", "filter", "find", "findLast", "findIndex", "findLastIndex", "every", "some", "forEach"}
    | {"reduce", "reduceRight"}
)
_ASSIGNMENTS = frozenset({"=", "+=", "-=", "*=", "/=", "%=", "??=", "||=", "&&="})
# In AWS's rule no-disallowed-methods: not implemented.
_MISSING_METHODS = frozenset(
    {"charCodeAt", "localeCompare", "matchAll", "padEnd", "padStart", "repeat", "search", "copyWithin"}
    | {"toLocaleLowerCase", "toLocaleUpperCase", "toLocaleDateString", "toLocaleTimeString", "toLocaleString"}
    | {
        "setDate",
        "setFullYear",
        "setHours",
        "setMilliseconds",
        "setMinutes",
        "setMonth",
        "setSeconds",
        "setTime",
    }
)
_MISSING_FUNCTIONS = frozenset(
    {
        ("Array", "from"),
        ("Array", "of"),
        ("String", "fromCharCode"),
        ("String", "fromCodePoint"),
        ("String", "raw"),
    }
    | {
        ("Object", name)
        for name in ("create", "defineProperty", "freeze", "getPrototypeOf", "is", "isFrozen")
    }
    | {("Object", name) for name in ("getOwnPropertyNames", "seal", "setPrototypeOf", "fromEntries")}
)
_BRACKETS = {")": "(", "]": "[", "}": "{"}


def check_subset(tokens: Sequence[Token]) -> None:
    """Refuse what AppSync refuses. Raises JsSourceError, which names the line."""
    closing = _matching(tokens)
    for index, token in enumerate(tokens):
        if token.kind == "regex":
            raise JsSourceError("regular expression literals are not supported, use util.matches", token.line)
        if token.kind == "punctuation" and token.text in _FORBIDDEN_OPERATORS:
            raise JsSourceError(f"the operator {token.text} is not supported", token.line)
        if token.kind == "word" and not _is_name(tokens, index):
            _check_word(tokens, index, closing)
        if token.text in {".", "?."} and index + 2 < len(tokens) and tokens[index + 2].text == "(":
            _check_method(tokens[index - 1], tokens[index + 1])
        if token.text == "=>" or (token.kind == "word" and token.text == "function"):
            _check_passed(tokens, index, closing)
    _check_recursion(tokens, closing)
    _check_ctx_is_kept(tokens, closing)


def _check_word(tokens: Sequence[Token], index: int, closing: dict[int, int]) -> None:
    token = tokens[index]
    following = tokens[index + 1].text if index + 1 < len(tokens) else ""
    if token.text == "in" and _in_for_head(tokens, index):
        return
    if token.text in _FORBIDDEN_WORDS:
        raise JsSourceError(_FORBIDDEN_WORDS[token.text], token.line)
    if token.text == "function" and following == "*":
        raise JsSourceError("generators are not supported", token.line)
    if token.text == "new" and following not in _CONSTRUCTIBLE:
        raise JsSourceError(f"new {following} is not supported", token.line)
    if token.text == "for" and following == "(":
        inside = tokens[index + 2 : closing[index + 1]]
        if any(part.text == ";" for part in inside):
            raise JsSourceError("C-style for loops are not supported, use for-of or for-in", token.line)
    starts_statement = index == 0 or tokens[index - 1].text in {";", "{", "}", ")"}
    labels = following == ":" and starts_statement and index + 2 < len(tokens)
    if labels and tokens[index + 2].text in {"for", "while", "do", "switch"}:
        raise JsSourceError("labels are not supported", token.line)


def _check_method(owner: Token, method: Token) -> None:
    if method.text in _MISSING_METHODS:
        raise JsSourceError(f"the method {method.text} is not implemented in APPSYNC_JS", method.line)
    if (owner.text, method.text) in _MISSING_FUNCTIONS:
        raise JsSourceError(f"{owner.text}.{method.text} is not implemented in APPSYNC_JS", method.line)


def _is_name(tokens: Sequence[Token], index: int) -> bool:
    """Whether the word is only a property's name: `a.in`, `{ in: 1 }`."""
    before = tokens[index - 1].text if index else ""
    after = tokens[index + 1].text if index + 1 < len(tokens) else ""
    if before in {".", "?."}:
        return True
    return after == ":" and before in {"{", ","}


def _in_for_head(tokens: Sequence[Token], index: int) -> bool:
    """`for (const key in …`: the word is in the head of a loop, behind its one variable."""
    start = index - 1
    while start >= 0 and tokens[start].text not in {"(", ")", "{", "}", ";"}:
        start -= 1
    return start > 0 and tokens[start].text == "(" and tokens[start - 1].text == "for"


def _matching(tokens: Sequence[Token]) -> dict[int, int]:
    """The index of each opening bracket's closing one, and the other way round."""
    pairs: dict[int, int] = {}
    open_at: list[int] = []
    for index, token in enumerate(tokens):
        if token.kind != "punctuation":
            continue
        if token.text in "([{":
            open_at.append(index)
        elif token.text in _BRACKETS:
            if not open_at or tokens[open_at[-1]].text != _BRACKETS[token.text]:
                raise JsSourceError(f"{token.text} does not close anything", token.line)
            start = open_at.pop()
            pairs[start] = index
            pairs[index] = start
    if open_at:
        raise JsSourceError(f"{tokens[open_at[-1]].text} is never closed", tokens[open_at[-1]].line)
    return pairs


def _check_passed(tokens: Sequence[Token], index: int, pairs: dict[int, int]) -> None:
    """A function written as an argument may go only to the array methods AppSync knows."""
    first = index
    if tokens[index].text == "=>":
        first = pairs[index - 1] if tokens[index - 1].text == ")" else index - 1
    if first == 0 or tokens[first - 1].text not in {"(", ","}:
        return
    opening = _enclosing(tokens, first, pairs)
    if opening is None or tokens[opening].text != "(" or opening < 2 or tokens[opening - 1].kind != "word":
        return
    callee, before = tokens[opening - 1].text, tokens[opening - 2].text
    if callee in {"if", "for", "switch", "return"} or (before in {".", "?."} and callee in _TAKES_FUNCTION):
        return
    raise JsSourceError(f"passing a function to {callee} is not supported", tokens[index].line)


def _enclosing(tokens: Sequence[Token], index: int, pairs: dict[int, int]) -> int | None:
    position = index - 1
    while position >= 0:
        text = tokens[position].text
        if tokens[position].kind == "punctuation":
            if text in _BRACKETS:
                position = pairs[position]
            elif text in "([{":
                return position
        position -= 1
    return None


def _check_recursion(tokens: Sequence[Token], pairs: dict[int, int]) -> None:
    bodies = dict(_functions(tokens, pairs))
    calls = {
        name: {
            tokens[i].text
            for i in range(start, end)
            if tokens[i].text in bodies
            and tokens[i + 1].text == "("
            and tokens[i - 1].text not in {".", "?.", "function"}
        }
        for name, (start, end) in bodies.items()
    }
    for name, (start, _) in bodies.items():
        seen: set[str] = set()
        ahead = set(calls[name])
        while ahead:
            called = ahead.pop()
            if called == name:
                raise JsSourceError(f"recursion is not supported: {name} calls itself", tokens[start].line)
            if called not in seen:
                seen.add(called)
                ahead |= calls[called]


def _functions(tokens: Sequence[Token], pairs: dict[int, int]) -> list[tuple[str, tuple[int, int]]]:
    """The named functions with the range of their bodies' tokens."""
    found: list[tuple[str, tuple[int, int]]] = []
    for index, token in enumerate(tokens[:-1]):
        after = tokens[index + 1]
        if token.text == "function" and after.kind == "word":
            body = pairs[index + 2] + 1
            found.append((after.text, (body, pairs[body])))
        elif token.text == "=>" and (name := _assigned_name(tokens, index, pairs)):
            end = pairs[index + 1] if after.text == "{" else _statement_end(tokens, index + 1, pairs)
            found.append((name, (index + 1, end)))
    return found


def _check_ctx_is_kept(tokens: Sequence[Token], pairs: dict[int, int]) -> None:
    """The parts of `ctx` can't be replaced in a handler (AWS's rule no-disallowed-re-assignment)."""
    for name, (start, end) in _functions(tokens, pairs):
        if name not in {"request", "response"}:
            continue
        ctx = _first_parameter(tokens, start, pairs)
        for index in range(start, end - 3):
            texts = [token.text for token in tokens[index : index + 4]]
            if texts[0] == ctx and texts[1] == "." and texts[3] in _ASSIGNMENTS:
                raise JsSourceError(f"{ctx}.{texts[2]} is read-only", tokens[index].line)


def _first_parameter(tokens: Sequence[Token], body: int, pairs: dict[int, int]) -> str | None:
    """The name of the first parameter of the function whose body begins at `body`."""
    before = body - 1 if tokens[body - 1].text in {")", "=>"} else body - 2
    if tokens[before].text == "=>":
        before -= 1
    if tokens[before].text != ")":
        return tokens[before].text
    return tokens[pairs[before] + 1].text


def _assigned_name(tokens: Sequence[Token], arrow: int, pairs: dict[int, int]) -> str | None:
    first = pairs[arrow - 1] if tokens[arrow - 1].text == ")" else arrow - 1
    if first >= 3 and tokens[first - 1].text == "=" and tokens[first - 3].text in {"const", "let", "var"}:
        return tokens[first - 2].text
    return None


def _statement_end(tokens: Sequence[Token], index: int, pairs: dict[int, int]) -> int:
    """Where an expression ends: at its semicolon, the bracket around it, or the next declaration."""
    while index < len(tokens) - 1:
        text = tokens[index].text
        if text in {";", ")", "]", "}", "export", "const", "let", "function"}:
            return index
        index = pairs[index] + 1 if text in "([{" and tokens[index].kind == "punctuation" else index + 1
    return len(tokens) - 1
