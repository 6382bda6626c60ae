"""Statusbeam in your own CDK app: a deployment, its page, and workflows that report without code.

    from statusbeam.cdk import Statusbeam

    status = Statusbeam(self, "Status")
    status.grant_report(agent)

Names that are not listed here may change.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .alarms import Alarms
    from .bridge.status_bridge import StatusBridge
    from .encryption import EncryptionKey
    from .options import (
        ApiOptions,
        BridgeOptions,
        ExistingUserPool,
        FirewallOptions,
        NewUserPool,
        OidcProvider,
        PageOptions,
        PrivateNetwork,
        PublishingOptions,
        ResourceOptions,
    )
    from .page.page import Page
    from .page.page_upload import PageError
    from .python_function import library_layer
    from .statusbeam import Statusbeam
    from .workflows.approvals import Approvals
    from .workflows.execution_closer import ExecutionCloser
    from .workflows.status_checkpoints import StatusCheckpoints

__all__ = [
    "Alarms",
    "ApiOptions",
    "Approvals",
    "BridgeOptions",
    "EncryptionKey",
    "ExecutionCloser",
    "ExistingUserPool",
    "FirewallOptions",
    "NewUserPool",
    "OidcProvider",
    "Page",
    "PageError",
    "PageOptions",
    "PrivateNetwork",
    "PublishingOptions",
    "ResourceOptions",
    "StatusBridge",
    "StatusCheckpoints",
    "Statusbeam",
    "library_layer",
]

# Loaded when first asked for: the construct library starts Node, which the bundles and resolvers do without.
_LATE = {
    "Alarms": "alarms",
    "ApiOptions": "options",
    "Approvals": "workflows.approvals",
    "BridgeOptions": "options",
    "EncryptionKey": "encryption",
    "ExecutionCloser": "workflows.execution_closer",
    "ExistingUserPool": "options",
    "FirewallOptions": "options",
    "NewUserPool": "options",
    "OidcProvider": "options",
    "Page": "page.page",
    "PageError": "page.page_upload",
    "PageOptions": "options",
    "PrivateNetwork": "options",
    "PublishingOptions": "options",
    "ResourceOptions": "options",
    "StatusBridge": "bridge.status_bridge",
    "StatusCheckpoints": "workflows.status_checkpoints",
    "Statusbeam": "statusbeam",
    "library_layer": "python_function",
}


def __getattr__(name: str) -> object:
    from importlib import import_module  # noqa: PLC0415 - for late names only

    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f".{_LATE[name]}", __name__), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
