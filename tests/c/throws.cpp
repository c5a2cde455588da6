/* An exception that leaves a callback of the C library ends the process, on whichever thread: it is not lost, and the
 * library does not go on with what it left half done. steadywire.hpp turns exceptions into error events instead. */
#include <stdexcept>

#include <cstdio>
#include <ctime>

#include <steadywire.h>

static void on_done(steadywire_status, const char *, void *)
{
	throw std::runtime_error("thrown");
}

int main()
{
	steadywire_config *config = nullptr;
	steadywire_client *client = nullptr;
	if (steadywire_config_new("ws://127.0.0.1:9/ws", STEADYWIRE_NUL, &config) != STEADYWIRE_OK ||
	    steadywire_config_set_max_connect_attempts(config, 1) != STEADYWIRE_OK ||
	    steadywire_client_new(config, &client) != STEADYWIRE_OK ||
	    steadywire_client_connect(client, nullptr, 0, on_done, nullptr, nullptr) != STEADYWIRE_OK)
		return 2;
	std::timespec long_enough = { 60, 0 };
	nanosleep(&long_enough, nullptr);
	return 3;
}
