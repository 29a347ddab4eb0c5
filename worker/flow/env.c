/*
 * env.c - request ids; and the date, of which what is in seconds is written
 * anew once a second only.
 */
#include "worker/flow/env.h"

#include "common/base/hex.h"
#include "common/base/text.h"

void
env_make_id(struct env *e, char out[ENV_ID_BYTES])
{
	struct random_pair id = random_pair(&e->random);

	_Static_assert(2 * sizeof(id) == ENV_ID_BYTES, "all of its digits");
	hex_write(&id, sizeof(id), out);
}

void
env_date_write(struct env *e)
{
	struct wall now = env_wall(e);
	int64_t s = now.us / 1000000;

	if (s != e->date_s)
		wall_date(now, e->date);
	e->date_s = s;
	e->dated = e->walled;
}

void
env_stamp_write(struct env *e)
{
	struct wall now = env_wall(e);
	int64_t s = now.us / 1000000;
	uint32_t ms = (uint32_t)(now.us / 1000 % 1000);

	if (s != e->stamp_s)
		wall_text(now, e->stamp);
	e->stamp_s = s;
	(void)text_put_triple(e->stamp + 20, ms);
	e->stamped = e->walled;
}
