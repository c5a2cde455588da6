#ifndef STEADYWIRE_CALLBACK_HPP
#define STEADYWIRE_CALLBACK_HPP

/* How a callable crosses the C interface. Part of steadywire.hpp; nothing here is meant to be used by itself. */

#include <exception>
#include <future>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include "error.hpp"
#include "event.hpp"

namespace steadywire {
namespace detail {

/** Runs the program's code on behalf of the library: nothing that it throws gets out. */
template <class Body, class Report>
void guarded(Body&& body, Report&& report) noexcept {
    try {
        body();
    } catch (const std::exception& error) {
        report(std::string_view(error.what()));
    } catch (...) {
        report(std::string_view("a callback threw what is no std::exception"));
    }
}

/** A callable in the library's hands, as its user_data. The library calls drop() once, after the last call. */
template <class Callable>
struct Box {
    Callable call;

    static Box& of(void* user_data) noexcept { return *static_cast<Box*>(user_data); }
    static void drop(void* user_data) noexcept { delete static_cast<Box*>(user_data); }
};

template <class Callable>
auto* box(Callable&& callable) {
    return new Box<std::decay_t<Callable>>{std::forward<Callable>(callable)};
}

/** Reports what a callback threw as an error event of its client. */
struct Blame {
    steadywire_client* client;

    void operator()(std::string_view text) const noexcept {
        (void)text; // WAITS FOR HEADER
    }
};

/** A listener, as C calls it. */
template <class Callable>
void on_event(const steadywire_event* event, void* user_data) noexcept {
    guarded([&] { Box<Callable>::of(user_data).call(Event(event)); }, Blame{steadywire_event_client(event)});
}

/** What is called with a Result, and which client hears of it if it throws. */
template <class Callable>
struct Completion {
    Callable call;
    steadywire_client* client;

    static void done(steadywire_status status, const char* message, void* user_data) noexcept {
        Completion& self = Box<Completion>::of(user_data).call;
        guarded([&] { self.call(Result(static_cast<Status>(status), message)); }, Blame{self.client});
    }
};

/** The promise behind a std::future. One that is dropped without an answer says so with an Error. */
template <class T>
class Answer {
public:
    Answer() = default;
    Answer(Answer&& other) noexcept : promise_(std::move(other.promise_)), open_(std::exchange(other.open_, false)) {}
    Answer& operator=(Answer&&) = delete;
    ~Answer() {
        if (open_) {
            fail(Error(Status::closed, "the client was freed before the answer came"));
        }
    }

    std::future<T> future() { return promise_.get_future(); }

    template <class... Value>
    void set(Value&&... value) {
        open_ = false;
        promise_.set_value(std::forward<Value>(value)...);
    }

    void fail(const Error& error) noexcept {
        open_ = false;
        promise_.set_exception(std::make_exception_ptr(error));
    }

private:
    std::promise<T> promise_;
    bool open_ = true;
};

}  // namespace detail
}  // namespace steadywire

#endif  // STEADYWIRE_CALLBACK_HPP
