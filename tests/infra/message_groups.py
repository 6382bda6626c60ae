"""The message group that a reporting state computes, as Step Functions evaluates it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import jsonata


def group_for(message: Mapping[str, Any], execution_input: Mapping[str, Any]) -> str:
    """The group of a state's SQS message in an execution with this input."""
    expression = jsonata.Jsonata(message["MessageGroupId"].removeprefix("{%").removesuffix("%}"))
    expression.register_lambda("hash", _sha256)
    states = {"context": {"Execution": {"Input": execution_input}}}
    # Variables begin with `$`: a state's own are in `$states`.
    expression.assign("states", states)
    group = expression.evaluate(None)
    assert isinstance(group, str)
    return group


def _sha256(text: str, algorithm: str) -> str:
    """$hash of Step Functions, which JSONata itself doesn't have."""
    assert algorithm == "SHA-256"
    return hashlib.sha256(text.encode()).hexdigest()
