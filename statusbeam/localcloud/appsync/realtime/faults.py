"""Injected faults: failures that are rare on AppSync, as often as a test wants them.

    faults = Faults(random.Random(7))
    faults.update({"dropAfterStartAck": 2, "reorder": 0.5})

The same seed and the same pushes give the same faults.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, Protocol

FAULTS_PATH: Final = "/_localcloud/faults"
"""The route that switches faults, on a data plane that allows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Switches:
    """The faults that are switched on; by default none. Probabilities are from 0 to 1."""

    drop_after_start_ack: int = (
        0  # pushes lost to each subscription that starts now (aws-appsync-community#405)
    )
    drop: float = 0.0  # probability that a push is lost
    duplicate: float = 0.0  # probability that a push is sent twice
    reorder: float = 0.0  # probability that a push changes places with the next one
    delay_seconds: float = 0.0  # every push is delayed by this much
    oversize_bytes: int = 0  # pushes over this size count as over AppSync's limit; 0 is the limit itself
    clock_ahead_seconds: float = 0.0  # resolvers see a clock that is ahead by this much
    errors_as_object: bool = False  # `errors` of socket errors is an object instead of a list

    @property
    def disturb_pushes(self) -> bool:
        """Whether a fault changes the delivery of pushes."""
        return bool(
            self.drop_after_start_ack or self.drop or self.duplicate or self.reorder or self.delay_seconds
        )


class PushState(Protocol):
    """The fault state of one subscription."""

    to_drop: int  # pushes that are still to be dropped after its start_ack
    held: list[bytes] | None  # held back to change places with the next push


def _camel_case(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


_FIELDS = {_camel_case(each.name): each for each in fields(Switches)}


class Faults:
    """The switches of one data plane, and the random numbers that decide on each push."""

    __slots__ = ("_rng", "switches")

    def __init__(self, rng: random.Random, switches: Switches | None = None) -> None:
        self._rng = rng
        self.switches = switches or Switches()

    @property
    def errors_as_object(self) -> bool:
        """Part of protocol.ErrorSwitch."""
        return self.switches.errors_as_object

    def update(self, changes: Mapping[str, Any]) -> None:
        """Change the named switches; names are in camelCase.

        Raises ValueError for an unknown name or a bad value, and then changes no switch.
        """
        values: dict[str, Any] = {}
        for name, value in changes.items():
            if name not in _FIELDS:
                raise ValueError(f"{name!r} is not a fault; choose one of {', '.join(sorted(_FIELDS))}")
            values[_FIELDS[name].name] = _checked(name, _FIELDS[name].default, value)
        self.switches = replace(self.switches, **values)

    def reset(self) -> None:
        """Switch all faults off."""
        self.switches = Switches()

    def to_dict(self) -> dict[str, Any]:
        """The switches as `update` takes them."""
        return {name: getattr(self.switches, each.name) for name, each in _FIELDS.items()}

    def disturb(self, state: PushState, frame: bytes) -> list[bytes] | None:
        """The frames to send instead of this one.

        An empty list when the frame is dropped, None when it is held back.
        """
        switches = self.switches
        if state.to_drop > 0:
            state.to_drop -= 1
            return []
        if self._happens(switches.drop):
            return []
        frames = [frame, frame] if self._happens(switches.duplicate) else [frame]
        if state.held is not None:
            frames, state.held = frames + state.held, None
        elif self._happens(switches.reorder):
            state.held = frames
            return None
        return frames

    def _happens(self, probability: float) -> bool:
        return probability > 0 and self._rng.random() < probability


def _checked(name: str, default: Any, value: Any) -> Any:
    if isinstance(default, bool):
        if isinstance(value, bool):
            return value
        raise ValueError(f"{name} is true or false")
    if isinstance(default, float) and isinstance(value, bool):
        value = float(value)  # `"duplicate": true` means a probability of 1
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 2**53:
        raise ValueError(f"{name} is a number from 0")
    if isinstance(default, int):
        if int(value) != value:
            raise ValueError(f"{name} is a whole number")
        return int(value)
    if not name.endswith("Seconds") and value > 1:
        raise ValueError(f"{name} is a probability from 0 to 1")
    return float(value)
