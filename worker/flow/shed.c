/*
 * shed.c - see shed.h. Who is sent away is drawn by lot: no client of a class
 * is better off than another.
 */
#include "worker/flow/shed.h"

#include "worker/flow/pressure.h"

bool
shed_draws(struct req *q)
{
	static const enum counter counters[IMG_CLASS_COUNT] = {
		[IMG_CLASS_NORMAL] = COUNTER_SHED_NORMAL,
		[IMG_CLASS_PRIORITY] = COUNTER_SHED_PRIORITY,
		[IMG_CLASS_EMERGENCY] = COUNTER_SHED_EMERGENCY,
	};
	struct env *e = q->env;
	enum img_class class = (enum img_class)q->match.route->class;
	uint32_t part = pressure_part(e->pressure_level, class);

	if (part == 0 || random_word(&e->random) % 1000 >= part)
		return false;
	env_count(e, counters[class], 1);
	req_fail(q, WHY_SHED);
	return true;
}
