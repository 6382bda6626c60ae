"""A scope in another process: as a `baggage` header of W3C, in a dict of headers or an event.

    requests.post(url, headers=inject({}))              # inside a scope

    with extract(request.headers, tenant_id="city"):    # in the other process
        report_progress(0.4, "Halfway")                 # of the same agent

The other process begins and ends neither the job nor the agent. A caller that can write the header can report
statuses of any job of any tenant. Extract it only from callers that you trust, or give `tenant_id`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, MutableMapping
from contextlib import nullcontext

from statusbeam.model.errors import InvalidStatusError
from statusbeam.model.limits import ID_LENGTH, NAME_LENGTH, RUN_ID_LENGTH
from statusbeam.model.validation import identifier

from ..sending.own_work import warn
from ..sending.senders import sender_for
from .context_functions import current_scope
from .failures import log_not_reported
from .guard import never_raises
from .invocations import Invocation, to_attempt
from .job import AgentScope, JobScope, JobStart
from .runs import Opening

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from typing import Any, Final, TypeVar

    from ..transports.transport import Transport

    C = TypeVar("C", bound=MutableMapping[str, Any])

HEADER: Final = "baggage"
"""https://www.w3.org/TR/baggage/"""

_LONGEST: Final = 8_192
"""The bytes of baggage that every W3C implementation has to pass on."""

_PREFIX: Final = "statusbeam."
_RUN = re.compile(r"[A-Za-z0-9]+\.[1-9][0-9]*")
_OWNER: Final = identifier(ID_LENGTH, forbidden="#")
_READERS: Final = {
    "job": identifier(ID_LENGTH),
    "user": _OWNER,
    "tenant": _OWNER,
    "agent": identifier(NAME_LENGTH),
    "invocation": identifier(ID_LENGTH),
}
"""The members that are texts. Every scope has the first three; agents have the others too."""


# --- there ------------------------------------------------------------------------------------------------


def inject(carrier: C, scope: JobScope | AgentScope | None = None) -> C:
    """Add the current scope, or `scope`, to a dict of headers or an event; returns the dict.

        >>> inject({"street": "Elm"})
        {'street': 'Elm', 'baggage': 'statusbeam.job=job-1,statusbeam.user=ana,statusbeam.tenant=city'}

    Other members of its baggage stay. Outside of all scopes the dict stays as it is.
    """
    found = current_scope() if scope is None else scope
    if found is not None:
        try:
            _add(carrier, context_of(found))
        except Exception as error:  # noqa: BLE001 - such as a mapping that takes no item; the call goes on
            log_not_reported("inject", found.fields, error)
    return carrier


def context_of(scope: JobScope | AgentScope) -> dict[str, str]:
    """The members of a scope that another process needs."""
    fields = scope.fields
    context = {"job": fields["jobId"], "user": fields["userId"], "tenant": fields["tenantId"]}
    if scope.run is not None:
        context["run"] = scope.run
    if isinstance(scope, AgentScope):
        context |= {"agent": scope.agent_name, "invocation": scope.invocation_id}
        context["attempt"] = str(scope.attempt)
    return context


def _add(carrier: MutableMapping[str, Any], context: Mapping[str, str]) -> None:
    from urllib.parse import quote  # noqa: PLC0415 - for who carries scopes to other processes only

    name, given = _header_of(carrier)
    if not isinstance(given, str):
        warn(__name__, "job_id=<%s> | not injected: `baggage` is in use for something else", context["job"])
        return
    members = [member for member in given.split(",") if member.strip() and not _is_own(member)]
    members += (f"{_PREFIX}{key}={quote(value, safe='')}" for key, value in context.items())
    header = ",".join(members)
    if len(header) > _LONGEST:
        warn(__name__, "job_id=<%s> | not injected: the baggage is too long", context["job"])
        return
    carrier[name] = header


def _header_of(carrier: Mapping[Any, Any]) -> tuple[str, Any]:
    """The name of the header as the carrier spells it, and its value."""
    for name in carrier:
        if isinstance(name, str) and name.lower() == HEADER:
            return name, "" if carrier[name] is None else carrier[name]
    return HEADER, ""


