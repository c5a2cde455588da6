#ifndef STEADYWIRE_CONFIG_HPP
#define STEADYWIRE_CONFIG_HPP

/* Options. Part of steadywire.hpp. */

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "error.hpp"

namespace steadywire {

/** What a full outbox does with a progress message or log line. Unknown values will appear in later versions. */
enum class Overflow : steadywire_overflow {
    /** Sending fails with Status::queue_full. */
    reject = STEADYWIRE_OVERFLOW_REJECT,
    /** The oldest waiting log line is dropped; its receipt says so. */
    drop_oldest = STEADYWIRE_OVERFLOW_DROP_OLDEST,
    /** The new message is dropped; its receipt says so. */
    drop_newest = STEADYWIRE_OVERFLOW_DROP_NEWEST,
};

/** When a newer progress event takes the place of one that still waits for its callback. */
enum class Conflate : steadywire_conflate {
    /** When the callbacks lag: half of a bound is used, or the oldest event waits for over 100 ms. */
    lag = STEADYWIRE_CONFLATE_LAG,
    /** Never: every progress event is delivered, and a full inbox stops reading from the socket. */
    never = STEADYWIRE_CONFLATE_NEVER,
};

/** A number of tries without an end. */
inline constexpr std::nullopt_t unlimited = std::nullopt;

/**
 * Options of a client: made, changed, given to any number of clients, which copy it.
 *
 *     steadywire::Config config("wss://tasks.example.org/ws");
 *     config.token(secret).reconnect_interval(500ms).max_reconnect_attempts(steadywire::unlimited);
 *
 * Every method changes one option and throws Error for a value that can be told to be wrong at once; whether a number is
 * within its bounds is said by Client's constructor, which names the option. 0 is a value, not "the default".
 */
class Config {
public:
    /** Options for the server at `url`, ws:// or wss://, all others at their defaults. */
    explicit Config(std::string_view url) {
        steadywire_config* config = nullptr;
        detail::check(steadywire_config_new(url.data(), url.size(), &config));
        handle_ = Handle(config);
    }

    /** The server, ws:// or wss://. */
    Config& url(std::string_view url) { return done(steadywire_config_set_url(get(), url.data(), url.size())); }

    /** The delay before the first retry. 0 to 2097151 ms, default 1 s. */
    Config& reconnect_interval(std::chrono::milliseconds time) {
        return done(steadywire_config_set_reconnect_interval_ms(get(), number("reconnectInterval", time)));
    }

    /** How much the delay grows with each failed attempt. 1 to 10, default 1.5. */
    Config& reconnect_backoff_multiplier(double multiplier) {
        return done(steadywire_config_set_reconnect_backoff_multiplier(get(), multiplier));
    }

    /** The longest delay between two attempts. 0 to 2097151 ms, default 30 s. */
    Config& max_reconnect_backoff(std::chrono::milliseconds time) {
        return done(steadywire_config_set_max_reconnect_backoff_ms(get(), number("maxReconnectBackoff", time)));
    }

    /**
     * How often the first connect is tried before it fails, from 1, or `unlimited`. Default 5, and unlimited while a
     * follow, a wait or a reporter needs the link.
     */
    Config& max_connect_attempts(std::optional<std::uint32_t> attempts) {
        return done(steadywire_config_set_max_connect_attempts(get(), attempts.value_or(STEADYWIRE_UNLIMITED)));
    }

    /** How often a lost link is tried again; 0 = never. Default `unlimited`. */
    Config& max_reconnect_attempts(std::optional<std::uint32_t> attempts) {
        return done(steadywire_config_set_max_reconnect_attempts(get(), attempts.value_or(STEADYWIRE_UNLIMITED)));
    }

    /** How long a link must have been open to be called stable. 0 to 2097151 ms, default 5 s. */
    Config& stable_after(std::chrono::milliseconds time) {
        return done(steadywire_config_set_stable_after_ms(get(), number("stableAfter", time)));
    }

    /** The time for one attempt: DNS, TCP, proxy, TLS and upgrade. 1 to 2097151 ms, default 10 s. */
    Config& connect_timeout(std::chrono::milliseconds time) {
        return done(steadywire_config_set_connect_timeout_ms(get(), number("connectTimeout", time)));
    }

    /** The time between two heartbeats. 0 to 2097151 ms, default 30 s; 0 turns them off. */
    Config& heartbeat_interval(std::chrono::milliseconds time) {
        return done(steadywire_config_set_heartbeat_interval_ms(get(), number("heartbeatInterval", time)));
    }

