/* What the test programs share: checks, deadlines, and what a callback hands to the test. */
#ifndef CHECK_HPP
#define CHECK_HPP

#include <condition_variable>
#include <cstdlib>
#include <deque>
#include <future>
#include <initializer_list>
#include <iostream>
#include <memory>
#include <mutex>
#include <string>

#include <steadywire.hpp>

using namespace std::chrono_literals;
namespace sw = steadywire;

/** After this long a test has failed; nothing that works takes it. */
inline constexpr auto deadline = 60s;

#define CHECK(...) check((__VA_ARGS__), #__VA_ARGS__, __FILE__, __LINE__)
#define CHECK_THROWS(status, ...) check_throws(status, [&] { __VA_ARGS__; }, #__VA_ARGS__, __FILE__, __LINE__)

[[noreturn]] inline void failed(const std::string& what, const char* file, int line) {
    std::cerr << file << ':' << line << ": " << what << std::endl;
    // Without the destructors: what failed may hang in them.
    std::_Exit(1);
}

inline void check(bool good, const char* what, const char* file, int line) {
    if (!good) {
        failed(what, file, line);
    }
}

/** Gives back what() of the Error that must be thrown. */
template <class Body>
std::string check_throws(sw::Status status, Body&& body, const char* what, const char* file, int line) {
    try {
        body();
    } catch (const sw::Error& error) {
        if (error.status() != status) {
            failed(std::string(what) + " threw " + error.name() + ": " + error.what(), file, line);
        }
        return error.what();
    }
    failed(std::string(what) + " threw nothing", file, line);
}

inline bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

/** The hub of this run. */
inline std::string hub() {
    const char* url = std::getenv("STEADYWIRE_URL");
    CHECK(url != nullptr);
    return url;
}

/** A config for an address where nobody listens. */
inline sw::Config nowhere() {
    sw::Config config("ws://127.0.0.1:1/ws");
    config.max_connect_attempts(1);
    return config;
}

/** A client whose end waits until no handler runs: for tests whose handlers use what is on the stack. */
class Client : public sw::Client {
public:
    using sw::Client::Client;
    Client(Client&&) = default;
    Client& operator=(Client&&) = default;
    ~Client() {
        if (get() != nullptr) {
            close_wait(deadline);
        }
    }
};

/** The answer of a future, which must come. */
template <class T>
T soon(std::future<T> future) {
    CHECK(future.wait_for(deadline) == std::future_status::ready);
    return future.get();
}

/** What callbacks hand over, to be taken in their order. */
template <class T>
class Channel {
public:
    void put(T value) {
        std::lock_guard<std::mutex> lock(mutex_);
        values_.push_back(std::move(value));
        filled_.notify_all();
    }

    T take() {
        std::unique_lock<std::mutex> lock(mutex_);
        CHECK(filled_.wait_for(lock, deadline, [&] { return !values_.empty(); }));
        T value = std::move(values_.front());
        values_.pop_front();
        return value;
    }

    std::size_t size() {
        std::lock_guard<std::mutex> lock(mutex_);
        return values_.size();
    }

private:
    std::mutex mutex_;
    std::condition_variable filled_;
    std::deque<T> values_;
};

/** Says in a channel that what holds it is gone. Copies and moves count as one. */
class Canary {
public:
    explicit Canary(Channel<std::string>& channel) : held_(std::make_shared<Held>(channel)) {}

private:
    struct Held {
        explicit Held(Channel<std::string>& told) : channel(told) {}
        Held(const Held&) = delete;
        ~Held() { channel.put("dropped"); }
        Channel<std::string>& channel;
    };
    std::shared_ptr<Held> held_;
};

/** Runs the tests of a program. */
struct Test {
    const char* name;
    void (*body)();
};

inline int run_tests(std::initializer_list<Test> tests) {
    for (const Test& test : tests) {
        std::cout << test.name << std::endl;
        try {
            test.body();
        } catch (const std::exception& error) {
            failed(std::string(test.name) + " threw " + error.what(), __FILE__, __LINE__);
        }
    }
    std::cout << tests.size() << " tests are good" << std::endl;
    return 0;
}

#endif  // CHECK_HPP
