/* What the programs in this directory share: checks that end the program with a word, and a journal in which callbacks
 * note what happens, for the main thread to wait for. */
#ifndef CHECK_H
#define CHECK_H

#define _POSIX_C_SOURCE 200809L

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <steadywire.h>

/* Long enough for any machine; reached only when a test fails. */
#define PATIENCE_MS 60000

/* A text and its length, for functions that take both. */
#define Z(text) (text), STEADYWIRE_NUL

#define UNUSED __attribute__((unused))

static UNUSED const char *last_error(void)
{
	static char text[1024];
	steadywire_last_error(text, sizeof text);
	return text;
}

static UNUSED void fail(const char *file, int line, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fprintf(stderr, "%s:%d: ", file, line);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	fflush(NULL);
	_Exit(1);
}

#define CHECK(condition) \
	do { \
		if (!(condition)) \
			fail(__FILE__, __LINE__, "this does not hold: %s", #condition); \
	} while (0)

/* The call answers with this status. */
#define IS(status, call) \
	do { \
		steadywire_status found_ = (call); \
		if (found_ != (status)) \
			fail(__FILE__, __LINE__, "%s gives %s, not %s: %s", #call, steadywire_status_name(found_), #status, \
			     last_error()); \
	} while (0)

#define OK(call) IS(STEADYWIRE_OK, call)
#define BAD(call) IS(STEADYWIRE_INVALID_ARGUMENT, call)

#define SAME(text, wanted) \
	do { \
		const char *found_ = (text); \
		if (strcmp(found_, (wanted)) != 0) \
			fail(__FILE__, __LINE__, "%s is \"%s\", not \"%s\"", #text, found_, (wanted)); \
	} while (0)

#define HOLDS(text, part) \
	do { \
		const char *found_ = (text); \
		if (strstr(found_, (part)) == NULL) \
			fail(__FILE__, __LINE__, "%s is \"%s\", which does not hold \"%s\"", #text, found_, (part)); \
	} while (0)

/* Lines in the order in which they were noted. */
struct journal {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	char lines[512][256];
	size_t first, count;
};

#define JOURNAL { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, { { 0 } }, 0, 0 }

static UNUSED void note(struct journal *journal, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	pthread_mutex_lock(&journal->lock);
	CHECK(journal->count < sizeof journal->lines / sizeof *journal->lines);
	vsnprintf(journal->lines[journal->count++], sizeof *journal->lines, format, arguments);
	pthread_cond_broadcast(&journal->changed);
	pthread_mutex_unlock(&journal->lock);
	va_end(arguments);
}

static UNUSED struct timespec in_ms(long ms)
{
	struct timespec at;
	clock_gettime(CLOCK_REALTIME, &at);
	at.tv_sec += ms / 1000;
	at.tv_nsec += ms % 1000 * 1000000;
	if (at.tv_nsec >= 1000000000) {
		at.tv_sec++;
		at.tv_nsec -= 1000000000;
	}
	return at;
}

/* The next line, waited for; NULL where none comes. */
static UNUSED const char *next_line(struct journal *journal, long timeout_ms)
{
	struct timespec deadline = in_ms(timeout_ms);
	const char *line = NULL;
	int over = 0;
	pthread_mutex_lock(&journal->lock);
	while (journal->first == journal->count && !over)
		over = pthread_cond_timedwait(&journal->changed, &journal->lock, &deadline);
	if (journal->first < journal->count)
		line = journal->lines[journal->first++];
	pthread_mutex_unlock(&journal->lock);
	return line;
}

#define EXPECT(journal, line) \
	do { \
		const char *next_ = next_line((journal), PATIENCE_MS); \
		if (next_ == NULL || strcmp(next_, (line)) != 0) \
			fail(__FILE__, __LINE__, "\"%s\" should come next, not \"%s\"", (line), next_ ? next_ : "(nothing)"); \
	} while (0)

/* The next line that begins so; others are left out. */
#define EXPECT_LATER(journal, start) \
	do { \
		const char *next_; \
		do { \
			next_ = next_line((journal), PATIENCE_MS); \
			if (next_ == NULL) \
				fail(__FILE__, __LINE__, "\"%s\" should come", (start)); \
		} while (strncmp(next_, (start), strlen(start)) != 0); \
	} while (0)

/* A gate that opens once. */
struct gate {
	pthread_mutex_t lock;
	pthread_cond_t opened;
	bool open;
};

#define GATE { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false }

static UNUSED void open_gate(struct gate *gate)
{
	pthread_mutex_lock(&gate->lock);
	gate->open = true;
	pthread_cond_broadcast(&gate->opened);
	pthread_mutex_unlock(&gate->lock);
}

static UNUSED bool is_open(struct gate *gate)
{
	bool is;
	pthread_mutex_lock(&gate->lock);
	is = gate->open;
	pthread_mutex_unlock(&gate->lock);
	return is;
}

static UNUSED void wait_at(struct gate *gate)
{
	struct timespec deadline = in_ms(PATIENCE_MS);
	int over = 0;
	pthread_mutex_lock(&gate->lock);
	while (!gate->open && !over)
		over = pthread_cond_timedwait(&gate->opened, &gate->lock, &deadline);
	CHECK(gate->open);
	pthread_mutex_unlock(&gate->lock);
}

/* Options for tests: quick retries. */
static UNUSED steadywire_config *options(const char *url)
{
	steadywire_config *config = NULL;
	OK(steadywire_config_new(Z(url), &config));
	OK(steadywire_config_set_reconnect_interval_ms(config, 10));
	OK(steadywire_config_set_seed(config, 1));
	return config;
}

static UNUSED steadywire_client *client_with(steadywire_config *config)
{
	steadywire_client *client = NULL;
	OK(steadywire_client_new(config, &client));
	steadywire_config_free(config);
	return client;
}

static UNUSED steadywire_client *client_for(const char *url)
{
	return client_with(options(url));
}

/* Counts, for drops. */
static UNUSED void count_up(void *counter)
{
	__atomic_fetch_add((int *)counter, 1, __ATOMIC_SEQ_CST);
}

static UNUSED int count_of(int *counter)
{
	return __atomic_load_n(counter, __ATOMIC_SEQ_CST);
}

static UNUSED void pause_ms(long ms)
{
	struct timespec time = { ms / 1000, ms % 1000 * 1000000 };
	nanosleep(&time, NULL);
}

/* Waits for what another thread is about to do. */
#define EVENTUALLY(condition) \
	do { \
		long tries_ = PATIENCE_MS; \
		while (!(condition)) { \
			if (tries_-- == 0) \
				fail(__FILE__, __LINE__, "it never came to hold: %s", #condition); \
			pause_ms(1); \
		} \
	} while (0)

#endif
