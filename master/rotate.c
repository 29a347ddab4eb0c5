/*
 * rotate.c - see rotate.h.
 */
#include "master/rotate.h"

#include "common/base/log.h"
#include "common/base/must.h"
#include "master/reload.h"
#include "shm/epoch.h"
#include "shm/image.h"
#include "shm/tickets.h"

static void
rotate_due(struct timer *t)
{
	rotate_follow(CONTAINER_OF(t, struct rotate, due));
}

void
rotate_init(struct rotate *r, struct loop *loop, struct region *region)
{
	*r = (struct rotate){ .loop = loop, .region = region };
	timer_init(&r->due, rotate_due);
}

void
rotate_fini(struct rotate *r)
{
	timer_fini(&r->loop->timers, &r->due);
}

/* Those that the image's files had. */
static void
rotate_give(struct rotate *r, const struct img_head *img, const char *secrets)
{
	const char *keys = secrets + img->ticket_keys.off;
	size_t n = img->ticket_keys.len / sizeof(struct tls_ticket_key);

	/* Bytes alone: it need not be aligned. */
	tickets_give(
	    r->region, (const struct tls_ticket_key *)(const void *)keys, n);
}

static void
rotate_made(struct rotate *r, uint64_t lifetime_us)
{
	uint64_t now_us = clock_now().us, made_us;

	if (!tickets_made(r->region, &made_us) ||
	    now_us >= made_us + lifetime_us) {
		tickets_rotate(r->region, now_us);
		log_debug("a new key for session tickets");
		(void)tickets_made(r->region, &made_us);
	}
	timer_set(
	    &r->loop->timers, &r->due, (struct mono){ made_us + lifetime_us });
}

void
rotate_follow(struct rotate *r)
{
	const struct img_head *img = reload_current(r->region);
	const char *secrets;

	timer_cancel(&r->due);
	if (img == NULL || img->tls.count == 0 || img->ticket_us == 0)
		return;
	secrets = r->region->secrets + ((const char *)img - r->region->images);
	if (img->ticket_keys.len != 0)
		rotate_give(r, img, secrets);
	else
		rotate_made(r, img->ticket_us);
}
