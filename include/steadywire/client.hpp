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
#include "follow.hpp"
#include "message.hpp"
#include "outcome.hpp"
#include "reporter.hpp"

namespace steadywire {

/** Names a listener of a client, to take it off; never 0. */
using ListenerId = steadywire_listener;

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
     *
     * @param listener NULL, or receives the listener's number before the first call, for a handler that takes itself
     * off; it must be there until this returns
     */
    template <class Handler>
    ListenerId on(Kind kind, Handler&& handler, ListenerId* listener = nullptr) const {
        return listen(steadywire_client_on, kind, std::forward<Handler>(handler), listener);
    }

    /** As on(), for the next event of the kind only. */
    template <class Handler>
    ListenerId once(Kind kind, Handler&& handler, ListenerId* listener = nullptr) const {
        return listen(steadywire_client_once, kind, std::forward<Handler>(handler), listener);
    }

    /**
     * Takes a listener off: no call of it begins after this. A call that is under way on another thread goes on, and
     * what the handler holds is destroyed after it. Where the listener was off already this does nothing. Throws Error.
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
        return detail::answered<Result>(client_, [&](auto... callback) {
            return steadywire_client_connect(client_, detail::start(task), detail::length(task), callback...);
        });
    }

    /** As connect(), with `done(const Result&)` called with the answer. */
    template <class Done>
    void connect(std::optional<std::string_view> task, Done&& done) const {
        detail::completed<Result>(client_, std::forward<Done>(done), [&](auto... callback) {
            return steadywire_client_connect(client_, detail::start(task), detail::length(task), callback...);
        });
    }

    /** As connect(), and waits for the answer. Throws Error, Status::timeout where it is not there yet. */
    void connect_wait(std::optional<std::string_view> task = {}, std::chrono::milliseconds timeout = forever) const {
        detail::check(steadywire_client_connect_wait(client_, detail::start(task), detail::length(task),
                                                     detail::wait_for(timeout)));
    }

    /**
     * Writes the outbox if the link is up (at most 3 s), closes the link, ends what is open: tasks as lost, messages as
     * dropped. The future has its answer when everything before it has been delivered; no callback starts after that
     * until the next connect. Throws Error.
     */
    std::future<void> disconnect() const {
        return detail::answered<Result>(
            client_, [&](auto... callback) { return steadywire_client_disconnect(client_, callback...); });
    }

    /** As disconnect(), with `done(const Result&)` called with the answer. */
    template <class Done>
    void disconnect(Done&& done) const {
        detail::completed<Result>(client_, std::forward<Done>(done),
                                  [&](auto... callback) { return steadywire_client_disconnect(client_, callback...); });
    }

    /** As disconnect(), and waits for the answer. Throws Error. */
    void disconnect_wait(std::chrono::milliseconds timeout = forever) const {
        detail::check(steadywire_client_disconnect_wait(client_, detail::wait_for(timeout)));
    }

    /** Drops the link and dials now; without a link the same as connect() without a task. Throws Error. */
    std::future<void> reconnect() const {
        return detail::answered<Result>(
            client_, [&](auto... callback) { return steadywire_client_reconnect(client_, callback...); });
    }

    /** As reconnect(), with `done(const Result&)` called with the answer. */
    template <class Done>
    void reconnect(Done&& done) const {
        detail::completed<Result>(client_, std::forward<Done>(done),
                                  [&](auto... callback) { return steadywire_client_reconnect(client_, callback...); });
    }

    /** As reconnect(), and waits for the answer. Throws Error. */
    void reconnect_wait(std::chrono::milliseconds timeout = forever) const {
        detail::check(steadywire_client_reconnect_wait(client_, detail::wait_for(timeout)));
    }

    /** The future has its answer when every message that was sent before has its receipt. Throws Error. */
    std::future<void> flush() const {
        return detail::answered<Result>(
            client_, [&](auto... callback) { return steadywire_client_flush(client_, callback...); });
    }

    /** As flush(), with `done(const Result&)` called with the answer. */
    template <class Done>
    void flush(Done&& done) const {
        detail::completed<Result>(client_, std::forward<Done>(done),
                                  [&](auto... callback) { return steadywire_client_flush(client_, callback...); });
    }

