// Boost.Beast and simdjson: a blocking loop that reads and handles. No queue, no thread, no pings of its own, no
// reconnect.
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/websocket.hpp>
#include <exception>
#include <iostream>

#include "events.hpp"

namespace asio = boost::asio;
namespace beast = boost::beast;

int main(int argc, char** argv) try {
    const unsigned short port = argc < 3 ? 0 : bench::port_of(argv[1]);
    if (port == 0) return usage(argv[0]);

    tally totals;
    tally_start(&totals, argc - 2);
    bench::Reader reader(totals);
    asio::io_context context;
    beast::websocket::stream<asio::ip::tcp::socket> socket(context);
    socket.next_layer().connect({asio::ip::make_address("127.0.0.1"), port});
    socket.next_layer().set_option(asio::ip::tcp::no_delay(true));
    socket.handshake("127.0.0.1:" + std::to_string(port), "/ws");
    for (int task = 2; task < argc; task++) socket.write(asio::buffer(bench::subscribe(argv[task])));

    beast::flat_buffer buffer;
    for (bool over = false; !over;) {
        socket.read(buffer);
        buffer.prepare(simdjson::SIMDJSON_PADDING);
        const asio::const_buffer text = buffer.cdata();
        over =
            reader.read(static_cast<const char*>(text.data()), text.size(), text.size() + simdjson::SIMDJSON_PADDING);
        buffer.consume(text.size());
    }
    return tally_report(&totals);
} catch (const std::exception& error) {
    std::cerr << "beast: " << error.what() << '\n';
    return 1;
}
