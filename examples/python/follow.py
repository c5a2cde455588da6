"""Follow one task: `python follow.py ws://127.0.0.1:8080/ws build-7`."""

import sys

import steadywire


def main(url: str, task_id: str) -> int:
    """Print what the task says; the status tells how it ended."""
    client = steadywire.Client(url)
    for event in client.follow(task_id):
        match event:
            case steadywire.Progress(stage=stage, progress=percent, message=message):
                print(f"{percent:3.0f} % {stage} {message}")
            case steadywire.Log(level=level, message=message):
                print(f"{level}: {message}")
            case steadywire.Complete(data=data):
                print("done:", data)
                return 0
            case steadywire.ErrorEvent(message=message) | steadywire.Lost(reason=message):
                print("no result:", message)
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
