/*
 * access.c - see access.h.
 */
#include "master/access.h"

#include <errno.h>
#include <unistd.h>

#include "common/base/log.h"
#include "master/audited.h"
#include "master/lineage.h"
#include "shm/control.h"
#include "shm/revoke.h"

#define TEND_US 5000000

static void
access_wake_workers(struct access *a)
{
	for (uint32_t w = 0; w < a->in->workers; w++)
		control_wake(a->in->wake_fds[w]);
}

bool
access_changed(struct access *a, enum saver_file file)
{
	access_wake_workers(a);
	a->owner->published(a);
	return saver_write(&a->saver, file);
}

/* ---- what time brings ---- */

/*
 * Workers change families. Whoever has ended one wakes the master, so that it
 * does not live again after a fall.
 */
static void
access_save_families(struct access *a)
{
	uint64_t sum;

	if (!a->families || !saver_keeps(&a->saver))
		return;
	sum = lineage_sum(&a->in->region);
	if (sum != a->lineage && saver_write(&a->saver, SAVER_LINEAGE))
		a->lineage = sum;
}

static void
access_sweep(struct access *a)
{
	struct region *r = &a->in->region;
	uint64_t was = atomic_load(&r->state->control.revoked);

	if (revoke_sweep(r, clock_wall().us / 1000000) != was)
		(void)saver_write(&a->saver, SAVER_REVOCATIONS);
}

static void
access_tend(struct timer *t)
{
	struct access *a = CONTAINER_OF(t, struct access, tend);

	access_sweep(a);
	audited_keys(&a->in->region, reload_current(&a->in->region));
	access_save_families(a);
	timer_set(&a->loop->timers, t, mono_add_us(clock_now(), TEND_US));
}

static void
access_woken(struct loop_watch *w, unsigned events)
{
	struct access *a = CONTAINER_OF(w, struct access, wake);
	uint64_t n;

	(void)events;
	if (read(w->fd, &n, sizeof(n)) < 0 && errno != EAGAIN)
		log_warn("wake");
	jwks_look(&a->jwks);
	access_save_families(a);
}

/* ---- images ---- */

bool
access_prepare(struct access *a, const struct img_head *img)
{
	return jwks_prepare(&a->jwks, img);
}

void
access_publish(struct access *a, const struct img_head *img)
{
	jwks_publish(&a->jwks, img);
	signer_follow(&a->signer, img);
}

void
access_follow(struct access *a, const struct img_head *img)
{
	bool families = img != NULL && img->access.issuer.refresh_us != 0;

	/* They may be wanted again: what was used by then stays used. */
	if (!families)
		access_save_families(a);
	a->families = families;
	jwks_follow(&a->jwks, img);
	signer_follow(&a->signer, img);
}

/* ---- what its parts tell ---- */

static void
access_settled(struct jwks *j)
{
	struct access *a = CONTAINER_OF(j, struct access, jwks);

	a->owner->settled(a);
}

/* A worker may wait for a key that is there now. */
static void
access_published(struct jwks *j)
{
	struct access *a = CONTAINER_OF(j, struct access, jwks);

	access_wake_workers(a);
	a->owner->published(a);
}

static void
access_signer_changed(struct signer *s)
{
	struct access *a = CONTAINER_OF(s, struct access, signer);

	(void)saver_write(&a->saver, SAVER_SIGNING);
	a->owner->published(a);
}

static const struct jwks_owner access_jwks_owner = {
	.settled = access_settled,
	.published = access_published,
};

static const struct signer_owner access_signer_owner = {
	.changed = access_signer_changed,
};

/* ---- life ---- */

bool
access_load(struct access *a, struct diag *d)
{
	return saver_load(&a->saver, d);
}

bool
access_init(struct access *a, struct loop *loop, struct inherit *in,
    const struct access_owner *owner)
{
	*a = (struct access){ .loop = loop,
		.in = in,
		.owner = owner,
		.wake = { .fn = access_woken, .fd = in->master_wake_fd } };
	timer_init(&a->tend, access_tend);
	saver_init(&a->saver, &in->region, in->state_dir_fd);
	jwks_init(&a->jwks, loop, &in->region, &a->fetcher, &access_jwks_owner);
	signer_init(&a->signer, loop, &in->region, &access_signer_owner);
	timer_set(&loop->timers, &a->tend, mono_add_us(clock_now(), TEND_US));
	return fetcher_init(&a->fetcher, loop) &&
	    loop_add(loop, &a->wake, true);
}

void
access_fini(struct access *a)
{
	access_save_families(a);
	timer_fini(&a->loop->timers, &a->tend);
	loop_remove(a->loop, &a->wake);
	signer_fini(&a->signer);
	jwks_fini(&a->jwks);
	fetcher_fini(&a->fetcher);
}
