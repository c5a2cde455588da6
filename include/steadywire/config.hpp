#ifndef STEADYWIRE_CONFIG_HPP
#define STEADYWIRE_CONFIG_HPP

/* Options. Part of steadywire.hpp. */

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "callback.hpp"
#include "classify.hpp"
#include "credentials.hpp"
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

/** Where the callbacks of a client run. Unknown values will appear in later versions. */
enum class Dispatch : steadywire_dispatch {
    /** On a thread of the library. One at a time for each client; clients do not wait for each other. */
    thread = STEADYWIRE_DISPATCH_THREAD,
    /** Inside ClientRef::poll(), on the program's thread: for programs with a loop of their own. */
    poll = STEADYWIRE_DISPATCH_POLL,
};

/** A version of TLS. Unknown values will appear in later versions. */
enum class TlsVersion : steadywire_tls_version {
    /** TLS 1.2. */
    tls_1_2 = STEADYWIRE_TLS_1_2,
    /** TLS 1.3. */
    tls_1_3 = STEADYWIRE_TLS_1_3,
};

/** A task's outcome in its status words. */
enum class Terminal : steadywire_terminal {
    /** The word ends no task. */
    none = STEADYWIRE_TERMINAL_NONE,
    /** The task ended well. */
    complete = STEADYWIRE_TERMINAL_COMPLETE,
    /** The task ended in an error. */
    error = STEADYWIRE_TERMINAL_ERROR,
};

/** A number of tries without an end. */
inline constexpr std::nullopt_t unlimited = std::nullopt;

