"""What the core asks the program waits in Rust, bounded."""

from steadywire._native import MAX_QUESTIONS, Native


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
