"""The GraphQL side of a WebSocket: authorizes a handshake, and authorizes and resolves each `start`."""

from __future__ import annotations

import logging
from dataclasses import replace

from ..contract import (
    AppSyncError,
    Authenticator,
    GraphQLApi,
    SignatureError,
    SignedRequest,
    Subscription,
)
from ..operations import internal_failure, visible_headers
from .protocol import Start

log = logging.getLogger(__name__)


class RealtimeEndpoint:
    """One GraphQL API behind one authenticator. Its coroutines never raise: they return failures."""

    def __init__(self, authenticator: Authenticator, api: GraphQLApi) -> None:
        self._authenticator = authenticator
        self._api = api

    async def connect(self, signed: SignedRequest) -> AppSyncError | None:
        """Authorize a handshake. Returns the reason for a refusal, or None."""
        try:
            await self._authenticator.authenticate(signed)
        except SignatureError as error:
            return _bad_request(error)
        except AppSyncError as error:
            return error
        except Exception:  # the authenticator is replaceable; its defect affects one connection
            log.exception("path=<%s> | authorization of a handshake failed", signed.path)
            return internal_failure()
        return None

    async def start(self, start: Start) -> Subscription | AppSyncError:
        """Authorize and resolve a `start`. Returns the subscription, or the reason for a refusal."""
        request = replace(start.request, headers=visible_headers(start.signed.headers))
        try:
            identity = await self._authenticator.authenticate(start.signed)
            return await self._api.subscribe(request, identity)
        except SignatureError as error:
            return _bad_request(error)
        except AppSyncError as error:
            return error
        except Exception:  # as above: it affects one subscription
            log.exception("subscription=<%r> | start failed", start.id)
            return internal_failure()


def _bad_request(error: SignatureError) -> AppSyncError:
    # As seen on AWS: awslabs/aws-mobile-appsync-sdk-js#619, aws-amplify/amplify-js#7089.
    return AppSyncError(error.message, "BadRequestException", status=400)
