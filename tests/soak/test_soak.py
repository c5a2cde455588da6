"""That the soak test fails where something is wrong: on records and figures that are made up."""

import asyncio
import random
import sys
import unittest
from collections import Counter
from dataclasses import replace

from driver import Driver
from figures import GROWTH_KIB, Rest, Trend, trend
from judge import Followed, Json, Record, Restart, Told, ended_once, judge
from plan import JOINS, plan
from program import Gone, Program, address

ACKED: Json = {"state": "acked"}
END: Json = {"event": "complete", "taskId": "t", "data": "t", "synthetic": False}
FAILED: Json = {"event": "error", "taskId": "t", "source": "task", "message": "m", "code": "c", "fatal": True}


def log(number: int) -> Json:
    """Give the event of a log line."""
    return {"event": "log", "message": f"{number} and more"}


def record(*events: Json) -> Record:
    """Make a record in which all is right, with a message of each way; a follower may have seen something else."""
    told = [
        Told(1, "ack", "log", [ACKED]),
        Told(2, "ack", "log", [ACKED]),
        Told(3, "send", "log", [{"state": "written"}]),
        Told(4, "report", "progress"),
        Told(5, "ack", "status", [ACKED]),
    ]
    status: Json = {"event": "status", "data": {"number": 5}}
    seen = list(events) or [log(1), log(2), {"event": "progress", "message": "4"}, status, END]
    return Record("t", "w", {"event": "complete", "data": "t"}, told, [ACKED], [Followed("f", "before", seen, 1)])


STATUS: Json = {"event": "status", "data": {"number": 5}}
NEW_RUN: Json = {"event": "gap", "from": 3, "to": None}


def restarted(*events: Json, told: int = 4, acked: tuple[int, ...] = (1,), is_known: bool = True) -> Record:
    """Make the same record, in which a hub was killed that had acknowledged so much of what was told by then."""
    made = record(*events)
    made.restart = Restart(told, frozenset(acked), 1, is_known)
    return made


def lost(reason: str) -> Json:
    """Give the end of a follow without an outcome."""
    return {"event": "lost", "taskId": "t", "reason": reason}


class Judged(unittest.TestCase):
    """What is judged."""

    def wrong(self, made: Record, *words: str) -> None:
        """See that one thing is wrong, and that it is named by these words."""
        found = judge(made)
        assert len(found) == 1, found
        for word in words:
            assert word in found[0]


