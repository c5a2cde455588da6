/* Lines for operators: passed on without credentials, and nothing may be called where they are. */
#include "check.h"

static struct journal journal = JOURNAL;

static void on_log(steadywire_level level, const char *about, const char *message, void *user_data)
{
	size_t length = steadywire_last_error(NULL, 0);
	CHECK(user_data == &journal);
	CHECK(strstr(message, "hunter2") == NULL);
	/* Nothing else may be called: it does nothing, and says so by its answer. */
	IS(STEADYWIRE_WOULD_DEADLOCK, steadywire_set_log(STEADYWIRE_LEVEL_INFO, NULL, NULL, NULL));
	CHECK(steadywire_last_error(NULL, 0) > 0);
	(void)length;
	note(&journal, "%s %s %.200s", steadywire_level_name(level), about, message);
}

static void on_drop(void *user_data)
{
	CHECK(user_data == &journal);
	note(&journal, "dropped");
}

static void expect_part(const char *start, const char *part)
{
	const char *line;
	do {
		line = next_line(&journal, PATIENCE_MS);
		if (line == NULL)
			fail(__FILE__, __LINE__, "no line begins with \"%s\" and holds \"%s\"", start, part);
	} while (strncmp(line, start, strlen(start)) != 0 || strstr(line, part) == NULL);
}

int main(int count, char **arguments)
{
	char url[200];
	steadywire_config *config;
	steadywire_client *client;
	steadywire_message *message;
	CHECK(count == 2);
	BAD(steadywire_set_log(-1, on_log, &journal, on_drop));
	EXPECT(&journal, "dropped");
	OK(steadywire_set_log(STEADYWIRE_LEVEL_DEBUG, on_log, &journal, on_drop));
	snprintf(url, sizeof url, "ws://user:hunter2@%s?token=hunter2", arguments[1] + strlen("ws://"));
	config = options(url);
	OK(steadywire_config_set_token(config, Z("hunter2")));
	client = client_with(config);
	OK(steadywire_client_connect_wait(client, NULL, 0, PATIENCE_MS));
	expect_part("info link ws://", "link 1 is up");
	OK(steadywire_client_reconnect_wait(client, PATIENCE_MS));
	expect_part("info link ws://", "is up");
	OK(steadywire_client_callback_failed(client, STEADYWIRE_EVENT_ERROR, Z("it threw")));
	expect_part("error callback ", "it threw");
	OK(steadywire_client_disconnect_wait(client, PATIENCE_MS));
	OK(steadywire_message_new_log(Z("t"), STEADYWIRE_LEVEL_INFO, Z("m"), &message));
	OK(steadywire_client_send(client, message, NULL, NULL, NULL));
	steadywire_message_free(message);
	OK(steadywire_client_close_wait(client, PATIENCE_MS));
	expect_part("warn outbox ws://", "1 of the messages");
	steadywire_client_free(client);
	/* Another one takes its place, or nobody does: the one before is dropped. */
	OK(steadywire_set_log(STEADYWIRE_LEVEL_ERROR, on_log, &journal, on_drop));
	EXPECT_LATER(&journal, "dropped");
	OK(steadywire_set_log(STEADYWIRE_LEVEL_ERROR, NULL, &journal, on_drop));
	/* In any order: the one that was given now, for nothing, and the one that was there. */
	EXPECT_LATER(&journal, "dropped");
	EXPECT_LATER(&journal, "dropped");
	client = client_for(arguments[1]);
	OK(steadywire_client_connect_wait(client, NULL, 0, PATIENCE_MS));
	steadywire_client_free(client);
	CHECK(next_line(&journal, 0) == NULL);
	return 0;
}
