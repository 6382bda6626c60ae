"""The rules for our stacks: cdk-nag, AWS Solutions. A finding without a recorded reason stops synth."""

from __future__ import annotations

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks


def add_checks(app: App) -> None:
    """Check all stacks of `app` at synth."""
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
