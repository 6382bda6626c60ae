"""Three small agents behind HTTP: the keywords of a text, its reading time, and a headline.

with serving(AGENTS) as url: ...     # POST <url>/keywords
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

_COMMON = frozenset(
    ("a", "again", "and", "at", "for", "in", "is", "it", "of", "on", "the", "to", "too", "was")
)
_WORDS_A_MINUTE = 200

TextAgent = Callable[[str, Mapping[str, Any]], Mapping[str, Any]]


def keywords(text: str, findings: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG001 - needs nobody
    """The keywords, the most frequent first."""
    words = [word for word in _words(text) if word not in _COMMON]
    found = [word for word, _ in Counter(words).most_common(3)]
    return _answer(found, f"{len(found)} keywords", text, found)


def reading_time(text: str, findings: Mapping[str, Any]) -> Mapping[str, Any]:  # noqa: ARG001 - needs nobody
    """The reading time in seconds."""
    seconds = max(1, round(len(_words(text)) * 60 / _WORDS_A_MINUTE))
    return _answer(seconds, f"{seconds} s to read", text, seconds)


def headline(text: str, findings: Mapping[str, Any]) -> Mapping[str, Any]:
    """A line with the keywords and the reading time."""
    line = f"{' · '.join(findings['Keyword Agent'])} ({findings['Reading Time Agent']} s)"
    return _answer(line, line, text, line)


AGENTS: Mapping[str, TextAgent] = {
    "/keywords": keywords,
    "/reading-time": reading_time,
    "/headline": headline,
}


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _answer(result: Any, activity: str, text: str, said: Any) -> Mapping[str, Any]:
    # As many tokens as a model would count, roughly: four characters each.
    usage = {"inputTokens": len(text) // 4 + 1, "outputTokens": len(str(said)) // 4 + 1}
    return {"result": result, "activity": activity, "tokenUsage": usage}


@contextmanager
def serving(agents: Mapping[str, TextAgent]) -> Iterator[str]:
    """Serve agents by path on a free port of 127.0.0.1 until the block ends; yields the base URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            question = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            agent = agents.get(self.path)
            if agent is None:
                self.send_error(404)
                return
            try:
                answer = json.dumps(agent(question["task"], question["findings"])).encode()
            except (KeyError, TypeError, ValueError):  # an invalid request
                self.send_error(500)
                return
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's signature
            """Log nothing, because the statuses report each call."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
