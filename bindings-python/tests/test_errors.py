"""One class per kind of error; options that are refused by name."""

import asyncio
import pickle
import re

import pytest

import steadywire
from steadywire import aio, errors

URL = "ws://127.0.0.1:1/"


def test_there_is_a_class_for_every_kind():
    assert len(errors.ERRORS) > 30
    for cls in errors.ERRORS:
        assert issubclass(cls, steadywire.Error)
        assert getattr(errors, cls.__name__) is cls
        assert cls.__name__ in errors.__all__
        assert cls.kind.replace("_", "") + "error" in {cls.__name__.lower(), cls.__name__.lower() + "error"}
        raised = cls("what happened")
        copy = pickle.loads(pickle.dumps(raised))
        assert (type(copy), str(copy)) == (cls, "what happened")
    assert len({cls.code for cls in errors.ERRORS}) == len(errors.ERRORS)


def test_kinds_are_what_python_catches_already():
    assert issubclass(errors.TimeoutError, TimeoutError)
    assert issubclass(errors.ConnectFailedError, ConnectionError)
    assert issubclass(errors.InvalidArgumentError, ValueError)
    assert (errors.QueueFullError.kind, errors.QueueFullError.code) == ("queue_full", 500)
    assert errors.QueueFullError.is_retryable
    assert not errors.UnauthorizedError.is_retryable


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"reconnect_interval": -1}, "`reconnect_interval` takes whole milliseconds"),
        ({"reconnect_interval": 1.5}, "`reconnect_interval` takes whole milliseconds"),
        ({"reconnect_backoff_multiplier": 0.5}, "`reconnect_backoff_multiplier` takes a number from 1 to 10"),
        ({"reconnect_backoff_multiplier": float("nan")}, "`reconnect_backoff_multiplier`"),
        ({"connect_timeout": 0}, "`connect_timeout` takes milliseconds from 1"),
        ({"max_connect_attempts": 0}, "`max_connect_attempts`"),
        ({"max_reconnect_attempts": "many"}, "`max_reconnect_attempts` takes a number of tries, or None"),
        ({"overflow": "block"}, "`overflow` takes"),
        ({"conflate": "always"}, "`conflate` takes"),
        ({"max_message_size": 0}, "`max_message_size`"),
        ({"heartbeat_interval": b"1"}, "`heartbeat_interval` cannot take a value of type bytes"),
        ({"tls": {"min_version": "1.1"}}, "`tls.min_version` takes"),
        ({"tls": {"client_cert": "x"}}, "`tls.client_cert` and `tls.client_key`"),
        ({"overflow": "block"}, '"drop_oldest"'),
        ({"reconnect_interval": True}, "not True"),
        ({"classify": "fatal"}, "`classify` takes a function, not str"),
        ({"proxy": "ftp://p"}, "`proxy` takes"),
        ({"dispositions": {4000: "shrug"}}, "`dispositions`"),
        ({"terminal_status": {"gone": "maybe"}}, "`terminal_status`"),
        ({"seed": -1}, "`seed`"),
    ],
)
def test_an_option_that_is_refused_is_named(options, said):
    with pytest.raises(errors.InvalidArgumentError) as caught:
        steadywire.Client(URL, **options)
    assert said in str(caught.value)


def test_what_was_given_is_shown_as_it_was():
    with pytest.raises(errors.InvalidUrlError, match="not http://null/maxAge"):
        steadywire.Client("http://null/maxAge")


def test_an_unknown_option_is_named():
    with pytest.raises(TypeError, match="reconect_interval"):
        steadywire.Client(URL, reconect_interval=1)


def test_an_unknown_part_of_an_option_is_named():
    with pytest.raises(errors.UnknownOptionError, match=r"`tls\.5`; option `tls` takes ca, client_cert"):
        steadywire.Client(URL, tls={5: "ca"})


def test_a_bad_url_is_named_without_its_secrets():
    with pytest.raises(errors.InvalidUrlError) as caught:
        steadywire.Client("http://user:hunter2@host/")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("options", [{"token": ["hunter2"]}, {"headers": {"k": ["hunter2"]}}, {"protocols": "hunter2"}])
