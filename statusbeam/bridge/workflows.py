"""Starts the registered workflows: the port, and its adapters on Step Functions and in memory."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from statusbeam.model.validation import json_text

from .problems import Problem

if TYPE_CHECKING:
    from mypy_boto3_stepfunctions import SFNClient

EXECUTION_NAME: Final = "^[A-Za-z0-9_-]{1,80}$"
"""The characters of an execution's name, without dots, which Step Functions drops from some addresses."""


class Workflows(Protocol):
    """Starts workflows by name."""

    @property
    def names(self) -> Sequence[str]:
        """The registered names. The first is the default."""
        ...

    async def start(self, name: str, job_id: str, document: Mapping[str, Any]) -> None:
        """Start the workflow for a job, with `document` as its input. Raises Problem."""
        ...


class StepFunctionsWorkflows:
    """State machines by name. An execution has the name of its job, so each job id runs once."""

    def __init__(self, client: SFNClient, arns: Mapping[str, str]) -> None:
        self._client = client
        self._arns = dict(arns)

    @property
    def names(self) -> Sequence[str]:
        """See Workflows.names."""
        return list(self._arns)

    async def start(self, name: str, job_id: str, document: Mapping[str, Any]) -> None:
        """See Workflows.start."""
        check_execution_name(job_id)
        await asyncio.to_thread(self._start, self._arns[name], job_id, json_text(document))

    def _start(self, arn: str, job_id: str, text: str) -> None:
        try:
            self._client.start_execution(stateMachineArn=arn, name=job_id, input=text)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ExecutionAlreadyExists":
                raise in_use(job_id) from error
            raise Problem.unavailable("The workflow could not be started.") from error
        except BotoCoreError as error:
            raise Problem.unavailable("The workflow could not be started.") from error


class MemoryWorkflows:
    """Workflows that store their inputs in `started`."""

    def __init__(self, *names: str) -> None:
        self.started: dict[str, tuple[str, Mapping[str, Any]]] = {}
        self._names = names

    @property
    def names(self) -> Sequence[str]:
        """See Workflows.names."""
        return self._names

    async def start(self, name: str, job_id: str, document: Mapping[str, Any]) -> None:
        """See Workflows.start."""
        check_execution_name(job_id)
        if job_id in self.started:
            raise in_use(job_id)
        self.started[job_id] = (name, document)


def check_execution_name(job_id: str) -> None:
    """Raise Problem for an id that cannot be the name of an execution."""
    if re.fullmatch(EXECUTION_NAME, job_id) is None:
        raise Problem.bad_request("session_id must be 1 to 80 letters, digits, hyphens and underscores.")


def in_use(job_id: str) -> Problem:
    """The problem of a job id that was used for other input."""
    return Problem(409, "conflict", f"The session {job_id} is in use.")
