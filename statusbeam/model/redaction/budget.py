"""The part of a status that may be searched, in steps that depend on its text alone, never on time."""

from __future__ import annotations

from ..limits import REDACTION_STEPS

TYPE_CHECKING = False  # not typing's: importing typing takes a tenth of the import of status_utils
if TYPE_CHECKING:
    from typing import Final

A_TEXT: Final = 64
"""The steps for a text or a structure, in addition to one for each character."""
A_NAME: Final = 256
"""The steps for a look at the text after a name such as `password`."""
A_PLACE: Final = 64
"""The steps for trying one pattern at one place."""


class OutOfStepsError(Exception):
    """The search was given up; the unsearched text is not shown. Stays within this package."""


class Budget:
    """The steps that are left."""

    def __init__(self, steps: int = REDACTION_STEPS) -> None:
        self.left = steps

    def spend(self, steps: int) -> None:
        """Raises OutOfStepsError."""
        self.left -= steps
        if self.left < 0:
            raise OutOfStepsError
