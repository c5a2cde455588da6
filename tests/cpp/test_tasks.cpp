/* Both sides of a task: followed and waited for, reported and sent. */
#include <algorithm>
#include <vector>

#include "check.hpp"

static Client client() { return Client(sw::Config(hub())); }

static void a_task_is_followed_to_its_end() {
    Client worker = client();
    Client watcher = client();
    sw::Follow follow = watcher.follow("cpp-follow");
    CHECK(follow.task_id() == "cpp-follow");

    sw::Reporter task = worker.report("cpp-follow");
    CHECK(task.task_id() == "cpp-follow");
    task.progress(42.5, "train", "epoch 3");
    worker.send_wait(sw::Message::log("cpp-follow", sw::Level::warn, "low on space").metadata(R"({"free":12})"));
    task.status(R"({"phase":"late"})");
    CHECK(task.complete_wait(R"({"loss":0.25})").is_acked());

    std::vector<std::string> kinds;
    for (const sw::Event& event : follow) {
        CHECK(event.task_id() == "cpp-follow");
        CHECK(event.timestamp() > sw::Timestamp(std::chrono::hours(24 * 365 * 50)));
        CHECK(event.client() == watcher);
        switch (event.kind()) {
            case sw::Kind::progress:
                CHECK(event.progress() == 42.5);
                CHECK(event.stage() == "train");
                CHECK(event.message() == "epoch 3");
                CHECK(!event.level() && !event.source() && !event.state() && !event.lost_reason());
                kinds.push_back("progress");
                break;
            case sw::Kind::log:
                CHECK(event.level() == sw::Level::warn);
                CHECK(event.message() == "low on space");
                CHECK(event.metadata() == R"({"free":12})");
                CHECK(!event.progress());
                kinds.push_back("log");
                break;
            case sw::Kind::status:
                CHECK(event.data() == R"({"phase":"late"})");
                kinds.push_back("status");
                break;
            case sw::Kind::complete:
                CHECK(contains(event.data(), "0.25"));
                CHECK(!event.synthetic());
                CHECK(contains(event.to_json(), "cpp-follow"));
                kinds.push_back("complete");
                break;
            default:
                CHECK(!"an event of another kind");
        }
    }
    CHECK(kinds == std::vector<std::string>{"progress", "log", "status", "complete"});
    // It has ended for good.
    CHECK(follow.next() == nullptr);
    CHECK(follow.begin() == follow.end());
}

static void a_follow_waits_as_long_as_it_is_told() {
    Client watcher = client();
    sw::Follow follow = watcher.follow("cpp-patience");
    CHECK_THROWS(sw::Status::timeout, follow.next(0ms));
    CHECK_THROWS(sw::Status::timeout, follow.next(1ms));
    // A deadline that has passed is no wait without end.
    CHECK_THROWS(sw::Status::timeout, follow.next(-1ms));
    Client worker = client();
    worker.connect_wait();
    worker.send_wait(sw::Message::progress("cpp-patience", 1).ack(true));
    const sw::Event* event = follow.next(deadline);
    CHECK(event != nullptr && event->progress() == 1.0);

    // Moved, it goes on where it was, and so does the event.
    sw::Follow moved = std::move(follow);
    CHECK_THROWS(sw::Status::invalid_argument, follow.next(0ms));
    CHECK(moved.task_id() == "cpp-patience");
    sw::Follow other = watcher.follow("cpp-patience");
    other = std::move(moved);
    worker.send_wait(sw::Message::complete("cpp-patience", "1").ack(true));
    CHECK(other.next(deadline)->kind() == sw::Kind::complete);
    CHECK(other.next(deadline) == nullptr);
}

