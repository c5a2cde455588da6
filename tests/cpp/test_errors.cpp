/* Statuses, Error and Result. */
#include <algorithm>
#include <iterator>

#include "check.hpp"

static void names_and_kinds() {
    CHECK(std::string(sw::name(sw::Status::queue_full)) == "queue_full");
    CHECK(std::string(sw::name(static_cast<sw::Status>(12345))) == "unknown");
    CHECK(sw::is_retryable(sw::Status::timeout));
    CHECK(!sw::is_retryable(sw::Status::invalid_url));

    const std::string names[] = {
        sw::name(sw::Kind::state_change),
        sw::name(sw::State::reconnecting),
        sw::name(sw::Level::warn),
        sw::name(sw::ErrorSource::transport),
        sw::name(sw::LostReason::given_up),
        sw::name(sw::DropReason::superseded),
        sw::name(static_cast<sw::Kind>(12345)),
    };
    const char* expected[] = {"stateChange", "reconnecting", "warn", "transport", "givenUp", "superseded", "unknown"};
    CHECK(std::equal(std::begin(names), std::end(names), std::begin(expected)));

    sw::Error error(sw::Status::connect_timeout, "too slow");
    CHECK(error.status() == sw::Status::connect_timeout);
    CHECK(std::string(error.name()) == "connect_timeout");
    CHECK(error.is_retryable());
    CHECK(std::string(error.what()) == "too slow");
}

static void an_error_is_an_exception_with_the_text_of_the_library() {
    bool caught = false;
    try {
        Client client(sw::Config("http://example.org"));
    } catch (const std::runtime_error& error) {
        caught = true;
        CHECK(contains(error.what(), "ws://"));
    }
    CHECK(caught);
    CHECK_THROWS(sw::Status::invalid_url, Client(sw::Config("http://example.org")));
}

static void text_that_is_not_utf8_is_refused() {
    CHECK_THROWS(sw::Status::invalid_argument, sw::Config("ws://\xff"));
    Client client(nowhere());
    CHECK_THROWS(sw::Status::invalid_argument, client.subscribe("\xff"));
    CHECK_THROWS(sw::Status::invalid_argument, client.subscribe(""));
    CHECK_THROWS(sw::Status::invalid_argument, client.subscribe(std::string_view()));
    CHECK_THROWS(sw::Status::invalid_argument, client.connect(""));
    CHECK_THROWS(sw::Status::invalid_argument, client.connect(std::string_view()));
}

static void a_result_is_good_or_throws() {
    sw::Result good(sw::Status::ok, "");
    CHECK(static_cast<bool>(good));
    good.check();
    sw::Result bad(sw::Status::refused, "no");
    CHECK(!bad);
    CHECK(bad.status() == sw::Status::refused);
    CHECK(bad.message() == "no");
    CHECK(CHECK_THROWS(sw::Status::refused, bad.check()) == "no");
}

static void the_loaded_library_is_the_one_of_the_header() {
    CHECK(sw::abi_version() == STEADYWIRE_ABI_VERSION);
    CHECK(std::string(sw::version()).size() >= 5);
}

int main() {
    return run_tests({
        {"names and kinds", names_and_kinds},
        {"an error is an exception with the text of the library",
         an_error_is_an_exception_with_the_text_of_the_library},
        {"text that is not UTF-8 is refused", text_that_is_not_utf8_is_refused},
        {"a result is good or throws", a_result_is_good_or_throws},
        {"the loaded library is the one of the header", the_loaded_library_is_the_one_of_the_header},
    });
}
