"""`statusbeam doctor --probe` for a schedule: a function that needs no command line.

document = run_probe(outputs, stack="Prod-Status", tenant="acme")
document["finding"]  # None, or {"code", "problem", "cure"}
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Final

from ..connect import identity
from ..contexts import Contexts, config_folder
from ..target import Flags, Target, choose
from .document import document_of
from .examination import PROBE_STATUSES, PROBE_TIMEOUT, Examination, ExaminationOptions
from .facts import PROBE_PREFIX

CANARY_USER: Final = f"{PROBE_PREFIX}canary"
"""The canary reads as this user. The user needs no login: the canary issues its own view token."""


def run_probe(
    outputs: Mapping[str, str],
    *,
    stack: str,
    tenant: str,
    user: str = CANARY_USER,
    statuses: int = PROBE_STATUSES,
    timeout: float = PROBE_TIMEOUT,
) -> dict[str, Any]:
    """The document that `statusbeam doctor --probe --output json` prints.

    `outputs` are the outputs of the status stack. The AWS credentials and the region come from the process.
    Raises TargetError if the arguments name no user; every other error becomes a finding.
    """
    contexts = Contexts(config_folder(os.environ))
    choice = choose(Flags(stack=stack, user=user, tenant=tenant), os.environ, contexts)
    target = Target(choice, outputs)
    wanted = ExaminationOptions(statuses=statuses, timeout=timeout, probe_only=True)
    report = Examination(target, lambda: identity(target, contexts), wanted).run()
    return document_of(stack, report)
