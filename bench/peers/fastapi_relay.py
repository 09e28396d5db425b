"""A peer of the benchmarks: the design of the old backend, with its libraries as they are today.

One process. A subscriber of everything puts each message to the WebSocket clients of its gate, one after
the other, and waits for each; what a client says is published as a command. Usage: PORT BROKER_PORT
"""

import asyncio
import contextlib
import sys

import aiomqtt
import uvicorn
from fastapi import FastAPI, WebSocket, WebSocketDisconnect

PORT, BROKER_PORT = int(sys.argv[1]), int(sys.argv[2])
ALL_GATES = "gate_all"


class ConnectionManager:
    def __init__(self):
        self.channels: dict[str, list[WebSocket]] = {}

    async def connect(self, channel: str, socket: WebSocket):
        await socket.accept()
        self.channels.setdefault(channel, []).append(socket)

    def disconnect(self, channel: str, socket: WebSocket):
        with contextlib.suppress(ValueError):
            self.channels.get(channel, []).remove(socket)

    async def broadcast(self, channel: str, text: str):
        for socket in list(self.channels.get(channel, [])):
            try:
                await socket.send_text(text)
            except Exception:
                self.disconnect(channel, socket)


manager = ConnectionManager()


async def relay(broker: aiomqtt.Client):
    async for message in broker.messages:
        gate = message.topic.value.split("/")[1]
        text = message.payload.decode()
        await manager.broadcast(gate, text)
        await manager.broadcast(ALL_GATES, text)


@contextlib.asynccontextmanager
async def lifespan(app):
    async with aiomqtt.Client("127.0.0.1", BROKER_PORT, max_inflight_messages=100) as broker:
        await broker.subscribe("parking/#", qos=1)
        app.state.broker = broker
        task = asyncio.create_task(relay(broker))
        yield
        task.cancel()


app = FastAPI(lifespan=lifespan)


@app.websocket("/ws/{channel}")
async def channel(socket: WebSocket, channel: str):
    await manager.connect(channel, socket)
    try:
        while True:
            command = await socket.receive_text()
            await app.state.broker.publish(f"parking/{channel}/gate_control", command, qos=1)
    except WebSocketDisconnect:
        manager.disconnect(channel, socket)


uvicorn.run(app, host="127.0.0.1", port=PORT, loop="uvloop", http="httptools", ws="websockets", log_level="warning", access_log=False)
