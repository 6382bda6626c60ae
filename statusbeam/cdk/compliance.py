"""Records why the constructs break some rules of cdk-nag (AWS Solutions), which reads these reasons.

An older aws-cdk-lib keeps no reasons for rules with a resource in their names, so it gets none.
"""

from __future__ import annotations

import functools
import json
from importlib.metadata import version
from typing import Any

from aws_cdk import Stack
from constructs import IConstruct

_KEEPS_REASONS = (2, 269)


def accept(construct: IConstruct, *, rule: str, reason: str) -> None:
    """Accept that `construct` or its children break `rule`, for example `AwsSolutions-IAM5[Resource::*]`."""
    if not _keeps_reasons():
        return
    from aws_cdk import Acknowledgment, Validations  # noqa: PLC0415 - an older library has neither

    Validations.of(construct).acknowledge(Acknowledgment(id=rule, reason=reason))


def accept_wildcard(construct: IConstruct, *, resource: str, reason: str) -> None:
    """Accept a grant of `construct` on `resource`, an ARN with a wildcard."""
    spelled = _spelled(Stack.of(construct).resolve(resource))
    accept(construct, rule=f"AwsSolutions-IAM5[Resource::{spelled}]", reason=reason)


@functools.cache
def _keeps_reasons() -> bool:
    major, minor = version("aws-cdk-lib").split(".")[:2]
    return (int(major), int(minor)) >= _KEEPS_REASONS


def _spelled(value: Any) -> str:
    """A value as cdk-nag's findings show it: references in angle brackets, joined texts in one piece."""
    match value:
        case str():
            return value
        case {"Fn::Join": [delimiter, parts]}:
            return str(delimiter).join(_spelled(part) for part in parts)
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case _:
            return json.dumps(value, separators=(",", ":"))