static void a_follow_is_an_input_range() {
    static_assert(std::is_same_v<std::iterator_traits<sw::Follow::iterator>::reference, const sw::Event&>);
#if __cplusplus >= 202002L
    static_assert(std::input_iterator<sw::Follow::iterator>);
    static_assert(std::ranges::input_range<sw::Follow>);
#endif
    Client worker = client();
    sw::Reporter task = worker.report("cpp-range");
    task.progress(10);
    task.complete_wait();
    Client watcher = client();
    sw::Follow follow = watcher.follow("cpp-range");
    auto end =
        std::find_if(follow.begin(), follow.end(), [](const sw::Event& e) { return e.kind() == sw::Kind::complete; });
    CHECK(end != follow.end());
    CHECK(end->data() == "null");
    ++end;
    CHECK(end == follow.end());
    sw::OwnedEvent outcome = [&] {
        sw::Follow again = watcher.follow("cpp-range");
        return again.begin()->clone();
    }();
    CHECK(outcome.kind() == sw::Kind::complete);
}

static void a_follow_inside_a_handler_says_that_it_would_never_end() {
    Channel<std::string> said;
    Client watcher = client();
    watcher.once(sw::Kind::connected, [&](const sw::Event& event) {
        try {
            for (const sw::Event& next : event.client().follow("cpp-never")) {
                said.put(std::string(next.to_json()));
            }
        } catch (const sw::Error& error) {
            said.put(error.name());
        }
    });
    watcher.connect();
    CHECK(said.take() == "would_deadlock");
}

static void an_outcome_is_a_value() {
    Channel<sw::Outcome> kept;
    Client worker = client();
    Client watcher = client();
    std::future<sw::Outcome> future = watcher.outcome("cpp-fails");
    watcher.outcome("cpp-fails", [&](const sw::Outcome& outcome) { kept.put(outcome.clone()); });
    {
        sw::Reporter task = worker.report("cpp-fails");
        CHECK(task.error_wait("out of memory", "oom").is_acked());
        CHECK_THROWS(sw::Status::invalid_state, task.progress(1));
        CHECK_THROWS(sw::Status::invalid_state, task.complete());
    }
    sw::Outcome both[] = {soon(std::move(future)), kept.take()};
    for (const sw::Outcome& outcome : both) {
        CHECK(outcome.kind() == sw::Ended::error);
        CHECK(!outcome);
        CHECK(outcome.task_id() == "cpp-fails");
        CHECK(outcome.message() == "out of memory");
        CHECK(outcome.code() == "oom");
        CHECK(contains(outcome.data(), "out of memory"));
        CHECK(contains(outcome.to_json(), "out of memory"));
        CHECK(!outcome.lost_reason());
        CHECK(!outcome.synthetic());
        CHECK(outcome.timestamp() > sw::Timestamp(std::chrono::hours(24 * 365 * 50)));
    }
    sw::Outcome known = watcher.outcome_wait("cpp-fails", deadline);
    sw::Outcome moved = std::move(known);
    CHECK(known.get() == nullptr && known.message().empty());
    CHECK(moved.code() == "oom");
}

static void what_is_waited_for_may_be_lost() {
    Client watcher = client();
    std::future<sw::Outcome> future = watcher.outcome("cpp-lost");
    CHECK_THROWS(sw::Status::timeout, watcher.outcome_wait("cpp-lost", 1ms));
    watcher.disconnect_wait();
    sw::Outcome outcome = soon(std::move(future));
    CHECK(outcome.kind() == sw::Ended::lost);
    CHECK(outcome.lost_reason() == sw::LostReason::disconnected);
    CHECK(outcome.data() == "null");
}

static void a_reporter_that_is_destroyed_fails_its_task() {
    Client worker = client();
    Client watcher = client();
    try {
        sw::Reporter task = worker.report("cpp-abandoned");
        task.log(sw::Level::info, "about to fail");
        throw std::runtime_error("on purpose");
    } catch (const std::runtime_error&) {
    }
    CHECK(watcher.outcome_wait("cpp-abandoned", deadline).code() == "abandoned");
}

