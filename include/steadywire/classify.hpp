#ifndef STEADYWIRE_CLASSIFY_HPP
#define STEADYWIRE_CLASSIFY_HPP

/* What an end of a link or an attempt means. Part of steadywire.hpp. */

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "callback.hpp"
#include "error.hpp"

namespace steadywire {

/** What happens after a link or an attempt ended. Unknown values will appear in later versions. */
enum class Disposition : steadywire_disposition {
    /** What was proposed: for classifiers. */
    proposed = STEADYWIRE_DISPOSITION_PROPOSED,
    /** Retry while there is open work, else stop quietly. */
    while_open = STEADYWIRE_DISPOSITION_WHILE_OPEN,
    /** Retry with backoff. */
    retry = STEADYWIRE_DISPOSITION_RETRY,
    /** Retry after a longer while, or when the server's Retry-After says. */
    slow = STEADYWIRE_DISPOSITION_SLOW,
    /** Refresh the credentials once per stable link, else stop for good. */
    reauth = STEADYWIRE_DISPOSITION_REAUTH,
    /** Retry, but stop for good after three in a row. */
    protocol = STEADYWIRE_DISPOSITION_PROTOCOL,
    /** Stop for good. */
    fatal = STEADYWIRE_DISPOSITION_FATAL,
};

/** How a link or an attempt ended. Belongs to the library and is valid during the call of the classifier. */
class Ending {
public:
    /** A view of an ending of C, for programs that use both. */
    explicit Ending(const steadywire_ending* ending) noexcept : ending_(ending) {}
    Ending(const Ending&) = delete;
    Ending& operator=(const Ending&) = delete;

    /** The close code: 1005 = there was none, 1006 = there was no close frame; empty where no link was closed. */
    std::optional<std::int32_t> close_code() const noexcept {
        return detail::unless_negative<std::int32_t>(steadywire_ending_close_code(ending_));
    }
    /** The HTTP status that refused the attempt. */
    std::optional<std::int32_t> http_status() const noexcept {
        return detail::unless_negative<std::int32_t>(steadywire_ending_http_status(ending_));
    }
    /** What kind of failure it was, whatever it means. */
    Status error() const noexcept { return static_cast<Status>(steadywire_ending_error(ending_)); }
    /** What it means unless the classifier says otherwise. */
    Disposition disposition() const noexcept {
        return static_cast<Disposition>(steadywire_ending_disposition(ending_));
    }
    /** What happened, a text for people without credentials. */
    std::string_view reason() const noexcept { return detail::view(steadywire_ending_reason, ending_); }

    /** The ending of C, for programs that use both. */
    const steadywire_ending* get() const noexcept { return ending_; }

private:
    const steadywire_ending* ending_;
};

namespace detail {

/** A classifier, as C calls it. Where it throws, the proposal counts. */
template <class Callable>
steadywire_disposition on_ending(const steadywire_ending* ending, void* user_data) noexcept {
    Disposition found = Disposition::proposed;
    guarded([&] { found = Box<Callable>::of(user_data).call(Ending(ending)); }, [](std::string_view) noexcept {});
    return static_cast<steadywire_disposition>(found);
}

}  // namespace detail
}  // namespace steadywire

#endif  // STEADYWIRE_CLASSIFY_HPP
