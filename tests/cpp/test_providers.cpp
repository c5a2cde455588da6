/* Functions that a client asks: for credentials, and what an end means. */
#include "check.hpp"

/** A hub that wants the token "secret". */
static sw::Config guarded() {
    const char* url = std::getenv("STEADYWIRE_GUARDED_URL");
    CHECK(url != nullptr);
    return sw::Config(url);
}

static void credentials_are_asked_for_before_each_attempt() {
    Channel<std::string> asked;
    sw::Config config = guarded();
    config.credentials([&, canary = Canary(asked)](sw::CredentialsRequest& request) {
        CHECK(request.attempt() >= 1);
        CHECK(!request.last_close_code());
        if (request.force_refresh()) {
            CHECK(request.http_status() == 401);
            CHECK(!request.reason().empty());
            asked.put("again");
            request.token("secret").header("X-Team", "blue").answer();
        } else {
            CHECK(!request.http_status());
            asked.put("first");
            request.token("stale").answer();
        }
    });
    {
        Client client(config);
        client.connect_wait();
        CHECK(asked.take() == "first");
        CHECK(asked.take() == "again");
        client.disconnect_wait();
    }
    CHECK(asked.take() == "dropped");
}

static void a_request_can_be_answered_later() {
    Channel<sw::CredentialsRequest> requests;
    sw::Config config = guarded();
    config.credentials([&](sw::CredentialsRequest& request) { requests.put(std::move(request)); });
    Client client(config);
    auto connected = client.connect();
    sw::CredentialsRequest request = requests.take();
    CHECK(connected.wait_for(0s) == std::future_status::timeout);
    request.token("secret").answer();
    soon(std::move(connected));
    CHECK(request.get() == nullptr);
    CHECK_THROWS(sw::Status::invalid_argument, request.answer());
    CHECK_THROWS(sw::Status::invalid_argument, request.fail("late"));
    CHECK_THROWS(sw::Status::invalid_argument, request.token("late"));
}

static void an_answer_after_the_client_does_nothing() {
    Channel<sw::CredentialsRequest> requests;
    {
        sw::Config config = guarded();
        config.credentials([&](sw::CredentialsRequest& request) { requests.put(std::move(request)); });
        Client client(config);
        client.connect();
        requests.put(requests.take());
    }
    requests.take().token("secret").answer();
}

static void what_is_not_answered_fails_the_attempt() {
    auto result_of = [](auto provider) {
        sw::Config config = guarded();
        config.max_connect_attempts(1).credentials(std::move(provider));
        Client client(config);
        return CHECK_THROWS(sw::Status::attempts_exhausted, client.connect_wait());
    };
    CHECK(contains(result_of([](sw::CredentialsRequest& request) { request.fail("no key today"); }), "no key today"));
    CHECK(contains(result_of([](sw::CredentialsRequest&) { throw std::runtime_error("vault is shut"); }),
                   "vault is shut"));
    result_of([](sw::CredentialsRequest&) {});
}

static void a_fatal_failure_ends_the_attempts() {
    sw::Config config = guarded();
    config.credentials([](sw::CredentialsRequest& request) { request.fail("locked out", true); });
    Client client(config);
    CHECK(contains(CHECK_THROWS(sw::Status::credentials_failed, client.connect_wait()), "locked out"));
}

static void a_classifier_decides_what_an_end_means() {
    Channel<std::string> asked;
    sw::Config config = guarded();
    config.token("wrong").classify([&](const sw::Ending& ending) {
        CHECK(ending.http_status() == 401);
        CHECK(!ending.close_code());
        CHECK(ending.error() == sw::Status::handshake_failed);
        CHECK(ending.disposition() == sw::Disposition::reauth);
        asked.put(std::string(ending.reason()));
        return sw::Disposition::retry;
    });
    config.max_connect_attempts(2).reconnect_interval(1ms).max_reconnect_backoff(1ms);
    Client client(config);
    CHECK_THROWS(sw::Status::attempts_exhausted, client.connect_wait());
    CHECK(contains(asked.take(), "401"));
}

static void where_a_classifier_throws_the_proposal_counts() {
    sw::Config config = guarded();
    config.token("wrong").classify(
        [](const sw::Ending&) -> sw::Disposition { throw std::runtime_error("on purpose"); });
    Client client(config);
    CHECK_THROWS(sw::Status::unauthorized, client.connect_wait());
}

static void the_table_can_be_changed() {
    sw::Config config = guarded();
    config.token("wrong").disposition(401, sw::Disposition::retry);
    config.max_connect_attempts(2).reconnect_interval(1ms).max_reconnect_backoff(1ms);
    Client retries(config);
    CHECK_THROWS(sw::Status::attempts_exhausted, retries.connect_wait());
    config.disposition(401, sw::Disposition::proposed);
    Client stops(config);
    CHECK_THROWS(sw::Status::unauthorized, stops.connect_wait());
}

static void nobody_is_asked_any_more() {
    Channel<std::string> dropped;
    sw::Config config = guarded();
    config.credentials([canary = Canary(dropped)](sw::CredentialsRequest&) {}).credentials(nullptr);
    CHECK(dropped.take() == "dropped");
    config.classify([canary = Canary(dropped)](const sw::Ending&) { return sw::Disposition::fatal; }).classify(nullptr);
    CHECK(dropped.take() == "dropped");
    config.token("secret");
    Client client(config);
    client.connect_wait();
}

int main() {
    return run_tests({
        {"credentials are asked for before each attempt", credentials_are_asked_for_before_each_attempt},
        {"a request can be answered later", a_request_can_be_answered_later},
        {"an answer after the client does nothing", an_answer_after_the_client_does_nothing},
        {"what is not answered fails the attempt", what_is_not_answered_fails_the_attempt},
        {"a fatal failure ends the attempts", a_fatal_failure_ends_the_attempts},
        {"a classifier decides what an end means", a_classifier_decides_what_an_end_means},
        {"where a classifier throws the proposal counts", where_a_classifier_throws_the_proposal_counts},
        {"the table can be changed", the_table_can_be_changed},
        {"nobody is asked any more", nobody_is_asked_any_more},
    });
}
