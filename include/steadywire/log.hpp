#ifndef STEADYWIRE_LOG_HPP
#define STEADYWIRE_LOG_HPP

/* Lines for operators. Part of steadywire.hpp. */

#include <cstddef>
#include <string_view>
#include <type_traits>
#include <utility>

#include "callback.hpp"
#include "error.hpp"
#include "event.hpp"

namespace steadywire {
namespace detail {

/** A log callback, as C calls it. There is nobody to tell what it throws. */
template <class Callable>
void on_log(steadywire_level level, const char* about, const char* message, void* user_data) noexcept {
    guarded([&] { Box<Callable>::of(user_data).call(static_cast<Level>(level), about, message); },
            [](std::string_view) noexcept {});
}

}  // namespace detail

/**
 * Passes lines for operators to `callback(Level, std::string_view about, std::string_view message)` from now on,
 * instead of to the one before: links lost and why, attempts and when, what was given up, messages dropped, errors that
 * nobody listens to, callbacks that failed. `about` is "link", "outbox" or "callback". For the whole process; at first,
 * and in a forked child, nobody is told. Throws Error.
 *
 * It is called on any thread, also on several at once, and on the one that does the I/O of all clients: it must return
 * quickly, and may call nothing of this library. What it throws is lost.
 *
 * @param lowest lines below are not passed on
 */
template <class Callback>
void set_log(Level lowest, Callback&& callback) {
    static_assert(std::is_invocable_v<std::decay_t<Callback>&, Level, std::string_view, std::string_view>,
                  "a log callback is called with a steadywire::Level and two std::string_view");
    auto* box = detail::box(std::forward<Callback>(callback));
    detail::check(steadywire_set_log(static_cast<steadywire_level>(lowest), detail::on_log<std::decay_t<Callback>>, box,
                                     box->drop));
}

/** Passes lines to nobody from now on. */
inline void set_log(std::nullptr_t) {
    detail::check(steadywire_set_log(STEADYWIRE_LEVEL_DEBUG, nullptr, nullptr, nullptr));
}

}  // namespace steadywire

#endif  // STEADYWIRE_LOG_HPP
