/* The other calls of a client, its log, and the end. */
#include <poll.h>

#include <atomic>
#include <thread>

#include "check.hpp"

static Client client() { return Client(sw::Config(hub())); }

static void state_and_current_task() {
    Client one = client();
    CHECK(one.state() == sw::State::disconnected);
    CHECK(!one.current_task());
    soon(one.connect("cpp-current"));
    CHECK(one.state() == sw::State::connected);
    CHECK(one.current_task() == "cpp-current");
    one.subscribe("cpp-other");
    CHECK(one.current_task() == "cpp-other");
    one.unsubscribe("cpp-other");
    CHECK(one.current_task() == "cpp-current");
    one.disconnect_wait();
    CHECK(one.state() == sw::State::disconnected);
}

static void every_call_has_three_forms() {
    Channel<std::string> done;
    auto ok = [&](const sw::Result& result) { done.put(result ? "ok" : std::string(result.message())); };
    Client one = client();
    one.connect(std::nullopt, ok);
    CHECK(done.take() == "ok");
    one.connect("t", ok);
    CHECK(done.take() == "ok");
    one.reconnect(ok);
    CHECK(done.take() == "ok");
    one.flush(ok);
    CHECK(done.take() == "ok");
    one.disconnect(ok);
    CHECK(done.take() == "ok");

    soon(one.reconnect());
    soon(one.flush());
    soon(one.disconnect());

    one.reconnect_wait(deadline);
    one.flush_wait(deadline);
    one.disconnect_wait(deadline);
    one.connect_wait("t", deadline);
}

static void stats_and_cursors_are_json() {
    Client one = client();
    one.connect_wait();
    CHECK(contains(one.stats_json(), "\"generation\":1"));
    CHECK(one.cursors_json().front() == '{');
    Client next(sw::Config(hub()).cursors(one.cursors_json()));
    next.connect_wait();
}

static void calls_on_a_client_that_is_gone_are_errors() {
    sw::ClientRef gone = sw::ClientRef(nullptr);
    {
        Client one = client();
        gone = one;
    }
    CHECK_THROWS(sw::Status::invalid_argument, gone.state());
    CHECK_THROWS(sw::Status::invalid_argument, gone.stats_json());
    CHECK_THROWS(sw::Status::invalid_argument, gone.cursors_json());
    CHECK_THROWS(sw::Status::invalid_argument, gone.current_task());
    CHECK_THROWS(sw::Status::invalid_argument, gone.report("t"));
    CHECK_THROWS(sw::Status::invalid_argument, gone.follow("t"));
    CHECK_THROWS(sw::Status::invalid_argument, gone.outcome("t"));
}

static void what_waits_throws_inside_a_handler() {
    Channel<std::string> said;
    std::optional<Client> one(client());
    one->once(sw::Kind::connected, [&](const sw::Event& event) {
        CHECK_THROWS(sw::Status::would_deadlock, event.client().flush_wait());
        CHECK_THROWS(sw::Status::would_deadlock, event.client().outcome_wait("t"));
        CHECK_THROWS(sw::Status::would_deadlock, one->close_wait());
        said.put("said");
    });
    one->connect();
    CHECK(said.take() == "said");
}

static void close_wait_leaves_nothing_running() {
    Channel<std::string> entered;
    Channel<std::string> go;
    std::atomic<bool> done(false);
    Client one = client();
    // The handler uses what is on this stack: safe, because close_wait comes first.
    one.once(sw::Kind::connected, [&, canary = Canary(entered)](const sw::Event&) {
        entered.put("entered");
        go.take();
        done = true;
    });
    one.connect();
    CHECK(entered.take() == "entered");
    CHECK_THROWS(sw::Status::timeout, one.close_wait(1ms));
    go.put("go");
    one.close_wait();
    CHECK(done);
    CHECK(entered.take() == "dropped");
    one.close_wait();
    CHECK_THROWS(sw::Status::closed, one.connect());
}

static void with_poll_everything_runs_on_the_thread_that_polls() {
    sw::Config config(hub());
    config.dispatch(sw::Dispatch::poll);
    Client one(config);
    const auto here = std::this_thread::get_id();
    int progress = 0;
    bool ended = false;
    one.on(sw::Kind::progress, [&](const sw::Event& event) {
        CHECK(std::this_thread::get_id() == here);
        CHECK_THROWS(sw::Status::would_deadlock, event.client().poll());
        progress++;
    });
    one.outcome("cpp-polled", [&](const sw::Outcome& outcome) {
        CHECK(std::this_thread::get_id() == here);
        CHECK(outcome.kind() == sw::Ended::complete);
        ended = true;
    });
    // Waiting runs callbacks, too.
    one.connect_wait();
    Client worker = client();
    sw::Reporter task = worker.report("cpp-polled");
    task.progress(10);
    task.complete_wait();
    while (!ended) {
        pollfd waiting = {one.fd(), POLLIN, 0};
        CHECK(::poll(&waiting, 1, 60000) == 1);
        one.poll();
    }
    CHECK(progress == 1);
    one.disconnect_wait();
    // A bell may come late, for what has been run already. Then nothing is left.
    while (one.poll(1ms)) {
    }
}

static void only_a_polled_client_can_be_polled() {
    Client one = client();
    CHECK_THROWS(sw::Status::invalid_state, one.poll());
    CHECK_THROWS(sw::Status::invalid_state, one.fd());
}

static void the_log_tells_operators() {
    Channel<std::string> lines;
    sw::set_log(sw::Level::info,
                [&, canary = Canary(lines)](sw::Level level, std::string_view about, std::string_view text) {
                    CHECK(level >= sw::Level::info);
                    if (about == "link" && contains(text, "refused")) {
                        lines.put(std::string(text));
                    }
                    throw std::runtime_error("nobody hears of it");
                });
    Client lonely(nowhere());
    CHECK_THROWS(sw::Status::attempts_exhausted, lonely.connect_wait());
    CHECK(contains(lines.take(), "127.0.0.1"));
    sw::set_log(nullptr);
    std::string line = lines.take();
    while (line != "dropped") {
        line = lines.take();
    }
}

int main() {
    return run_tests({
        {"state and current task", state_and_current_task},
        {"every call has three forms", every_call_has_three_forms},
        {"stats and cursors are JSON", stats_and_cursors_are_json},
        {"calls on a client that is gone are errors", calls_on_a_client_that_is_gone_are_errors},
        {"what waits throws inside a handler", what_waits_throws_inside_a_handler},
        {"close_wait leaves nothing running", close_wait_leaves_nothing_running},
        {"with poll everything runs on the thread that polls", with_poll_everything_runs_on_the_thread_that_polls},
        {"only a polled client can be polled", only_a_polled_client_can_be_polled},
        {"the log tells operators", the_log_tells_operators},
    });
}
