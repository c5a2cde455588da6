/* Who owns what: moves, ends, and what stays valid. */
#include "check.hpp"

static void a_client_moves_with_its_listeners() {
    Channel<std::string> seen;
    Client first(nowhere());
    first.once(sw::Kind::state_change, [&](const sw::Event&) { seen.put("called"); });
    Client second = std::move(first);
    CHECK(first.get() == nullptr);
    CHECK_THROWS(sw::Status::invalid_argument, first.connect_wait());
    CHECK_THROWS(sw::Status::attempts_exhausted, second.connect_wait());
    CHECK(seen.take() == "called");

    // What the target held is freed.
    Client third(nowhere());
    third.on(sw::Kind::any, [canary = Canary(seen)](const sw::Event&) {});
    third = std::move(second);
    CHECK(seen.take() == "dropped");
    CHECK_THROWS(sw::Status::attempts_exhausted, third.connect_wait());
}

static void the_handlers_of_a_client_go_with_it() {
    Channel<std::string> seen;
    {
        sw::Client client(nowhere());
        client.on(sw::Kind::any, [canary = Canary(seen)](const sw::Event&) {});
        client.once(sw::Kind::any, [canary = Canary(seen)](const sw::Event&) {});
        CHECK(seen.size() == 0);
    }
    CHECK(seen.take() == "dropped");
    CHECK(seen.take() == "dropped");
}

static void a_client_may_be_destroyed_inside_its_own_handler() {
    Channel<std::string> seen;
    auto client = std::make_shared<std::optional<sw::Client>>(nowhere());
    (*client)->on(sw::Kind::state_change, [&, client, canary = Canary(seen)](const sw::Event& event) {
        client->reset();
        // The event is whole until the handler returns.
        seen.put(std::string(event.reason()));
        CHECK_THROWS(sw::Status::invalid_argument, event.client().subscribe("t"));
    });
    (*client)->connect();
    CHECK(contains(seen.take(), "connect()"));
    CHECK(seen.take() == "dropped");
    CHECK(seen.size() == 0);
}

static void an_answer_that_cannot_come_is_an_error() {
    std::future<void> answer;
    {
        // Nobody answers there, and attempts are patient.
        sw::Client client(sw::Config("ws://127.0.0.1:1/ws").max_connect_attempts(sw::unlimited));
        answer = client.connect();
    }
    std::string text = CHECK_THROWS(sw::Status::closed, soon(std::move(answer)));
    CHECK(!text.empty());
}

static void two_clients_do_not_meet() {
    Channel<std::string> seen;
    Client first(nowhere());
    Client second((sw::Config(hub())));
    second.connect_wait();
    first.on(sw::Kind::state_change, [&](const sw::Event& event) {
        if (event.state() == sw::State::error) {
            seen.put(event.client() == first ? "first" : "other");
        }
    });
    second.on(sw::Kind::state_change, [&](const sw::Event& event) {
        seen.put(event.client() != first && event.client() == second ? "second" : "other");
    });
    CHECK_THROWS(sw::Status::attempts_exhausted, first.connect_wait());
    CHECK(seen.take() == "first");
    second.disconnect_wait();
    CHECK(seen.take() == "second");
}

static void an_event_that_is_kept_outlives_its_client() {
    Channel<sw::OwnedEvent> kept;
    {
        Client client(nowhere());
        client.once(sw::Kind::state_change, [&](const sw::Event& event) { kept.put(event.clone()); });
        CHECK_THROWS(sw::Status::attempts_exhausted, client.connect_wait());
    }
    sw::OwnedEvent event = kept.take();
    CHECK(event.kind() == sw::Kind::state_change);
    CHECK(event.state() == sw::State::connecting);
    sw::OwnedEvent moved = std::move(event);
    CHECK(event.get() == nullptr);
    CHECK(event.kind() == sw::Kind::any);
    CHECK(event.reason().empty());
    CHECK(moved.previous() == sw::State::disconnected);
    sw::OwnedEvent copy = moved.clone();
    moved = std::move(copy);
    CHECK(moved.previous() == sw::State::disconnected);
    // It is an Event like any other.
    const sw::Event& view = moved;
    CHECK(view.clone().state() == sw::State::connecting);
}

static void texts_are_views_into_their_event() {
    Channel<std::string> seen;
    Client client(nowhere());
    client.once(sw::Kind::state_change, [&](const sw::Event& event) {
        const std::string_view reason = event.reason();
        CHECK(reason.data() == event.reason().data());
        CHECK(reason.data()[reason.size()] == '\0');
        sw::OwnedEvent copy = event.clone();
        CHECK(copy.reason() == reason && copy.reason().data() != reason.data());
        // What an event does not have is an empty text, not none.
        CHECK(event.stage().empty() && event.stage().data() != nullptr);
        seen.put(std::string(reason));
    });
    CHECK_THROWS(sw::Status::attempts_exhausted, client.connect_wait());
    CHECK(seen.take() == "connect() was called");
}

int main() {
    return run_tests({
        {"a client moves with its listeners", a_client_moves_with_its_listeners},
        {"the handlers of a client go with it", the_handlers_of_a_client_go_with_it},
        {"a client may be destroyed inside its own handler", a_client_may_be_destroyed_inside_its_own_handler},
        {"an answer that cannot come is an error", an_answer_that_cannot_come_is_an_error},
        {"two clients do not meet", two_clients_do_not_meet},
        {"texts are views into their event", texts_are_views_into_their_event},
        {"an event that is kept outlives its client", an_event_that_is_kept_outlives_its_client},
    });
}
