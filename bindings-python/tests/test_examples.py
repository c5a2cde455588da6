"""The examples do what they say."""

import subprocess
import sys

from conftest import PATIENCE, ROOT

EXAMPLES = ROOT / "examples" / "python"


def start(name, *arguments):
    command = [sys.executable, EXAMPLES / name, *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def test_follow_and_training(url):
    with start("follow.py", url, "train-1") as follow, start("training.py", url, "train-1") as training:
        said, _ = training.communicate(timeout=PATIENCE)
        assert training.returncode == 0, said
        said, _ = follow.communicate(timeout=PATIENCE)
    assert follow.returncode == 0, said
    assert "info: epoch 5 of 5" in said
    assert "done: {'loss'" in said


def test_fan_in(url):
    with start("fan_in.py", url) as program:
        said, _ = program.communicate(timeout=PATIENCE)
    assert said == "100 of 100 parts are done\n"
