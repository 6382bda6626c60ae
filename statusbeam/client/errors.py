"""What can go wrong between a client and a deployment.

ClientError
├── TargetError        the settings name no deployment, or one that has another form
├── RefusedError       the deployment does not allow it
├── NotFoundError      there is no such job, stack or workflow
└── UnreachableError   no answer, or a failure of the service; a retry may succeed
"""

from __future__ import annotations


class ClientError(Exception):
    """Base of all errors of the client. The message is for the user."""


class TargetError(ClientError):
    """The settings name no deployment, or contradict each other. A retry fails in the same way."""


class RefusedError(ClientError):
    """The deployment refused. `error_type` is AppSync's errorType, where it gave one."""

    def __init__(self, message: str, error_type: str | None = None) -> None:
        super().__init__(message)
        self.error_type = error_type


class NotFoundError(ClientError):
    """There is no such job, stack or workflow for this caller."""


class UnreachableError(ClientError):
    """The service did not answer, or failed. A retry may succeed."""
