"""Work in several processes, each reporting its own task: `python pool.py ws://127.0.0.1:8080/ws 4`.

A client is not shared by processes: each makes its own. Whatever start method is used, also `fork` while the parent has
clients, is fine.
"""

import multiprocessing
import sys

import steadywire


def work(url: str, task_id: str, upto: int) -> None:
    """Count primes, and report it. Whatever ends the block ends the task."""
    with steadywire.Client(url) as client, client.report(task_id) as task:
        found = 0
        for number in task.over(range(2, upto), stage="sieve"):
            found += all(number % divisor for divisor in range(2, int(number**0.5) + 1))
        task.complete({"primes": found})


def main(url: str, count: int = 4, upto: int = 5000) -> int:
    """Start the workers and show them, as bars where there is a terminal. The status says whether all ended well."""
    names = [f"worker-{n}" for n in range(count)]
    workers = [multiprocessing.Process(target=work, args=(url, name, upto)) for name in names]
    for worker in workers:
        worker.start()
    with steadywire.Client(url) as client:
        outcomes = client.track(names[0], names[1], *names[2:])
    for worker in workers:
        worker.join()
    print("primes:", *(outcome.data["primes"] for outcome in outcomes if outcome.ok))
    return 0 if all(outcome.ok for outcome in outcomes) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
