#ifndef STEADYWIRE_OUTCOME_HPP
#define STEADYWIRE_OUTCOME_HPP

/* How tasks end. Part of steadywire.hpp. */

#include <chrono>
#include <optional>
#include <string_view>

#include "error.hpp"
#include "event.hpp"

namespace steadywire {

/** How a task ended. Unknown values will appear in later versions. */
enum class Ended : steadywire_ended {
    /** It ended well. */
    complete = STEADYWIRE_ENDED_COMPLETE,
    /** It failed. */
    error = STEADYWIRE_ENDED_ERROR,
    /** Nobody can say: the subscription ended first. */
    lost = STEADYWIRE_ENDED_LOST,
};

/**
 * The end of a task, as a value. One that a callback is given is valid during the call: clone() keeps it. May be read
 * on any thread, also when its client is gone. Texts belong to the outcome.
 */
class Outcome {
public:
    /** Takes over an outcome of C. */
    explicit Outcome(steadywire_outcome* outcome) noexcept : handle_(outcome) {}

    /** Keeps what a callback was given: copies it. Throws Error. */
    Outcome clone() const {
        steadywire_outcome* copy = nullptr;
        detail::check(steadywire_outcome_clone(get(), &copy));
        return Outcome(copy);
    }

    /** How the task ended. */
    Ended kind() const noexcept { return static_cast<Ended>(steadywire_outcome_kind(get())); }
    /** Whether it ended well. */
    explicit operator bool() const noexcept { return kind() == Ended::complete; }
    /** The task. */
    std::string_view task_id() const noexcept { return text(steadywire_outcome_task_id); }
    /** What came with the end, as JSON text; "null" for a lost task. */
    std::string_view data() const noexcept { return text(steadywire_outcome_data); }
    /** What went wrong, a text for people; empty for a task that did not fail. */
    std::string_view message() const noexcept { return text(steadywire_outcome_message); }
    /** The code of what went wrong, in the task's own words, or empty. */
    std::string_view code() const noexcept { return text(steadywire_outcome_code); }
    /** Why the task was lost; empty where it was not. */
    std::optional<LostReason> lost_reason() const noexcept {
        return detail::unless_negative<LostReason>(steadywire_outcome_lost_reason(get()));
    }
    /** When, by the clock of who said so. */
    Timestamp timestamp() const noexcept {
        return Timestamp(std::chrono::milliseconds(steadywire_outcome_timestamp(get())));
    }
    /** Whether it was made from the task's status because its own last message did not come. */
    bool synthetic() const noexcept { return steadywire_outcome_synthetic(get()); }
    /** The whole outcome as a JSON object. */
    std::string_view to_json() const noexcept { return text(steadywire_outcome_to_json); }

    /** The outcome of C, for programs that use both. */
    steadywire_outcome* get() const noexcept { return handle_.get(); }
    /** Gives the outcome away, to be freed with steadywire_outcome_free(). */
    steadywire_outcome* release() noexcept { return handle_.release(); }

private:
    std::string_view text(const char* (*read)(const steadywire_outcome*, std::size_t*)) const noexcept {
        return detail::view<const steadywire_outcome>(read, get());
    }

    detail::Handle<steadywire_outcome, steadywire_outcome_free> handle_;
};

}  // namespace steadywire

#endif  // STEADYWIRE_OUTCOME_HPP
