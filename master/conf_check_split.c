/*
 * conf_check_split.c - how a route's requests are split between services. What
 * services there are is conf_check_route's.
 */
#include <string.h>

#include "master/conf_check.h"
#include "master/conf_hash_key.h"
#include "master/conf_table.h"

/* The first arm of the split with this service. */
static size_t
arm_find(const struct conf_split *s, const char *service)
{
	size_t i = 0;

	while (s->arms[i].service == NULL ||
	    strcmp(s->arms[i].service, service) != 0)
		i++;
	return i;
}

static void
check_arms(const struct conf *c, const struct conf_split *s, struct diag *d)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct conf_arm *arm = &s->arms[i];
		struct conf_place at =
		    conf_where(c, &conf_block_arm, arm, "service");

		if (arm->service == NULL) {
			if (!conf_given(&conf_block_arm, arm, "service"))
				diag_error(d, at.file, at.line,
				    "split: each entry needs a service");
		} else if (arm_find(s, arm->service) != i) {
			diag_error(d, at.file, at.line,
			    "split: service \"%s\" is there twice",
			    arm->service);
		}
	}
}

static void
check_weights(const struct conf_split *s, struct conf_place at, struct diag *d)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < s->count; i++)
		sum += s->arms[i].weight;
	if (s->count == 0)
		diag_error(d, at.file, at.line, "split: it has no service");
	else if (sum == 0)
		diag_error(d, at.file, at.line,
		    "split: no service has a weight above 0");
}

static void
check_key(const struct conf *c, struct conf_route *r, struct diag *d)
{
	struct conf_place at = conf_where(c, &conf_block_route, r, "split_key");
	struct conf_hash_key key = { .kind = IMG_HASH_NONE };
	const char *wrong = NULL;

	if (r->split.key != NULL)
		wrong = conf_hash_key_parse(r->split.key, false, &key);
	if (wrong != NULL)
		diag_error(d, at.file, at.line, "split_key: \"%s\" %s",
		    r->split.key, wrong);
	else if (r->split.key != NULL &&
	    !conf_given(&conf_block_route, r, "split"))
		diag_error(d, at.file, at.line,
		    "split_key: it has no effect without split");
	r->split.key_kind = key.kind;
	r->split.key_name = key.name;
}

void
conf_check_split(const struct conf *c, struct conf_route *r, struct diag *d)
{
	struct conf_place at = conf_where(c, &conf_block_route, r, "split");

	check_key(c, r, d);
	if (!conf_given(&conf_block_route, r, "split"))
		return;
	check_arms(c, &r->split, d);
	check_weights(&r->split, at, d);
}
