/* The driver for C: does what it is told line by line. tests/conformance/README.md describes the lines. */
#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <steadywire.h>

#define FIELDS 64
#define REPORTERS 8
#define FOLLOWS 8

/* One follow, and the thread that reads it. Free for another one where there is no follow. */
struct reader {
    steadywire_follow *follow;
    pthread_t thread;
    char *name;
    int ended;
};

static steadywire_client *client;
static steadywire_reporter *reporters[REPORTERS];
static struct reader readers[FOLLOWS];
static pthread_mutex_t ending = PTHREAD_MUTEX_INITIALIZER; /* of `ended` */

static void fail(const char *what, const char *about) {
    fprintf(stderr, "driver.c: %s: %s\n", what, about);
    exit(1);
}

/* One call of printf a line: callbacks run on threads of their own. */
static void say(const char *word, const char *name, const char *rest) {
    printf("%s\t%s%s%s\n", word, name, rest != NULL ? "\t" : "", rest != NULL ? rest : "");
    fflush(stdout);
}

/* Callbacks. Their user_data is the name of the call, which drop frees. */

static void on_event(const steadywire_event *event, void *user_data) {
    (void)user_data;
    if (steadywire_event_kind(event) != STEADYWIRE_EVENT_RETRY) {
        say("event", steadywire_event_to_json(event, NULL), NULL);
    }
}

static void on_done(steadywire_status status, const char *message, void *name) {
    (void)message;
    if (status == STEADYWIRE_OK) {
        say("answer", name, "null");
    } else {
        say("failed", name, steadywire_status_name(status));
    }
}

static void on_outcome(const steadywire_outcome *outcome, void *name) {
    size_t length = 0;
    const char *json = steadywire_outcome_to_json(outcome, &length);
    printf("answer\t%s\t%.*s,\"timestamp\":%lld}\n", (const char *)name, (int)length - 1, json,
           (long long)steadywire_outcome_timestamp(outcome));
    fflush(stdout);
}

/* As JSON, of what the accessors give. */
static void on_receipt(const steadywire_receipt *receipt, void *name) {
    static const char *const states[] = {"", "written", "acked", "rejected", "dropped", "unknown"};
    const steadywire_drop_reason reason = steadywire_receipt_drop_reason(receipt);
    const char *message = steadywire_receipt_message(receipt, NULL);
    if (strpbrk(message, "\"\\") != NULL) {
        fail("a message that would have to be escaped", message);
    }
    printf("answer\t%s\t{\"state\":\"%s\",\"reason\":\"%s\",\"message\":\"%s\",\"ackUnsupported\":%s}\n",
           (const char *)name, states[steadywire_receipt_state(receipt)],
           reason < 0 ? "" : steadywire_drop_reason_name(reason), message,
           steadywire_receipt_ack_unsupported(receipt) ? "true" : "false");
    fflush(stdout);
}

/* Gives the token, which is the user_data, for every attempt. */
static void on_request(steadywire_credentials_request *request, void *token) {
    printf("asked\t{\"attempt\":%u,\"reason\":\"%s\",\"lastCloseCode\":%d,\"httpStatus\":%d,\"forceRefresh\":%s}\n",
           (unsigned)steadywire_credentials_request_attempt(request),
           steadywire_credentials_request_reason(request, NULL),
           (int)steadywire_credentials_request_last_close_code(request),
           (int)steadywire_credentials_request_http_status(request),
           steadywire_credentials_request_force_refresh(request) ? "true" : "false");
    fflush(stdout);
    steadywire_credentials_request_set_token(request, token, STEADYWIRE_NUL);
    steadywire_credentials_request_answer(request);
}

static void *read_follow(void *argument) {
    struct reader *reader = argument;
    const steadywire_event *event = NULL;
    steadywire_status status;
    while ((status = steadywire_follow_next(reader->follow, STEADYWIRE_FOREVER, &event)) == STEADYWIRE_OK) {
        say("followed", reader->name, steadywire_event_to_json(event, NULL));
    }
    if (status == STEADYWIRE_END) {
        say("answer", reader->name, "null");
    } else {
        say("failed", reader->name, steadywire_status_name(status));
    }
    pthread_mutex_lock(&ending);
    reader->ended = 1;
    pthread_mutex_unlock(&ending);
    return NULL;
}

/* Ends the follow where it has not come to its end. */
static void end_reader(struct reader *reader) {
    steadywire_follow_free(reader->follow);
    pthread_join(reader->thread, NULL);
    free(reader->name);
    reader->follow = NULL;
}

static int has_ended(struct reader *reader) {
    pthread_mutex_lock(&ending);
    const int ended = reader->ended;
    pthread_mutex_unlock(&ending);
    return ended;
}

