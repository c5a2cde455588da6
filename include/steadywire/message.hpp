#ifndef STEADYWIRE_MESSAGE_HPP
#define STEADYWIRE_MESSAGE_HPP

/* Messages to be sent, and what became of them. Part of steadywire.hpp. */

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "error.hpp"
#include "event.hpp"

namespace steadywire {

/** The final state of a message. Unknown values will appear in later versions. */
enum class ReceiptState : steadywire_receipt_kind {
    /**
     * The link carried it: a sign of life came after it, or, where none has to come (heartbeats are off, or a browser's
     * server answers none), the link lasted for a heartbeat's interval more.
     */
    written = STEADYWIRE_RECEIPT_WRITTEN,
    /** The server has taken it. */
    acked = STEADYWIRE_RECEIPT_ACKED,
    /** The server refused it; see Receipt::message(). */
    rejected = STEADYWIRE_RECEIPT_REJECTED,
    /** It never left; see Receipt::drop_reason(). */
    dropped = STEADYWIRE_RECEIPT_DROPPED,
    /** The link broke before anybody could tell. */
    unknown = STEADYWIRE_RECEIPT_UNKNOWN,
};

/** Why a message never left. Unknown values will appear in later versions. */
enum class DropReason : steadywire_drop_reason {
    /** A newer progress message of its task took its place. */
    superseded = STEADYWIRE_DROPPED_SUPERSEDED,
    /** The outbox was full. */
    overflow = STEADYWIRE_DROPPED_OVERFLOW,
    /** A disconnect came first. */
    disconnected = STEADYWIRE_DROPPED_DISCONNECTED,
    /** Every allowed attempt was made. */
    given_up = STEADYWIRE_DROPPED_GIVEN_UP,
    /** The server refused the client for good. */
    refused = STEADYWIRE_DROPPED_REFUSED,
    /** The client was closed. */
    closed = STEADYWIRE_DROPPED_CLOSED,
    /** A heartbeat, which is sent now or not at all. */
    not_connected = STEADYWIRE_DROPPED_NOT_CONNECTED,
};

/** The name of why a message never left, such as "superseded". A constant. */
inline const char* name(DropReason reason) noexcept {
    return steadywire_drop_reason_name(static_cast<steadywire_drop_reason>(reason));
}

/** What became of a message that was sent: its one final state. A value like any other. */
class Receipt {
public:
    /** Reads a receipt of C, which stays with whoever has it. */
    explicit Receipt(const steadywire_receipt* receipt)
        : state_(static_cast<ReceiptState>(steadywire_receipt_state(receipt))),
          drop_reason_(detail::unless_negative<DropReason>(steadywire_receipt_drop_reason(receipt))),
          ack_unsupported_(steadywire_receipt_ack_unsupported(receipt)),
          message_(detail::view(steadywire_receipt_message, receipt)) {}

    /** What became of it. */
    ReceiptState state() const noexcept { return state_; }
    /** Whether the server has taken it: it said so. */
    bool is_acked() const noexcept { return state_ == ReceiptState::acked; }
    /** Why it never left; empty where it did. */
    std::optional<DropReason> drop_reason() const noexcept { return drop_reason_; }
    /** Whether an acknowledgement was asked for and the server has none to give. */
    bool ack_unsupported() const noexcept { return ack_unsupported_; }
    /** What the server said when it refused the message; empty where it did not. */
    const std::string& message() const noexcept { return message_; }

private:
    ReceiptState state_;
    std::optional<DropReason> drop_reason_;
    bool ack_unsupported_;
    std::string message_;
};

/**
 * A message to be sent: made for one type, given more with the setters, sent any number of times over any client. A
 * worker's own task is better reported by a Reporter.
 *
 *     client.send(Message::log("build-7", Level::warn, "low on space").metadata(R"({"free":12})"));
 *
 * Everything here throws Error for what makes no sense.
 */
class Message {
public:
    /** Takes over a message of C. */
    explicit Message(steadywire_message* message) noexcept : handle_(message) {}