class Judge(Judged):
    """What a worker told against what a follower saw."""

    def test_what_is_right(self) -> None:
        """Nothing is named."""
        assert judge(record()) == []

    def test_outcomes(self) -> None:
        """There is one, at the end, and it is that of the worker."""
        status: Json = {"event": "status", "data": {"number": 5}}
        before = [log(1), log(2), status]
        self.wrong(record(*before, {"event": "lost", "taskId": "t", "reason": "givenUp"}), "the outcome is", "givenUp")
        self.wrong(record(*before, FAILED), "the outcome is")
        self.wrong(record(*before, END | {"data": "u"}), "the outcome is")
        self.wrong(record(*before), "0 outcomes")
        self.wrong(record(*before, END, END), "2 outcomes")
        self.wrong(record(*before, END, log(3)), "1 outcomes")
        for ends in (0, 2):
            made = record()
            made.follows[0].ends = ends
            self.wrong(made, f"ended {ends} times")

    def test_an_error_that_is_no_end(self) -> None:
        """It is none, and an error that is one has the text and the code that were told."""
        made = record(log(1), log(2), {"event": "status", "data": {"number": 5}}, FAILED | {"fatal": False}, FAILED)
        made.outcome = {"event": "error", "source": "task", "message": "m", "code": "c"}
        assert judge(made) == []
        made.outcome["code"] = "d"
        self.wrong(made, "the outcome is")

    def test_receipts(self) -> None:
        """Each comes once, and not for what asked for none."""
        for states in ([], ["acked", "acked"], ["unknown"], ["written"], ["dropped"], ["rejected"]):
            made = record()
            made.receipts = [{"state": state} for state in states]
            self.wrong(made, "the end is")
            made = record()
            made.told[4].receipts = [{"state": state} for state in states]
            self.wrong(made, "message 5")
        for states in ([], ["written", "unknown"], ["acked"], ["rejected"]):
            made = record()
            made.told[2].receipts = [{"state": state} for state in states]
            found = judge(made)
            assert "message 3" in found[0], found
        # The server was taken for one that does not acknowledge.
        for state in ("acked", "written"):
            made = record()
            made.receipts = [{"state": state, "ackUnsupported": True}]
            self.wrong(made, "the end is", "unsupported")
        made = record()
        made.told[3].receipts = [ACKED]
        self.wrong(made, "message 4")

    def test_messages(self) -> None:
        """What has arrived by its receipt is seen, once and in order, and nothing that nobody told."""
        status: Json = {"event": "status", "data": {"number": 5}}
        self.wrong(record(log(1), status, END), "missing without a gap: [2]")
        self.wrong(record(log(2), status, END), "missing without a gap: [1]")
        self.wrong(record(log(1), log(2), END), "missing without a gap: [5]")
        self.wrong(record(log(2), log(1), status, END), "out of order")
        self.wrong(record(log(1), log(2), log(2), status, END), "twice")
        self.wrong(record(log(1), log(2), log(4), status, END), "never told")
        self.wrong(record(log(1), log(2), status, {"event": "overflow", "count": 1}, END), "overflow")
        # What is not known to have arrived may be seen, and what is explained may be missing.
        assert judge(record(log(1), log(2), log(3), status, END)) == []
        gap: Json = {"event": "gap", "from": 1, "to": 1}
        assert judge(record(gap, log(2), status, END)) == []
        self.wrong(record(log(1), gap | {"to": None}, log(2), status, END), "2 runs")
        self.wrong(record(gap, status, END), "missing without a gap: [1, 2]")
        assert judge(record(END | {"synthetic": True})) == []

    def test_what_a_listener_heard(self) -> None:
        """One outcome for each task that was followed."""
        assert ended_once("f", {"t", "u"}, Counter(["t", "u"])) == []
        _twice, _never = ended_once("f", {"t", "u"}, Counter(["t", "t"]))
        assert len(ended_once("f", set(), Counter(["t"]))) == 1

    def test_a_killed_worker(self) -> None:
        """What it left may be without a receipt, and what never left it is neither acknowledged nor written."""
        made = record()
        made.told[2].receipts = []
        made.told[2].is_left = True
        assert judge(made) == []
        # It may have arrived, or not; what was acknowledged before the kill has.
        made.follows[0].events.insert(2, log(3))
        assert judge(made) == []
        made.told[0].is_left = True
        made.follows[0].events.remove(log(1))
        self.wrong(made, "missing without a gap: [1]")
        for at, receipt in ((1, ACKED), (2, {"state": "written"})):
            made = record()
            made.told[at].is_held = True
            made.told[at].receipts = [receipt]
            self.wrong(made, f"message {at + 1}", "never left its worker")
        made = record()
        made.told[2].is_held = True
        made.told[2].receipts = [{"state": "unknown"}]
        assert judge(made) == []
        made.told[2].is_left = True
        made.told[2].receipts *= 2
        self.wrong(made, "message 3")
        # The end is told by who goes on, and has a receipt.
        made = record()
        made.receipts = []
        self.wrong(made, "the end is not settled")

    def test_a_task_that_nobody_goes_on_with(self) -> None:
        """The hub ends it, when its worker has stayed away for as long as it may."""
        lost: Json = FAILED | {"message": "no word", "code": "worker_lost"}
        made = record(log(1), log(2), STATUS, lost)
        made.outcome = {"event": "error", "source": "task", "code": "worker_lost"}
        made.receipts, made.left_for = [], 60.5
        assert judge(made) == []
        made.left_for = 59.0
        self.wrong(made, "given up after 59.0 s")
        made.left_for = 61.0
        made.receipts = [ACKED]
        self.wrong(made, "nobody told an end")
        made.receipts = []
        made.follows[0].events[-1] = END
        self.wrong(made, "the outcome is")
        made.follows[0].events[-1] = lost
        made.follows[0].events.remove(log(2))
        self.wrong(made, "missing without a gap: [2]")


