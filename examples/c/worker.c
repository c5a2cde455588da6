/*
 * A worker: does something that takes a while, reports how far it is, and ends when the server has its result.
 *
 *     cc worker.c -o worker $(pkg-config --cflags --libs steadywire)
 *     ./worker ws://127.0.0.1:8080/ws build
 *
 * The server may be away at any time, also from the start: progress waits, the latest of it, and the result is sent
 * again until it has been acknowledged.
 */
#include <stdio.h>
#include <steadywire.h>
#include <time.h>

static int failed(const char *what) {
    char text[256];
    steadywire_last_error(text, sizeof text);
    fprintf(stderr, "%s: %s\n", what, text);
    return 2;
}

/* The work. */
static int compile(int crate) {
    struct timespec pause = {0, 20 * 1000 * 1000};
    nanosleep(&pause, NULL);
    return crate >= 0;
}

int main(int argc, char **argv) {
    const int crates = 50;
    const char *result = "{\"artifact\":\"app.tar\"}";
    steadywire_config *config = NULL;
    steadywire_client *client = NULL;
    steadywire_reporter *task = NULL;
    steadywire_receipt *receipt = NULL;
    steadywire_status ended;
    char message[64];
    int crate, acked;

    if (argc != 3) {
        fprintf(stderr, "usage: %s URL TASK\n", argv[0]);
        return 2;
    }
    if (steadywire_config_new(argv[1], STEADYWIRE_NUL, &config) != STEADYWIRE_OK) return failed(argv[1]);
    if (steadywire_client_new(config, &client) != STEADYWIRE_OK) return failed(argv[1]);
    steadywire_config_free(config); /* copied */

    /* While it lives the link is kept up. Freed without an end, it reports an error with the code "abandoned". */
    if (steadywire_client_report(client, argv[2], STEADYWIRE_NUL, &task) != STEADYWIRE_OK) return failed(argv[2]);

    for (crate = 0; crate < crates; crate++) {
        int length = snprintf(message, sizeof message, "%d of %d", crate, crates);
        /* Fails only where the outbox is full; the next one will tell as much. */
        steadywire_reporter_progress(task, 100.0 * crate / crates, "compile", STEADYWIRE_NUL, message, (size_t)length);
        if (!compile(crate)) break;
    }
    steadywire_reporter_log(task, STEADYWIRE_LEVEL_INFO, "nothing is left to compile", STEADYWIRE_NUL);

    /* The one end of the task. The receipt is there when the server has it, or can never have it. */
    if (crate == crates)
        ended = steadywire_reporter_complete_wait(task, result, STEADYWIRE_NUL, STEADYWIRE_FOREVER, &receipt);
    else
        ended = steadywire_reporter_error_wait(task, "no such crate", STEADYWIRE_NUL, "compile_failed", STEADYWIRE_NUL,
                                               STEADYWIRE_FOREVER, &receipt);
    if (ended != STEADYWIRE_OK) return failed(argv[2]);
    acked = steadywire_receipt_state(receipt) == STEADYWIRE_RECEIPT_ACKED;
    puts(acked ? "the server has it" : "the server may not have it");

    steadywire_receipt_free(receipt);
    steadywire_reporter_free(task);
    steadywire_client_disconnect_wait(client, STEADYWIRE_FOREVER);
    steadywire_client_free(client);
    return acked ? 0 : 1;
}
