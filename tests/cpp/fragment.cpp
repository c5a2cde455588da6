#include <chrono>
#include <future>
#include <iostream>
#include <steadywire.hpp>
#include <string>
#include <thread>
#include <vector>

using namespace std::chrono_literals;

std::string fetch_token(bool fresh);
void fragment(steadywire::Client& client);

void fragment(steadywire::Client& client) {
    (void)client;
    // @BLOCK@
}
