"""How much of a status may be searched, in steps that depend on its text alone, never on time."""

from __future__ import annotations

from ..limits import REDACTION_STEPS

TYPE_CHECKING = False  # not typing's: loading typing is a tenth of what importing status_utils costs
if TYPE_CHECKING:
    from typing import Final

A_TEXT: Final = 64
"""What a text or a structure costs beside its characters, each of which is a step."""
A_NAME: Final = 256
"""What it costs to look at what follows a name such as `password`."""
A_PLACE: Final = 64
"""What it costs to try one pattern at one place."""


class OutOfStepsError(Exception):
    """The search was given up; what was to be searched is not shown. Stays within this package."""


class Budget:
    """The steps that are left."""

    def __init__(self, steps: int = REDACTION_STEPS) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        """Raises OutOfStepsError."""
        self.left -= steps
        if self.left < 0:
            raise OutOfStepsError
