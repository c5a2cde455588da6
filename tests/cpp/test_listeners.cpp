/* Listeners: any callable, taken off, destroyed once, and what they throw. */
#include <functional>

#include "check.hpp"

/** Each connect to nowhere ends with the state `error`; so this is one event of Kind::state_change to that. */
static void fail_once(sw::ClientRef client) { CHECK_THROWS(sw::Status::attempts_exhausted, client.connect_wait()); }

static void on_takes_any_callable() {
    Channel<std::string> seen;
    Client client(nowhere());
    std::function<void(const sw::Event&)> function = [&](const sw::Event& event) {
        if (event.state() == sw::State::error) {
            seen.put("function");
        }
    };
    client.on(sw::Kind::state_change, function);
    // Move-only.
    client.on(sw::Kind::state_change, [&, text = std::make_unique<std::string>("lambda")](const sw::Event& event) {
        if (event.state() == sw::State::error) {
            seen.put(*text);
        }
    });
    struct Functor {
        Channel<std::string>& seen;
        int count = 0;
        void operator()(const sw::Event&) { seen.put(std::to_string(++count)); }
    };
    client.on(sw::Kind::state_change, Functor{seen});
    fail_once(client);
    CHECK(seen.take() == "1");
    CHECK(seen.take() == "function");
    CHECK(seen.take() == "lambda");
    CHECK(seen.take() == "2");
}

static void once_is_called_once_and_dropped() {
    Channel<std::string> seen;
    Client client(nowhere());
    client.once(sw::Kind::state_change, [&, canary = Canary(seen)](const sw::Event&) { seen.put("called"); });
    fail_once(client);
    CHECK(seen.take() == "called");
    CHECK(seen.take() == "dropped");
    fail_once(client);
    CHECK(seen.size() == 0);
}

static void off_ends_a_listener() {
    Channel<std::string> seen;
    Client client(nowhere());
    auto listener = client.on(sw::Kind::any, [&, canary = Canary(seen)](const sw::Event&) { seen.put("called"); });
    CHECK(listener != 0);
    client.off(listener);
    CHECK(seen.take() == "dropped");
    fail_once(client);
    CHECK(seen.size() == 0);
    client.off(listener);
}

static void off_works_inside_its_own_callback() {
    Channel<std::string> seen;
    Client client(nowhere());
    auto id = std::make_shared<sw::ListenerId>();
    auto handler = [&, id, canary = Canary(seen)](const sw::Event& event) {
        event.client().off(*id);
        seen.put("still alive");
    };
    CHECK(client.on(sw::Kind::state_change, std::move(handler), id.get()) == *id);
    fail_once(client);
    CHECK(seen.take() == "still alive");
    CHECK(seen.take() == "dropped");
    CHECK(seen.size() == 0);
}

static void a_handler_is_dropped_where_on_fails() {
    Channel<std::string> seen;
    Client gone(nowhere());
    sw::ClientRef client = gone;
    {
        Client end(std::move(gone));
    }
    CHECK_THROWS(sw::Status::invalid_argument, client.on(sw::Kind::any, [canary = Canary(seen)](const sw::Event&) {}));
    CHECK(seen.take() == "dropped");
    CHECK_THROWS(sw::Status::invalid_argument,
                 client.connect(std::nullopt, [canary = Canary(seen)](const sw::Result&) {}));
    CHECK(seen.take() == "dropped");
    Client other(nowhere());
    CHECK_THROWS(sw::Status::invalid_argument,
                 other.on(static_cast<sw::Kind>(77), [canary = Canary(seen)](const sw::Event&) {}));
    CHECK(seen.take() == "dropped");
}

static void a_throw_is_an_error_event_of_source_callback() {
    Channel<std::string> errors;
    Channel<std::string> later;
    Client client(nowhere());
    client.on(sw::Kind::error, [&](const sw::Event& event) {
        if (event.source() == sw::ErrorSource::callback) {
            CHECK(event.error() == sw::Status::callback_failed);
            CHECK(!event.fatal());
            errors.put(std::string(event.message()));
        }
    });
    client.once(sw::Kind::state_change, [](const sw::Event&) { throw std::runtime_error("on purpose"); });
    client.once(sw::Kind::state_change, [](const sw::Event&) { throw 7; });
    client.on(sw::Kind::state_change, [&](const sw::Event&) { later.put("called"); });
    fail_once(client);
    CHECK(contains(errors.take(), "on purpose"));
    CHECK(contains(errors.take(), "no std::exception"));
    // Nothing else changed.
    CHECK(later.take() == "called");
    CHECK(later.take() == "called");

    client.connect(std::nullopt, [](const sw::Result& result) { result.check(); });
    CHECK(contains(errors.take(), "given up after 1 try"));
}

static void a_throw_inside_an_error_handler_makes_no_second_one() {
    Channel<std::string> seen;
    Client client(nowhere());
    client.on(sw::Kind::error, [&](const sw::Event& event) {
        seen.put(std::string(event.code()));
        throw std::runtime_error("again");
    });
    fail_once(client);
    CHECK(seen.take() == "attempts_exhausted");
    client.disconnect_wait();
    CHECK(seen.size() == 0);
}

int main() {
    return run_tests({
        {"on takes any callable", on_takes_any_callable},
        {"once is called once and dropped", once_is_called_once_and_dropped},
        {"off ends a listener", off_ends_a_listener},
        {"off works inside its own callback", off_works_inside_its_own_callback},
        {"a handler is dropped where on fails", a_handler_is_dropped_where_on_fails},
        {"a throw is an error event of source callback", a_throw_is_an_error_event_of_source_callback},
        {"a throw inside an error handler makes no second one", a_throw_inside_an_error_handler_makes_no_second_one},
    });
}
