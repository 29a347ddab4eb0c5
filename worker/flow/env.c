/*
 * env.c - request ids: a counter under the worker's random key; and the date,
 * of which what is in seconds is written anew once a second only.
 */
#include "worker/flow/env.h"

#include <string.h>

#include "common/base/hash.h"

/* The eight hex digits of v, in memory order, all at once. */
static uint64_t
hex_digits(uint32_t v)
{
	uint64_t x = v, above9;

	/* A nibble to a byte. */
	x = (x << 16 | x) & 0x0000ffff0000ffffu;
	x = (x << 8 | x) & 0x00ff00ff00ff00ffu;
	x = (x << 4 | x) & 0x0f0f0f0f0f0f0f0fu;
	above9 = (x + 0x0606060606060606u) >> 4 & 0x0101010101010101u;
	return x + 0x3030303030303030u + above9 * ('a' - '0' - 10);
}

uint64_t
env_random(struct env *e)
{
	struct hash_key key = { e->id_prefix[0], e->id_prefix[1] };

	return hash_word(key, e->id_count++);
}

void
env_make_id(struct env *e, char out[ENV_ID_BYTES])
{
	uint64_t half[2], digits[4];

	half[0] = env_random(e);
	half[1] = env_random(e);
	for (unsigned i = 0; i < 4; i++)
		digits[i] = hex_digits((uint32_t)(half[i / 2] >> i % 2 * 32));
	memcpy(out, digits, sizeof(digits));
}

struct slice
env_date(struct env *e)
{
	struct wall now = env_wall(e);
	int64_t s = now.us / 1000000;

	if (s != e->date_s)
		wall_date(now, e->date);
	e->date_s = s;
	return slice_make(e->date, WALL_DATE_BYTES - 1);
}

struct slice
env_stamp(struct env *e)
{
	struct wall now = env_wall(e);
	int64_t s = now.us / 1000000;
	unsigned ms = (unsigned)(now.us / 1000 % 1000);

	if (s != e->stamp_s)
		wall_text(now, e->stamp);
	e->stamp_s = s;
	e->stamp[20] = (char)('0' + ms / 100);
	e->stamp[21] = (char)('0' + ms / 10 % 10);
	e->stamp[22] = (char)('0' + ms % 10);
	return slice_make(e->stamp, WALL_TEXT_BYTES - 1);
}
