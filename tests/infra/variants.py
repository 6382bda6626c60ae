"""Stacks of stages that differ from ours in a few fields."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.infra.synthesised import TODAY, Stack, new_app, synthesised

ISSUER = "https://login.example.com/realms/city"
TOKENS = "https://tokens.example.net"
POOL = "eu-west-1_abc"
ORIGINS = ("https://status.example.com", "https://desk.example.com")
CERTIFICATE = "arn:aws:acm:us-east-1:000000000000:certificate/c"
KEY = "arn:aws:kms:eu-west-1:000000000000:key/0f1e2d3c-0000-4000-8000-000000000000"
SUBNETS, SECURITY_GROUPS = ("subnet-0a1b2c3d", "subnet-4e5f6a7b"), ("sg-0a1b2c3d",)
TENANTS = ("acme", "city hall")
WEB_ACL = "arn:aws:wafv2:us-east-1:000000000000:global/webacl/a/b"
LOG_LINK = "https://logs.example.com/?q={errorId}"


def variant(outdir: Path, folder: Path, of: str, **changes: Any) -> dict[str, Stack]:
    """The stacks of the stage called `of` with `changes`, and the page in `folder`, checked at synth."""
    from infra import stages  # noqa: PLC0415 - starts Node, which only these tests need
    from infra.checks import add_checks  # noqa: PLC0415 - the same
    from infra.stacks import add_stage  # noqa: PLC0415 - the same

    app = new_app(outdir)
    add_stage(app, replace(getattr(stages, of.upper()), **changes), today=TODAY, page=folder)
    add_checks(app)
    return synthesised(app)
