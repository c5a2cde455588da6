"""Tasks on a terminal, and where there is none."""

import io

import pytest
from rich.console import Console

import steadywire
from conftest import run
from steadywire import _track, aio
from test_client import SUBSCRIBE, complete, progress

ESCAPE = "\x1b]0;evil\x07\x1b[2Jred"


def log(message, level="info"):
    data = {"taskId": "t", "level": level, "message": message, "timestamp": 1}
    return {"send": {"type": "log", "taskId": "t", "timestamp": 1, "data": data}}


def failed(task):
    return {
        "send": {"type": "error", "taskId": task, "timestamp": 9, "data": {"error": "out of memory", "code": "oom"}}
    }


SCRIPT = [SUBSCRIBE, progress(1), log(ESCAPE, "warn"), progress(2), progress(50), complete()]


def terminal():
    return Console(file=io.StringIO(), force_terminal=True, width=120, _environ={})


def test_where_there_is_no_terminal_lines_are_written(scripted, capsys):
    client = steadywire.Client(scripted(SCRIPT), conflate="never")
    outcome = client.track("t")
    assert (outcome.kind, outcome.task_id, outcome.data, outcome.timestamp) == ("complete", "t", {"ok": True}, 9)
    said = ["t:   1 % s m1", "t: warn: red", "t:  50 % s m50", "t: complete"]
    assert capsys.readouterr().out.splitlines() == said
    assert client.stats()["callbacks"]["follows"] == 0
    client.close()


def test_on_a_terminal_there_are_bars_with_log_lines_above(scripted):
    client, console = steadywire.Client(scripted(SCRIPT)), terminal()
    assert client.track("t", console=console).ok
    drawn = console.file.getvalue()
    assert "t: warn: red" in drawn
    assert "100%" in drawn
    assert "evil" not in drawn
    assert "\x1b[2J" not in drawn
    client.close()


def test_several_tasks_give_their_outcomes_in_order(scripted, capsys):
    both = [{"expect": {"type": "status", "taskId": task, "data": {"action": "subscribe"}}} for task in ("a", "b")]
    client = steadywire.Client(scripted([*both, progress(3, "b"), complete("b"), failed("a")]))
    outcomes = client.track("a", "b", "a")
    assert [(one.task_id, one.kind, one.message, one.code) for one in outcomes] == [
        ("a", "error", "out of memory", "oom"),
        ("b", "complete", None, None),
        ("a", "error", "out of memory", "oom"),
    ]
    assert capsys.readouterr().out.splitlines()[-1] == "a: error: out of memory"
    client.close()


def test_bars_of_tasks_that_fail_or_are_lost(scripted):
    console = terminal()
    client = steadywire.Client(scripted([SUBSCRIBE, progress(3), failed("t")]))
    assert client.track("t", console=console).code == "oom"
    assert "failed" in console.file.getvalue()
    client.close()
    refused = steadywire.Client(scripted([{"do": "close", "code": 4400}]))
    assert refused.track("t", console=console).kind == "lost"
    assert "t: lost: " in console.file.getvalue()
    refused.close()


async def test_in_a_loop(scripted, capsys):
    client = aio.Client(scripted(SCRIPT))
    assert (await client.track("t")).ok
    assert capsys.readouterr().out.splitlines()[-1] == "t: complete"
    console = terminal()
    assert [outcome.ok for outcome in await client.track("t", "t", console=console)] == [True, True]
    await client.disconnect()
    client.close()


def test_without_rich_lines_are_written(url, task_id):
    done = run(f"""
import steadywire, sys
sys.modules["rich"] = None
with steadywire.Client({url!r}) as client:
    client.report({task_id!r}).complete()
    print(client.track({task_id!r}).kind)
""")
    assert done.stdout.splitlines() == [f"{task_id}: complete", "complete"], done.stderr


def test_misuse(client):
    with pytest.raises(TypeError, match="task"):
        client.track()
    with pytest.raises(steadywire.errors.InvalidArgumentError):
        client.track("fine", "")
    assert client.stats()["callbacks"]["follows"] == 0
    client.close()
    with pytest.raises(steadywire.errors.ClosedError):
        client.track("t")


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("plain", "plain"),
        ("a\nb", "a b"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x9b2Jx", "x"),
        ("a\u202eb", "a b"),
        ("\x1b", ""),
    ],
)
def test_text_commands_no_terminal(text, cleaned):
    assert _track.clean(text) == cleaned
