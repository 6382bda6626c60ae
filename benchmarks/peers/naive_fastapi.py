"""The fan-out that people write first: FastAPI, a dict of sockets, `send_json` in a loop."""

import json
import socket
from collections import defaultdict
from typing import Any

import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

app = FastAPI()
sockets: dict[str, list[WebSocket]] = defaultdict(list)


@app.post("/publish")
async def publish(status: dict[str, Any]) -> dict[str, int]:
    """Send a status to every socket of its user."""
    watching = sockets[status["userId"]]
    for websocket in list(watching):
        await websocket.send_json(status)
    return {"sent": len(watching)}


@app.websocket("/ws/{user_id}")
async def watch(websocket: WebSocket, user_id: str) -> None:
    """Register a connection until it closes."""
    await websocket.accept()
    sockets[user_id].append(websocket)
    try:
        while True:
            await websocket.receive_text()
    except WebSocketDisconnect:
        sockets[user_id].remove(websocket)


def main() -> None:
    """Serve on a free port of 127.0.0.1, and print the port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
    # No pings: the benchmark's client answers none, and the others send none.
    config = uvicorn.Config(app, log_level="error", ws_ping_interval=None)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
