"""What the library tells operators, and when."""

import logging
import threading

import pytest

import steadywire
from conftest import PATIENCE, run


class Keep(logging.Handler):
    """Keeps the lines, and lets the test wait for one."""

    def __init__(self):
        super().__init__()
        self.lines = []
        self.news = threading.Condition()
        self.threads = set()

    def emit(self, record):
        with self.news:
            self.lines.append((record.levelname, record.about, record.getMessage()))
            self.threads.add(record.threadName)
            self.news.notify_all()

    def wait_for(self, text):
        with self.news:
            assert self.news.wait_for(lambda: any(text in line for *_, line in self.lines), PATIENCE), self.lines
            return next((level, about) for level, about, line in self.lines if text in line)


@pytest.fixture
def kept():
    logger = logging.getLogger("steadywire")
    handler = Keep()
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield handler
    logger.setLevel(logging.NOTSET)
    logger.removeHandler(handler)


def test_the_life_of_a_link_is_logged_without_credentials(scripted, kept):
    url = scripted([{"do": "rst"}], [])
    client = steadywire.Client(f"{url}?token=hunter2", token="hunter2", reconnect_interval=1)
    client.connect()
    assert kept.wait_for("link 1 is up") == ("INFO", "link")
    assert kept.wait_for("link 1 is gone") == ("WARNING", "link")
    assert kept.wait_for("attempt 1 follows in ") == ("WARNING", "link")
    assert kept.wait_for("link 2 is up") == ("INFO", "link")
    client.disconnect()
    assert kept.wait_for("link 2 is gone") == ("INFO", "link")
    client.close()
    assert kept.threads == {"steadywire-log"}
    assert not any("hunter2" in line for *_, line in kept.lines)


def test_lines_that_nobody_handles_are_bounded_and_counted(kept):
    gate, begun = threading.Event(), threading.Event()

    def hold(record):
        begun.set()
        return gate.wait(PATIENCE)

    kept.addFilter(hold)
    client = steadywire.Client("ws://127.0.0.1:1/", max_queued_messages=1, overflow="drop_oldest")
    message = {"type": "log", "taskId": "t", "data": {}}
    client.send(message)
    client.send(message)
    assert begun.wait(PATIENCE)
    for _ in range(1500):
        client.send(message)
    gate.set()
    assert kept.wait_for("500 lines were not logged") == ("WARNING", "log")
    assert sum("messages to be sent were dropped" in line for *_, line in kept.lines) == 1001
    client.close()


def test_a_filter_that_raises_does_not_end_the_log(url):
    done = run(f"""
import logging, steadywire
logging.basicConfig(level=logging.DEBUG)
def angry(record):
    if "is up" in record.getMessage():
        raise ZeroDivisionError("on purpose")
    return True
logging.getLogger("steadywire").addFilter(angry)
client = steadywire.Client({url!r})
client.connect()
client.disconnect()
""")
    assert done.returncode == 0
    assert "ZeroDivisionError: on purpose" in done.stderr
    assert "link 1 is gone" in done.stderr


def test_logging_is_imported_when_there_is_something_to_say(url, task_id):
    done = run(f"""
import steadywire, sys
with steadywire.Client({url!r}) as client, client.report({task_id!r}) as task:
    task.progress(1)
print("logging" in sys.modules)
""")
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_the_last_lines_come_before_the_process_ends():
    done = run("""
import logging, steadywire
logging.basicConfig(level=logging.DEBUG)
client = steadywire.Client("ws://127.0.0.1:1/")
client.subscribe("t")
client.send({"type": "log", "taskId": "t", "data": {}})
""")
    assert done.returncode == 0
    assert "dropped" in done.stderr
    assert "before 1 messages" in done.stderr
