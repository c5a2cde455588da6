#ifndef STEADYWIRE_ERROR_HPP
#define STEADYWIRE_ERROR_HPP

/* Statuses and the exception that carries them. Part of steadywire.hpp. */

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

#include "../steadywire.h"

#if !defined(__cpp_exceptions) && !defined(_CPPUNWIND)
#error "steadywire.hpp needs exceptions; without them, use steadywire.h"
#endif

namespace steadywire {

/** What became of a call. Unknown values will appear in later versions: treat them as failures. */
enum class Status : steadywire_status {
    /** Done. */
    ok = STEADYWIRE_OK,
    /** A follow has come to its end. Not an error: steadywire_last_error() is left alone. */
    end = STEADYWIRE_END,
    /** An argument or an option has a value it cannot take. */
    invalid_argument = STEADYWIRE_INVALID_ARGUMENT,
    /** There is no option of that name. */
    unknown_option = STEADYWIRE_UNKNOWN_OPTION,
    /** The URL cannot be used: not a URL, or not `ws://` or `wss://`. */
    invalid_url = STEADYWIRE_INVALID_URL,
    /** A call that waits was made inside a callback; waiting there would never end. */
    would_deadlock = STEADYWIRE_WOULD_DEADLOCK,
    /** The client has been closed for good. */
    closed = STEADYWIRE_CLOSED,
    /** The operation is not possible in the current state. */
    invalid_state = STEADYWIRE_INVALID_STATE,
    /** The client was made in another process, before a fork. */
    forked = STEADYWIRE_FORKED,
    /** This build cannot do that: a feature or platform is missing. */
    unsupported = STEADYWIRE_UNSUPPORTED,
    /** The connection could not be made. */
    connect_failed = STEADYWIRE_CONNECT_FAILED,
    /** The host name could not be resolved. */
    dns_failed = STEADYWIRE_DNS_FAILED,
    /** The TLS handshake failed. */
    tls_failed = STEADYWIRE_TLS_FAILED,
    /** One connection attempt took longer than the connect timeout. */
    connect_timeout = STEADYWIRE_CONNECT_TIMEOUT,
    /** The link broke. */
    connection_lost = STEADYWIRE_CONNECTION_LOST,
    /** The server gave no sign of life within the heartbeat timeout. */
    heartbeat_timeout = STEADYWIRE_HEARTBEAT_TIMEOUT,
    /** The proxy refused or could not be reached. */
    proxy_failed = STEADYWIRE_PROXY_FAILED,
    /** Every allowed attempt has been made. */
    attempts_exhausted = STEADYWIRE_ATTEMPTS_EXHAUSTED,
    /** A disconnect ended what was waiting. */
    disconnected = STEADYWIRE_DISCONNECTED,
    /** Credentials could not be had. */
    credentials_failed = STEADYWIRE_CREDENTIALS_FAILED,
    /** A frame was not a message of this protocol and was rejected. */
    invalid_message = STEADYWIRE_INVALID_MESSAGE,
    /** An inbound message was larger than the configured size. */
    message_too_large = STEADYWIRE_MESSAGE_TOO_LARGE,
    /** The peer broke the WebSocket protocol. */
    protocol_violation = STEADYWIRE_PROTOCOL_VIOLATION,
    /** The server answered the upgrade with something that is not a WebSocket. */
    handshake_failed = STEADYWIRE_HANDSHAKE_FAILED,
    /** The server refused the connection for good. */
    refused = STEADYWIRE_REFUSED,
    /** The server refused the credentials. */
    unauthorized = STEADYWIRE_UNAUTHORIZED,
    /** The server refused a message that was sent. */
    message_refused = STEADYWIRE_MESSAGE_REFUSED,
    /** A task ended with an error (used where an outcome is turned into an error). */
    task_failed = STEADYWIRE_TASK_FAILED,
    /** The server reports trouble of its own, which concerns no followed task and no message of ours. */
    server_error = STEADYWIRE_SERVER_ERROR,
    /** The outbox is full. */
    queue_full = STEADYWIRE_QUEUE_FULL,
    /** A message is larger than the outbox may hold. */
    message_too_large_to_queue = STEADYWIRE_MESSAGE_TOO_LARGE_TO_QUEUE,
    /** A wait took longer than the time it was given. */
    timeout = STEADYWIRE_TIMEOUT,
    /** A bound on the number of something was reached. */
    limit_reached = STEADYWIRE_LIMIT_REACHED,
    /** A defect in this library. */
    internal = STEADYWIRE_INTERNAL,
    /** A callback of the program failed. */
    callback_failed = STEADYWIRE_CALLBACK_FAILED,
};

/** The name of a status, such as "queue_full". A constant. */
inline const char* name(Status status) noexcept {
    return steadywire_status_name(static_cast<steadywire_status>(status));
}

/** Whether the same call can succeed later without a change by the program. */
inline bool is_retryable(Status status) noexcept {
    return steadywire_status_is_retryable(static_cast<steadywire_status>(status));
}

/** A call failed. what() is a text for people: what happened, and what can be done. */
class Error : public std::runtime_error {
public:
    Error(Status status, const std::string& message) : std::runtime_error(message), status_(status) {}

