#ifndef STEADYWIRE_CLIENT_HPP
#define STEADYWIRE_CLIENT_HPP

/* The client. Part of steadywire.hpp. */

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <future>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "callback.hpp"
#include "config.hpp"
#include "error.hpp"
#include "event.hpp"

namespace steadywire {

/** Names a listener of a client, to take it off; never 0. */
using ListenerId = steadywire_listener;

/** A time to wait that has no end. */
inline constexpr std::chrono::milliseconds forever{STEADYWIRE_FOREVER};

/**
 * A client that somebody else owns: everything that can be done with one, for use inside callbacks and wherever the
 * owner lives longer. Cheap to copy. Once the client has been freed every call throws Error(Status::invalid_argument);
 * nothing worse happens.
 */
class ClientRef {
public:
    /** A view of a client of C, for programs that use both. */
    explicit ClientRef(steadywire_client* client) noexcept : client_(client) {}

    /**
     * Calls `handler(const Event&)` for every event of a kind from now on, Kind::any for all of them: one at a time for
     * each client, in order. Throws Error.
     */
    template <class Handler>
    ListenerId on(Kind kind, Handler&& handler) const {
        return listen(steadywire_client_on, kind, std::forward<Handler>(handler));
    }

    /** As on(), for the next event of the kind only. */
    template <class Handler>
    ListenerId once(Kind kind, Handler&& handler) const {
        return listen(steadywire_client_once, kind, std::forward<Handler>(handler));
    }

    /**
     * Takes a listener off: no call of it begins after this. A call that is under way on another thread goes on, and what
     * the handler holds is destroyed after it. Where the listener was off already this does nothing. Throws Error.
     */
    void off(ListenerId listener) const { detail::check(steadywire_client_off(client_, listener)); }

    /**
     * Connects, or joins a connect that is under way, and subscribes to `task` if there is one. While connected it only
     * subscribes. The future has its answer once the link is up; it throws Error once the attempts are used up, the
     * server has refused for good, or a disconnect came first. It need not be kept. Throws Error.
     *
     * A future knows nothing of callbacks: get() inside one never ends, and with Dispatch::poll neither does it on the
     * thread that polls. Use connect_wait() or a callback there. This holds for all futures of this library.
     */
    std::future<void> connect(std::optional<std::string_view> task = {}) const {
        return answered([&](auto... callback) {
            return steadywire_client_connect(client_, start(task), length(task), callback...);
        });
    }

    /** As connect(), with `done(const Result&)` called with the answer. */
    template <class Done>
    void connect(std::optional<std::string_view> task, Done&& done) const {
        completed(std::forward<Done>(done), [&](auto... callback) {
            return steadywire_client_connect(client_, start(task), length(task), callback...);
        });
    }

    /** As connect(), and waits for the answer. Throws Error, Status::timeout where it is not there yet. */
    void connect_wait(std::optional<std::string_view> task = {}, std::chrono::milliseconds timeout = forever) const {
        detail::check(steadywire_client_connect_wait(client_, start(task), length(task), timeout.count()));
    }

    /**
     * Writes the outbox if the link is up (at most 3 s), closes the link, ends what is open: tasks as lost, messages as
     * dropped. The future has its answer when everything before it has been delivered; no callback starts after that
     * until the next connect. Throws Error.
     */
    std::future<void> disconnect() const {
        return answered([&](auto... callback) { return steadywire_client_disconnect(client_, callback...); });
    }

    /** As disconnect(), with `done(const Result&)` called with the answer. */
    template <class Done>
    void disconnect(Done&& done) const {
        completed(std::forward<Done>(done),
                  [&](auto... callback) { return steadywire_client_disconnect(client_, callback...); });
    }

    /** As disconnect(), and waits for the answer. Throws Error. */
    void disconnect_wait(std::chrono::milliseconds timeout = forever) const {
        detail::check(steadywire_client_disconnect_wait(client_, timeout.count()));
    }

