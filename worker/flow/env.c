/*
 * env.c - request ids: a counter under the worker's random key; and the date,
 * of which what is in seconds is written anew once a second only.
 */
#include "worker/flow/env.h"

#include "common/base/hash.h"
#include "common/base/hex.h"

uint64_t
env_random(struct env *e)
{
	struct hash_key key = { e->id_prefix[0], e->id_prefix[1] };

	return hash_word(key, e->id_count++);
}

void
env_random_pair(struct env *e, uint64_t out[2])
{
	struct hash_key key = { e->id_prefix[0], e->id_prefix[1] };

	hash_word_pair(key, e->id_count++, out);
}

void
env_make_id(struct env *e, char out[ENV_ID_BYTES])
{
	uint64_t id[2];

	env_random_pair(e, id);
	_Static_assert(2 * sizeof(id) == ENV_ID_BYTES, "all of its digits");
	hex_write(id, sizeof(id), out);
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
