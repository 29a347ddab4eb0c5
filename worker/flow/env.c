/*
 * env.c - request ids; and the date, of which what is in seconds is written
 * anew once a second only.
 */
#include "worker/flow/env.h"

#include "common/base/hex.h"

void
env_make_id(struct env *e, char out[ENV_ID_BYTES])
{
	uint64_t id[2];

	random_pair(&e->random, id);
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
