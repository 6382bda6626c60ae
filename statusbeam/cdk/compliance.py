"""Why the constructs break some rules of cdk-nag (AWS Solutions). Its checks read the reasons."""

from __future__ import annotations

import json
from typing import Any

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import IConstruct


def accept(construct: IConstruct, *, rule: str, reason: str) -> None:
    """Accept that `construct` or its children break `rule`, for example `AwsSolutions-IAM5[Resource::*]`."""
    Validations.of(construct).acknowledge(Acknowledgment(id=rule, reason=reason))


def accept_wildcard(construct: IConstruct, *, resource: str, reason: str) -> None:
    """Accept a grant of `construct` on `resource`, an ARN with a wildcard."""
    spelled = _spelled(Stack.of(construct).resolve(resource))
    accept(construct, rule=f"AwsSolutions-IAM5[Resource::{spelled}]", reason=reason)


def _spelled(value: Any) -> str:
    """A value as findings spell it: references in angle brackets, joined texts in one piece."""
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