    /** What went wrong, for programs. */
    Status status() const noexcept { return status_; }
    /** The name of the status, such as "queue_full". A constant. */
    const char* name() const noexcept { return steadywire::name(status_); }
    /** Whether the same call can succeed later without a change by the program. */
    bool is_retryable() const noexcept { return steadywire::is_retryable(status_); }

private:
    Status status_;
};

/** The result of a call that was answered later, as its callback is given it. */
class Result {
public:
    Result(Status status, std::string_view message) noexcept : status_(status), message_(message) {}

    /** Whether it was done. */
    explicit operator bool() const noexcept { return status_ == Status::ok; }
    /** Status::ok, or what went wrong. */
    Status status() const noexcept { return status_; }
    /** What went wrong, for people; empty where it was done. Valid during the callback. */
    std::string_view message() const noexcept { return message_; }
    /** Throws Error unless it was done. */
    void check() const {
        if (!*this) {
            throw Error(status_, std::string(message_));
        }
    }

private:
    Status status_;
    std::string_view message_;
};

/** The library's version, such as "0.1.0". */
inline const char* version() noexcept { return steadywire_version(); }

/** The version of the loaded library's binary interface, to be compared with STEADYWIRE_ABI_VERSION. */
inline std::uint32_t abi_version() noexcept { return steadywire_abi_version(); }

/** A time to wait that has no end. */
inline constexpr std::chrono::milliseconds forever = std::chrono::milliseconds::max();

namespace detail {

/** A time to wait, as C takes it. One that is over already is none. */
inline std::int64_t wait_for(std::chrono::milliseconds time) noexcept {
    return time == forever ? STEADYWIRE_FOREVER : time.count() < 0 ? 0 : time.count();
}

/** This thread's last error. */
inline std::string last_error() {
    std::string text(steadywire_last_error(nullptr, 0), '\0');
    steadywire_last_error(text.data(), text.size() + 1);
    return text;
}

/** Throws what a call answered with, unless that is STEADYWIRE_OK. */
inline void check(steadywire_status status) {
    if (status != STEADYWIRE_OK) {
        throw Error(static_cast<Status>(status), last_error());
    }
}

/** A text that need not be there is NULL; one that is there and empty is not. */
inline const char* start(const std::optional<std::string_view>& text) noexcept {
    return !text ? nullptr : text->data() != nullptr ? text->data() : "";
}

inline std::size_t length(const std::optional<std::string_view>& text) noexcept { return text ? text->size() : 0; }

/** A text of C, which belongs to what it was asked of. */
template <class Object>
std::string_view view(const char* (*read)(Object*, std::size_t*), Object* object) noexcept {
    std::size_t length = 0;
    const char* start = read(object, &length);
    return {start, length};
}

/** What C says with a negative number: nothing. */
template <class T, class Number>
std::optional<T> unless_negative(Number number) noexcept {
    return number < 0 ? std::nullopt : std::optional<T>(static_cast<T>(number));
}

/** Owns what a steadywire_..._new() made. */
template <class T, void (*Free)(T*)>
class Handle {
public:
    Handle() noexcept = default;
    explicit Handle(T* handle) noexcept : handle_(handle) {}
    Handle(Handle&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
    Handle& operator=(Handle&& other) noexcept {
        if (this != &other) {
            Free(std::exchange(handle_, std::exchange(other.handle_, nullptr)));
        }
        return *this;
    }
    ~Handle() { Free(handle_); }

    T* get() const noexcept { return handle_; }
    T* release() noexcept { return std::exchange(handle_, nullptr); }

private:
    T* handle_ = nullptr;
};

}  // namespace detail
}  // namespace steadywire

#endif  // STEADYWIRE_ERROR_HPP
