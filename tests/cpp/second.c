/* Two Rust libraries in one program, each with its own standard library. */
#include <stdbool.h>
#include <stdio.h>
#include <steadywire.h>

size_t second_distinct(const char *text);
bool second_catches(void);

int main(void) {
    steadywire_config *config = NULL;
    steadywire_client *client = NULL;

    if (steadywire_config_new("ws://127.0.0.1:1/ws", STEADYWIRE_NUL, &config) != STEADYWIRE_OK ||
        steadywire_config_set_max_connect_attempts(config, 1) != STEADYWIRE_OK ||
        steadywire_client_new(config, &client) != STEADYWIRE_OK)
        return 1;
    /* Nobody listens there: threads, sockets and an error of this library, between two calls of the other. */
    if (second_distinct("steadywire") != 9) return 2;
    if (steadywire_client_connect_wait(client, NULL, 0, STEADYWIRE_FOREVER) != STEADYWIRE_ATTEMPTS_EXHAUSTED) return 3;
    if (!second_catches()) return 4;
    steadywire_client_free(client);
    steadywire_config_free(config);
    return 0;
}