    /** As flush(), and waits for the answer. Throws Error. */
    void flush_wait(std::chrono::milliseconds timeout = forever) const {
        detail::check(steadywire_client_flush_wait(client_, detail::wait_for(timeout)));
    }

    /** Wants a task until unsubscribe(). Does not connect. Repeating it does nothing. Throws Error. */
    void subscribe(std::string_view task) const {
        detail::check(steadywire_client_subscribe(client_, task.data(), task.size()));
    }

    /** No longer wants a task; its follows and waits go on. No event tells of it. Throws Error. */
    void unsubscribe(std::string_view task) const {
        detail::check(steadywire_client_unsubscribe(client_, task.data(), task.size()));
    }

    /**
     * How a task ends. Connects and subscribes, patiently: attempts are unlimited unless the options say otherwise. Of
     * the last 1,024 outcomes, one that is known already comes at once. A task that failed is an outcome as well: the
     * future throws only where the client was freed before. Throws Error.
     */
    std::future<Outcome> outcome(std::string_view task) const {
        return detail::answered<Outcome>(client_, [&](auto... callback) {
            return steadywire_client_outcome(client_, task.data(), task.size(), callback...);
        });
    }

    /** As outcome(), with `callback(const Outcome&)` called with the answer. */
    template <class Callback>
    void outcome(std::string_view task, Callback&& callback) const {
        detail::completed<Outcome>(client_, std::forward<Callback>(callback), [&](auto... registered) {
            return steadywire_client_outcome(client_, task.data(), task.size(), registered...);
        });
    }

    /**
     * As outcome(), and waits for the answer. Throws Error; after Status::timeout the task is no longer wanted by
     * this.
     */
    Outcome outcome_wait(std::string_view task, std::chrono::milliseconds timeout = forever) const {
        steadywire_outcome* outcome = nullptr;
        detail::check(
            steadywire_client_outcome_wait(client_, task.data(), task.size(), detail::wait_for(timeout), &outcome));
        return Outcome(outcome);
    }

    /** Follows a task: its events one after the other, until its outcome. Connects as outcome() does. Throws Error. */
    Follow follow(std::string_view task) const {
        steadywire_follow* follow = nullptr;
        detail::check(steadywire_client_follow(client_, task.data(), task.size(), &follow));
        return Follow(follow);
    }

    /** Reports a task to the server, as its worker. Connects as outcome() does. Throws Error. */
    Reporter report(std::string_view task) const {
        steadywire_reporter* reporter = nullptr;
        detail::check(steadywire_client_report(client_, task.data(), task.size(), &reporter));
        return Reporter(reporter, client_);
    }

    /**
     * Sends a message, now or as soon as there is a link; copies it. The future says what became of it and need not be
     * kept. Throws Error: Status::queue_full where the outbox has no room for it, and it has not been taken.
     */
    std::future<Receipt> send(const Message& message) const {
        return detail::answered<Receipt>(
            client_, [&](auto... callback) { return steadywire_client_send(client_, message.get(), callback...); });
    }

    /** As send(), with `callback(const Receipt&)` called with the answer; NULL where nobody wants to know. */
    template <class Callback>
    void send(const Message& message, Callback&& callback) const {
        if constexpr (std::is_same_v<std::decay_t<Callback>, std::nullptr_t>) {
            detail::check(steadywire_client_send(client_, message.get(), nullptr, nullptr, nullptr));
        } else {
            detail::completed<Receipt>(client_, std::forward<Callback>(callback), [&](auto... registered) {
                return steadywire_client_send(client_, message.get(), registered...);
            });
        }
    }

    /**
     * As send(), and waits for the answer. Throws Error; after Status::timeout the message is on its way all the same.
     */
    Receipt send_wait(const Message& message, std::chrono::milliseconds timeout = forever) const {
        return detail::receipt([&](steadywire_receipt** receipt) {
            return steadywire_client_send_wait(client_, message.get(), detail::wait_for(timeout), receipt);
        });
    }

