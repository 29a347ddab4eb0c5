/*
 * series_key.h - the labels of a series in one word. For series*.c only.
 */
#ifndef SHM_SERIES_KEY_H
#define SHM_SERIES_KEY_H

#include <stdint.h>

#include "shm/counters.h"
#include "shm/registry.h"

/* A key: kind:2 a:18 service:13 method:8 code:10; all ones: none, and one less:
 * any other. */
#define SERIES_CODE_BITS 10
#define SERIES_METHOD_BITS 8
#define SERIES_SERVICE_BITS 13
#define SERIES_A_BITS 18

_Static_assert(ROUTES_MAX < (1 << SERIES_A_BITS) - 2, "a row fits");
_Static_assert(ENDPOINTS_MAX < (1 << SERIES_A_BITS) - 2, "an endpoint fits");
_Static_assert(SERVICES_MAX < (1 << SERIES_SERVICE_BITS) - 2, "a service fits");

static inline uint64_t
series_key_pack(uint64_t key, uint32_t value, int bits)
{
	uint32_t none = (1u << bits) - 1;

	if (value >= none)
		value = value == SERIES_OTHER ? none - 1 : none;
	return key << bits | value;
}

static inline uint64_t
series_key(enum series_kind kind, uint32_t a, uint32_t service, uint32_t method,
    uint32_t code)
{
	uint64_t key = kind;

	key = series_key_pack(key, a, SERIES_A_BITS);
	key = series_key_pack(key, service, SERIES_SERVICE_BITS);
	key = series_key_pack(key, method, SERIES_METHOD_BITS);
	return series_key_pack(key, code, SERIES_CODE_BITS);
}

#endif
