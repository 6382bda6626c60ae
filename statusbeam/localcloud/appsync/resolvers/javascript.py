"""Resolver code (APPSYNC_JS) in an embedded JavaScript engine.

runtime = JsRuntime()
module = runtime.load(code)
outcome = module.call("request", {"arguments": {"id": "1"}})
outcome.value  # what the handler returned
"""

from __future__ import annotations

import json
import logging
import random
import re
import secrets
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import quickjs

from ..contract import AuthMode
from .js_module import JsSourceError, as_factory

__all__ = ["CtxParts", "JsModule", "JsOutcome", "JsResolverError", "JsRuntime", "JsSourceError"]

LOG = logging.getLogger(__name__)

_SCRIPTS = ("appsync_kernel.js", "appsync_utils.js", "appsync_time.js", "appsync_dynamodb.js")
_MEMORY_LIMIT_BYTES = 64 * 1024 * 1024
_TIME_LIMIT_S = 1.0
# One evaluation more for each part of LAZY_PARTS, and for each time the ids run out.
_MAX_RERUNS = 16
# The engine names no files: our scripts' lines begin here, so that a line below it is the resolver author's.
_OUR_LINES = 100_000
_STACK_LINE = re.compile(r"<input>:(\d+)")
_LEVELS = {"INFO": logging.INFO, "ERROR": logging.ERROR}
_AUTH_TYPES = {
    AuthMode.API_KEY: "API Key Authorization",
    AuthMode.IAM: "IAM Authorization",
    AuthMode.COGNITO: "User Pool Authorization",
    AuthMode.OIDC: "Open ID Connect Authorization",
    AuthMode.LAMBDA: "Lambda Authorization",
}
# ASCII only: the engine's binding can't take lone surrogates as they are.
to_json = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode


class JsResolverError(Exception):
    """A handler ended in `util.error`, `util.unauthorized` or an exception of JavaScript's own.

    `message` is None after `util.unauthorized()`: the caller knows the field, and writes the message.
    `appended` are the errors of `util.appendError` before it.
    """

    def __init__(
        self,
        message: str | None,
        error_type: str | None,
        data: Any = None,
        info: Any = None,
        *,
        appended: tuple[Mapping[str, Any], ...] = (),
    ) -> None:
        super().__init__(message or error_type)
        self.message = message
        self.error_type = error_type
        self.data = data
        self.info = info
        self.appended = appended


# The parts of `ctx` that only code gets that reads them, in the order of the engine's parameters.
LAZY_PARTS = ("identity", "info", "request", "source", "env")
_NOT_SENT = "?"
_NOTHING_SENT = (_NOT_SENT,) * len(LAZY_PARTS)


@dataclass(frozen=True, slots=True)
class CtxParts:
    """The parts of `ctx` that stay equal over a field's handlers, as JSON.

    `args` is the arguments' text; `part` gives the text of one of LAZY_PARTS when code looks at it, "" for
    null. `auth_mode` is one of AuthMode.
    """

    args: str
    part: Callable[[str], str]
    auth_mode: str = ""


@dataclass(frozen=True, slots=True)
class JsOutcome:
    """What a handler did.

    `stash` is as the handler left it. `appended_errors` are
    `{message, errorType, data, errorInfo}`; `extensions` are (name, argument) in call order. After
    `runtime.earlyReturn`, `early_return` is true, `value` its argument and `skip_to` "END", "NEXT" or None.
    """

    value: Any = None
    stash: dict[str, Any] | None = None
    appended_errors: tuple[dict[str, Any], ...] = ()
    extensions: tuple[tuple[str, Any], ...] = ()
    early_return: bool = False
    skip_to: str | None = None
    response_headers: Mapping[str, Any] | None = None


