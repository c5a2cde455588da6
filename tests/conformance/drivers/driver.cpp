// The driver for C++: does what it is told line by line. tests/conformance/README.md describes the lines.

#include <cstdlib>
#include <functional>
#include <iostream>
#include <map>
#include <mutex>
#include <optional>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <steadywire.hpp>

namespace sw = steadywire;

namespace {

using Fields = std::vector<std::string>;

[[noreturn]] void fail(const std::string& what) {
    std::cerr << "driver.cpp: " << what << std::endl;
    std::exit(1);
}

// Handlers run on threads of their own.
void say(std::string_view word, std::string_view name, std::string_view rest = {}) {
    static std::mutex lock;
    const std::lock_guard<std::mutex> held(lock);
    std::cout << word << '\t' << name;
    if (!rest.empty()) {
        std::cout << '\t' << rest;
    }
    std::cout << std::endl;
}

sw::Level level_of(const std::string& word) {
    for (const auto level : {sw::Level::debug, sw::Level::info, sw::Level::warn, sw::Level::error}) {
        if (word == sw::name(level)) {
            return level;
        }
    }
    fail("no level: " + word);
}

// As JSON, of what the receipt says.
std::string in_json(const sw::Receipt& receipt) {
    static const std::map<sw::ReceiptState, const char*> states = {
        {sw::ReceiptState::written, "written"},   {sw::ReceiptState::acked, "acked"},
        {sw::ReceiptState::rejected, "rejected"}, {sw::ReceiptState::dropped, "dropped"},
        {sw::ReceiptState::unknown, "unknown"},
    };
    if (receipt.message().find_first_of("\"\\") != std::string::npos) {
        fail("a message that would have to be escaped: " + receipt.message());
    }
    std::ostringstream out;
    out << R"({"state":")" << states.at(receipt.state()) << R"(","message":")" << receipt.message() << R"(","reason":")"
        << (receipt.drop_reason() ? sw::name(*receipt.drop_reason()) : "") << R"(","ackUnsupported":)"
        << (receipt.ack_unsupported() ? "true" : "false") << '}';
    return out.str();
}

std::string in_json(const sw::Outcome& outcome) {
    std::string json(outcome.to_json());
    json.pop_back();
    return json + ",\"timestamp\":" + std::to_string(outcome.timestamp().time_since_epoch().count()) + '}';
}

sw::Message message(const Fields& f) {
    const std::string &kind = f.at(2), &task = f.at(3);
    if (kind == "progress") {
        return sw::Message::progress(task, std::stod(f.at(4))).stage(f.at(5)).text(f.at(6));
    }
    if (kind == "log") {
        return sw::Message::log(task, level_of(f.at(4)), f.at(5));
    }
    if (kind == "error") {
        return sw::Message::error(task, f.at(4)).code(f.at(5));
    }
    if (kind == "status") {
        return sw::Message::status(task, f.at(4));
    }
    if (kind == "complete") {
        return sw::Message::complete(task, f.at(4));
    }
    return sw::Message::other(kind, task).data(f.at(4));
}

// What is said when the answer comes.
auto done(const std::string& name) {
    return [name](const sw::Result& result) {
        result ? say("answer", name, "null") : say("failed", name, sw::name(result.status()));
    };
}

template <class T>
auto answered(const std::string& name) {
    return [name](const T& value) { say("answer", name, in_json(value)); };
}

// Gives the token for every attempt, and says what was asked.
void give(sw::CredentialsRequest& request, const std::string& token) {
    std::ostringstream out;
    out << R"({"attempt":)" << request.attempt() << R"(,"reason":")" << request.reason() << R"(","lastCloseCode":)"
        << request.last_close_code().value_or(-1) << R"(,"httpStatus":)" << request.http_status().value_or(-1)
        << R"(,"forceRefresh":)" << (request.force_refresh() ? "true" : "false") << '}';
    say("asked", out.str());
    request.token(token).answer();
}

// A client and what it was told to do.
class Life {
public:
    explicit Life(const Fields& f) : client_(config(f)) {
        client_.on(sw::Kind::any, [](const sw::Event& event) {
            if (event.kind() != sw::Kind::retry) {
                say("event", event.to_json());
            }
        });
    }
    Life(const Life&) = delete;
    Life& operator=(const Life&) = delete;

    ~Life() {
        reporters_.clear();
        client_.close_wait();
        for (auto& thread : threads_) {
            thread.join();
        }
    }

    void call(const std::string& name, const Fields& f) {
        using Call = std::function<void()>;
        const std::map<std::string, Call> calls = {
            {"connect",
             [&] { client_.connect(f.size() > 1 ? std::optional<std::string_view>(f[1]) : std::nullopt, done(name)); }},
            {"reconnect", [&] { client_.reconnect(done(name)); }},
            {"disconnect", [&] { client_.disconnect(done(name)); }},
            {"flush", [&] { client_.flush(done(name)); }},
            {"stats", [&] { say("answer", name, client_.stats_json()); }},
            {"subscribe", [&] { client_.subscribe(f.at(1)); }},
            {"unsubscribe", [&] { client_.unsubscribe(f.at(1)); }},
            {"wait", [&] { client_.outcome(f.at(1), answered<sw::Outcome>(name)); }},
            {"follow", [&] { follow(name, f.at(1)); }},
            {"send", [&] { client_.send(message(f).ack(f.at(1) == "true"), answered<sw::Receipt>(name)); }},
            {"report", [&] { reporters_.emplace(f.at(1), client_.report(f.at(1))); }},
            {"progress", [&] { reporters_.at(f.at(1)).progress(std::stod(f.at(2)), f.at(3), f.at(4)); }},
            {"log", [&] { reporters_.at(f.at(1)).log(level_of(f.at(2)), f.at(3)); }},
            {"status", [&] { reporters_.at(f.at(1)).status(f.at(2)); }},
            {"complete", [&] { reporters_.at(f.at(1)).complete(f.at(2), answered<sw::Receipt>(name)); }},
            {"fail", [&] { reporters_.at(f.at(1)).error(f.at(2), f.at(3), answered<sw::Receipt>(name)); }},
        };
        calls.at(f.at(0))();
    }

private:
    static sw::Config config(const Fields& f) {
        sw::Config config(f.at(1));
        for (std::size_t i = 2; i + 1 < f.size(); i += 2) {
            if (f[i] == "credentials") {
                config.credentials([token = f[i + 1]](sw::CredentialsRequest& request) { give(request, token); });
            } else {
                config.json(f[i], f[i + 1]);
            }
        }
        return config;
    }

    void follow(const std::string& name, const std::string& task) {
        threads_.emplace_back([name, follow = client_.follow(task)]() mutable {
            for (const sw::Event& event : follow) {
                say("followed", name, event.to_json());
            }
            say("answer", name, "null");
        });
    }

    sw::Client client_;
    std::map<std::string, sw::Reporter> reporters_;
    std::vector<std::thread> threads_;
};

}  // namespace

int main() {
    std::optional<Life> life;
    for (std::string line; std::getline(std::cin, line);) {
        Fields fields;
        for (std::size_t from = 0, to = 0; to != std::string::npos; from = to + 1) {
            to = line.find('\t', from);
            fields.push_back(line.substr(from, to == std::string::npos ? to : to - from));
        }
        const std::string name = fields.at(0);
        fields.erase(fields.begin());
        try {
            if (fields.at(0) == "client") {
                life.emplace(fields);
            } else if (fields.at(0) == "free") {
                life.reset();
            } else {
                life.value().call(name, fields);
            }
            say("called", name);
        } catch (const sw::Error& error) {
            say("refused", name, error.name());
        }
    }
}
