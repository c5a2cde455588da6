"""Report from a training loop: `python training.py ws://127.0.0.1:8080/ws train-1`.

The loop knows nothing of links that break. Log records reach the task as well, and whatever ends the block ends the
task: an error, or its completion.
"""

import logging
import math
import sys

import steadywire
from steadywire.log import TaskHandler

log = logging.getLogger("training")


def main(url: str, task_id: str, epochs: int = 5, steps: int = 200) -> None:
    """Train, so to speak."""
    logging.basicConfig(level=logging.INFO)
    with steadywire.Client(url) as client, client.report(task_id) as task:
        log.addHandler(TaskHandler(task, logging.INFO))
        loss = 1.0
        for epoch in range(1, epochs + 1):
            for step in range(steps):
                loss = math.exp(-epoch - step / steps)
                done = (epoch - 1) * steps + step + 1
                task.progress(100 * done / (epochs * steps), stage=f"epoch {epoch}", message=f"loss {loss:.4f}")
            log.info("epoch %d of %d: loss %.4f", epoch, epochs, loss)
        task.complete({"loss": loss}).result()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
