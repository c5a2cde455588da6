/*
 * Follows a task of a server and draws its progress as a bar, until the task ends.
 *
 *     c++ -std=c++17 follow.cpp -o follow $(pkg-config --cflags --libs steadywire)
 *     ./follow ws://127.0.0.1:8080/ws build
 *
 * Exits with 0 if the task is complete, 1 if it failed, 3 if its end cannot be known. For a server to try it with run
 * `steadywire serve`; for a task, the program worker.cpp.
 */
#include <cstdio>
#include <exception>
#include <string>

#include <steadywire.hpp>

using steadywire::Event;
using steadywire::Kind;

/** What a text can be printed with: "%.*s" takes its length and its start. */
#define TEXT(text) static_cast<int>((text).size()), (text).data()

static void draw(const Event& event) {
    const double percent = event.progress().value_or(0);
    const std::string bar(static_cast<std::size_t>(percent / 2.5), '#');
    std::printf("\r[%-40s] %5.1f %% %-20.*s", bar.c_str(), percent, TEXT(event.stage()));
    std::fflush(stdout);
}

int main(int argc, char** argv) try {
    if (argc != 3) {
        std::fprintf(stderr, "usage: %s URL TASK\n", argv[0]);
        return 2;
    }
    steadywire::Client client(steadywire::Config{argv[1]});

    // States and outages are events too; a listener hears of them while the loop below waits for the task. The library
    // restores the link by itself, this only tells.
    client.on(Kind::state_change, [](const Event& event) {
        if (event.state() == steadywire::State::reconnecting) {
            std::fprintf(stderr, "\nthe link is lost and being restored: %.*s\n", TEXT(event.reason()));
        }
    });

    // Connects, subscribes, and ends after the outcome: exactly one of complete, error or lost.
    for (const Event& event : client.follow(argv[2])) {
        switch (event.kind()) {
            case Kind::progress:
                draw(event);
                break;
            case Kind::log:
                std::printf("\n%.*s\n", TEXT(event.message()));
                break;
            case Kind::complete:
                std::printf("\ncomplete: %.*s\n", TEXT(event.data()));
                return 0;
            case Kind::error:
                std::printf("\nerror: %.*s\n", TEXT(event.message()));
                if (event.fatal()) {
                    return 1;
                }
                break;
            case Kind::lost:
                std::printf("\nlost: %.*s\n", TEXT(event.reason()));
                return 3;
            default:
                break;  // kinds that later versions may add
        }
    }
    return 3;
} catch (const std::exception& error) {  // steadywire::Error is one
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
}
