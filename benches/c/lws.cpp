// libwebsockets and simdjson: its own event loop on one thread, messages handled in its callback.
#include <libwebsockets.h>

#include <exception>
#include <iostream>
#include <string>
#include <vector>

#include "events.hpp"

namespace {

// How much the library reads at once, and passes on. Its default of 4 KiB is slower.
constexpr unsigned BUFFER = 64 * 1024;

struct Run {
    explicit Run(tally& into) : reader(into) {}

    bench::Reader reader;
    std::vector<std::string> unsent;
    std::string message;
    bool over = false, broken = false;
};

// Sends one of the messages that wait, as the library asks for it: one for each time it can write.
int send_next(lws* socket, Run& run) {
    if (run.unsent.empty()) return 0;
    std::string padded = std::string(LWS_PRE, '\0') + run.unsent.back();
    const size_t length = padded.size() - LWS_PRE;
    run.unsent.pop_back();
    if (lws_write(socket, reinterpret_cast<unsigned char*>(&padded[LWS_PRE]), length, LWS_WRITE_TEXT) < int(length))
        return -1;
    if (!run.unsent.empty()) lws_callback_on_writable(socket);
    return 0;
}

// Messages come in pieces of the library's buffer, which has no padding to rely on.
void receive(lws* socket, Run& run, const char* piece, size_t length) {
    run.message.append(piece, length);
    if (lws_remaining_packet_payload(socket) != 0 || !lws_is_final_fragment(socket)) return;
    run.message.reserve(run.message.size() + simdjson::SIMDJSON_PADDING);
    run.over = run.reader.read(run.message.data(), run.message.size(), run.message.capacity()) || run.over;
    run.message.clear();
}

// No exception may leave a callback of a C library.
int on_event(lws* socket, lws_callback_reasons reason, void*, void* in, size_t length) try {
    Run* run = static_cast<Run*>(lws_context_user(lws_get_context(socket)));
    switch (reason) {
        case LWS_CALLBACK_CLIENT_ESTABLISHED:
            lws_callback_on_writable(socket);
            return 0;
        case LWS_CALLBACK_CLIENT_WRITEABLE:
            return send_next(socket, *run);
        case LWS_CALLBACK_CLIENT_RECEIVE:
            receive(socket, *run, static_cast<const char*>(in), length);
            return 0;
        case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
        case LWS_CALLBACK_CLIENT_CLOSED:
            run->broken = true;
            return 0;
        default:
            return 0;
    }
} catch (const std::exception& error) {
    std::cerr << "lws: " << error.what() << '\n';
    return -1;
}

}  // namespace

int main(int argc, char** argv) {
    const unsigned short port = argc < 3 ? 0 : bench::port_of(argv[1]);
    if (port == 0) return usage(argv[0]);

    tally totals;
    tally_start(&totals, argc - 2);
    Run run(totals);
    for (int task = 2; task < argc; task++) run.unsent.push_back(bench::subscribe(argv[task]));

    lws_set_log_level(LLL_ERR, nullptr);
    lws_protocols protocols[2] = {};
    protocols[0].name = "steadywire-bench";
    protocols[0].callback = on_event;
    protocols[0].rx_buffer_size = BUFFER;
    lws_context_creation_info info = {};
    info.port = CONTEXT_PORT_NO_LISTEN;
    info.protocols = protocols;
    info.user = &run;
    info.pt_serv_buf_size = BUFFER;
    lws_context* context = lws_create_context(&info);
    if (context == nullptr) return 1;

    lws_client_connect_info server = {};
    server.context = context;
    server.address = server.host = server.origin = "127.0.0.1";
    server.port = port;
    server.path = "/ws";
    server.local_protocol_name = protocols[0].name;
    if (lws_client_connect_via_info(&server) == nullptr) return 1;
    while (!run.over && !run.broken && lws_service(context, 0) >= 0) continue;
    return run.over ? tally_report(&totals) : 1;
}
