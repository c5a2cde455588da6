"""What the program is asked: credentials, and what the end of a link means. What is open waits in Rust, bounded."""

import sys

import pytest

import steadywire
from conftest import PATIENCE, SUBSCRIBE, complete
from steadywire import errors
from steadywire._native import MAX_QUESTIONS, Native


def test_credentials_are_asked_for_before_every_attempt(scripted):
    accepts = {"accept": {"status": 401, "headers": {}, "body": "no"}}
    url = scripted(accepts, [SUBSCRIBE, complete()])
    asked = []

    def token(request):
        asked.append((request.attempt, request.http_status, request.force_refresh))
        return f"token-{len(asked)}"

    client = steadywire.Client(
        lambda _: url, token=token, headers=lambda _: {"X-Key": "k"}, protocols=lambda _: [], reconnect_interval=1
    )
    assert client.wait("t", timeout=PATIENCE).ok
    assert asked[0] == (1, None, False)
    assert asked[1][1:] == (401, True)
    client.close()


@pytest.mark.parametrize("token", [lambda _: 1 // 0, lambda _: 7, lambda _: sys.exit(1)])
def test_credentials_that_cannot_be_had_are_a_failed_attempt(url, token):
    client = steadywire.Client(url, token=token, max_connect_attempts=1)
    said = []
    client.on("error", said.append)
    with pytest.raises(errors.Error) as caught:
        client.connect(timeout=PATIENCE)
    assert caught.value.kind in {"attempts_exhausted", "credentials_failed"}
    assert "hunter2" not in str(caught.value)
    client.close()


def test_classify_says_what_an_end_means(scripted):
    url = scripted({"accept": {"status": 503, "headers": {}, "body": "no"}})
    endings = []

    def classify(ending):
        endings.append(ending)
        return "fatal"

    client = steadywire.Client(url, classify=classify)
    with pytest.raises(errors.RefusedError):
        client.connect()
    assert (endings[0].http_status, endings[0].disposition) == (503, "retry")
    client.close()


def test_words_are_joined_by_underscores(scripted, caplog):
    """As options take them: a disposition can be given back as it came."""
    url = scripted([{"do": "close", "code": 1000}])
    told = []

    def classify(ending):
        told.append(ending.disposition)
        return ending.disposition

    client = steadywire.Client(url, classify=classify, max_reconnect_attempts=0)
    assert client.wait("t", timeout=PATIENCE).reason == "given_up"
    assert told[0] == "while_open"
    assert "classify" not in caplog.text
    client.close()


@pytest.mark.parametrize("classify", [lambda _: "shrug", lambda _: sys.exit(1), lambda _: 1 // 0])
def test_a_classify_that_fails_leaves_the_end_as_proposed(classify, caplog):
    client = steadywire.Client("ws://127.0.0.1:1/", classify=classify, max_connect_attempts=1)
    with pytest.raises(errors.AttemptsExhaustedError):
        client.connect(timeout=PATIENCE)
    assert "the function given as `classify` failed" in caplog.text
    client.close()


def test_questions_that_nobody_answers_are_bounded():
    native = Native('{"url": "ws://127.0.0.1:1/"}', credentials=True, classify=False)
    asked = []
    for _ in range(MAX_QUESTIONS + 10):
        native.reconnect(native.number())
        while (question := native.question()) is None:
            native.wait_for_batch()
        asked.append(question[0])
    assert len(set(asked)) == MAX_QUESTIONS + 10
    assert native.questions() == MAX_QUESTIONS
    # Too late is no error.
    native.answer_credentials(asked[0])
    assert native.questions() == MAX_QUESTIONS
    native.answer_credentials(asked[-1])
    assert native.questions() == MAX_QUESTIONS - 1
    native.close()
