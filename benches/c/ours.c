/* The C library as a program would use it: default settings but for conflation, callbacks on the dispatch thread. */
#include <semaphore.h>
#include <steadywire.h>

#include "tally.h"

typedef struct run {
    tally tally;
    sem_t over;
} run;

static uint64_t start(const steadywire_event *event) {
    size_t length;
    const char *task = steadywire_event_task_id(event, &length);
    return hash_start(task, length, steadywire_event_timestamp(event));
}

static void on_progress(const steadywire_event *event, void *user_data) {
    run *into = user_data;
    uint64_t hash = start(event);
    size_t length;
    const char *text = steadywire_event_stage(event, &length);
    hash = hash_text(hash, text, length);
    hash = hash_double(hash, steadywire_event_progress(event));
    text = steadywire_event_message(event, &length);
    tally_add(&into->tally, PROGRESS, hash_text(hash, text, length));
}

static void on_log(const steadywire_event *event, void *user_data) {
    run *into = user_data;
    uint64_t hash = hash_word(start(event), (uint64_t)steadywire_event_level(event));
    size_t length;
    const char *text = steadywire_event_message(event, &length);
    hash = hash_text(hash, text, length);
    text = steadywire_event_metadata(event, &length);
    hash = length ? hash_text(hash, text, length) : hash_text(hash, "-", 1);
    tally_add(&into->tally, LOG, hash);
}

static void on_status(const steadywire_event *event, void *user_data) {
    run *into = user_data;
    size_t length;
    const char *data = steadywire_event_data(event, &length);
    tally_add(&into->tally, STATUS, hash_text(start(event), data, length));
}

static void on_complete(const steadywire_event *event, void *user_data) {
    run *into = user_data;
    size_t length;
    const char *data = steadywire_event_data(event, &length);
    if (tally_add(&into->tally, COMPLETE, hash_text(start(event), data, length))) sem_post(&into->over);
}

static int failed(const char *what) {
    char text[256];
    steadywire_last_error(text, sizeof text);
    fprintf(stderr, "%s: %s\n", what, text);
    return 1;
}

int main(int argc, char **argv) {
    static run whole;
    steadywire_config *config = NULL;
    steadywire_client *client = NULL;

    if (argc < 3) return usage(argv[0]);
    sem_init(&whole.over, 0, 0);
    tally_start(&whole.tally, argc - 2);
    if (steadywire_config_new(argv[1], STEADYWIRE_NUL, &config) != STEADYWIRE_OK ||
        steadywire_config_set_conflate(config, STEADYWIRE_CONFLATE_NEVER) != STEADYWIRE_OK ||
        steadywire_client_new(config, &client) != STEADYWIRE_OK ||
        steadywire_client_on(client, STEADYWIRE_EVENT_PROGRESS, on_progress, &whole, NULL, NULL) != STEADYWIRE_OK ||
        steadywire_client_on(client, STEADYWIRE_EVENT_LOG, on_log, &whole, NULL, NULL) != STEADYWIRE_OK ||
        steadywire_client_on(client, STEADYWIRE_EVENT_STATUS, on_status, &whole, NULL, NULL) != STEADYWIRE_OK ||
        steadywire_client_on(client, STEADYWIRE_EVENT_COMPLETE, on_complete, &whole, NULL, NULL) != STEADYWIRE_OK)
        return failed(argv[1]);
    for (int task = 2; task < argc; task++)
        if (steadywire_client_subscribe(client, argv[task], STEADYWIRE_NUL) != STEADYWIRE_OK) return failed(argv[task]);
    if (steadywire_client_connect_wait(client, NULL, 0, STEADYWIRE_FOREVER) != STEADYWIRE_OK) return failed(argv[1]);
    while (sem_wait(&whole.over) != 0) continue; /* a signal */
    return tally_report(&whole.tally);
}
