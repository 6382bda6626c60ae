"""The playbook of a tenant: agents, thresholds, departments and service times from `playbooks.json`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

DATA = Path(__file__).with_name("playbooks.json")


@cache
def _playbooks() -> Mapping[str, Any]:
    data: Mapping[str, Any] = json.loads(DATA.read_text(encoding="utf-8"))
    return data


def playbook_for(tenant_id: str) -> dict[str, Any]:
    """The tenant's playbook, or the default one: {name, agents, thresholds, slaHours, departments,
    severityExpected, locationOptional}.
    """
    data = _playbooks()
    playbook = {key: _copied(value) for key, value in data["default"].items()}
    for key, value in data["tenants"].get(tenant_id, {}).items():
        if isinstance(value, dict):
            playbook[key].update(value)
        else:
            playbook[key] = value
    return playbook


def _copied(value: Any) -> Any:
    return json.loads(json.dumps(value))
