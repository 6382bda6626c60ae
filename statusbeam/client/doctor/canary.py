"""`statusbeam doctor --probe` for a schedule: it reads no files and no environment of its own.

report = run_probe(outputs, deployment="Prod-Status", tenant="acme")
report.finding  # None, or what is wrong and its cure
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from statusbeam.model.settings import PROBE_PREFIX

from ..connect import Identity
from ..target import Choice, Setting, Target
from ..view_tokens import ViewTokens
from .examination import PROBE_STATUSES, PROBE_TIMEOUT, Examination, ExaminationOptions, Report

CANARY_USER: Final = f"{PROBE_PREFIX}canary"
"""The canary reads as this user. The user needs no login: the canary issues its own view token."""


def run_probe(
    outputs: Mapping[str, str],
    *,
    deployment: str,
    tenant: str,
    statuses: int = PROBE_STATUSES,
    timeout: float = PROBE_TIMEOUT,
) -> Report:
    """Probe the deployment once. Every error of a part of the deployment becomes a finding.

    `outputs` are the outputs of the status stack. The AWS credentials and the region come from the process.
    """
    target = Target(_choice(deployment, tenant), outputs)
    options = ExaminationOptions(statuses=statuses, timeout=timeout, probe_only=True)
    return Examination(target, lambda: _reader(target), options).run()


def _choice(deployment: str, tenant: str) -> Choice:
    own, unset = "the canary", Setting(None, "not set")
    return Choice(
        place=Setting(deployment, own),
        context=unset,
        profile=unset,
        region=unset,
        user=Setting(CANARY_USER, own),
        tenant=Setting(tenant, own),
        token=unset,
        state_dir=Path(),
        place_context=None,
    )


def _reader(target: Target) -> Identity:
    user, tenant = target.choice.user, target.choice.tenant
    tokens = ViewTokens(target, str(user.value), str(tenant.value))
    return Identity(user=user, tenant=tenant, how="a view token", tokens=tokens)