    /** The connection's state now; events that tell of it may still be waiting. Throws Error. */
    State state() const {
        const steadywire_state state = steadywire_client_state(client_);
        alive(state >= 0);
        return static_cast<State>(state);
    }

    /** The latest connected or subscribed task that is still wanted, if there is one. Throws Error. */
    std::optional<std::string> current_task() const {
        std::string task{detail::view<const steadywire_client>(steadywire_client_current_task, client_)};
        alive(!task.empty() || steadywire_client_state(client_) >= 0);
        return task.empty() ? std::nullopt : std::optional(std::move(task));
    }

    /** What the client counts, as a JSON object with the names that every language uses. Throws Error. */
    std::string stats_json() const {
        std::string stats{detail::view<const steadywire_client>(steadywire_client_stats_json, client_)};
        alive(!stats.empty());
        return stats;
    }

    /**
     * How far the messages of each task were seen, as JSON, for Config::cursors() of a later client, which then goes on
     * where this one was. Throws Error.
     */
    std::string cursors_json() const {
        std::string cursors{detail::view<const steadywire_client>(steadywire_client_cursors_json, client_)};
        alive(!cursors.empty());
        return cursors;
    }

    /**
     * Runs the callbacks that are due, of a client with Dispatch::poll; where none is, waits for one. About 50 ms of
     * callbacks are run at a time: what is left keeps fd() readable. One thread at a time. Throws Error,
     * Status::would_deadlock inside a callback, Status::closed once the client has ended, also where this waited.
     *
     * @param timeout how long to wait at most; 0 = not at all
     * @return whether anything was run
     */
    bool poll(std::chrono::milliseconds timeout = std::chrono::milliseconds(0)) const {
        bool ran = false;
        detail::check(steadywire_client_poll(client_, detail::wait_for(timeout), &ran));
        return ran;
    }

    /**
     * The descriptor that poll(2), epoll and the like find readable while callbacks are due, of a client with
     * Dispatch::poll. It belongs to the library: neither read it nor close it, and take it out of the loop before the
     * client is destroyed, which closes it. Throws Error.
     */
    int fd() const {
        std::int32_t fd = -1;
        detail::check(steadywire_client_fd(client_, &fd));
        return fd;
    }

    /** The client of C, for programs that use both. */
    steadywire_client* get() const noexcept { return client_; }

    friend bool operator==(ClientRef a, ClientRef b) noexcept { return a.client_ == b.client_; }
    friend bool operator!=(ClientRef a, ClientRef b) noexcept { return a.client_ != b.client_; }

protected:
    steadywire_client* client_;

private:
    static void alive(bool alive) {
        if (!alive) {
            throw Error(Status::invalid_argument, "the client has been freed, or moved from");
        }
    }

    template <class Register, class Handler>
    ListenerId listen(Register* call, Kind kind, Handler&& handler, ListenerId* listener) const {
        static_assert(std::is_invocable_v<std::decay_t<Handler>&, const Event&>,
                      "a handler is called with a const steadywire::Event&");
        using Callable = std::decay_t<Handler>;
        auto* box = detail::box(std::forward<Handler>(handler));
        ListenerId own = 0;
        if (listener == nullptr) {
            listener = &own;
        }
        detail::check(
            call(client_, static_cast<steadywire_kind>(kind), detail::on_event<Callable>, box, box->drop, listener));
        return *listener;
    }
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

    /**
     * Ends the client as its destructor does, and waits until nothing of it is left: no callback runs, every handler
     * has been destroyed, the outbox is written as far as can be in 3 s, and the link is closed. All that can be done
     * with it else is to wait again. Throws Error: Status::timeout where it goes on to end, Status::would_deadlock
     * inside a callback of this client, and then nothing has happened.
     */
    void close_wait(std::chrono::milliseconds timeout = forever) const {
        detail::check(steadywire_client_close_wait(client_, detail::wait_for(timeout)));
    }

    /** Gives the client away, to be freed with steadywire_client_free(). */
    steadywire_client* release() noexcept { return std::exchange(client_, nullptr); }
};

inline ClientRef Event::client() const noexcept { return ClientRef(steadywire_event_client(event_)); }

}  // namespace steadywire

#endif  // STEADYWIRE_CLIENT_HPP
