"""One-time tickets for clients that can't send a header: a browser's EventSource and WebSocket."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import BaseModel

from .requests import READING, Caller, TheBridge

router = APIRouter()


class Ticket(BaseModel):
    """The one-time ticket for `?ticket=`."""

    ticket: str
    expires_at: int
    """Epoch seconds."""


@router.post("/tickets", status_code=201, responses=READING)
async def issue_ticket(caller: Caller, bridge: TheBridge, response: Response) -> Ticket:
    """A ticket for the caller's next stream, valid for half a minute."""
    response.headers["Cache-Control"] = "no-store"
    ticket, expires_at = await bridge.tickets.issue(caller)
    return Ticket(ticket=ticket, expires_at=expires_at)
