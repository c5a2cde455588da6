"""The e2e vectors: what every binding plays against the scripted server. tests/vectors/README.md describes them."""

import asyncio
import json
import subprocess

import pytest

import steadywire
from conftest import BUILT, PATIENCE, ROOT
from steadywire import aio
from steadywire._options import camel

VECTORS = {
    vector["name"]: (file, vector)
    for file in sorted((ROOT / "tests" / "vectors").glob("e2e-*.json"))
    for vector in json.loads(file.read_text())
}
KINDS = "progress log status error complete heartbeat message state_change connected disconnected lost gap overflow"
OTHERWISE = {"message_type": "type", "first": "from", "last": "to"}


@pytest.mark.parametrize("name", VECTORS)
async def test_vector(name):
    file, vector = VECTORS[name]
    command = [BUILT / "steadywire-faults", file, name]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        try:
            await asyncio.wait_for(play(vector, server), PATIENCE)
        finally:
            server.stdin.close()
            said = await asyncio.to_thread(server.stdout.read)
    assert server.returncode == 0, said


async def play(vector, server):
    url = (await asyncio.to_thread(server.stdout.readline)).strip()
    config = {
        "reconnectInterval": 5,
        "maxReconnectBackoff": 20,
        "conflate": "never",
        "seed": 1,
        **vector.get("config", {}),
    }
    client = aio.Client(url, **{snake(name): value for name, value in config.items()})
    steps = Steps(client)
    for step in vector["client"]:
        await steps.play(step)
    finished = (await asyncio.to_thread(server.stdout.readline)).strip()
    assert finished == "finished", server.stdout.read()
    wanted = vector["events"]
    while len(steps.events) < len(wanted):
        await steps.more()
    assert len(steps.events) == len(wanted), steps.events
    for found, part in zip(steps.events, wanted, strict=True):
        assert is_part(part, found), (part, found)
    await client.disconnect()
    client.close()
    for name, call in steps.calls.items():
        assert call.done() or name != "send", name
        call.cancel()


class Steps:
    """The client's half."""

    def __init__(self, client):
        self.client = client
        self.events = []
        self.at = 0
        self.calls = {}
        self.reporters = {}
        self.came = asyncio.Event()
        for kind in KINDS.split():
            client.on(kind, self.note)

    def note(self, event):
        self.events.append(in_json(event))
        self.came.set()

    async def more(self):
        self.came.clear()
        await self.came.wait()

    async def play(self, step):
        if isinstance(step.get("await"), str):
            if step["await"] == "event":
                await self.event(step["match"])
            else:
                await self.settle(self.calls.pop(step.get("of", step["await"])), step)
            return
        try:
            call = self.begin(step)
        except steadywire.Error as error:
            assert error.kind == step.get("refused")  # noqa: PT017 - most steps are not refused
            return
        if call is None:
            return
        call = asyncio.ensure_future(call)
        # It begins now, not when it is awaited.
        await asyncio.sleep(0)
        if step.get("await") is True:
            await self.settle(call, step)
        else:
            self.calls[step.get("as", step["do"])] = call

    def begin(self, step):
        client, task, do = self.client, step.get("task"), step["do"]
        match do:
            case "connect":
                return client.connect(task)
            case "reconnect" | "disconnect" | "flush":
                return getattr(client, do)()
            case "subscribe" | "unsubscribe":
                return getattr(client, do)(task)
            case "follow":
                stream = client.follow(task)
                return collect(stream)
            case "wait":
                return client.wait(task)
            case "send":
                return client.send(as_message(step["message"]), ack=step.get("ack", False))
            case "report":
                self.reporters[task] = client.report(task)
                return None
            case "complete":
                return self.reporters.pop(task).complete(step["data"])
        pytest.fail(f"a step that nobody understands: {do}")

    async def event(self, part):
        while True:
            while self.at < len(self.events):
                self.at += 1
                if is_part(part, self.events[self.at - 1]):
                    return
            await self.more()

    async def settle(self, call, step):
        try:
            answer = await call
        except steadywire.Error as error:
            assert error.kind == step.get("fails")  # noqa: PT017 - most calls do not fail
            return
        assert "fails" not in step
        for name in ("outcome", "receipt", "followed"):
            if name in step:
                found = answer if name == "followed" else in_json(answer)
                assert is_part(step[name], found), found


async def collect(stream):
    return [in_json(event) async for event in stream]


def as_message(message):
    fields = {name: value for name, value in message.items() if name not in {"type", "taskId", "data", "dataText"}}
    return {"type": message["type"], "taskId": message.get("taskId", ""), "data": fields or message.get("data")}


def in_json(event):
    fields = {OTHERWISE.get(name, camel(name)): getattr(event, name) for name in type(event).__match_args__}
    if fields.get("synthetic") is False:
        del fields["synthetic"]
    if type(event) is steadywire.Outcome:
        return fields | {"outcome": event.kind}
    return fields if type(event) is steadywire.Receipt else fields | {"event": camel(event.kind)}


def is_part(wanted, found):
    if isinstance(wanted, dict) and isinstance(found, dict):
        return all(is_part(value, found.get(key)) for key, value in wanted.items())
    if isinstance(wanted, list) and isinstance(found, list):
        return len(wanted) == len(found) and all(map(is_part, wanted, found))
    return wanted == found


def snake(name):
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
