/* Every option, as a method. */
#include "check.hpp"

/** The text of the error that a client gives for this config. */
static std::string refused(const sw::Config& config) {
    return CHECK_THROWS(sw::Status::invalid_argument, Client{config});
}

static sw::Config config() { return sw::Config("ws://127.0.0.1:1/ws"); }

static void every_option_can_be_set() {
    sw::Config config("ws://127.0.0.1:1/ws");
    config.url("wss://127.0.0.1:1/ws")
        .reconnect_interval(500ms)
        .reconnect_backoff_multiplier(2)
        .max_reconnect_backoff(1min)
        .max_connect_attempts(3)
        .max_connect_attempts(sw::unlimited)
        .max_reconnect_attempts(0)
        .max_reconnect_attempts(sw::unlimited)
        .stable_after(0ms)
        .connect_timeout(2s)
        .heartbeat_interval(0ms)
        .heartbeat_timeout(1s)
        .max_queued_messages(10)
        .max_queued_bytes(1000)
        .overflow(sw::Overflow::drop_oldest)
        .max_pending_events(10)
        .max_pending_bytes(1000)
        .conflate(sw::Conflate::never)
        .max_message_size(1000)
        .stall_timeout(0ms)
        .seed(7)
        .token("secret")
        .token(std::nullopt)
        .header("X-Team", "blue")
        .protocol("steadywire.v1")
        .dispatch(sw::Dispatch::poll)
        .terminal_status("verworfen", sw::Terminal::error)
        .cursors("{}")
        .tls_ca(std::nullopt)
        .tls_client_cert(std::nullopt, std::nullopt)
        .tls_min_version(sw::TlsVersion::tls_1_3)
        .tls_server_name("example.org")
        .tls_dangerously_accept_any_certificate(true)
        .proxy("socks5://127.0.0.1:1")
        .proxy(std::nullopt)
        .proxy_from_environment()
        .disposition(4000, sw::Disposition::fatal)
        .json("reconnectInterval", "250");
    Client client(config);
}

static void each_setter_sets_its_own_option() {
    auto said = [](const sw::Config& config, const char* option) { CHECK(contains(refused(config), option)); };
    const auto long_time = 3000000ms;
    const std::size_t large = std::size_t(1) << 31;
    said(config().reconnect_interval(long_time), "reconnectInterval");
    said(config().reconnect_backoff_multiplier(0.5), "reconnectBackoffMultiplier");
    said(config().max_reconnect_backoff(long_time), "maxReconnectBackoff");
    said(config().max_connect_attempts(0), "maxConnectAttempts");
    said(config().stable_after(long_time), "stableAfter");
    said(config().connect_timeout(0ms), "connectTimeout");
    said(config().heartbeat_interval(long_time), "heartbeatInterval");
    said(config().heartbeat_timeout(0ms), "heartbeatTimeout");
    said(config().max_queued_messages(large), "maxQueuedMessages");
    said(config().max_queued_bytes(large), "maxQueuedBytes");
    said(config().max_pending_events(0), "maxPendingEvents");
    said(config().max_pending_bytes(0), "maxPendingBytes");
    said(config().max_message_size(0), "maxMessageSize");
    said(config().stall_timeout(long_time), "stallTimeout");
    said(config().tls_ca("no certificate"), "tls");
    said(config().tls_client_cert("no certificate", std::nullopt), "tls");
    said(config().tls_server_name(""), "tls");
    said(config().proxy("ftp://127.0.0.1"), "proxy");
}

static void a_negative_time_is_refused_by_name() {
    CHECK(contains(CHECK_THROWS(sw::Status::invalid_argument, config().stable_after(-1ms)), "stableAfter"));
    CHECK(contains(CHECK_THROWS(sw::Status::invalid_argument, config().stall_timeout(-1s)), "stallTimeout"));
}

static void what_can_be_told_at_once_is_told_at_once() {
    CHECK_THROWS(sw::Status::invalid_argument, config().overflow(static_cast<sw::Overflow>(77)));
    CHECK_THROWS(sw::Status::invalid_argument, config().conflate(static_cast<sw::Conflate>(77)));
    CHECK_THROWS(sw::Status::invalid_argument, config().dispatch(static_cast<sw::Dispatch>(77)));
    CHECK_THROWS(sw::Status::invalid_argument, config().tls_min_version(static_cast<sw::TlsVersion>(77)));
    CHECK_THROWS(sw::Status::invalid_argument, config().terminal_status("x", static_cast<sw::Terminal>(77)));
    CHECK_THROWS(sw::Status::invalid_argument, config().disposition(4000, static_cast<sw::Disposition>(77)));
    CHECK_THROWS(sw::Status::invalid_argument, config().cursors("["));
    CHECK_THROWS(sw::Status::unknown_option, config().json("reconectInterval", "250"));
    CHECK_THROWS(sw::Status::invalid_argument, config().json("reconnectInterval", "{"));
}

static void a_config_is_copied_by_the_clients_made_with_it() {
    sw::Config config = nowhere();
    Client first(config);
    config.url("http://no");
    Client second(nowhere());
    CHECK_THROWS(sw::Status::invalid_url, Client{config});
    CHECK_THROWS(sw::Status::attempts_exhausted, first.connect_wait());
}

static void a_config_moves() {
    sw::Config first = nowhere();
    sw::Config second = std::move(first);
    CHECK_THROWS(sw::Status::invalid_argument, first.seed(1));
    second.seed(1);
    first = std::move(second);
    first.seed(2);
    CHECK(second.get() == nullptr);
}

int main() {
    return run_tests({
        {"every option can be set", every_option_can_be_set},
        {"each setter sets its own option", each_setter_sets_its_own_option},
        {"a negative time is refused by name", a_negative_time_is_refused_by_name},
        {"what can be told at once is told at once", what_can_be_told_at_once_is_told_at_once},
        {"a config is copied by the clients made with it", a_config_is_copied_by_the_clients_made_with_it},
        {"a config moves", a_config_moves},
    });
}
