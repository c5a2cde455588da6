#ifndef STEADYWIRE_EVENT_HPP
#define STEADYWIRE_EVENT_HPP

/* Events: a view of one, and one that is kept. Part of steadywire.hpp. */

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "error.hpp"

namespace steadywire {

class ClientRef;
class OwnedEvent;

/** What kind of event it is. Unknown values will appear in later versions; leave them alone. */
enum class Kind : steadywire_kind {
    /** Of all kinds: for ClientRef::on(). */
    any = STEADYWIRE_EVENT_ANY,
    /** How far a task is: task_id, stage, progress, message, timestamp. */
    progress = STEADYWIRE_EVENT_PROGRESS,
    /** A log line of a task: task_id, level, message, metadata, timestamp. */
    log = STEADYWIRE_EVENT_LOG,
    /** What a task says of itself: task_id, data, timestamp. */
    status = STEADYWIRE_EVENT_STATUS,
    /**
     * A task failed, or the link, or a message, or a callback: source, code, error, message, task_id, data, fatal,
     * synthetic, timestamp.
     */
    error = STEADYWIRE_EVENT_ERROR,
    /** A task ended well: task_id, data, synthetic, timestamp. */
    complete = STEADYWIRE_EVENT_COMPLETE,
    /** A heartbeat of the server: task_id, timestamp. */
    heartbeat = STEADYWIRE_EVENT_HEARTBEAT,
    /** A message of a type that the protocol does not know: type, task_id, raw. */
    message = STEADYWIRE_EVENT_MESSAGE,
    /**
     * The state of the connection changed: state, previous, reason, generation, close_code, http_status, will_retry.
     */
    state_change = STEADYWIRE_EVENT_STATE_CHANGE,
    /** An attempt failed or a link was lost, and the next attempt is set: attempt, next_delay, reason. */
    retry = STEADYWIRE_EVENT_RETRY,
    /** A link is up: generation. */
    connected = STEADYWIRE_EVENT_CONNECTED,
    /** A link that was up is gone: generation, close_code, reason. */
    disconnected = STEADYWIRE_EVENT_DISCONNECTED,
    /** A subscription ended without an outcome: task_id, lost_reason, reason. */
    lost = STEADYWIRE_EVENT_LOST,
    /** Messages of a task are known to be missing: task_id, gap_from, gap_to, epoch. */
    gap = STEADYWIRE_EVENT_GAP,
    /** Log lines were dropped because the callbacks were too slow: overflow_count. */
    overflow = STEADYWIRE_EVENT_OVERFLOW,
};

/** The state of a client's connection. Unknown values will appear in later versions. */
enum class State : steadywire_state {
    /** Never started, or the program asked for it. */
    disconnected = STEADYWIRE_STATE_DISCONNECTED,
    /** Not yet up since the connect. */
    connecting = STEADYWIRE_STATE_CONNECTING,
    /** Up. */
    connected = STEADYWIRE_STATE_CONNECTED,
    /** Was up and is being restored. */
    reconnecting = STEADYWIRE_STATE_RECONNECTING,
    /** Stopped for good until the next connect or reconnect. */
    error = STEADYWIRE_STATE_ERROR,
};

/** How important a log line is. Unknown values will appear in later versions. */
enum class Level : steadywire_level {
    /** Detail for those who look for a fault. */
    debug = STEADYWIRE_LEVEL_DEBUG,
    /** What happens. */
    info = STEADYWIRE_LEVEL_INFO,
    /** Something to look at. */
    warn = STEADYWIRE_LEVEL_WARN,
    /** Something failed. */
    error = STEADYWIRE_LEVEL_ERROR,
};

/** Where an error event comes from. Unknown values will appear in later versions. */
enum class ErrorSource : steadywire_error_source {
    /** The task failed: this is its outcome, unless it is not fatal. */
    task = STEADYWIRE_SOURCE_TASK,
    /** The link failed. */
    transport = STEADYWIRE_SOURCE_TRANSPORT,
    /** The server sent something that is not of this protocol. */
    protocol = STEADYWIRE_SOURCE_PROTOCOL,
    /** The server refused the credentials. */
    auth = STEADYWIRE_SOURCE_AUTH,
    /** A callback of the program failed. */
    callback = STEADYWIRE_SOURCE_CALLBACK,
};

/** Why a subscription ended without an outcome. Unknown values will appear in later versions. */
enum class LostReason : steadywire_lost_reason {
    /** The program disconnected. */
    disconnected = STEADYWIRE_LOST_DISCONNECTED,
    /** Every allowed attempt was made. */
    given_up = STEADYWIRE_LOST_GIVEN_UP,
    /** The server refused the client for good. */
    refused = STEADYWIRE_LOST_REFUSED,
    /** The server no longer knows the task. */
    forgotten = STEADYWIRE_LOST_FORGOTTEN,
    /** It was unsubscribed while something waited for it. */
    unsubscribed = STEADYWIRE_LOST_UNSUBSCRIBED,
    /** The client was closed. */
    closed = STEADYWIRE_LOST_CLOSED,
};

/** The name of a kind of event, such as "stateChange". A constant. */
inline const char* name(Kind kind) noexcept { return steadywire_kind_name(static_cast<steadywire_kind>(kind)); }

/** The name of a state, such as "reconnecting". A constant. */
inline const char* name(State state) noexcept { return steadywire_state_name(static_cast<steadywire_state>(state)); }

/** The name of a level, such as "warn". A constant. */
inline const char* name(Level level) noexcept { return steadywire_level_name(static_cast<steadywire_level>(level)); }

/** The name of where an error comes from, such as "transport". A constant. */
inline const char* name(ErrorSource source) noexcept {
    return steadywire_error_source_name(static_cast<steadywire_error_source>(source));
}

/** The name of why a task was lost, such as "givenUp". A constant. */
inline const char* name(LostReason reason) noexcept {
    return steadywire_lost_reason_name(static_cast<steadywire_lost_reason>(reason));
}

/** A time of day, to the millisecond. */
using Timestamp = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

/**
 * A view of one event, which belongs to the library: what a callback is given is valid during the call and on its
 * thread, what Follow gives until its next. clone() keeps one.
 *
 * Everything may be asked of every event: what an event does not have is an empty text, an empty optional, 0 or false.
 * Texts belong to their event, end with a NUL and may hold others.
 */
class Event {
public:
    /** A view of an event of C, for programs that use both. */
    explicit Event(const steadywire_event* event) noexcept : event_(event) {}
    Event(const Event&) = delete;
    Event& operator=(const Event&) = delete;

