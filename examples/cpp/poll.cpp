/*
 * Follows a task inside a program that has a loop of its own: callbacks run where the loop wants them, no other thread
 * calls the program.
 *
 *     c++ -std=c++17 poll.cpp -o poll $(pkg-config --cflags --libs steadywire)
 *     ./poll ws://127.0.0.1:8080/ws build
 *
 * Here the loop waits for the library and for the terminal: "q" and return ends it.
 */
#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <exception>

#include <steadywire.hpp>

using steadywire::Event;
using steadywire::Kind;

int main(int argc, char** argv) try {
    if (argc != 3) {
        std::fprintf(stderr, "usage: %s URL TASK\n", argv[0]);
        return 2;
    }
    steadywire::Config config(argv[1]);
    config.dispatch(steadywire::Dispatch::poll);
    steadywire::Client client(config);

    // No locks: everything here runs on this thread, inside client.poll().
    bool ended = false;
    client.on(Kind::progress, [](const Event& event) { std::printf("%5.1f %%\n", event.progress().value_or(0)); });
    client.outcome(argv[2], [&](const steadywire::Outcome& outcome) {
        std::printf("%s\n", outcome.to_json().data());  // texts of the library end with a NUL
        ended = true;
    });

    // Level-triggered: readable as long as something is due. It belongs to the library: only poll it.
    pollfd waiting[] = {{client.fd(), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    while (!ended) {
        if (::poll(waiting, 2, -1) < 0) {
            continue;  // a signal
        }
        if (waiting[0].revents != 0) {
            client.poll();
        }
        if (waiting[1].revents != 0) {
            char typed[64];
            const ssize_t length = read(STDIN_FILENO, typed, sizeof typed);
            if (length > 0 && typed[0] == 'q') {
                break;
            }
            if (length <= 0) {
                waiting[1].fd = -1;  // the end of the input; poll(2) leaves it out
            }
        }
    }
    // Ends politely; callbacks that are still due run inside, as in client.poll().
    client.disconnect_wait();
    return ended ? 0 : 1;
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
}
