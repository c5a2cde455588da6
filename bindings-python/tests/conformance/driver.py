"""The drivers for Python, `driver.py sync` and `driver.py aio`: do what they are told line by line.

tests/conformance/README.md describes the lines.
"""

import asyncio
import json
import logging
import sys
import threading

import steadywire
from steadywire import _client, aio
from steadywire._options import camel

KINDS = "progress log status error complete heartbeat message state_change connected disconnected lost gap overflow"
OTHERWISE = {"message_type": "type", "first": "from", "last": "to"}
SPEAKING = threading.Lock()


class Life:
    """A client and what it was told to do."""

    def __init__(self, client):
        self.client = client
        self.reporters = {}
        for kind in KINDS.split():
            client.on(kind, lambda event: say("event", json.dumps(in_json(event))))
        client.on("retry", lambda _: None)

    def call(self, name, verb, fields):
        """Do at once what is not answered later."""
        match verb, fields:
            case "subscribe" | "unsubscribe", [task]:
                getattr(self.client, verb)(task)
            case "stats", []:
                say("answer", name, json.dumps(self.client.stats()))
            case "report", [task]:
                self.reporters[task] = self.client.report(task)
            case "progress", [task, percent, stage, message]:
                self.reporters[task].progress(float(percent), stage=stage, message=message)
            case "log", [task, level, message]:
                self.reporters[task].log(message, level=level)
            case "status", [task, data]:
                self.reporters[task].status(json.loads(data))
            case _:
                self.ask(name, verb, fields)

    def ask(self, name, verb, fields):
        raise NotImplementedError

    def receipt(self, verb, fields):
        """Begin what a receipt answers."""
        match verb, fields:
            case "send", [ack, kind, task, *words]:
                message = {"type": kind, "taskId": task, "data": data_of(kind, words)}
                return self.client.send(message, ack=ack == "true")
            case "complete", [task, data]:
                return self.reporters.pop(task).complete(json.loads(data))
            case "fail", [task, message, code]:
                return self.reporters.pop(task).fail(message, code=code)
        sys.exit(f"nobody understands {verb} {fields}")


class SyncLife(Life):
    """With the client whose calls wait: each waits on a thread of its own."""

    def __init__(self, url, options):
        super().__init__(steadywire.Client(url, **options))

    def ask(self, name, verb, fields):
        match verb, fields:
            case "connect" | "reconnect" | "disconnect" | "flush" | "wait", _:
                self.begin(name, lambda: getattr(self.client, verb)(*fields))
            case "follow", [task]:
                stream = self.client.follow(task)
                threading.Thread(target=follow, args=(name, stream)).start()
            case _:
                pending = self.receipt(verb, fields)
                threading.Thread(target=settle, args=(name, pending.result)).start()

    @staticmethod
    def begin(name, call):
        """Call on another thread, and come back when the call has begun and waits."""
        begun = threading.Event()

        def run():
            WAITING.begun = begun
            try:
                settle(name, call)
            finally:
                begun.set()

        threading.Thread(target=run).start()
        begun.wait()

    def free(self):
        self.client.close()


class Waiting(_client.Pending):
    """Says when somebody begins to wait for it: by then the call has begun."""

    __slots__ = ()

    def result(self, timeout=None):
        begun = getattr(WAITING, "begun", None)
        if begun is not None:
            begun.set()
        return super().result(timeout)


WAITING = threading.local()


class AioLife(Life):
    """With the client for asyncio."""

    def __init__(self, url, options):
        self.tasks = set()
        super().__init__(aio.Client(url, **options))

    def ask(self, name, verb, fields):
        match verb, fields:
            case "connect" | "reconnect" | "disconnect" | "flush" | "wait", _:
                answer = getattr(self.client, verb)(*fields)
            case "follow", [task]:
                self.keep(self.follow(name, self.client.follow(task)))
                return
            case _:
                answer = self.receipt(verb, fields)
        self.keep(self.settle(name, answer))

    def keep(self, coroutine):
        task = asyncio.ensure_future(coroutine)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    @staticmethod
    async def settle(name, answer):
        try:
            say("answer", name, json.dumps(in_json(await answer)))
        except steadywire.Error as error:
            say("failed", name, error.kind)

    @staticmethod
    async def follow(name, stream):
        async for event in stream:
            say("followed", name, json.dumps(in_json(event)))
        say("answer", name, "null")

    def free(self):
        self.client.close()


def settle(name, call):
    try:
        say("answer", name, json.dumps(in_json(call())))
    except steadywire.Error as error:
        say("failed", name, error.kind)


def follow(name, stream):
    for event in stream:
        say("followed", name, json.dumps(in_json(event)))
    say("answer", name, "null")


def data_of(kind, words):
    match kind, words:
        case "progress", [percent, stage, message]:
            return {"progress": float(percent), "stage": stage, "message": message}
        case "log", [level, message]:
            return {"level": level, "message": message}
        case "error", [message, code]:
            return {"error": message, "code": code} if code else {"error": message}
    return json.loads(words[0])


def in_json(answer):
    """An event, outcome or receipt in the shape that every language logs."""
    if answer is None:
        return None
    fields = {OTHERWISE.get(name, camel(name)): getattr(answer, name) for name in type(answer).__match_args__}
    if type(answer) in {steadywire.Lost, steadywire.Outcome, steadywire.Receipt} and answer.reason is not None:
        fields["reason"] = camel(answer.reason)
    if type(answer) is steadywire.Outcome:
        return {("outcome" if name == "kind" else name): value for name, value in fields.items()}
    if type(answer) is steadywire.Receipt:
        return fields
    if answer.kind == "error" and fields["data"] is None:
        del fields["data"]
    return fields | {"event": camel(answer.kind)}


def say(*fields):
    with SPEAKING:
        print(*fields, sep="\t", flush=True)


def obey(line, life, kind):
    """Do what a line says; gives the life that goes on."""
    name, verb, *fields = line.rstrip("\n").split("\t")
    try:
        if verb == "client":
            url, *options = fields
            pairs = zip(options[::2], options[1::2], strict=True)
            life = kind(url, dict(option_of(*pair) for pair in pairs))
        elif verb == "free":
            life = life.free()
        else:
            life.call(name, verb, fields)
    except steadywire.Error as error:
        say("refused", name, error.kind)
    else:
        say("called", name)
    return life


def option_of(name, value):
    """An option as the client takes it. Credentials are a function, which gives the token for every attempt."""
    if name != "credentials":
        return snake(name), json.loads(value)

    def token(request):
        say("asked", json.dumps({camel(field): told for field, told in request._asdict().items()}))
        return value

    return "token", token


def snake(name):
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)


async def aio_main():
    life = None
    while line := await asyncio.to_thread(sys.stdin.readline):
        life = obey(line, life, AioLife)
        # What was begun begins now.
        await asyncio.sleep(0)


def sync_main():
    _client.Pending = Waiting
    life = None
    for line in sys.stdin:
        life = obey(line, life, SyncLife)


if __name__ == "__main__":
    # What goes wrong here goes wrong on purpose.
    logging.getLogger("steadywire").setLevel(logging.CRITICAL)
    if sys.argv[1:] == ["aio"]:
        asyncio.run(aio_main())
    else:
        sync_main()