/**
 * Options of a client: made, changed, given to any number of clients, which copy it.
 *
 *     steadywire::Config config("wss://tasks.example.org/ws");
 *     config.token(secret).reconnect_interval(500ms).max_reconnect_attempts(steadywire::unlimited);
 *
 * Every method changes one option and throws Error for a value that can be told to be wrong at once; whether a number
 * is within its bounds is said by Client's constructor, which names the option. 0 is a value, not "the default".
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

    /**
     * What is sent as "Authorization: Bearer"; nullopt, the default, for nothing. It appears in no log and no error.
     */
    Config& token(std::optional<std::string_view> token) {
        return done(steadywire_config_set_token(get(), detail::start(token), detail::length(token)));
    }

    /** Adds a header to the upgrade request. Default none. */
    Config& header(std::string_view name, std::string_view value) {
        return done(steadywire_config_add_header(get(), name.data(), name.size(), value.data(), value.size()));
    }

    /** Adds a subprotocol to offer, the preferred one first. Default none. */
    Config& protocol(std::string_view protocol) {
        return done(steadywire_config_add_protocol(get(), protocol.data(), protocol.size()));
    }

    /** Where callbacks run. Default Dispatch::thread. */
    Config& dispatch(Dispatch dispatch) {
        return done(steadywire_config_set_dispatch(get(), static_cast<steadywire_dispatch>(dispatch)));
    }

    /**
     * What a status word of a task means for it, in any case of its letters, beside or instead of the built-in words:
     * complete, completed, success, succeeded, done and finished end a task well, and error, failed, failure,
     * cancelled, canceled and aborted in an error.
     */
    Config& terminal_status(std::string_view word, Terminal terminal) {
        return done(steadywire_config_set_terminal_status(get(), word.data(), word.size(),
                                                          static_cast<steadywire_terminal>(terminal)));
    }

    /** Where tasks go on, as an earlier client exported it with ClientRef::cursors_json(). Default nowhere. */
    Config& cursors(std::string_view cursors) {
        return done(steadywire_config_set_cursors(get(), cursors.data(), cursors.size()));
    }

    /** Trusts these authorities too, beside those of the system: certificates in PEM; nullopt for none, the default. */
    Config& tls_ca(std::optional<std::string_view> pem) {
        return done(steadywire_config_set_tls_ca(get(), detail::start(pem), detail::length(pem)));
    }

    /**
     * Shows this certificate to a server that asks for one; nullopt twice for none, the default.
     *
     * @param cert in PEM, with those between it and its authority behind it
     * @param key its private key in PEM: PKCS #8, PKCS #1 or SEC 1, not encrypted; it appears in no log and no error
     */
    Config& tls_client_cert(std::optional<std::string_view> cert, std::optional<std::string_view> key) {
        return done(steadywire_config_set_tls_client_cert(get(), detail::start(cert), detail::length(cert),
                                                          detail::start(key), detail::length(key)));
    }

    /** The oldest version of TLS to speak. Default TlsVersion::tls_1_2. */
    Config& tls_min_version(TlsVersion version) {
        return done(steadywire_config_set_tls_min_version(get(), static_cast<steadywire_tls_version>(version)));
    }

    /** The name that the server's certificate must have, instead of the URL's host; nullopt, the default, for that. */
    Config& tls_server_name(std::optional<std::string_view> name) {
        return done(steadywire_config_set_tls_server_name(get(), detail::start(name), detail::length(name)));
    }

    /** Takes every certificate: anybody on the way can read and change everything. For tests. Default false. */
    Config& tls_dangerously_accept_any_certificate(bool accept) {
        return done(steadywire_config_set_tls_dangerously_accept_any_certificate(get(), accept));
    }

    /**
     * The proxy on the way, for every server: http://, https:// or socks5://, with user:password@ where it wants that;
     * nullopt for none, whatever the environment says. Default: see proxy_from_environment().
     */
    Config& proxy(std::optional<std::string_view> url) {
        return done(steadywire_config_set_proxy(get(), detail::start(url), detail::length(url)));
    }

    /**
     * Uses the proxy that the environment names when the client is made, as curl reads it: HTTPS_PROXY, HTTP_PROXY,
     * ALL_PROXY and NO_PROXY, and never for this machine itself. The default.
     */
    Config& proxy_from_environment() { return done(steadywire_config_set_proxy_from_environment(get())); }

    /**
     * Asks `provider(CredentialsRequest&)` for credentials before every attempt: token, headers, subprotocols, url.
     * What the answer leaves out is as configured. It has 30 s of its own, before the connect timeout begins, and may
     * come later: move the request to where it is kept. A provider that throws is a failed attempt.
     *
     * It runs ahead of events, on a thread of the library also while a handler of this client runs on another, or
     * inside Client::poll(). While it has not returned, further attempts fail. It serves one client: the first that is
     * made with these options.
     */
    template <class Provider>
    Config& credentials(Provider&& provider) {
        static_assert(std::is_invocable_v<std::decay_t<Provider>&, CredentialsRequest&>,
                      "a provider is called with a steadywire::CredentialsRequest&");
        auto* box = detail::box(std::forward<Provider>(provider));
        return done(
            steadywire_config_set_credentials(get(), detail::on_credentials<std::decay_t<Provider>>, box, box->drop));
    }

    /** Asks nobody for credentials, the default. */
    Config& credentials(std::nullptr_t) {
        return done(steadywire_config_set_credentials(get(), nullptr, nullptr, nullptr));
    }

    /** What a WebSocket close code or HTTP status means; Disposition::proposed to go back to the library's table. */
    Config& disposition(std::uint16_t code, Disposition disposition) {
        return done(steadywire_config_set_disposition(get(), code, static_cast<steadywire_disposition>(disposition)));
    }

    /**
     * Asks `classifier(const Ending&)` what each end means; it answers with a Disposition within 1 s. Where it throws
     * or is late, the proposal counts. It runs where the provider of credentials does, and serves one client likewise.
     */
    template <class Classifier>
    Config& classify(Classifier&& classifier) {
        static_assert(std::is_invocable_r_v<Disposition, std::decay_t<Classifier>&, const Ending&>,
                      "a classifier is called with a const steadywire::Ending& and returns a steadywire::Disposition");
        auto* box = detail::box(std::forward<Classifier>(classifier));
        return done(steadywire_config_set_classify(get(), detail::on_ending<std::decay_t<Classifier>>, box, box->drop));
    }

    /** Asks nobody, the default. */
    Config& classify(std::nullptr_t) { return done(steadywire_config_set_classify(get(), nullptr, nullptr, nullptr)); }

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

    Handle handle_;
};

}  // namespace steadywire

#endif  // STEADYWIRE_CONFIG_HPP
