/*
 * Follows a task of a server and draws its progress as a bar, until the task ends.
 *
 *     cc follow.c -o follow $(pkg-config --cflags --libs steadywire)
 *     ./follow ws://127.0.0.1:8080/ws build
 *
 * Exits with 0 if the task is complete, 1 if it failed, 3 if its end cannot be known. For a server to try it with run
 * `steadywire serve`; for a task, the program worker.c.
 */
#include <stdio.h>
#include <steadywire.h>

/* Says what a function of the library has just refused. */
static int failed(const char *what) {
    char text[256];
    steadywire_last_error(text, sizeof text);
    fprintf(stderr, "%s: %s\n", what, text);
    return 2;
}

/* On a thread of the library, while main() waits for the task. The link is restored by itself, this only tells. */
static void on_state_change(const steadywire_event *event, void *user_data) {
    (void)user_data;
    if (steadywire_event_state(event) == STEADYWIRE_STATE_RECONNECTING)
        fprintf(stderr, "\nthe link is lost and being restored: %s\n", steadywire_event_reason(event, NULL));
}

static void draw(const steadywire_event *event) {
    static const char full[] = "########################################";
    double percent = steadywire_event_progress(event);

    printf("\r[%-40.*s] %5.1f %% %-20s", (int)(percent / 2.5), full, percent, steadywire_event_stage(event, NULL));
    fflush(stdout);
}

/* Shows one event; the exit status where it was the last, else -1. */
static int show(const steadywire_event *event) {
    switch (steadywire_event_kind(event)) {
        case STEADYWIRE_EVENT_PROGRESS:
            draw(event);
            return -1;
        case STEADYWIRE_EVENT_LOG:
            printf("\n%s\n", steadywire_event_message(event, NULL));
            return -1;
        case STEADYWIRE_EVENT_COMPLETE:
            printf("\ncomplete: %s\n", steadywire_event_data(event, NULL));
            return 0;
        case STEADYWIRE_EVENT_ERROR:
            printf("\nerror: %s\n", steadywire_event_message(event, NULL));
            return steadywire_event_fatal(event) ? 1 : -1;
        case STEADYWIRE_EVENT_LOST:
            printf("\nlost: %s\n", steadywire_event_reason(event, NULL));
            return 3;
        default:
            return -1; /* kinds that later versions may add */
    }
}

int main(int argc, char **argv) {
    steadywire_config *config = NULL;
    steadywire_client *client = NULL;
    steadywire_follow *follow = NULL;
    const steadywire_event *event = NULL;
    int status = -1;

    if (argc != 3) {
        fprintf(stderr, "usage: %s URL TASK\n", argv[0]);
        return 2;
    }
    if (steadywire_config_new(argv[1], STEADYWIRE_NUL, &config) != STEADYWIRE_OK) return failed(argv[1]);
    if (steadywire_client_new(config, &client) != STEADYWIRE_OK) return failed(argv[1]);
    steadywire_config_free(config); /* copied */
    steadywire_client_on(client, STEADYWIRE_EVENT_STATE_CHANGE, on_state_change, NULL, NULL, NULL);

    /* Connects and subscribes. The last event is the outcome: exactly one of complete, error or lost. */
    if (steadywire_client_follow(client, argv[2], STEADYWIRE_NUL, &follow) != STEADYWIRE_OK) return failed(argv[2]);
    while (status < 0) {
        if (steadywire_follow_next(follow, STEADYWIRE_FOREVER, &event) != STEADYWIRE_OK) {
            status = failed(argv[2]);
            break;
        }
        status = show(event);
    }
    steadywire_follow_free(follow);
    steadywire_client_free(client);
    return status;
}