class JsModule:
    """The loaded code of one resolver or function."""

    __slots__ = ("_index", "_looks_at", "_runtime", "_uses_ids", "name")

    def __init__(self, runtime: JsRuntime, index: int, name: str) -> None:
        self.name = name
        self._runtime = runtime
        self._index = index
        self._looks_at: frozenset[str] = frozenset()
        self._uses_ids = False

    def call(self, handler: str, ctx: Mapping[str, Any], *, auth_mode: str = "") -> JsOutcome:
        """Run `request` or `response` with `ctx` as AppSync gives it. Raises JsResolverError."""
        arguments = ctx.get("arguments", ctx.get("args")) or {}
        parts = CtxParts(to_json(arguments), lambda name: _text(ctx.get(name)), auth_mode)
        return self.run(
            handler,
            parts,
            stash=ctx.get("stash"),
            prev=ctx.get("prev"),
            result=ctx.get("result"),
            error=ctx.get("error"),
        )

    def run(
        self,
        handler: str,
        parts: CtxParts,
        *,
        stash: Mapping[str, Any] | None = None,
        prev: Mapping[str, Any] | None = None,
        result: Any = None,
        error: Mapping[str, Any] | None = None,
    ) -> JsOutcome:
        """Like `call`, with what a field's handlers share given as JSON. Raises JsResolverError."""
        return self._evaluate(parts, handler, (_text(stash), _text(prev), _text(result), _text(error)))

    def run_local(self, parts: CtxParts) -> JsOutcome:
        """Both handlers of a unit resolver on a NONE data source in one go. Raises JsResolverError."""
        return self._evaluate(parts, None, ())

    def _evaluate(self, parts: CtxParts, handler: str | None, rest: tuple[str, ...]) -> JsOutcome:
        runtime = self._runtime
        auth = _AUTH_TYPES.get(parts.auth_mode, "")
        for _ in range(_MAX_RERUNS):
            lazy = _NOTHING_SENT
            if self._looks_at:
                lazy = tuple(parts.part(name) if name in self._looks_at else _NOT_SENT for name in LAZY_PARTS)
            ids = runtime.ids_ahead() if self._uses_ids else ""
            answer = runtime.evaluate(self._index, handler, (ids, auth, parts.args, *lazy), rest)
            if answer.get("stop") != "need":
                if "usedIds" in answer:
                    runtime.drop_ids(answer["usedIds"])
                return self._outcome(answer)
            # Handlers have no side effects, so running one again with more of `ctx` is safe.
            missing = answer["fields"]["part"]
            if missing != "ids":
                self._looks_at |= {missing}
            elif self._uses_ids:
                runtime.add_ids()
            else:
                self._uses_ids = True
        raise JsResolverError(f"{self.name} asks for more ids than one evaluation gets", "Code")

    def _outcome(self, answer: dict[str, Any]) -> JsOutcome:
        stop = answer.get("stop")
        if stop is None and len(answer) <= 1:
            return JsOutcome(answer.get("value"))
        for level, line in answer.get("logs", ()):
            LOG.log(_LEVELS[level], "resolver=<%s> | %s", self.name, line)
        appended = tuple(answer.get("appended", ()))
        if stop == "error":
            fields = answer["fields"]
            raise JsResolverError(
                fields["message"], fields["errorType"], fields["data"], fields["errorInfo"], appended=appended
            )
        if stop == "code":
            fields = answer["fields"]
            line = _line(fields["stack"])
            place = "code.js" if line is None else f"code.js:{line}"
            raise JsResolverError(f"{place}: {fields['message']}", "Code", appended=appended)
        early = answer["fields"] if stop == "early" else {}
        return JsOutcome(
            value=early["value"] if early else answer.get("value"),
            stash=answer.get("stash"),
            appended_errors=appended,
            extensions=tuple((name, value) for name, value in answer.get("extensions", ())),
            early_return=bool(early),
            skip_to=early.get("skipTo"),
            response_headers=answer.get("headers"),
        )


