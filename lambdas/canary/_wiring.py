"""The canary's dependencies, built once per cold start. Only this module reads the environment."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from functools import cache, partial
from typing import Final

from statusbeam.client.doctor.canary import run_probe
from statusbeam.client.doctor.examination import Report
from statusbeam.model.settings import CanarySettings

_TALKATIVE: Final = ("botocore", "urllib3", "websockets")
"""Libraries that log tokens and secrets at DEBUG, which an operator may choose for the function."""


@cache
def settings() -> CanarySettings:
    """The canary's settings. Raises SettingError."""
    return CanarySettings.from_env(os.environ)


@cache
def probe() -> Callable[[], Report]:
    """`run_probe` on the deployment. Raises SettingError."""
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    return partial(
        run_probe,
        settings().outputs,
        deployment=settings().deployment_name,
        tenant=settings().canary_tenant,
    )
