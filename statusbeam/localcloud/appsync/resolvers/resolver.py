"""Resolvers: request handler, data source, response handler.

A pipeline runs these three for each of its functions, between its own two handlers. It passes `stash` and
`prev` along.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..graphql_errors import FieldError
from .javascript import CtxParts, JsModule, JsOutcome, JsResolverError

LOG = logging.getLogger(__name__)

SKIP_TO_END = "END"


class DataSourceError(Exception):
    """The source failed: `ctx.error` becomes `{message, type}`, `ctx.result` becomes `result`."""

    def __init__(self, message: str, error_type: str, *, result: Any = None) -> None:
        super().__init__(message)
        self.message = message
        self.error_type = error_type
        self.result = result


class DataSource(Protocol):
    """Executes the request of a resolver."""

    async def invoke(self, request: Mapping[str, Any]) -> Any:
        """The result, in AppSync's format. Raises DataSourceError."""
        ...


class ResolverError(FieldError):
    """A handler failed. `appended` are the earlier errors of `util.appendError`."""

    def __init__(self, error: JsResolverError, appended: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(error.message, error.error_type, error.data, error.info)
        self.appended = [*appended, *error.appended]


@dataclass(slots=True)
class Resolution:
    """The result of a resolver: its value, and its `util.appendError` and `extensions` calls in order."""

    value: Any = None
    appended: list[Mapping[str, Any]] = field(default_factory=list)
    extensions: list[tuple[str, Any]] = field(default_factory=list)


class Resolver(Protocol):
    """The resolver of one field. `local` is set when it uses no data source."""

    local: JsModule | None

    async def resolve(self, parts: CtxParts) -> Resolution:
        """Raises ResolverError."""
        ...


def resolve_local(module: JsModule, parts: CtxParts) -> Resolution:
    """Run a unit resolver on a NONE data source. Raises ResolverError."""
    try:
        outcome = module.run_local(parts)
    except JsResolverError as error:
        raise ResolverError(error, ()) from error
    return Resolution(outcome.value, list(outcome.appended_errors), list(outcome.extensions))


class _Evaluation:
    """One run of a resolver: the stash, and the results of its handlers."""

    def __init__(self, parts: CtxParts) -> None:
        self._parts = parts
        self._stash: Mapping[str, Any] | None = None
        self.done = Resolution()

    def run(
        self,
        module: JsModule,
        handler: str,
        *,
        prev: Any = None,
        result: Any = None,
        error: DataSourceError | None = None,
    ) -> JsOutcome:
        problem = None if error is None else {"message": error.message, "type": error.error_type}
        try:
            outcome = module.run(
                handler,
                self._parts,
                stash=self._stash,
                prev={"result": prev},
                result=result,
                error=problem,
            )
        except JsResolverError as failed:
            raise ResolverError(failed, self.done.appended) from failed
        if outcome.stash is not None:
            self._stash = outcome.stash
        self.done.appended += outcome.appended_errors
        self.done.extensions += outcome.extensions
        return outcome

    async def step(self, module: JsModule, source: DataSource | None, prev: Any) -> JsOutcome:
        """Request handler, data source, response handler."""
        prepared = self.run(module, "request", prev=prev)
        if prepared.early_return:
            return prepared
        request = prepared.value if isinstance(prepared.value, Mapping) else {}
        result, problem = request.get("payload"), None
        if source is not None:
            try:
                result = await source.invoke(request)
            except DataSourceError as error:
                LOG.info("resolver=<%s>, type=<%s> | data source failed", module.name, error.error_type)
                result, problem = error.result, error
        return self.run(module, "response", prev=prev, result=result, error=problem)


class UnitResolver:
    """A resolver with one data source. None is the NONE source, which returns the request's payload."""

    def __init__(self, module: JsModule, source: DataSource | None) -> None:
        self.local = module if source is None else None
        self._module = module
        self._source = source

    async def resolve(self, parts: CtxParts) -> Resolution:
        """See Resolver."""
        evaluation = _Evaluation(parts)
        outcome = await evaluation.step(self._module, self._source, None)
        evaluation.done.value = outcome.value
        return evaluation.done


class PipelineResolver:
    """A resolver of several functions, each with its own data source."""

    local: JsModule | None = None

    def __init__(self, module: JsModule, functions: Sequence[tuple[JsModule, DataSource | None]]) -> None:
        self._module = module
        self._functions = functions

    async def resolve(self, parts: CtxParts) -> Resolution:
        """See Resolver."""
        evaluation = _Evaluation(parts)
        before = evaluation.run(self._module, "request")
        value = before.value
        if not before.early_return:
            for module, source in self._functions:
                outcome = await evaluation.step(module, source, value)
                value = outcome.value
                if outcome.early_return and outcome.skip_to == SKIP_TO_END:
                    break
        after = evaluation.run(self._module, "response", prev=value, result=value)
        evaluation.done.value = after.value
        return evaluation.done


class UnsupportedResolver:
    """A resolver that localcloud can't run. It fails with the reason when its field is selected."""

    local: JsModule | None = None

    def __init__(self, reason: str) -> None:
        self._reason = reason

    async def resolve(self, parts: CtxParts) -> Resolution:  # noqa: ARG002 - part of the interface
        """See Resolver."""
        raise ResolverError(JsResolverError(self._reason, "Unsupported"), ())
