/* The least program: made, refused, freed. For the tests of the installation. */
#include <steadywire.hpp>

int main() {
    steadywire::Client client(steadywire::Config("ws://127.0.0.1:1/ws").max_connect_attempts(1));
    try {
        client.connect_wait();
    } catch (const steadywire::Error& error) {
        return error.status() == steadywire::Status::attempts_exhausted ? 0 : 1;
    }
    return 2;
}
