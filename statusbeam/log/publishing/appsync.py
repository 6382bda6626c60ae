"""Pushes through AppSync: the publishStatus mutation, signed with SigV4, over one kept connection.

>>> broadcaster = AppSyncBroadcaster(url, sigv4(botocore_session.get_credentials(), region="eu-west-1"))
>>> broadcaster.push(update)        # every watcher of the job has it, or BroadcastError
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import requests
from requests.auth import AuthBase
from requests_aws4auth import AWS4Auth

from statusbeam.model.errors import BroadcastError
from statusbeam.model.settings import FIREWALL_PASS_HEADER
from statusbeam.model.update import FIELDS, StatusUpdate
from statusbeam.model.validation import json_text

if TYPE_CHECKING:
    from botocore.credentials import Credentials

_PLAIN = " ".join(field for field in FIELDS if field != "earlier")

MUTATION: Final = (
    "mutation PublishStatus($input: StatusInput!) "
    f"{{ publishStatus(input: $input) {{ {_PLAIN} earlier {{ {_PLAIN} }} }} }}"
)
"""Subscribers get the fields that the mutation selects: every field, and none under another name."""

_TIMEOUT_SECONDS = (1.0, 1.5)
"""To connect, and between two bytes of the answer. The publisher's PUSH_SECONDS is their sum."""

_DETAIL_LENGTH = 300

_PASSING_ERRORS = ("ExecutionTimeout", "InternalFailure", "ServiceUnavailable", "Throttl", "TooManyRequests")
"""Beginnings of `errorType` on HTTP 200 after which the same push may succeed."""

_PASSING_STATUS = frozenset((408, 429, 500, 502, 503, 504))


def sigv4(credentials: Credentials, *, region: str) -> AuthBase:
    """Signs each request with the current `credentials`, so rotated ones are picked up."""
    auth: AuthBase = AWS4Auth(refreshable_credentials=credentials, region=region, service="appsync")
    return auth


class AppSyncBroadcaster:
    """The Broadcaster for one GraphQL endpoint. Not for several threads at once.

    Each push shows `firewall_pass` to the firewall before the endpoint, if there is one.
    """

    def __init__(
        self,
        url: str,
        auth: AuthBase,
        *,
        firewall_pass: str | None = None,
        timeout_seconds: tuple[float, float] = _TIMEOUT_SECONDS,
    ) -> None:
        self._url = url
        self._headers = {"content-type": "application/json"}
        if firewall_pass is not None:
            self._headers[FIREWALL_PASS_HEADER] = firewall_pass
        self._auth = auth
        self._timeout = timeout_seconds
        self._session = _kept_session(url)

    def push(self, update: StatusUpdate) -> None:
        """See Broadcaster.push."""
        request = {"query": MUTATION, "variables": {"input": update.to_wire()}}
        try:
            response = self._post(json_text(request).encode())
        except requests.RequestException as error:
            raise BroadcastError(str(error), code="no_answer", retriable=True) from error
        _check(response)

    def _post(self, body: bytes) -> requests.Response:
        try:
            return self._post_once(body)
        except requests.Timeout:
            raise
        except requests.ConnectionError:
            # A kept connection that the other side closed while the Lambda was frozen fails at first use.
            return self._post_once(body)

    def _post_once(self, body: bytes) -> requests.Response:
        return self._session.post(
            self._url,
            data=body,
            headers=self._headers,
            auth=self._auth,
            timeout=self._timeout,
            allow_redirects=False,
        )


def _kept_session(url: str) -> requests.Session:
    session = requests.Session()
    # Proxies and CA bundles of the environment, read once: requests would look for them again at each push.
    found = session.merge_environment_settings(url, {}, None, None, None)
    session.trust_env = False
    session.proxies = found["proxies"]
    session.verify = found["verify"]
    return session


def _check(response: requests.Response) -> None:
    if response.status_code != requests.codes.ok:
        passing = response.status_code in _PASSING_STATUS
        detail = f"HTTP {response.status_code}: {response.text[:_DETAIL_LENGTH]}"
        raise BroadcastError(detail, code=f"http_{response.status_code}", retriable=passing)
    try:
        answer = response.json()
    except requests.JSONDecodeError as error:
        raise BroadcastError("the answer is not JSON", code="bad_answer", retriable=True) from error
    errors = answer.get("errors") if isinstance(answer, dict) else None
    if errors:
        kind = _error_type(errors)
        raise BroadcastError(
            str(errors)[:_DETAIL_LENGTH], code=kind or "graphql", retriable=kind.startswith(_PASSING_ERRORS)
        )
    data = answer.get("data") if isinstance(answer, dict) else None
    if not (isinstance(data, dict) and data.get("publishStatus")):
        # No subscriber received the push: AppSync publishes a mutation's result, and there is none.
        raise BroadcastError("the mutation returned no result", code="empty_answer", retriable=False)


def _error_type(errors: Any) -> str:
    first = errors[0] if isinstance(errors, list) else errors
    return str(first.get("errorType") or "") if isinstance(first, dict) else ""
