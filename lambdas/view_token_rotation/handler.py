"""Rotates the secret that signs view tokens: Secrets Manager invokes this once for each of four steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from lambdas.view_token_rotation._wiring import rotation

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


class RotationEvent(TypedDict):
    """One of the four steps. `ClientRequestToken` is the id of the new version."""

    SecretId: str
    ClientRequestToken: str
    Step: str


def handler(event: RotationEvent, context: LambdaContext) -> None:  # noqa: ARG001 - Lambda's signature
    """Do the step. Raises RotationError, after which Secrets Manager tries the rotation again."""
    rotation().run(event["Step"], secret_id=event["SecretId"], version=event["ClientRequestToken"])