class JsRuntime:
    """One JavaScript engine with AppSync's modules; loaded modules share it.

    `now` gives epoch seconds. `new_id` gives what `util.autoId()` returns. With a `seed`, `Math.random`,
    `autoUlid` and `autoKsuid` repeat themselves. Evaluations of several threads wait for each other.
    """

    def __init__(
        self,
        now: Callable[[], float] = time.time,
        new_id: Callable[[], str] = lambda: str(uuid.uuid4()),
        *,
        seed: int | None = None,
        time_limit_s: float = _TIME_LIMIT_S,
        memory_limit_bytes: int = _MEMORY_LIMIT_BYTES,
    ) -> None:
        self._now = now
        self._new_id = new_id
        self._ids: list[str] = []
        self._modules: dict[tuple[str, str], JsModule] = {}
        self._lock = threading.Lock()
        self._time_limit_s = time_limit_s
        context = quickjs.Context()
        for script in _SCRIPTS:
            context.eval("\n" * _OUR_LINES + (Path(__file__).parent / script).read_text(encoding="utf-8"))
        context.set_memory_limit(memory_limit_bytes)
        context.set_time_limit(time_limit_s)
        seeded = random.Random(secrets.randbits(128) if seed is None else seed)  # noqa: S311 - never for secrets
        context.eval("__appsync.seed")(*(seeded.getrandbits(31) | 1 for _ in range(4)))
        self._context = context
        self._run = context.eval("__appsync.run")
        self._run_local = context.eval("__appsync.runLocal")
        self._load = context.eval("__appsync.load")

    def load(self, code: str, name: str = "code.js") -> JsModule:
        """Load the code of a resolver or function. Raises JsSourceError, which names the line."""
        # A redeployment mostly has the same code, and pipelines share functions.
        known = self._modules.get((name, code))
        if known is None:
            known = self._modules[name, code] = JsModule(self, self._load_factory(as_factory(code)), name)
        return known

    def _load_factory(self, factory: str) -> int:
        with self._lock:
            try:
                return int(self._load(self._context.eval(factory)))
            except quickjs.JSException as error:
                text = str(error)
                raise JsSourceError(text.splitlines()[0], _line(text) or 1) from error

    def evaluate(
        self, index: int, handler: str | None, parts: tuple[str, ...], rest: tuple[str, ...]
    ) -> dict[str, Any]:
        """The engine's raw result, for JsModule. Raises JsResolverError when a limit ends the evaluation."""
        now = float(int(self._now() * 1000))  # the engine's binding cuts integers to 32 bits
        with self._lock:
            try:
                if handler is None:
                    text = self._run_local(index, now, *parts)
                else:
                    text = self._run(index, handler, now, *parts, *rest)
            except quickjs.JSException as error:
                raise self._limit_reached(error) from error
        answer: dict[str, Any] = json.loads(text)
        return answer

    def _limit_reached(self, error: Exception) -> JsResolverError:
        text = str(error)
        if "interrupted" in text:
            return JsResolverError(f"code.js: the handler ran longer than {self._time_limit_s:g} s", "Code")
        return JsResolverError(f"code.js: {text.splitlines()[0]}", "Code")

    def ids_ahead(self) -> str:
        """The ids that the next evaluation may use, in order, separated by spaces."""
        if not self._ids:
            self.add_ids()
        return " ".join(self._ids)

    def add_ids(self) -> None:
        """Double the number of ids; the first call makes one."""
        self._ids += [self._new_id() for _ in range(max(1, len(self._ids)))]

    def drop_ids(self, used: int) -> None:
        """Remove the ids that an evaluation used."""
        del self._ids[:used]


def _text(value: Any) -> str:
    return "" if value is None else to_json(value)


def _line(stack: str) -> int | None:
    """The innermost line of the author's code in a stack, if the engine knows it."""
    return next((line for line in map(int, _STACK_LINE.findall(stack)) if line < _OUR_LINES), None)