static void a_receipt_says_what_became_of_a_message() {
    Channel<sw::Receipt> receipts;
    Client worker = client();
    worker.connect_wait();
    CHECK(soon(worker.send(sw::Message::status("cpp-send", R"({"a":1})").ack(true))).state() ==
          sw::ReceiptState::acked);
    worker.send(sw::Message::progress("cpp-send", 50).stage("half").text("way"),
                [&](const sw::Receipt& receipt) { receipts.put(receipt); });
    worker.send(sw::Message::other("tick", "cpp-send").data("[1]").timestamp(sw::Timestamp(1732000000000ms)), nullptr);
    worker.flush_wait(deadline);
    sw::Receipt written = receipts.take();
    CHECK(written.state() == sw::ReceiptState::written);
    CHECK(!written.drop_reason() && !written.ack_unsupported() && written.message().empty() && !written.is_acked());

    // Away, a heartbeat is sent now or not at all, and newer progress takes the place of older.
    worker.disconnect_wait();
    sw::Receipt dropped = soon(worker.send(sw::Message::heartbeat("")));
    CHECK(dropped.state() == sw::ReceiptState::dropped);
    CHECK(dropped.drop_reason() == sw::DropReason::not_connected);
    std::future<sw::Receipt> older = worker.send(sw::Message::progress("cpp-send", 51));
    std::future<sw::Receipt> newer = worker.send(sw::Message::progress("cpp-send", 52));
    CHECK(soon(std::move(older)).drop_reason() == sw::DropReason::superseded);
    worker.connect_wait();
    CHECK(soon(std::move(newer)).state() == sw::ReceiptState::written);
}

static void a_message_that_makes_no_sense_is_refused() {
    CHECK_THROWS(sw::Status::invalid_argument, sw::Message::progress("", 1));
    CHECK_THROWS(sw::Status::invalid_argument, sw::Message::status("t", "{"));
    CHECK_THROWS(sw::Status::invalid_argument, sw::Message::error("t", "x").metadata("{}"));
    sw::Message message = sw::Message::error("t", "x");
    message.code("c").text("y").data("{}");
    sw::Message moved = std::move(message);
    CHECK_THROWS(sw::Status::invalid_argument, message.code("d"));
    moved.code("d");
    Client worker = client();
    CHECK_THROWS(sw::Status::invalid_argument, worker.send(message));
    Client full(sw::Config(hub()).max_queued_messages(1));
    full.send(sw::Message::log("t", sw::Level::debug, "1"), nullptr);
    CHECK_THROWS(sw::Status::queue_full, full.send(sw::Message::log("t", sw::Level::debug, "2")));
}

static void an_answer_that_throws_is_an_error_event() {
    Channel<std::string> errors;
    Client worker = client();
    worker.on(sw::Kind::error, [&](const sw::Event& event) { errors.put(std::string(event.message())); });
    worker.connect_wait();
    worker.send(sw::Message::progress("cpp-throws", 1),
                [](const sw::Receipt&) { throw std::runtime_error("receipt"); });
    CHECK(contains(errors.take(), "receipt"));
    worker.outcome("cpp-throws", [](const sw::Outcome&) { throw std::runtime_error("outcome"); });
    sw::Reporter task = worker.report("cpp-throws");
    task.complete("", [](const sw::Receipt&) { throw std::runtime_error("complete"); });
    std::string first = errors.take();
    std::string second = errors.take();
    CHECK(contains(first + second, "outcome") && contains(first + second, "complete"));
}

int main() {
    return run_tests({
        {"a task is followed to its end", a_task_is_followed_to_its_end},
        {"a follow waits as long as it is told", a_follow_waits_as_long_as_it_is_told},
        {"a follow is an input range", a_follow_is_an_input_range},
        {"a follow inside a handler says that it would never end",
         a_follow_inside_a_handler_says_that_it_would_never_end},
        {"an outcome is a value", an_outcome_is_a_value},
        {"what is waited for may be lost", what_is_waited_for_may_be_lost},
        {"a reporter that is destroyed fails its task", a_reporter_that_is_destroyed_fails_its_task},
        {"a receipt says what became of a message", a_receipt_says_what_became_of_a_message},
        {"a message that makes no sense is refused", a_message_that_makes_no_sense_is_refused},
        {"an answer that throws is an error event", an_answer_that_throws_is_an_error_event},
    });
}