    /** Keeps the event: copies it. Throws Error. */
    OwnedEvent clone() const;

    /** The client whose event it is, to be called inside the callback. */
    ClientRef client() const noexcept;

    Kind kind() const noexcept { return static_cast<Kind>(steadywire_event_kind(event_)); }

    /** The task the event concerns; empty where it concerns none. */
    std::string_view task_id() const noexcept { return detail::view(steadywire_event_task_id, event_); }
    /** The stage a task is in, of a progress event. */
    std::string_view stage() const noexcept { return detail::view(steadywire_event_stage, event_); }
    /** The text for people, of a progress, log or error event. */
    std::string_view message() const noexcept { return detail::view(steadywire_event_message, event_); }
    /**
     * Why, for people and logs: of a state change, a disconnected and a retry event (there, what made it necessary),
     * and of a lost event as a word, see lost_reason().
     */
    std::string_view reason() const noexcept { return detail::view(steadywire_event_reason, event_); }
    /** The code of an error event: a task's own, or where the library made the event the name of error(). */
    std::string_view code() const noexcept { return detail::view(steadywire_event_code, event_); }
    /** What came with a status, complete or error event: any JSON, as text. */
    std::string_view data() const noexcept { return detail::view(steadywire_event_data, event_); }
    /** What belongs to a log line: a JSON object, as text. */
    std::string_view metadata() const noexcept { return detail::view(steadywire_event_metadata, event_); }
    /** The type of a message event. */
    std::string_view type() const noexcept { return detail::view(steadywire_event_type, event_); }
    /** The whole frame of a message event, as it came. */
    std::string_view raw() const noexcept { return detail::view(steadywire_event_raw, event_); }
    /** The run of a task's history in which messages are missing, of a gap event. */
    std::string_view epoch() const noexcept { return detail::view(steadywire_event_epoch, event_); }
    /** The whole event as a JSON object, in the shape that every language of this library logs. */
    std::string_view to_json() const noexcept { return detail::view(steadywire_event_to_json, event_); }

