"""A venue of no name: answers with the time, pushes once a second to whoever subscribed."""

from __future__ import annotations

import json

from tideline.domain.time import SECOND
from tideline.venues.declaration import Host
from tideline.venues.wire import Reply, Request

REST = Host("toy", "https://api.toy.test", "toy")
LIVE = Host("toy.ws", "wss://ws.toy.test", "toy")


class ToySession:
    def __init__(self) -> None:
        self.topics: list[str] = []
        self.last = 0

    def receive(self, text: str, now: int) -> list[str]:
        if text == "ping":
            return ["pong"]
        if text.startswith("burst "):
            return [json.dumps({"n": n}) for n in range(int(text.split()[1]))]
        self.topics.append(text)
        self.last = now
        return [json.dumps({"ack": text})]

    def next_due(self, now: int) -> int | None:
        if not self.topics:
            return None
        return max(-(-now // SECOND) * SECOND, (self.last // SECOND + 1) * SECOND)

    def push(self, now: int) -> list[str]:
        if now < (self.last // SECOND + 1) * SECOND:
            return []
        self.last = now
        return [json.dumps({"topic": topic, "symbol": topic, "ts": now}) for topic in self.topics]


class ToyServer:
    name = "toy"

    def answer(self, request: Request, now: int) -> Reply:
        if request.path == "/giant":
            return Reply(200, b" " * (9 * 1024 * 1024))
        if request.path == "/moved":
            return Reply(302, b"", {"location": "http://169.254.169.254/"})
        if request.path != "/time":
            return Reply(404, b'{"code":404}')
        rows = [{"symbol": name, "oi": "12.5", "ts": now} for name in ("AAA", "BBB")]
        said = {"time": now, "params": request.params, "list": rows, "body": request.body.decode()}
        return Reply(200, json.dumps(said).encode(), {"x-used": "3"})

    def open(self, host: str, target: str, now: int) -> ToySession | None:
        return ToySession() if target.startswith("/ws") else None