    /** Wants a task until unsubscribe(). Does not connect. Repeating it does nothing. Throws Error. */
    void subscribe(std::string_view task) const {
        detail::check(steadywire_client_subscribe(client_, task.data(), task.size()));
    }

    /** No longer wants a task; its follows and waits go on. No event tells of it. Throws Error. */
    void unsubscribe(std::string_view task) const {
        detail::check(steadywire_client_unsubscribe(client_, task.data(), task.size()));
    }

    /** The client of C, for programs that use both. */
    steadywire_client* get() const noexcept { return client_; }

    friend bool operator==(ClientRef a, ClientRef b) noexcept { return a.client_ == b.client_; }
    friend bool operator!=(ClientRef a, ClientRef b) noexcept { return a.client_ != b.client_; }

protected:
    steadywire_client* client_;

private:
    template <class Register, class Handler>
    ListenerId listen(Register* call, Kind kind, Handler&& handler) const {
        static_assert(std::is_invocable_v<std::decay_t<Handler>&, const Event&>,
                      "a handler is called with a const steadywire::Event&");
        using Callable = std::decay_t<Handler>;
        auto* box = detail::box(std::forward<Handler>(handler));
        steadywire_listener listener = 0;
        detail::check(call(client_, static_cast<steadywire_kind>(kind), detail::on_event<Callable>, box, box->drop,
                           &listener));
        return listener;
    }

    /** Begins a call whose Result goes to `done`. */
    template <class Done, class Begin>
    void completed(Done&& done, Begin&& begin) const {
        static_assert(std::is_invocable_v<std::decay_t<Done>&, const Result&>,
                      "this is called with a const steadywire::Result&");
        using Completion = detail::Completion<std::decay_t<Done>>;
        auto* box = detail::box(Completion{std::forward<Done>(done), client_});
        detail::check(begin(Completion::done, box, box->drop));
    }

    /** Begins a call whose Result goes to a future. */
    template <class Begin>
    std::future<void> answered(Begin&& begin) const {
        detail::Answer<void> answer;
        std::future<void> future = answer.future();
        completed(
            [answer = std::move(answer)](const Result& result) mutable {
                if (result) {
                    answer.set();
                } else {
                    answer.fail(Error(result.status(), std::string(result.message())));
                }
            },
            std::forward<Begin>(begin));
        return future;
    }

    /** A task that need not be there is NULL; one that is empty is told to be wrong. */
    static const char* start(const std::optional<std::string_view>& task) noexcept {
        return !task ? nullptr : task->data() != nullptr ? task->data() : "";
    }

    static std::size_t length(const std::optional<std::string_view>& task) noexcept { return task ? task->size() : 0; }
};

/**
 * A connection to one server that restores itself, and the tasks followed and reported over it.
 *
 * Destroying it never blocks and is legal anywhere, also inside its own callbacks: no callback starts after that, but
 * one that is under way on another thread goes on. Where a callback uses what dies with the client, call close_wait()
 * first.
 */
class Client : public ClientRef {
public:
    /** Makes a client that does nothing yet. Throws Error for an option with a value it cannot take, by name. */
    explicit Client(const Config& config) : ClientRef(nullptr) {
        detail::check(steadywire_client_new(config.get(), &client_));
    }

    /** Takes over a client that steadywire_client_new() made. */
    explicit Client(steadywire_client* client) noexcept : ClientRef(client) {}

    Client(Client&& other) noexcept : ClientRef(other.release()) {}
    Client& operator=(Client&& other) noexcept {
        if (this != &other) {
            steadywire_client_free(std::exchange(client_, other.release()));
        }
        return *this;
    }
    ~Client() { steadywire_client_free(client_); }

    /** Gives the client away, to be freed with steadywire_client_free(). */
    steadywire_client* release() noexcept { return std::exchange(client_, nullptr); }
};

inline ClientRef Event::client() const noexcept { return ClientRef(steadywire_event_client(event_)); }

}  // namespace steadywire

#endif  // STEADYWIRE_CLIENT_HPP
