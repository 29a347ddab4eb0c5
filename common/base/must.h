/*
 * must.h - checks that stay on in release builds.
 *
 * A bad program meets MUST and ends with last words; a bad world (input,
 * network, memory limits) is a handled value and never comes here.
 */
#ifndef COMMON_BASE_MUST_H
#define COMMON_BASE_MUST_H

#include <stdint.h>

#define MUST(cond)                     \
	(__builtin_expect(!!(cond), 1) \
		? (void)0              \
		: must_fail(#cond, __FILE__, __LINE__, __func__))

/* Tags: the first field of an object that travels through a void pointer. */
#define TAG_SET(obj, value) ((void)((obj)->tag = (value)))
#define TAG_CHECK(obj, value) MUST((obj) != NULL && (obj)->tag == (value))

/*
 * Prints the failed condition to stderr, passes the same text to the hook (if
 * one is set) and aborts. Async-signal-safe but for what the hook does.
 */
_Noreturn void
must_fail(const char *cond, const char *file, int line, const char *func);

/*
 * Sets the hook that keeps last words (shm/slots in a worker). `text` is a
 * NUL-terminated sentence valid during the call only. NULL removes it.
 */
void must_set_hook(void (*hook)(const char *text));

/*
 * Makes SIGSEGV, SIGBUS, SIGFPE and SIGILL pass their own last words to the
 * hook ("SIGSEGV at address 0x10, instruction 0x55d0") before they end the
 * process as ever. The instruction is counted from the start of the program,
 * as addr2line wants it. Does nothing where a sanitizer watches.
 */
void must_catch_signals(void);

#endif
