/* The library is loaded while the program runs, and let go: its threads live on, so its code does too. */
#include "check.h"

#include <dlfcn.h>

typedef steadywire_status new_config(const char *, size_t, steadywire_config **);
typedef steadywire_status new_client(const steadywire_config *, steadywire_client **);
typedef steadywire_status connect_wait(steadywire_client *, const char *, size_t, int64_t);
typedef void free_client(steadywire_client *);
typedef uint32_t version(void);

static void *symbol(void *library, const char *name)
{
	void *found = dlsym(library, name);
	if (found == NULL)
		fail(__FILE__, __LINE__, "%s: %s", name, dlerror());
	return found;
}

/* ISO C has no way from an object's pointer to a function's; POSIX does it like this. */
#define LOAD(type, variable, name) \
	type *variable; \
	*(void **)&variable = symbol(library, name)

static void round_trip(const char *path, const char *url)
{
	steadywire_config *config;
	steadywire_client *client;
	void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (library == NULL)
		fail(__FILE__, __LINE__, "%s", dlerror());
	LOAD(version, abi_version, "steadywire_abi_version");
	LOAD(new_config, make_config, "steadywire_config_new");
	LOAD(new_client, make_client, "steadywire_client_new");
	LOAD(connect_wait, connect, "steadywire_client_connect_wait");
	LOAD(free_client, free_it, "steadywire_client_free");
	CHECK(abi_version() == STEADYWIRE_ABI_VERSION);
	CHECK(make_config(Z(url), &config) == STEADYWIRE_OK);
	CHECK(make_client(config, &client) == STEADYWIRE_OK);
	CHECK(connect(client, Z("t"), PATIENCE_MS) == STEADYWIRE_OK);
	free_it(client);
	CHECK(dlclose(library) == 0);
}

int main(int count, char **arguments)
{
	CHECK(count == 3);
	round_trip(arguments[1], arguments[2]);
	pause_ms(20); /* its threads still close the link */
	round_trip(arguments[1], arguments[2]);
	return 0;
}
