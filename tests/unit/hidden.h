/*
 * hidden.h - whether a sanitizer stops who touches a byte; without one, nothing
 * would, and it counts as hidden.
 */
#ifndef TESTS_UNIT_HIDDEN_H
#define TESTS_UNIT_HIDDEN_H

#include <stdbool.h>

#include "common/base/sanitized.h"

static inline bool
hidden(const void *p)
{
#if SANITIZED_ADDRESS
	return __asan_address_is_poisoned(p);
#else
	(void)p;
	return true;
#endif
}

#endif