static struct reader *free_reader(void) {
    for (size_t i = 0; i < FOLLOWS; i++) {
        if (readers[i].follow != NULL && has_ended(&readers[i])) {
            end_reader(&readers[i]);
        }
        if (readers[i].follow == NULL) {
            return &readers[i];
        }
    }
    return NULL;
}

/* Calls. `f` are the fields after the name. */

static steadywire_status begin_client(char **f, size_t count) {
    steadywire_config *config = NULL;
    steadywire_status status = steadywire_config_new(f[1], STEADYWIRE_NUL, &config);
    for (size_t i = 2; status == STEADYWIRE_OK && i + 1 < count; i += 2) {
        status = strcmp(f[i], "credentials") == 0
                     ? steadywire_config_set_credentials(config, on_request, strdup(f[i + 1]), free)
                     : steadywire_config_set_json(config, f[i], STEADYWIRE_NUL, f[i + 1], STEADYWIRE_NUL);
    }
    if (status == STEADYWIRE_OK) {
        status = steadywire_client_new(config, &client);
    }
    steadywire_config_free(config);
    return status != STEADYWIRE_OK ? status
                                   : steadywire_client_on(client, STEADYWIRE_EVENT_ANY, on_event, NULL, NULL, NULL);
}

static void end_client(void) {
    for (size_t i = 0; i < FOLLOWS; i++) {
        if (readers[i].follow != NULL) {
            end_reader(&readers[i]);
        }
    }
    for (size_t i = 0; i < REPORTERS; i++) {
        steadywire_reporter_free(reporters[i]);
        reporters[i] = NULL;
    }
    steadywire_client_close_wait(client, STEADYWIRE_FOREVER);
    steadywire_client_free(client);
    client = NULL;
}

static steadywire_level level_of(const char *word) {
    for (steadywire_level level = STEADYWIRE_LEVEL_DEBUG; level <= STEADYWIRE_LEVEL_ERROR; level++) {
        if (strcmp(word, steadywire_level_name(level)) == 0) {
            return level;
        }
    }
    fail("no level", word);
    return 0;
}

static steadywire_status new_message(char **f, steadywire_message **message) {
    const char *kind = f[2];
    const char *task = f[3];
    steadywire_status status;
    if (strcmp(kind, "progress") == 0) {
        status = steadywire_message_new_progress(task, STEADYWIRE_NUL, atof(f[4]), message);
        if (status == STEADYWIRE_OK) {
            steadywire_message_set_stage(*message, f[5], STEADYWIRE_NUL);
            steadywire_message_set_text(*message, f[6], STEADYWIRE_NUL);
        }
    } else if (strcmp(kind, "log") == 0) {
        status = steadywire_message_new_log(task, STEADYWIRE_NUL, level_of(f[4]), f[5], STEADYWIRE_NUL, message);
    } else if (strcmp(kind, "error") == 0) {
        status = steadywire_message_new_error(task, STEADYWIRE_NUL, f[4], STEADYWIRE_NUL, message);
        if (status == STEADYWIRE_OK) {
            steadywire_message_set_code(*message, f[5], STEADYWIRE_NUL);
        }
    } else if (strcmp(kind, "status") == 0) {
        status = steadywire_message_new_status(task, STEADYWIRE_NUL, f[4], STEADYWIRE_NUL, message);
    } else if (strcmp(kind, "complete") == 0) {
        status = steadywire_message_new_complete(task, STEADYWIRE_NUL, f[4], STEADYWIRE_NUL, message);
    } else {
        status = steadywire_message_new_other(kind, STEADYWIRE_NUL, task, STEADYWIRE_NUL, message);
        if (status == STEADYWIRE_OK) {
            status = steadywire_message_set_data(*message, f[4], STEADYWIRE_NUL);
        }
    }
    return status;
}

static steadywire_status send_message(char **f, char *name) {
    steadywire_message *message = NULL;
    steadywire_status status = new_message(f, &message);
    if (status != STEADYWIRE_OK) {
        steadywire_message_free(message);
        free(name);
        return status;
    }
    steadywire_message_set_ack(message, strcmp(f[1], "true") == 0);
    status = steadywire_client_send(client, message, on_receipt, name, free);
    steadywire_message_free(message);
    return status;
}

static steadywire_status begin_follow(const char *task, char *name) {
    struct reader *reader = free_reader();
    if (reader == NULL) {
        fail("one follow too many", task);
        return STEADYWIRE_INTERNAL;
    }
    const steadywire_status status = steadywire_client_follow(client, task, STEADYWIRE_NUL, &reader->follow);
    if (status != STEADYWIRE_OK) {
        free(name);
        return status;
    }
    reader->name = name;
    reader->ended = 0;
    if (pthread_create(&reader->thread, NULL, read_follow, reader) != 0) {
        fail("no thread for", task);
    }
    return STEADYWIRE_OK;
}