    /** In which time a heartbeat must be followed by a sign of life. 1 to 2097151 ms, default 10 s. */
    Config& heartbeat_timeout(std::chrono::milliseconds time) {
        return done(steadywire_config_set_heartbeat_timeout_ms(get(), number("heartbeatTimeout", time)));
    }

    /** How many messages the outbox holds while there is no link. 1 to 2^30, default 1000. */
    Config& max_queued_messages(std::size_t messages) {
        return done(steadywire_config_set_max_queued_messages(get(), messages));
    }

    /** How many bytes of messages the outbox holds. 1 to 2^30, default 1 MiB. */
    Config& max_queued_bytes(std::size_t bytes) { return done(steadywire_config_set_max_queued_bytes(get(), bytes)); }

    /** What a full outbox does with a progress message or log line. Default Overflow::reject. */
    Config& overflow(Overflow overflow) {
        return done(steadywire_config_set_overflow(get(), static_cast<steadywire_overflow>(overflow)));
    }

    /** How many events wait for the callbacks before reading from the network pauses. 1 to 2^30, default 10000. */
    Config& max_pending_events(std::size_t events) {
        return done(steadywire_config_set_max_pending_events(get(), events));
    }

    /** How many bytes of events wait likewise; one event alone may exceed it. 1 to 2^30, default 16 MiB. */
    Config& max_pending_bytes(std::size_t bytes) { return done(steadywire_config_set_max_pending_bytes(get(), bytes)); }

    /** When newer progress of a task replaces progress that still waits. Default Conflate::lag. */
    Config& conflate(Conflate conflate) {
        return done(steadywire_config_set_conflate(get(), static_cast<steadywire_conflate>(conflate)));
    }

    /** The largest inbound message; a larger one ends the link with a clear error. 1 to 2^30 bytes, default 16 MiB. */
    Config& max_message_size(std::size_t bytes) { return done(steadywire_config_set_max_message_size(get(), bytes)); }

    /** How long a task may say nothing before its status is asked for. 0 to 2097151 ms, default 60 s; 0 = never. */
    Config& stall_timeout(std::chrono::milliseconds time) {
        return done(steadywire_config_set_stall_timeout_ms(get(), number("stallTimeout", time)));
    }

    /** The seed of the jitter, so that runs can be repeated. Default random. */
    Config& seed(std::uint32_t seed) { return done(steadywire_config_set_seed(get(), seed)); }

    /** What is sent as "Authorization: Bearer"; nullopt, the default, for nothing. It appears in no log and no error. */
    Config& token(std::optional<std::string_view> token) {
        return done(steadywire_config_set_token(get(), token ? text(*token) : nullptr, token ? token->size() : 0));
    }

    /** Adds a header to the upgrade request. Default none. */
    Config& header(std::string_view name, std::string_view value) {
        return done(steadywire_config_add_header(get(), name.data(), name.size(), value.data(), value.size()));
    }

    /** Adds a subprotocol to offer, the preferred one first. Default none. */
    Config& protocol(std::string_view protocol) {
        return done(steadywire_config_add_protocol(get(), protocol.data(), protocol.size()));
    }

    /**
     * Sets the option of that name, as it is called in every language ("reconnectInterval", times in milliseconds), to
     * a JSON value; `null` is "unlimited" for a number of tries.
     */
    Config& json(std::string_view name, std::string_view value) {
        return done(steadywire_config_set_json(get(), name.data(), name.size(), value.data(), value.size()));
    }

    /** The options of C, for programs that use both. */
    steadywire_config* get() const noexcept { return handle_.get(); }

private:
    using Handle = detail::Handle<steadywire_config, steadywire_config_free>;

    Config& done(steadywire_status status) {
        detail::check(status);
        return *this;
    }

    static std::uint64_t number(const char* option, std::chrono::milliseconds time) {
        if (time.count() < 0) {
            throw Error(Status::invalid_argument, "`" + std::string(option) + "` cannot be negative");
        }
        return static_cast<std::uint64_t>(time.count());
    }

    /** Not NULL, which would say "none". */
    static const char* text(std::string_view text) noexcept { return text.data() != nullptr ? text.data() : ""; }

    Handle handle_;
};

}  // namespace steadywire

#endif  // STEADYWIRE_CONFIG_HPP