class Restarts(Judged):
    """What a follower saw of a task whose hub was killed."""

    def test_who_saw_the_new_run(self) -> None:
        """What the dead hub had may be missing, and what it had not acknowledged may come again."""
        assert judge(restarted(log(1), NEW_RUN, STATUS, END)) == []
        assert judge(restarted(log(1), log(2), NEW_RUN, log(2), STATUS, END)) == []
        # Who had nothing of the first run is told of no gap.
        assert judge(restarted(log(2), STATUS, END)) == []
        assert judge(restarted(STATUS, END)) == []
        # One who saw the end before sees all.
        assert judge(restarted()) == []

    def test_what_the_next_hub_has(self) -> None:
        """It is seen, whatever gap was told of the run before."""
        self.wrong(restarted(log(1), log(2), NEW_RUN, END), "missing without a gap: [5]")
        self.wrong(restarted(END), "missing without a gap: [5]")
        assert judge(restarted(log(1), NEW_RUN, {"event": "gap", "from": 1, "to": 1}, END)) == []
        assert judge(restarted(log(1), NEW_RUN, END | {"synthetic": True})) == []

    def test_a_run_that_nobody_told_of(self) -> None:
        """Who saw what the dead hub had acknowledged is told of a gap, and of one only."""
        self.wrong(restarted(log(1), STATUS, END), "missing without a gap: [2]")
        self.wrong(restarted(log(1), log(2), log(2), STATUS, END), "twice")
        self.wrong(restarted(log(1), NEW_RUN, NEW_RUN, STATUS, END), "3 runs")
        self.wrong(record(log(1), log(2), NEW_RUN, STATUS, END), "2 runs")

    def test_what_is_not_sent_again(self) -> None:
        """It comes once: what the dead hub had acknowledged, and what has no id."""
        self.wrong(restarted(log(1), NEW_RUN, log(1), log(2), STATUS, END), "twice")
        self.wrong(restarted(log(1), log(3), NEW_RUN, log(3), STATUS, END), "twice")
        self.wrong(restarted(log(1), STATUS, NEW_RUN, log(2), STATUS, END), "twice")
        self.wrong(restarted(log(1), NEW_RUN, STATUS, log(2), END), "out of order")
        self.wrong(restarted(log(1), NEW_RUN, STATUS, log(9), END), "never told")

    def test_forgotten(self) -> None:
        """A task that was known to who followed it when the hub was killed may be."""
        assert judge(restarted(log(1), lost("forgotten"))) == []
        assert judge(restarted(log(1), lost("forgotten"), is_known=False)) == []
        assert judge(restarted(log(1), NEW_RUN, lost("forgotten"))) == []
        self.wrong(record(log(1), log(2), STATUS, lost("forgotten")), "the outcome is", "forgotten")
        self.wrong(restarted(log(1), lost("forgotten"), lost("forgotten")), "2 outcomes")
        self.wrong(restarted(log(2), log(1), lost("forgotten")), "out of order")
        # Nobody can have known it.
        made = restarted(STATUS, lost("forgotten"), told=0, acked=())
        assert any("the outcome is" in what for what in judge(made))

    def test_forgotten_by_who_came_later(self) -> None:
        """Who began when the next hub was there is told by that alone."""
        made = restarted(lost("forgotten"), is_known=False)
        assert judge(made) == []
        made.restart = Restart(4, frozenset((1,)), 0, is_known=False)
        assert any("the outcome is" in what for what in judge(made))

    def test_who_waits_for_ever(self) -> None:
        """Only who has seen nothing of a task whose end the dead hub alone had acknowledged."""
        assert judge(restarted(lost("disconnected"), is_known=False)) == []
        for made in (
            restarted(lost("disconnected")),
            restarted(log(1), lost("disconnected"), is_known=False),
            restarted(NEW_RUN, lost("disconnected"), is_known=False),
            restarted(lost("givenUp"), is_known=False),
            record(lost("disconnected")),
        ):
            assert any("the outcome is" in what for what in judge(made))
        made = restarted(is_known=False)
        made.follows[0].events.clear()
        made.follows[0].ends = 0
        self.wrong(made, "0 outcomes")