    /** How far a task is, 0 to 100; what lies outside is taken as 0 or 100. */
    static Message progress(std::string_view task, double progress) {
        return make(
            [&](auto** out) { return steadywire_message_new_progress(task.data(), task.size(), progress, out); });
    }
    /** A log line of a task. */
    static Message log(std::string_view task, Level level, std::string_view line) {
        return make([&](auto** out) {
            return steadywire_message_new_log(task.data(), task.size(), static_cast<steadywire_level>(level),
                                              line.data(), line.size(), out);
        });
    }
    /** What a task says of itself: any JSON, as text. */
    static Message status(std::string_view task, std::string_view data) {
        return make([&](auto** out) {
            return steadywire_message_new_status(task.data(), task.size(), data.data(), data.size(), out);
        });
    }
    /** A task ended well, with any JSON, as text. */
    static Message complete(std::string_view task, std::string_view data) {
        return make([&](auto** out) {
            return steadywire_message_new_complete(task.data(), task.size(), data.data(), data.size(), out);
        });
    }
    /** A task failed, with a text for people. */
    static Message error(std::string_view task, std::string_view reason) {
        return make([&](auto** out) {
            return steadywire_message_new_error(task.data(), task.size(), reason.data(), reason.size(), out);
        });
    }
    /** A heartbeat, which is sent now or not at all. The task may be empty. */
    static Message heartbeat(std::string_view task) {
        return make([&](auto** out) { return steadywire_message_new_heartbeat(task.data(), task.size(), out); });
    }
    /** A message of a type of the program's own, none of the protocol's. */
    static Message other(std::string_view type, std::string_view task) {
        return make([&](auto** out) {
            return steadywire_message_new_other(type.data(), type.size(), task.data(), task.size(), out);
        });
    }

    /** The stage a task is in, of a progress message. */
    Message& stage(std::string_view stage) & { return set(steadywire_message_set_stage, stage); }
    /** The text for people, of a progress message, a log line or an error. */
    Message& text(std::string_view text) & { return set(steadywire_message_set_text, text); }
    /** The code of an error, in words of the program's own. */
    Message& code(std::string_view code) & { return set(steadywire_message_set_code, code); }
    /** What belongs to a log line: a JSON object, as text. */
    Message& metadata(std::string_view metadata) & { return set(steadywire_message_set_metadata, metadata); }
    /** The data of a status, complete or error message or of a type of the program's own: any JSON, as text. */
    Message& data(std::string_view data) & { return set(steadywire_message_set_data, data); }
    /** The time. Default: the moment of sending. */
    Message& timestamp(Timestamp time) & {
        detail::check(steadywire_message_set_timestamp(get(), time.time_since_epoch().count()));
        return *this;
    }
    /**
     * Asks the server to acknowledge the message, and sends it again on every new link until it does. Default false.
     */
    Message& ack(bool ack) & {
        detail::check(steadywire_message_set_ack(get(), ack));
        return *this;
    }

    Message&& stage(std::string_view text) && { return std::move(stage(text)); }
    Message&& text(std::string_view line) && { return std::move(text(line)); }
    Message&& code(std::string_view word) && { return std::move(code(word)); }
    Message&& metadata(std::string_view json) && { return std::move(metadata(json)); }
    Message&& data(std::string_view json) && { return std::move(data(json)); }
    Message&& timestamp(Timestamp time) && { return std::move(timestamp(time)); }
    Message&& ack(bool wanted) && { return std::move(ack(wanted)); }

    /** The message of C, for programs that use both. */
    steadywire_message* get() const noexcept { return handle_.get(); }

private:
    template <class New>
    static Message make(New&& create) {
        steadywire_message* message = nullptr;
        detail::check(create(&message));
        return Message(message);
    }

    Message& set(steadywire_status (*setter)(steadywire_message*, const char*, std::size_t), std::string_view text) {
        detail::check(setter(get(), text.data(), text.size()));
        return *this;
    }

    detail::Handle<steadywire_message, steadywire_message_free> handle_;
};

}  // namespace steadywire

#endif  // STEADYWIRE_MESSAGE_HPP
