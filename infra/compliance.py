"""The rules every stack must pass at synth (cdk-nag, AWS Solutions): a finding without a reason stops it."""

from __future__ import annotations

from aws_cdk import Acknowledgment, App, Validations
from cdk_nag import AwsSolutionsChecks
from constructs import IConstruct


def add_checks(app: App) -> None:
    """Check all stacks of `app` at synth."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))


def accept(construct: IConstruct, *, rule: str, reason: str) -> None:
    """Let `construct` and what it holds break `rule` (like `AwsSolutions-IAM5[Resource::*]`), and say why."""
    Validations.of(construct).acknowledge(Acknowledgment(id=rule, reason=reason))
