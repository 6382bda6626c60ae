"""The tree of errors."""

from __future__ import annotations

from statusbeam.model import errors
from statusbeam.model.errors import StatusError


def test_the_drawing_at_the_top_names_every_error() -> None:
    drawn = {line.split()[1] for line in (errors.__doc__ or "").splitlines() if line.startswith(("├", "└"))}
    assert drawn == {error.__name__ for error in StatusError.__subclasses__()}


def test_an_error_has_the_attributes_that_programs_branch_on() -> None:
    error = errors.BroadcastError("HTTP 503", code="http_503", retriable=True)
    assert (error.code, error.retriable, str(error)) == ("http_503", True, "HTTP 503")