class Figures(unittest.TestCase):
    """Memory and descriptors of made-up processes, with a rest every 3 s."""

    def rests(self, count: int, leak: float = 0.0, descriptors: float = 0.0) -> list[Rest]:
        """Give what is seen of a process that warms up and then leaks so much KiB and descriptors in each rest."""
        chance = random.Random(count)

        def memory(at: int) -> int:
            # Allocators take and give back by steps.
            step = chance.choice((0, 0, 0, 128, 256)) + (4096 if at == count // 2 else 0)
            return 20000 + step + int(leak * at) - (8000 if at < count // 8 else 0)

        return [
            Rest(3.0 * at, memory(at), 10 + chance.choice((0, 0, 2)) + int(descriptors * at)) for at in range(count)
        ]

    def judged(self, rests: list[Rest]) -> list[str]:
        """Name what is wrong."""
        found = trend(rests)
        assert isinstance(found, Trend)
        return found.wrong()

    def test_what_is_flat(self) -> None:
        """Steps, a peak and the warm-up are no leak, in a minute, ten and an hour."""
        for count in (20, 200, 1200):
            assert self.judged(self.rests(count)) == []

    def test_memory(self) -> None:
        """A leak is seen that is a little more than may be, and one that is a little less is none."""
        for count in (20, 200, 1200):
            rests = self.rests(count)
            after = rests[-1].when - rests[round(count * 0.2)].when
            allowed = GROWTH_KIB * max(after, 600.0) / 600.0
            steps = after / 3.0
            assert self.judged(self.rests(count, leak=0.6 * allowed / steps)) == []
            (wrong,) = self.judged(self.rests(count, leak=1.4 * allowed / steps))
            assert "memory" in wrong

    def test_a_round_that_waits(self) -> None:
        """A pause makes no leak, and hides none."""
        for leak, count in ((0.6, 0), (1.4, 1)):
            rests = self.rests(20, leak=leak * GROWTH_KIB / 15)
            late = [replace(one, when=one.when + 300.0) for one in rests[-2:]]
            assert len(self.judged(rests[:-2] + late)) == count

    def test_descriptors(self) -> None:
        """One more in every third rest is seen."""
        for count in (20, 200, 1200):
            (wrong,) = self.judged(self.rests(count, descriptors=0.4))
            assert "descriptors" in wrong

    def test_too_few(self) -> None:
        """What has hardly run is not judged."""
        assert trend(self.rests(5)) is None


class Drivers(unittest.IsolatedAsyncioTestCase):
    """What drivers say."""

    async def driver(self, *lines: str) -> Driver:
        """Give one that has said this."""
        driver = Driver("d", [])
        for line in lines:
            driver.take(line)
        return driver

    async def test_alarms(self) -> None:
        """What is answered twice, lost or stopped is named, and what is a link's trouble is not."""
        transport = '{"event":"error","source":"transport","fatal":%s,"message":"m","taskId":""}'
        driver = await self.driver(f"event\t{transport % 'false'}")
        assert driver.alarms == []
        for line in (
            f"event\t{transport % 'true'}",
            'event\t{"event":"overflow","count":1}',
            'answer\t1\t{"state":"acked"}',
            'followed\t1\t{"event":"log"}',
            "failed\t1\tclosed",
        ):
            driver = await self.driver(line)
            assert len(driver.alarms) == 1, line

    async def test_ends_are_counted(self) -> None:
        """Those that a listener heard, by task, and `lost`, which each follow is judged by."""
        end = '{"event":"complete","taskId":"t"}'
        error = '{"event":"error","source":"task","fatal":true,"taskId":"u"}'
        lost = '{"event":"lost","reason":"refused","taskId":"v"}'
        driver = await self.driver(f"event\t{end}", f"event\t{end}", f"event\t{error}", f"event\t{lost}")
        assert driver.heard == {"t": 2, "u": 1, "v": 1}

    async def test_what_nobody_understands(self) -> None:
        """It ends the run."""
        with self.assertRaises(ValueError):  # noqa: PT027 - there is no pytest here
            await self.driver("what")


class Programs(unittest.IsolatedAsyncioTestCase):
    """What becomes of programs."""

    async def test_killed(self) -> None:
        """All that it said before is taken, but half a line; and nothing is broken, as when it ends by itself."""
        says = "import sys, time; print('one'); print('two'); print('three', end='', flush=True); {}"
        for then, is_killed in (("sys.stderr.close(); time.sleep(600)", True), ("", False)):
            program = Program("p", [sys.executable, "-c", says.format(then)])
            heard: list[str] = []
            two = asyncio.Event()

            def take(line: str, heard: list[str] = heard, two: asyncio.Event = two) -> None:
                heard.append(line)
                if line == "two":
                    two.set()

            broken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            await program.start()
            program.read(take, broken)
            if is_killed:
                await two.wait()
                await program.kill()
            else:
                assert isinstance(await asyncio.wait_for(gone(broken), 60), Gone)
            await program.end()
            assert heard == ["one", "two"]
            assert (broken.done(), program.is_new) == (not is_killed, is_killed)

    def test_where_a_server_is(self) -> None:
        """It says so in JSON or in words."""
        url = "ws://127.0.0.1:7/ws"
        assert address(f"listening on {url}") == url
        assert address(f'{{"about":"a proxy before ws://127.0.0.1:8/ws","url":"{url}"}}') == url


async def gone(broken: asyncio.Future[None]) -> BaseException | None:
    """Wait until something is broken."""
    await asyncio.wait([broken])
    return broken.exception()


class Plans(unittest.TestCase):
    """What workers are told to do."""

    def test_the_same_for_a_seed(self) -> None:
        """And something else for another, or for another task."""
        first = plan(1, "t", ["f", "g"])
        assert plan(1, "t", ["f", "g"]) == first
        assert plan(2, "t", ["f", "g"]) != first
        assert replace(plan(1, "u", ["f", "g"]), task="t") != first

    def test_everything_happens(self) -> None:
        """Each way, kind, end and time to join, within a few tasks."""
        made = [plan(1, str(number), ["f"]) for number in range(50)]
        assert {one.fails for one in made} == {True, False}
        assert {one.joins["f"] for one in made} == set(JOINS)
        assert {step.way for one in made for step in one.steps} == {"report", "send", "ack"}
        assert {step.kind for one in made for step in one.steps} == {"progress", "log", "status"}


if __name__ == "__main__":
    unittest.main()
