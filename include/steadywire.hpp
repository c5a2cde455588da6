#ifndef STEADYWIRE_HPP
#define STEADYWIRE_HPP

/*
 * Steadywire for C++17 and later: RAII over steadywire.h, header only. Link with the C library.
 *
 *     steadywire::Client client(steadywire::Config("ws://127.0.0.1:8080/ws"));
 *     for (const steadywire::Event& event : client.follow("build-7")) {
 *         std::cout << event.to_json() << '\n';
 *     }
 *
 * NAMES are those of steadywire.h without their prefix, and mean the same; what is written there about units, defaults
 * and threads holds here too.
 *
 * HANDLES are move-only and free what they hold. A handle that was moved from holds nothing; calls on it throw
 * Error(Status::invalid_argument). Config, Client, Follow ... may be used on any thread at once, as in C; moving or
 * destroying one while another thread uses that same object is a race, as with every object.
 *
 * ERRORS are exceptions: steadywire::Error, from the calls that say so. A constructor cannot answer with anything else,
 * std::expected is not in C++17, and a status that nobody looks at would be lost. What comes later than the call comes
 * as a value: Result, Receipt, Outcome. A task that failed is an Outcome, never an exception. Exceptions must be
 * enabled; RTTI need not be.
 *
 * TEXTS in are std::string_view and copied before the call returns. Texts out are std::string_view into the event they
 * were asked of: valid as long as that is.
 *
 * CALLBACKS are any callable: a lambda, a std::function, a move-only function object. It is moved into the library's
 * hands and destroyed once, after its last call; calls of one callable never overlap. They run where steadywire.h says:
 * on a thread of the library, or inside Client::poll(). Every call of this library may be made inside one; those that
 * wait throw Error(Status::would_deadlock) there. One that throws harms nothing: the client reports an error event of
 * ErrorSource::callback with what() as its message, and goes on.
 */

#include "steadywire/classify.hpp"     // IWYU pragma: export
#include "steadywire/client.hpp"       // IWYU pragma: export
#include "steadywire/config.hpp"       // IWYU pragma: export
#include "steadywire/credentials.hpp"  // IWYU pragma: export
#include "steadywire/error.hpp"        // IWYU pragma: export
#include "steadywire/event.hpp"        // IWYU pragma: export
#include "steadywire/follow.hpp"       // IWYU pragma: export
#include "steadywire/log.hpp"          // IWYU pragma: export
#include "steadywire/message.hpp"      // IWYU pragma: export
#include "steadywire/outcome.hpp"      // IWYU pragma: export
#include "steadywire/reporter.hpp"     // IWYU pragma: export

#endif  // STEADYWIRE_HPP