    /** When it happened, by the clock of who said so. */
    std::optional<Timestamp> timestamp() const noexcept {
        const auto time = detail::unless_negative<std::chrono::milliseconds>(steadywire_event_timestamp(event_));
        return time ? std::optional(Timestamp(*time)) : std::nullopt;
    }
    /** How far a task is, 0 to 100, of a progress event. */
    std::optional<double> progress() const noexcept {
        return detail::unless_negative<double>(steadywire_event_progress(event_));
    }
    /** How important a log line is. */
    std::optional<Level> level() const noexcept {
        return detail::unless_negative<Level>(steadywire_event_level(event_));
    }
    /** Where an error comes from. */
    std::optional<ErrorSource> source() const noexcept {
        return detail::unless_negative<ErrorSource>(steadywire_event_source(event_));
    }
    /**
     * What went wrong, of an error that the library found; Status::ok where a task's own code says it, and for other
     * events.
     */
    Status error() const noexcept { return static_cast<Status>(steadywire_event_error(event_)); }
    /** Whether, of an error event, the task or the connection is over. */
    bool fatal() const noexcept { return steadywire_event_fatal(event_); }
    /** Whether a complete or error event was made from the task's status because its own last message did not come. */
    bool synthetic() const noexcept { return steadywire_event_synthetic(event_); }
    /** The state now, of a state change. */
    std::optional<State> state() const noexcept {
        return detail::unless_negative<State>(steadywire_event_state(event_));
    }
    /** The state before, of a state change. */
    std::optional<State> previous() const noexcept {
        return detail::unless_negative<State>(steadywire_event_previous(event_));
    }
    /** The number of the transport that a state change, a connected or a disconnected event concerns; or 0. */
    std::uint32_t generation() const noexcept { return steadywire_event_generation(event_); }
    /** The WebSocket close code that caused a state change or a disconnected event. */
    std::optional<std::int32_t> close_code() const noexcept {
        return detail::unless_negative<std::int32_t>(steadywire_event_close_code(event_));
    }
    /** The HTTP status that caused a state change. */
    std::optional<std::int32_t> http_status() const noexcept {
        return detail::unless_negative<std::int32_t>(steadywire_event_http_status(event_));
    }
    /** Whether the client goes on trying, of a state change. */
    bool will_retry() const noexcept { return steadywire_event_will_retry(event_); }
    /** Which attempt comes next, counted from 1 since the link was last stable, of a retry event; 0 for others. */
    std::uint32_t attempt() const noexcept { return steadywire_event_attempt(event_); }
    /** How long until the next attempt, of a retry event. */
    std::optional<std::chrono::milliseconds> next_delay() const noexcept {
        return detail::unless_negative<std::chrono::milliseconds>(steadywire_event_next_delay_ms(event_));
    }
    /** Why a subscription ended without an outcome, of a lost event. */
    std::optional<LostReason> lost_reason() const noexcept {
        return detail::unless_negative<LostReason>(steadywire_event_lost_reason(event_));
    }
    /** The first position that is missing, of a gap event. */
    std::optional<std::int64_t> gap_from() const noexcept {
        return detail::unless_negative<std::int64_t>(steadywire_event_gap_from(event_));
    }
    /** The last position that is missing, of a gap event; empty where nobody can know. */
    std::optional<std::int64_t> gap_to() const noexcept {
        return detail::unless_negative<std::int64_t>(steadywire_event_gap_to(event_));
    }
    /** How many log lines were dropped, of an overflow event; 0 for others. */
    std::uint64_t overflow_count() const noexcept { return steadywire_event_overflow_count(event_); }

    /** The event of C, for programs that use both. */
    const steadywire_event* get() const noexcept { return event_; }

protected:
    const steadywire_event* event_;
};

/** An event that was kept: may be read on any thread, also when its client is gone. */
class OwnedEvent : public Event {
public:
    /** Takes over a copy that steadywire_event_clone() made. */
    explicit OwnedEvent(steadywire_event* event) noexcept : Event(event), owned_(event) {}
    OwnedEvent(OwnedEvent&& other) noexcept : OwnedEvent(other.release()) {}
    OwnedEvent& operator=(OwnedEvent&& other) noexcept {
        if (this != &other) {
            owned_ = Owned(other.release());
            event_ = owned_.get();
        }
        return *this;
    }
    ~OwnedEvent() = default;

    /** Gives the copy away, to be freed with steadywire_event_free(). */
    steadywire_event* release() noexcept {
        event_ = nullptr;
        return owned_.release();
    }

private:
    using Owned = detail::Handle<steadywire_event, steadywire_event_free>;
    Owned owned_;
};

inline OwnedEvent Event::clone() const {
    steadywire_event* copy = nullptr;
    detail::check(steadywire_event_clone(event_, &copy));
    return OwnedEvent(copy);
}

}  // namespace steadywire

#endif  // STEADYWIRE_EVENT_HPP