def _is_own(member: str) -> bool:
    return member.strip().startswith(_PREFIX)


# --- here -------------------------------------------------------------------------------------------------


def extract(
    carrier: Mapping[str, Any] | None, *, tenant_id: str | None = None, transport: Transport | None = None
) -> JobScope | AgentScope | nullcontext[None]:
    """The scope that another process injected, from headers or from an event that has or holds them.

        with extract(event) as scope: ...

    Statuses and agents in the block belong to that scope. The end of the block ends neither it nor its job,
    and waits until its statuses are sent. Without a valid context, or with one of another tenant than
    `tenant_id`, the block has no scope.
    """
    try:
        context = _read(carrier)
        if context is None:
            return nullcontext()
        if tenant_id is not None and context["tenant"] != tenant_id:
            warn(__name__, "job_id=<%s> | not extracted: it is of another tenant", context["job"])
            return nullcontext()
        return scope_of(context, transport)
    except InvalidStatusError as error:
        warn(__name__, "code=<%s> | not extracted: %s", error.code, error.message)
    except Exception as error:  # noqa: BLE001 - a carrier of somebody's own; the work goes on
        log_not_reported("extract", {}, error)
    return nullcontext()


def _read(carrier: Mapping[str, Any] | None) -> dict[str, str] | None:
    """The context; None without one. Raises InvalidStatusError."""
    from urllib.parse import unquote  # noqa: PLC0415 - for who carries scopes to other processes only

    header: Any = ""
    for place in (carrier, carrier.get("headers") if isinstance(carrier, Mapping) else None):
        if not header and isinstance(place, Mapping):
            header = _header_of(place)[1]
    if not isinstance(header, str) or len(header) > 2 * _LONGEST:
        return None
    found: dict[str, str] = {}
    for member in filter(_is_own, header.split(",")):
        key, _, value = member.partition(";")[0].strip().partition("=")
        found.setdefault(key.strip().removeprefix(_PREFIX), unquote(value.strip(), errors="strict"))
    return _valid(found) if found else None


def _valid(context: Mapping[str, str]) -> dict[str, str]:
    needed = {"job", "user", "tenant"} | ({"agent", "invocation"} if "invocation" in context else set())
    read = {key: _READERS[key](key, context.get(key)) for key in _READERS if key in needed}
    run = context.get("run", "")
    if len(run) <= RUN_ID_LENGTH and _RUN.fullmatch(run):
        read["run"] = run
    return {**read, "attempt": context.get("attempt", "1")}


def scope_of(context: Mapping[str, str], transport: Transport | None) -> JobScope | AgentScope:
    """The scope of a valid context, in this process."""
    fields = {"jobId": context["job"], "userId": context["user"], "tenantId": context["tenant"]}
    start = JobStart("", (), {})
    opening = Opening(context.get("run"))
    sender = sender_for(transport)
    part = JobScope(fields, start, sender, ends_job=False, attempt=None, opening=opening)
    if "invocation" not in context:
        return part
    invocation = Invocation(context["invocation"], None)
    invocation.attempt = to_attempt(context["attempt"]) or 1
    return CarriedAgent(part, context["agent"], "", invocation)


class CarriedAgent(AgentScope):
    """An agent that began in another process, which ends it. Leaving it here only waits until its statuses
    are sent."""

    @never_raises
    def _start_once(self) -> None:
        """It began in its own process."""

    def _open(self) -> None:
        """Its own process sends its heartbeats."""

    @never_raises
    def end(self, error: BaseException | None = None) -> None:  # noqa: ARG002 - it goes on, whatever happens here
        """Flush."""
        self.sender.flush(self.job.flush_seconds)

    async def end_async(self, error: BaseException | None = None) -> None:
        """See Scope.end_async."""
        await self.job.flush_at_exit(error)

    def end_unflushed(self, error: BaseException | None) -> None:
        """The work continues."""
