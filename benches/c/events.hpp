// What both rivals do with a frame's text: simdjson on demand into typed events, in one pass.
#pragma once

#include <simdjson.h>

#include <algorithm>
#include <string>
#include <string_view>

#include "tally.h"

namespace bench {

// One event. Texts live in the frame or in the parser, until the next frame.
struct Event {
    int kind = -1;
    std::string_view task, stage, message, metadata, data;
    double progress = 0;
    int level = INFO;
    int64_t timestamp = 0, sent = 0;
    static constexpr int INFO = 1;
};

class Reader {
public:
    explicit Reader(tally& into) : tally_(into) {}

    // Handles a frame that has room for simdjson's padding behind it; true where it ends the run.
    bool read(const char* text, size_t length, size_t capacity) {
        Event event;
        simdjson::ondemand::document document = parser_.iterate(text, length, capacity);
        for (auto field : document.get_object()) {
            const simdjson::ondemand::raw_json_string key = field.key();
            if (key == "type") {
                event.kind = index(field.value(), {"progress", "log", "status", "complete"}, -1);
            } else if (key == "taskId") {
                event.task = field.value().get_string();
            } else if (key == "timestamp") {
                event.sent = field.value().get_int64();
            } else if (key == "data") {
                read_data(field.value().get_object(), event);
            }
        }
        if (event.timestamp == 0) event.timestamp = event.sent;
        return count(event);
    }

private:
    using Words = const std::string_view (&)[4];

    static int index(simdjson::ondemand::value value, Words words, int otherwise) {
        const simdjson::ondemand::raw_json_string word = value.get_raw_json_string();
        for (int at = 0; at < 4; at++)
            if (word == words[at]) return at;
        return otherwise;
    }

    static void read_data(simdjson::ondemand::object data, Event& event) {
        // Their text is wanted too. A kind that stands behind the data is not known yet.
        if (event.kind != PROGRESS && event.kind != LOG) {
            event.data = trimmed(data.raw_json());
            if (!data.reset().value()) return;
        }
        for (auto field : data) {
            const simdjson::ondemand::raw_json_string key = field.key();
            if (key == "stage") {
                event.stage = field.value().get_string();
            } else if (key == "progress") {
                event.progress = std::clamp(double(field.value().get_double()), 0.0, 100.0);
            } else if (key == "message") {
                event.message = field.value().get_string();
            } else if (key == "level") {
                event.level = index(field.value(), {"debug", "info", "warn", "error"}, Event::INFO);
            } else if (key == "timestamp") {
                event.timestamp = field.value().get_int64();
            } else if (key == "metadata") {
                simdjson::ondemand::object metadata = field.value().get_object();
                event.metadata = trimmed(metadata.raw_json());
            }
        }
    }

    // simdjson's raw text goes on to the next token.
    static std::string_view trimmed(std::string_view text) {
        while (!text.empty() && text.back() <= ' ') text.remove_suffix(1);
        return text;
    }

    bool count(const Event& event) {
        uint64_t hash = hash_start(event.task.data(), event.task.size(), event.timestamp);
        switch (event.kind) {
            case PROGRESS:
                hash = hash_double(add(hash, event.stage), event.progress);
                return tally_add(&tally_, PROGRESS, add(hash, event.message));
            case LOG:
                hash = add(hash_word(hash, uint64_t(event.level)), event.message);
                return tally_add(&tally_, LOG, add(hash, event.metadata.empty() ? "-" : event.metadata));
            case STATUS:
            case COMPLETE:
                return tally_add(&tally_, event.kind, add(hash, event.data));
            default:
                return false;
        }
    }

    static uint64_t add(uint64_t hash, std::string_view text) { return hash_text(hash, text.data(), text.size()); }

    simdjson::ondemand::parser parser_;
    tally& tally_;
};

inline std::string subscribe(const char* task) {
    return std::string(R"({"type":"status","taskId":")") + task +
           R"(","timestamp":1732000000000,"data":{"action":"subscribe"}})";
}

// The port of ws://127.0.0.1:PORT/ws; 0 where it is something else.
inline unsigned short port_of(const char* url) {
    unsigned short port = 0;
    return std::sscanf(url, "ws://127.0.0.1:%hu/ws", &port) == 1 ? port : 0;
}

}  // namespace bench
