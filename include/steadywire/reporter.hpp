#ifndef STEADYWIRE_REPORTER_HPP
#define STEADYWIRE_REPORTER_HPP

/* The worker's side of a task. Part of steadywire.hpp. */

#include <chrono>
#include <future>
#include <string_view>
#include <utility>

#include "callback.hpp"
#include "error.hpp"
#include "event.hpp"
#include "message.hpp"

namespace steadywire {

/**
 * Reports one task: how far it is, what it says, and exactly one end. Made by ClientRef::report().
 *
 * While it lives the link is kept up and brought back without limit. The end, complete or error, is sent again on every
 * new link until the server has acknowledged it. One that is destroyed without an end, as by an exception, reports an
 * error with code "abandoned". May be used on any thread and inside callbacks.
 *
 * Everything here throws Error: Status::invalid_state after an end, Status::queue_full where the outbox has no room.
 */
class Reporter {
    // Above what uses them: their types are deduced.
    auto completing(std::string_view data) const {
        return [this, data](auto... callback) {
            return steadywire_reporter_complete(get(), data.data(), data.size(), callback...);
        };
    }

    auto failing(std::string_view message, std::string_view code) const {
        return [this, message, code](auto... callback) {
            return steadywire_reporter_error(get(), message.data(), message.size(), code.data(), code.size(),
                                             callback...);
        };
    }

public:
    /** Takes over a reporter of C, and the client that it reports over, which stays with its owner. */
    Reporter(steadywire_reporter* reporter, steadywire_client* client) noexcept : handle_(reporter), client_(client) {}

    /** The task that is reported. */
    std::string_view task_id() const noexcept {
        return detail::view<const steadywire_reporter>(steadywire_reporter_task_id, get());
    }

    /**
     * How far the task is, 0 to 100, in which stage, with a text for people. While there is no link the latest waits.
     */
    void progress(double progress, std::string_view stage = {}, std::string_view message = {}) const {
        detail::check(
            steadywire_reporter_progress(get(), progress, stage.data(), stage.size(), message.data(), message.size()));
    }

    /** A log line. */
    void log(Level level, std::string_view line) const {
        detail::check(steadywire_reporter_log(get(), static_cast<steadywire_level>(level), line.data(), line.size()));
    }

    /**
     * What the task says of itself: any JSON, as text. A word that stands for an end, such as {"status":"completed"},
     * is better left to complete().
     */
    void status(std::string_view data) const {
        detail::check(steadywire_reporter_status(get(), data.data(), data.size()));
    }

    /**
     * The task ended well, with `data`: any JSON, as text; the empty text is null. The future says what became of the
     * message: Receipt::is_acked(), so the server has it. Where this throws, the reporter goes on.
     */
    std::future<Receipt> complete(std::string_view data = {}) const {
        return detail::answered<Receipt>(client_, completing(data));
    }

    /** As complete(), with `callback(const Receipt&)` called with the answer. */
    template <class Callback>
    void complete(std::string_view data, Callback&& callback) const {
        detail::completed<Receipt>(client_, std::forward<Callback>(callback), completing(data));
    }

    /** As complete(), and waits for the answer. Where that throws Status::timeout the message is on its way. */
    Receipt complete_wait(std::string_view data = {}, std::chrono::milliseconds timeout = forever) const {
        return detail::receipt([&](steadywire_receipt** receipt) {
            return steadywire_reporter_complete_wait(get(), data.data(), data.size(), detail::wait_for(timeout),
                                                     receipt);
        });
    }

    /** The task failed, with a text for people and a code in words of the program's own. Otherwise as complete(). */
    std::future<Receipt> error(std::string_view message, std::string_view code = {}) const {
        return detail::answered<Receipt>(client_, failing(message, code));
    }

    /** As error(), with `callback(const Receipt&)` called with the answer. */
    template <class Callback>
    void error(std::string_view message, std::string_view code, Callback&& callback) const {
        detail::completed<Receipt>(client_, std::forward<Callback>(callback), failing(message, code));
    }

    /** As error(), and waits for the answer. Where that throws Status::timeout the message is on its way. */
    Receipt error_wait(std::string_view message, std::string_view code = {},
                       std::chrono::milliseconds timeout = forever) const {
        return detail::receipt([&](steadywire_receipt** receipt) {
            return steadywire_reporter_error_wait(get(), message.data(), message.size(), code.data(), code.size(),
                                                  detail::wait_for(timeout), receipt);
        });
    }

    /** The reporter of C, for programs that use both. */
    steadywire_reporter* get() const noexcept { return handle_.get(); }
    /** Gives the reporter away, to be freed with steadywire_reporter_free(). */
    steadywire_reporter* release() noexcept { return handle_.release(); }

private:
    detail::Handle<steadywire_reporter, steadywire_reporter_free> handle_;
    steadywire_client* client_;
};

}  // namespace steadywire

#endif  // STEADYWIRE_REPORTER_HPP
