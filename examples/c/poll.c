/*
 * Follows a task inside a program that has a loop of its own: callbacks run where the loop wants them, no other thread
 * calls the program.
 *
 *     cc poll.c -o poll $(pkg-config --cflags --libs steadywire)
 *     ./poll ws://127.0.0.1:8080/ws build
 *
 * Here the loop waits for the library and for the terminal: "q" and return ends it.
 */
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <steadywire.h>
#include <unistd.h>

static int failed(const char *what) {
    char text[256];
    steadywire_last_error(text, sizeof text);
    fprintf(stderr, "%s: %s\n", what, text);
    return 2;
}

static void on_progress(const steadywire_event *event, void *user_data) {
    (void)user_data;
    printf("%5.1f %%\n", steadywire_event_progress(event));
}

/* No locks: everything here runs on the one thread, inside steadywire_client_poll(). */
static void on_outcome(const steadywire_outcome *outcome, void *user_data) {
    bool *ended = user_data;
    printf("%s\n", steadywire_outcome_to_json(outcome, NULL));
    *ended = true;
}

int main(int argc, char **argv) {
    steadywire_config *config = NULL;
    steadywire_client *client = NULL;
    struct pollfd waiting[2];
    bool ended = false, quit = false;
    int32_t fd = -1;

    if (argc != 3) {
        fprintf(stderr, "usage: %s URL TASK\n", argv[0]);
        return 2;
    }
    if (steadywire_config_new(argv[1], STEADYWIRE_NUL, &config) != STEADYWIRE_OK) return failed(argv[1]);
    steadywire_config_set_dispatch(config, STEADYWIRE_DISPATCH_POLL);
    if (steadywire_client_new(config, &client) != STEADYWIRE_OK) return failed(argv[1]);
    steadywire_config_free(config); /* copied */

    steadywire_client_on(client, STEADYWIRE_EVENT_PROGRESS, on_progress, NULL, NULL, NULL);
    /* `ended` lives as long as the client, so nothing is to be dropped. */
    if (steadywire_client_outcome(client, argv[2], STEADYWIRE_NUL, on_outcome, &ended, NULL) != STEADYWIRE_OK ||
        steadywire_client_fd(client, &fd) != STEADYWIRE_OK)
        return failed(argv[2]);

    /* Level-triggered: readable as long as something is due. It belongs to the library: only poll it. */
    waiting[0].fd = fd;
    waiting[1].fd = STDIN_FILENO;
    waiting[0].events = waiting[1].events = POLLIN;
    while (!ended && !quit) {
        if (poll(waiting, 2, -1) < 0) continue; /* a signal */
        if (waiting[0].revents) steadywire_client_poll(client, 0, NULL);
        if (waiting[1].revents) {
            char typed[64];
            ssize_t length = read(STDIN_FILENO, typed, sizeof typed);
            quit = length > 0 && typed[0] == 'q';
            if (length <= 0) waiting[1].fd = -1; /* the end of the input; poll(2) leaves it out */
        }
    }
    /* Ends politely; callbacks that are still due run inside, as in steadywire_client_poll(). */
    steadywire_client_disconnect_wait(client, STEADYWIRE_FOREVER);
    steadywire_client_free(client);
    return ended ? 0 : 1;
}
