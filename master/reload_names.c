/*
 * reload_names.c - see reload_names.h.
 */
#include "master/reload_names.h"

#include "common/base/log.h"
#include "master/publish.h"

#define WAIT_MAX_US 10000000
#define WAIT_START_MAX_US 3000000 /* while nothing is served yet */

/* ---- the resolver's events ---- */

static bool
names_changed(struct resolver *rs, uint32_t index)
{
	if (reload_renew(CONTAINER_OF(rs, struct reload, names), index))
		return true;
	log_warnx("no room for the endpoints that a name stands for now: "
		  "they stay as they are, for a while");
	return false;
}

static void
names_settled(struct resolver *rs)
{
	struct reload *r = CONTAINER_OF(rs, struct reload, names);

	reload_resolved(r, RELOAD_WAIT_NAMES);
}

static const struct resolver_owner names_owner = {
	.changed = names_changed,
	.settled = names_settled,
};

static void
names_on_limit(struct timer *t)
{
	struct reload *r = CONTAINER_OF(t, struct reload, names_limit);

	reload_resolved(r, r->waits);
}

/* ---- waiting ---- */

/*
 * As long as all servers may take to say nothing, within reason; what others
 * wait for has a time of its own.
 */
static uint64_t
names_wait_us(const struct reload *r, const struct img_head *img)
{
	uint64_t us = img->resolver.timeout_us * img->resolver.attempts *
	    resolve_channel_servers(&r->names.channel);
	uint64_t max = reload_current(&r->in->region) != NULL
	    ? WAIT_MAX_US
	    : WAIT_START_MAX_US;

	return us < max && r->waits == RELOAD_WAIT_NAMES ? us : max;
}

bool
reload_names_wait(struct reload *r, const struct img_head *img)
{
	resolver_prepare(&r->names, img);
	publish_await(&r->in->region, &r->names, img);
	return !resolver_settled(&r->names);
}

void
reload_names_limit(struct reload *r, const struct img_head *img)
{
	timer_set(&r->names.loop->timers, &r->names_limit,
	    mono_add_us(clock_now(), names_wait_us(r, img)));
}

void
reload_names_warn(struct reload *r, struct diag *d)
{
	struct resolve_name *n = NULL;

	while ((n = resolver_next(&r->names, n)) != NULL)
		if (n->awaited && n->ok_us == 0)
			diag_warn(d, NULL, 0, "%s: not resolved: %s", n->host,
			    n->why != NULL ? n->why : "no answer yet");
}

/* ---- life ---- */

bool
reload_names_init(struct reload *r, struct loop *loop)
{
	timer_init(&r->names_limit, names_on_limit);
	return resolver_init(&r->names, loop, &names_owner);
}

void
reload_names_fini(struct reload *r)
{
	timer_fini(&r->names.loop->timers, &r->names_limit);
	resolver_fini(&r->names);
}