static steadywire_status begin_report(const char *task) {
    for (size_t i = 0; i < REPORTERS; i++) {
        if (reporters[i] == NULL) {
            return steadywire_client_report(client, task, STEADYWIRE_NUL, &reporters[i]);
        }
    }
    fail("one reporter too many", task);
    return STEADYWIRE_INTERNAL;
}

static size_t reporter_at(const char *task) {
    for (size_t i = 0; i < REPORTERS; i++) {
        if (reporters[i] != NULL && strcmp(steadywire_reporter_task_id(reporters[i], NULL), task) == 0) {
            return i;
        }
    }
    fail("nobody reports", task);
    return 0;
}

static steadywire_reporter *reporter_of(const char *task) { return reporters[reporter_at(task)]; }

/* With its end the reporter has done its work. */
static steadywire_status end_report(char **f, char *name) {
    const size_t at = reporter_at(f[1]);
    const steadywire_status status =
        strcmp(f[0], "complete") == 0
            ? steadywire_reporter_complete(reporters[at], f[2], STEADYWIRE_NUL, on_receipt, name, free)
            : steadywire_reporter_error(reporters[at], f[2], STEADYWIRE_NUL, f[3], STEADYWIRE_NUL, on_receipt, name,
                                        free);
    if (status == STEADYWIRE_OK) {
        steadywire_reporter_free(reporters[at]);
        reporters[at] = NULL;
    }
    return status;
}

/* What is answered later owns a copy of its name. */
static steadywire_status call(char **f, size_t count, const char *given) {
    const char *verb = f[0];
    if (strcmp(verb, "client") == 0) {
        return begin_client(f, count);
    }
    if (strcmp(verb, "free") == 0) {
        end_client();
        return STEADYWIRE_OK;
    }
    if (strcmp(verb, "stats") == 0) {
        say("answer", given, steadywire_client_stats_json(client, NULL));
        return STEADYWIRE_OK;
    }
    if (strcmp(verb, "subscribe") == 0) {
        return steadywire_client_subscribe(client, f[1], STEADYWIRE_NUL);
    }
    if (strcmp(verb, "unsubscribe") == 0) {
        return steadywire_client_unsubscribe(client, f[1], STEADYWIRE_NUL);
    }
    if (strcmp(verb, "report") == 0) {
        return begin_report(f[1]);
    }
    if (strcmp(verb, "progress") == 0) {
        return steadywire_reporter_progress(reporter_of(f[1]), atof(f[2]), f[3], STEADYWIRE_NUL, f[4], STEADYWIRE_NUL);
    }
    if (strcmp(verb, "log") == 0) {
        return steadywire_reporter_log(reporter_of(f[1]), level_of(f[2]), f[3], STEADYWIRE_NUL);
    }
    if (strcmp(verb, "status") == 0) {
        return steadywire_reporter_status(reporter_of(f[1]), f[2], STEADYWIRE_NUL);
    }
    char *name = strdup(given);
    if (strcmp(verb, "connect") == 0) {
        return steadywire_client_connect(client, count > 1 ? f[1] : NULL, count > 1 ? STEADYWIRE_NUL : 0, on_done, name,
                                         free);
    }
    if (strcmp(verb, "reconnect") == 0) {
        return steadywire_client_reconnect(client, on_done, name, free);
    }
    if (strcmp(verb, "disconnect") == 0) {
        return steadywire_client_disconnect(client, on_done, name, free);
    }
    if (strcmp(verb, "flush") == 0) {
        return steadywire_client_flush(client, on_done, name, free);
    }
    if (strcmp(verb, "wait") == 0) {
        return steadywire_client_outcome(client, f[1], STEADYWIRE_NUL, on_outcome, name, free);
    }
    if (strcmp(verb, "follow") == 0) {
        return begin_follow(f[1], name);
    }
    if (strcmp(verb, "send") == 0) {
        return send_message(f, name);
    }
    if (strcmp(verb, "complete") == 0 || strcmp(verb, "fail") == 0) {
        return end_report(f, name);
    }
    fail("nobody understands", verb);
    return STEADYWIRE_INTERNAL;
}

int main(void) {
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0) {
        char *fields[FIELDS];
        size_t count = 0;
        char *rest = line;
        rest[strcspn(rest, "\n")] = '\0';
        /* strsep() is not in POSIX, and strtok() takes empty fields for none. */
        do {
            if (count == FIELDS) {
                fail("too many fields", line);
            }
            fields[count++] = rest;
            rest = strchr(rest, '\t');
            if (rest != NULL) {
                *rest++ = '\0';
            }
        } while (rest != NULL);
        if (count < 2) {
            fail("nobody understands", line);
        }
        const steadywire_status status = call(fields + 1, count - 1, fields[0]);
        if (status == STEADYWIRE_OK) {
            say("called", fields[0], NULL);
        } else {
            say("refused", fields[0], steadywire_status_name(status));
        }
    }
    free(line);
    return 0;
}
