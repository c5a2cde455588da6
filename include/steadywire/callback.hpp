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
#include "message.hpp"
#include "outcome.hpp"

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
    steadywire_kind kind;

    void operator()(std::string_view text) const noexcept {
        steadywire_client_callback_failed(client, kind, text.data(), text.size());
    }
};

/** A listener, as C calls it. */
template <class Callable>
void on_event(const steadywire_event* event, void* user_data) noexcept {
    guarded([&] { Box<Callable>::of(user_data).call(Event(event)); },
            [&](std::string_view text) noexcept {
                Blame{steadywire_event_client(event), steadywire_event_kind(event)}(text);
            });
}

/** What is called once with an answer, and which client hears of it if it throws. */
template <class Callable>
struct Completion {
    Callable call;
    steadywire_client* client;

    static void result(steadywire_status status, const char* message, void* user_data) noexcept {
        run(user_data, [&](Callable& done) { done(Result(static_cast<Status>(status), message)); });
    }

    static void receipt(const steadywire_receipt* receipt, void* user_data) noexcept {
        run(user_data, [&](Callable& done) { done(Receipt(receipt)); });
    }

    static void outcome(const steadywire_outcome* outcome, void* user_data) noexcept {
        run(user_data, [&](Callable& done) {
            // It stays the library's: as the callable gets it, it can only be looked at.
            Borrowed borrowed{Outcome(const_cast<steadywire_outcome*>(outcome))};
            done(static_cast<const Outcome&>(borrowed.outcome));
        });
    }

private:
    struct Borrowed {
        Outcome outcome;
        ~Borrowed() { outcome.release(); }
    };

    template <class Body>
    static void run(void* user_data, Body&& body) noexcept {
        Completion& self = Box<Completion>::of(user_data).call;
        guarded([&] { body(self.call); }, Blame{self.client, STEADYWIRE_EVENT_ANY});
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
        promise_.set_value(std::forward<Value>(value)...);
        open_ = false;
    }

    void fail(const Error& error) noexcept {
        open_ = false;
        promise_.set_exception(std::make_exception_ptr(error));
    }

private:
    std::promise<T> promise_;
    bool open_ = true;
};

/** Puts an answer of the library into the promise. */
inline void settle(Answer<void>& answer, const Result& result) {
    if (result) {
        answer.set();
    } else {
        answer.fail(Error(result.status(), std::string(result.message())));
    }
}

inline void settle(Answer<Receipt>& answer, const Receipt& receipt) { answer.set(receipt); }

inline void settle(Answer<Outcome>& answer, const Outcome& outcome) {
    try {
        answer.set(outcome.clone());
    } catch (const Error& error) {
        answer.fail(error);
    }
}

/** Begins a call whose answer, a Result, Receipt or Outcome, is given to `done`. */
template <class Given, class Done, class Begin>
void completed(steadywire_client* client, Done&& done, Begin&& begin) {
    static_assert(std::is_invocable_v<std::decay_t<Done>&, const Given&>,
                  "this is called with a const reference to a Result, Receipt or Outcome of steadywire");
    using Completion = detail::Completion<std::decay_t<Done>>;
    auto* box = detail::box(Completion{std::forward<Done>(done), client});
    if constexpr (std::is_same_v<Given, Result>) {
        check(begin(Completion::result, box, box->drop));
    } else if constexpr (std::is_same_v<Given, Receipt>) {
        check(begin(Completion::receipt, box, box->drop));
    } else {
        check(begin(Completion::outcome, box, box->drop));
    }
}

/** Begins a call whose answer is given to a future. */
template <class Given, class Begin>
auto answered(steadywire_client* client, Begin&& begin) {
    using Value = std::conditional_t<std::is_same_v<Given, Result>, void, Given>;
    Answer<Value> answer;
    std::future<Value> future = answer.future();
    completed<Given>(
        client, [answer = std::move(answer)](const Given& given) mutable { settle(answer, given); },
        std::forward<Begin>(begin));
    return future;
}

/** Calls what waits for a receipt. */
template <class Call>
Receipt receipt(Call&& call) {
    steadywire_receipt* found = nullptr;
    check(call(&found));
    const Handle<steadywire_receipt, steadywire_receipt_free> owned(found);
    return Receipt(owned.get());
}

}  // namespace detail
}  // namespace steadywire

#endif  // STEADYWIRE_CALLBACK_HPP