def test_secrets_are_not_shown(options):
    with pytest.raises(errors.InvalidArgumentError) as caught:
        steadywire.Client(URL, **options)
    assert "hunter2" not in str(caught.value)


def test_every_value_that_options_can_have_is_taken():
    client = steadywire.Client(
        URL,
        max_connect_attempts=None,
        max_reconnect_attempts=float("inf"),
        heartbeat_interval=0,
        overflow="drop_oldest",
        conflate="never",
        token="t",
        headers={"X-Key": "k"},
        protocols=["a"],
        tls={"min_version": "1.3", "server_name": "n"},
        proxy=None,
        dispositions={4000: "while_open"},
        classify=lambda ending: None,
        terminal_status={"gone": "error", "done": None},
        cursors={"t": {"epoch": "e", "seq": 3}},
        seed=7,
    )
    assert client.state == "disconnected"
    client.close()


@pytest.mark.parametrize("task", ["", "x" * 1025])
def test_task_ids_have_bounds(task):
    client = steadywire.Client(URL)
    for call in (client.subscribe, client.unsubscribe, client.follow, client.wait, client.report, client.connect):
        with pytest.raises(errors.InvalidArgumentError, match="task id"):
            call(task)
    assert client.stats()["callbacks"]["follows"] == 0
    client.close()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda client: client.subscribe(5), "`task_id` takes a str, not int"),
        (lambda client: client.unsubscribe(None), "`task_id` takes a str, not NoneType"),
        (lambda client: client.connect(b"t"), "`task_id` takes a str or None, not bytes"),
        (lambda client: client.connect(timeout="1"), "`timeout` takes seconds as a number, or None, not str"),
        (lambda client: client.reconnect(timeout="1"), "`timeout` takes seconds"),
        (lambda client: client.follow(5), "`task_id` takes a str, not int"),
        (lambda client: client.wait(5), "`task_id` takes a str, not int"),
        (lambda client: client.wait("t", timeout="1"), "`timeout` takes seconds"),
        (lambda client: client.track("t", 5), "`task_id` takes a str, not int"),
        (lambda client: client.report(5), "`task_id` takes a str, not int"),
        (lambda client: client.report("t", timeout="1"), "`timeout` takes seconds"),
        (lambda client: client.send({"type": "log", "taskId": "t"}, ack="yes"), "`ack` takes a bool, not str"),
    ],
)
def test_an_argument_of_a_wrong_type_is_named(call, said):
    client = steadywire.Client(URL)
    with pytest.raises(TypeError, match=re.escape(said)):
        call(client)
    assert (client.state, client.stats()["callbacks"]["waiting"]) == ("disconnected", 0)
    client.close()

    async def in_a_loop():
        client = aio.Client(URL)
        with pytest.raises(TypeError, match=re.escape(said)):
            await call(client)
        assert (client.state, client.stats()["callbacks"]["waiting"]) == ("disconnected", 0)
        client.close()

    asyncio.run(in_a_loop())


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda task: task.progress("40"), "`percent` takes a number, not str"),
        (lambda task: task.progress(40, stage=1), "`stage` takes a str, not int"),
        (lambda task: task.progress(40, message=None), "`message` takes a str, not NoneType"),
        (lambda task: task.log(5), "`message` takes a str, not int"),
        (lambda task: task.log("m", level=3), "`level` takes a str, not int"),
        (lambda task: task.log("m", metadata=[1]), "`metadata` takes a mapping, not list"),
        (lambda task: task.fail(ValueError("v")), "`message` takes a str, not ValueError"),
        (lambda task: task.fail("m", code=5), "`code` takes a str, not int"),
        (lambda task: task.fail("m", data="d"), "`data` takes a mapping, not str"),
    ],
)
def test_an_argument_of_a_report_of_a_wrong_type_is_named(call, said):
    client = steadywire.Client(URL)
    task = client.report("t")
    with pytest.raises(TypeError, match=re.escape(said)):
        call(task)
    assert not task.ended
    client.close()


def test_calls_after_close_are_refused():
    client = steadywire.Client(URL)
    client.close()
    calls = (client.connect, client.flush, client.disconnect, client.events, lambda: client.on("log", print))
    for call in calls:
        with pytest.raises(errors.ClosedError):
            call()
