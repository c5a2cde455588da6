"""Every block of Python in README.md and docs/, run against the hub; somebody reports the tasks that it follows.

The blocks of a document are run one after another in the same place, as who reads it would type them.
"""

import ast
import asyncio
import pathlib
import re
import types

import pytest

import steadywire
from conftest import PATIENCE, ROOT, hub

# The addresses that documents give. Here they are that of the hub.
ADDRESS = re.compile(r"\bwss?://(127\.0\.0\.1:8080|hub\.example)/ws")

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


@pytest.fixture
def url():
    """A hub for each document: they name their tasks alike, also like the examples."""
    with hub() as address:
        yield address


def blocks(document: pathlib.Path):
    found = re.finditer(r"^```python\n(.*?)^```$", document.read_text(), re.DOTALL | re.MULTILINE)
    return [match.group(1) for match in found]


def fetch_token(_request):
    return "a token"


@pytest.mark.parametrize(
    "document", [document for document in DOCUMENTS if blocks(document)], ids=lambda path: path.name
)
def test_blocks(document, url, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    code = "\n".join(blocks(document))
    followed = set(re.findall(r"(?:follow|wait|track)\(((?:\"[^\"]+\"(?:, )?)+)", code))
    reported = set(re.findall(r"report\(\"([^\"]+)\"", code))
    with steadywire.Client(url) as worker:
        for task in {name for names in followed for name in re.findall(r"\"([^\"]+)\"", names)} - reported:
            with worker.report(task) as reporter:
                reporter.progress(40, stage="compile")
                reporter.log("half")
    # What the documents take for granted.
    place = types.ModuleType("document").__dict__ | {
        "steadywire": steadywire,
        "fetch_token": fetch_token,
        "client": steadywire.Client(url),
        "batches": [1, 2, 3],
    }
    clients = [place["client"]]
    try:
        for block in blocks(document):
            whole = ADDRESS.sub(url, block)
            compiled = compile(whole, document.name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
            coroutine = types.FunctionType(compiled, place)()
            if asyncio.iscoroutine(coroutine):
                asyncio.run(asyncio.wait_for(coroutine, PATIENCE))
            if not isinstance(place["client"], steadywire.Client):
                # One for asyncio, which ended with its loop.
                place["client"] = steadywire.Client(url)
            clients.append(place["client"])
    finally:
        for client in clients:
            client.close()
