#ifndef STEADYWIRE_FOLLOW_HPP
#define STEADYWIRE_FOLLOW_HPP

/* The events of one task, one after the other. Part of steadywire.hpp. */

#include <chrono>
#include <cstddef>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "error.hpp"
#include "event.hpp"

namespace steadywire {

/**
 * The events of one task in order, ending after its outcome: a complete event, an error event of ErrorSource::task that
 * is fatal, or a lost event. Made by ClientRef::follow().
 *
 *     for (const steadywire::Event& event : client.follow("build-7")) { ... }
 *
 * An input range: it can be gone through once, and each event is valid until the next is taken; Event::clone() keeps
 * one. Waiting for the next one throws Error, Status::would_deadlock inside a callback of the client. While it lives
 * the task is wanted. It has a queue of its own, of 10,000 events and 16 MiB, so that one that nobody reads stalls
 * nobody: above half of that the latest progress replaces the one that waits, at the bound the oldest log lines go, and
 * an overflow event says how many. The outcome always arrives.
 *
 * One thread at a time takes events. Destroying it is legal anywhere, also inside callbacks.
 */
class Follow {
public:
    class iterator;

    /** Takes over a follow of C. */
    explicit Follow(steadywire_follow* follow) noexcept : handle_(follow) {}
    Follow(Follow&& other) noexcept : handle_(std::move(other.handle_)) { take_event(other); }
    Follow& operator=(Follow&& other) noexcept {
        if (this != &other) {
            handle_ = std::move(other.handle_);
            take_event(other);
        }
        return *this;
    }
    ~Follow() = default;

    /**
     * Waits for the next event, for `timeout` at most; NULL after the outcome. The event is valid until the next call.
     * Throws Error: Status::timeout, Status::would_deadlock; none loses an event.
     */
    const Event* next(std::chrono::milliseconds timeout = forever) {
        event_.reset();
        const steadywire_event* event = nullptr;
        const steadywire_status status = steadywire_follow_next(get(), detail::wait_for(timeout), &event);
        if (status == STEADYWIRE_END) {
            return nullptr;
        }
        detail::check(status);
        return &event_.emplace(event);
    }

    /** The task that is followed. */
    std::string_view task_id() const noexcept {
        return detail::view<const steadywire_follow>(steadywire_follow_task_id, get());
    }

    /** Waits for the next event and begins there. */
    iterator begin();
    iterator end() noexcept;

    /** The follow of C, for programs that use both. */
    steadywire_follow* get() const noexcept { return handle_.get(); }
    /** Gives the follow away, to be freed with steadywire_follow_free(). */
    steadywire_follow* release() noexcept {
        event_.reset();
        return handle_.release();
    }

private:
    /** What was taken out of the other goes on to be valid. */
    void take_event(Follow& other) noexcept {
        event_.reset();
        if (other.event_) {
            event_.emplace(other.event_->get());
            other.event_.reset();
        }
    }

    detail::Handle<steadywire_follow, steadywire_follow_free> handle_;
    std::optional<Event> event_;
};

/** Where a walk over a Follow is. The one that was made without a Follow is every end. */
class Follow::iterator {
public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Event;
    using difference_type = std::ptrdiff_t;
    using pointer = const Event*;
    using reference = const Event&;

    iterator() noexcept = default;

    reference operator*() const noexcept { return *event_; }
    pointer operator->() const noexcept { return event_; }
    /** Waits for the next event. Throws Error. */
    iterator& operator++() {
        event_ = follow_->next();
        return *this;
    }
    void operator++(int) { ++*this; }

    friend bool operator==(const iterator& a, const iterator& b) noexcept { return a.event_ == b.event_; }
    friend bool operator!=(const iterator& a, const iterator& b) noexcept { return a.event_ != b.event_; }

private:
    friend class Follow;
    explicit iterator(Follow& follow) : follow_(&follow), event_(follow.next()) {}

    Follow* follow_ = nullptr;
    const Event* event_ = nullptr;
};

inline Follow::iterator Follow::begin() { return iterator(*this); }
inline Follow::iterator Follow::end() noexcept { return iterator(); }

}  // namespace steadywire

#endif  // STEADYWIRE_FOLLOW_HPP
