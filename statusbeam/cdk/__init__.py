"""Statusbeam in your own CDK app: a deployment, its page, and workflows that report without code.

    from statusbeam.cdk import Statusbeam

    status = Statusbeam(self, "Status")
    status.grant_report(agent)

Names that are not listed here may change.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from statusbeam.model.settings import JobEventType, NotificationChannel

    from .bridge.status_bridge import StatusBridge
    from .encryption import EncryptionKey
    from .monitoring.alarms import Alarms
    from .notifications.status_notifications import StatusNotifications
    from .options import (
        ApiOptions,
        BridgeOptions,
        BudgetOptions,
        CanaryOptions,
        ExistingUserPool,
        FirewallOptions,
        ManagedLogin,
        NewUserPool,
        NotificationOptions,
        OidcProvider,
        PageOptions,
        PrivateNetwork,
        PublishingOptions,
        ResourceOptions,
    )
    from .page.page import Page
    from .page.page_upload import PageError
    from .python_function import LibraryLayer
    from .statusbeam import Statusbeam
    from .workflows.approvals import Approvals
    from .workflows.execution_closer import ExecutionCloser
    from .workflows.status_checkpoints import StatusCheckpoints

__all__ = [
    "Alarms",
    "ApiOptions",
    "Approvals",
    "BridgeOptions",
    "BudgetOptions",
    "CanaryOptions",
    "EncryptionKey",
    "ExecutionCloser",
    "ExistingUserPool",
    "FirewallOptions",
    "JobEventType",
    "LibraryLayer",
    "ManagedLogin",
    "NewUserPool",
    "NotificationChannel",
    "NotificationOptions",
    "OidcProvider",
    "Page",
    "PageError",
    "PageOptions",
    "PrivateNetwork",
    "PublishingOptions",
    "ResourceOptions",
    "StatusBridge",
    "StatusCheckpoints",
    "StatusNotifications",
    "Statusbeam",
]

# Loaded at first use: the construct library starts Node, which the bundles and resolvers do not need.
_LATE = {
    "Alarms": "monitoring.alarms",
    "ApiOptions": "options",
    "Approvals": "workflows.approvals",
    "BridgeOptions": "options",
    "BudgetOptions": "options",
    "CanaryOptions": "options",
    "EncryptionKey": "encryption",
    "ExecutionCloser": "workflows.execution_closer",
    "ExistingUserPool": "options",
    "FirewallOptions": "options",
    "JobEventType": ".model.settings",
    "LibraryLayer": "python_function",
    "ManagedLogin": "options",
    "NewUserPool": "options",
    "NotificationChannel": ".model.settings",
    "NotificationOptions": "options",
    "OidcProvider": "options",
    "Page": "page.page",
    "PageError": "page.page_upload",
    "PageOptions": "options",
    "PrivateNetwork": "options",
    "PublishingOptions": "options",
    "ResourceOptions": "options",
    "StatusBridge": "bridge.status_bridge",
    "StatusCheckpoints": "workflows.status_checkpoints",
    "StatusNotifications": "notifications.status_notifications",
    "Statusbeam": "statusbeam",
}


def __getattr__(name: str) -> object:
    from importlib import import_module  # noqa: PLC0415 - for late names only

    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f".{_LATE[name]}", __name__), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
