/*
 * Steadywire: follow long-running tasks over a WebSocket that breaks.
 *
 * This file is generated from the library's sources and checked against them.
 *
 * TEXTS in are a pointer and a length in bytes, or a NUL-terminated string and STEADYWIRE_NUL; UTF-8; copied before
 * the call returns. NULL with length 0 is the empty text. Texts out are UTF-8, NUL-terminated, may hold further NULs,
 * and belong to what they were asked of.
 *
 * STATUSES. A function that can fail answers with a steadywire_status and says more through
 * steadywire_last_error(). Outputs are written on success only.
 *
 * HANDLES. What a ..._new() makes, its ..._free() frees; free(NULL) is fine. A handle is looked up on every call, on
 * any thread: one that has been freed, is of another type or NULL is answered by STEADYWIRE_INVALID_ARGUMENT (by an
 * empty value where there is no status), never by a crash.
 */

/** The length of a text that ends at its first NUL. */
#define STEADYWIRE_NUL SIZE_MAX
