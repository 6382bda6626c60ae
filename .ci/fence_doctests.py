"""For the site: docstrings show calls as `>>>` lines, which Markdown would take for text."""

from __future__ import annotations

import re
from typing import Any

import griffe

_CALLS = re.compile(r"^>>> .*(?:\n.+)*", re.MULTILINE)


class FenceDoctests(griffe.Extension):
    """Puts each block of calls and answers, up to the next empty line, into a fence."""

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring:
            obj.docstring.value = _CALLS.sub(r"```pycon\n\g<0>\n```", obj.docstring.value)
