#ifndef STEADYWIRE_CREDENTIALS_HPP
#define STEADYWIRE_CREDENTIALS_HPP

/* The question for credentials. Part of steadywire.hpp. */

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

#include "callback.hpp"
#include "error.hpp"

namespace steadywire {

/**
 * A question for credentials, before each attempt: put the answer together, then answer() or fail(), now or later, on
 * any thread. To answer later, move it to where it is kept. What is destroyed unanswered, or not answered within 30 s,
 * is a failed attempt. Answers that come too late, or after the client was freed, do nothing.
 *
 *     config.credentials([](steadywire::CredentialsRequest& request) {
 *         request.token(request.force_refresh() ? fetch_token() : cached_token()).answer();
 *     });
 */
class CredentialsRequest {
public:
    /** Takes over a request of C. */
    explicit CredentialsRequest(steadywire_credentials_request* request) noexcept : handle_(request) {}

    /** Which attempt it is for, counted from 1 since the link was last stable. */
    std::uint32_t attempt() const noexcept { return steadywire_credentials_request_attempt(get()); }
    /** Why the attempt is made, for people and logs. Valid until it is answered. */
    std::string_view reason() const noexcept {
        return detail::view<const steadywire_credentials_request>(steadywire_credentials_request_reason, get());
    }
    /** The close code that ended the last link. */
    std::optional<std::int32_t> last_close_code() const noexcept {
        return detail::unless_negative<std::int32_t>(steadywire_credentials_request_last_close_code(get()));
    }
    /** The HTTP status that refused the last attempt. */
    std::optional<std::int32_t> http_status() const noexcept {
        return detail::unless_negative<std::int32_t>(steadywire_credentials_request_http_status(get()));
    }
    /** Whether what was used last was refused: a cached answer will not do. */
    bool force_refresh() const noexcept { return steadywire_credentials_request_force_refresh(get()); }

    /** Uses this server instead of the configured one. Throws Error, as the next three. */
    CredentialsRequest& url(std::string_view url) {
        return done(steadywire_credentials_request_set_url(get(), url.data(), url.size()));
    }
    /** Sends this as "Authorization: Bearer". */
    CredentialsRequest& token(std::string_view token) {
        return done(steadywire_credentials_request_set_token(get(), token.data(), token.size()));
    }
    /** Adds a header to the upgrade request; the configured ones are not sent then. */
    CredentialsRequest& header(std::string_view name, std::string_view value) {
        return done(
            steadywire_credentials_request_add_header(get(), name.data(), name.size(), value.data(), value.size()));
    }
    /** Adds a subprotocol to offer; the configured ones are not offered then. */
    CredentialsRequest& protocol(std::string_view protocol) {
        return done(steadywire_credentials_request_add_protocol(get(), protocol.data(), protocol.size()));
    }

    /**
     * Answers with what was set, or with nothing that differs from the configuration; ends the request. Throws Error
     * where it was answered already.
     */
    void answer() { detail::check(steadywire_credentials_request_answer(handle_.release())); }

    /**
     * Says that there are no credentials; ends the request. Throws Error where it was answered already.
     *
     * @param message why, for people and logs: no secrets in it
     * @param fatal asking again cannot help, the client stops for good; otherwise it is one failed attempt
     */
    void fail(std::string_view message, bool fatal = false) {
        detail::check(steadywire_credentials_request_fail(handle_.release(), message.data(), message.size(), fatal));
    }

    /** The request of C, for programs that use both. NULL where it was answered or moved from. */
    steadywire_credentials_request* get() const noexcept { return handle_.get(); }
    /** Gives the request away. */
    steadywire_credentials_request* release() noexcept { return handle_.release(); }

private:
    CredentialsRequest& done(steadywire_status status) {
        detail::check(status);
        return *this;
    }

    detail::Handle<steadywire_credentials_request, steadywire_credentials_request_free> handle_;
};

namespace detail {

/** A provider of credentials, as C calls it. What it throws is why the attempt failed. */
template <class Callable>
void on_credentials(steadywire_credentials_request* handle, void* user_data) noexcept {
    CredentialsRequest request(handle);
    guarded([&] { Box<Callable>::of(user_data).call(request); },
            [&](std::string_view text) noexcept {
                steadywire_credentials_request_fail(request.release(), text.data(), text.size(), false);
            });
}

}  // namespace detail
}  // namespace steadywire

#endif  // STEADYWIRE_CREDENTIALS_HPP
