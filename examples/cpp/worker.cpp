/*
 * A worker: does something that takes a while, reports how far it is, and ends when the server has its result.
 *
 *     c++ -std=c++17 worker.cpp -o worker $(pkg-config --cflags --libs steadywire)
 *     ./worker ws://127.0.0.1:8080/ws build
 *
 * The server may be away at any time, also from the start: progress waits, the latest of it, and the result is sent
 * again until it has been acknowledged.
 */
#include <chrono>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <thread>

#include <steadywire.hpp>

/** The work. */
static void compile(int crate) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    if (crate < 0) {
        throw std::runtime_error("no such crate");
    }
}

int main(int argc, char** argv) try {
    if (argc != 3) {
        std::fprintf(stderr, "usage: %s URL TASK\n", argv[0]);
        return 2;
    }
    steadywire::Client client(steadywire::Config{argv[1]});

    // While it lives the link is kept up. Destroyed without an end, it reports an error with the code "abandoned": a
    // worker that throws does not leave its followers waiting.
    steadywire::Reporter task = client.report(argv[2]);

    const int crates = 50;
    for (int crate = 0; crate < crates; crate++) {
        task.progress(100.0 * crate / crates, "compile", std::to_string(crate) + " of " + std::to_string(crates));
        compile(crate);
    }
    task.log(steadywire::Level::info, "all crates are compiled");

    // The one end of the task. The future is there when the server has it; get() throws where it can never have it.
    const steadywire::Receipt receipt = task.complete(R"({"artifact":"app.tar"})").get();
    std::puts(receipt.is_acked() ? "the server has it" : "the server may not have it");
    client.disconnect_wait();
    return receipt.is_acked() ? 0 : 1;
} catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
}
