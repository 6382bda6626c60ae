"""Statusbeam: live, ordered, truthful status of multi-agent jobs on AWS.

    from statusbeam import follow

    for update in follow("job-1"):
        print(update.sequence, update.status, update.message)

The import loads nothing else; the first use of a name loads what it needs (the extra `statusbeam[cli]`).
"""

from __future__ import annotations

TYPE_CHECKING = False  # not typing's: this package is imported by every agent
if TYPE_CHECKING:
    from .client.connect import connect
    from .client.deployment import Deployment
    from .client.errors import ClientError, NotFoundError, RefusedError, TargetError, UnreachableError
    from .client.follow import AsyncFollow, Follow, afollow, follow
    from .client.target import Flags

__all__ = [
    "AsyncFollow",
    "ClientError",
    "Deployment",
    "Flags",
    "Follow",
    "NotFoundError",
    "RefusedError",
    "TargetError",
    "UnreachableError",
    "afollow",
    "connect",
    "follow",
]

_MODULES = {
    "AsyncFollow": "follow",
    "ClientError": "errors",
    "Deployment": "deployment",
    "Flags": "target",
    "Follow": "follow",
    "NotFoundError": "errors",
    "RefusedError": "errors",
    "TargetError": "errors",
    "UnreachableError": "errors",
    "afollow": "follow",
    "connect": "connect",
    "follow": "follow",
}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415 - see above

    value = getattr(import_module(f".client.{_MODULES[name]}", __name__), name)
    globals()[name] = value
    return value
