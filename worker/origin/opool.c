/*
 * opool.c - see opool.h. The table is one place per endpoint slot, in memory
 * that is touched only where endpoints are used.
 */
#include "worker/origin/opool.h"

#include <sys/mman.h>

#include "common/base/must.h"
#include "worker/origin/queue.h"

#define OPOOL_PLACE_BYTES (ENDPOINTS_MAX * sizeof(struct opool_place))
#define OPOOL_COUNT_BYTES (ENDPOINTS_MAX * sizeof(uint32_t))
/* Who wants a permit says so again within this time, until he has one. */
#define OPOOL_WANTED_US 5000u
/* Between two lines in the log on connections that failed. */
#define OPOOL_LOG_US 1000000u

struct opool_place {
	struct list solos; /* idle */
	struct list muxes; /* all; those with room in front */
	struct tls_resume resume;
	uint32_t tag;     /* whom the fields around it are of */
	uint32_t streams; /* that a mux may have; 0: not known */
	uint32_t solo_count, resting;
	/* What the last call wanted: idle ones that do not fit are closed. */
	const struct tls_client *policy;
	uint64_t name_hash;
	bool h2;
};

static void *
opool_map(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

bool
opool_init(struct opool *p, struct env *e)
{
	*p = (struct opool){ .env = e };
	pool_init(&p->solos, "solos", sizeof(struct solo), 0);
	pool_init(&p->muxes, "muxes", sizeof(struct mux), 0);
	pool_init(&p->lanes, "lanes", sizeof(struct lane), 0);
	p->places = opool_map(OPOOL_PLACE_BYTES);
	p->counts = opool_map(OPOOL_COUNT_BYTES);
	return p->places != NULL && p->counts != NULL;
}

void
opool_fini(struct opool *p)
{
	for (uint32_t i = 0; i < ENDPOINTS_MAX; i++)
		if (p->places[i].resume.session != NULL)
			tls_resume_drop(&p->places[i].resume);
	pool_fini(&p->solos);
	pool_fini(&p->muxes);
	pool_fini(&p->lanes);
	munmap(p->places, OPOOL_PLACE_BYTES);
	munmap(p->counts, OPOOL_COUNT_BYTES);
}

void
opool_trim(struct opool *p)
{
	pool_trim(&p->solos);
	pool_trim(&p->muxes);
	pool_trim(&p->lanes);
}

/* The place of an endpoint, made on first use. */
static struct opool_place *
opool_at(struct opool *p, uint32_t index)
{
	struct opool_place *at = &p->places[index];

	MUST(index < ENDPOINTS_MAX);
	if (at->solos.next == NULL) {
		list_init(&at->solos);
		list_init(&at->muxes);
	}
	return at;
}

/* The same, when what is remembered has to be of this endpoint. */
static struct opool_place *
opool_of(struct opool *p, struct endpoint_handle h)
{
	struct opool_place *at = opool_at(p, h.index);

	if (at->tag != h.tag) {
		tls_resume_drop(&at->resume);
		at->streams = 0;
		at->tag = h.tag;
	}
	return at;
}

struct tls_resume *
opool_resume(struct opool *p, struct endpoint_handle h)
{
	return &opool_of(p, h)->resume;
}

uint32_t
opool_streams(struct opool *p, struct endpoint_handle h)
{
	uint32_t n = opool_of(p, h)->streams;

	return n != 0 && n < MUX_STREAMS_MAX ? n : MUX_STREAMS_MAX;
}

void
opool_set_streams(struct opool *p, struct endpoint_handle h, uint32_t streams)
{
	opool_of(p, h)->streams = streams;
}

bool
opool_may_log(struct opool *p)
{
	struct mono now = clock_now();

	if (p->logged.us != 0 && mono_diff_us(now, p->logged) < OPOOL_LOG_US)
		return false;
	p->logged = now;
	return true;
}

static void
opool_count(struct opool *p, uint32_t index, int by)
{
	p->counts[index] += (uint32_t)by;
	p->total += (uint32_t)by;
}

static bool
opool_wanted(const struct opool *p, uint32_t index)
{
	uint64_t wanted_us = permit_wanted_us(p->env->region, index);

	return wanted_us != 0 &&
	    mono_diff_us(clock_now(), (struct mono){ wanted_us }) <
	    OPOOL_WANTED_US;
}

/* Nobody elsewhere is in need of its permit more than this worker. */
static bool
opool_may_keep(const struct opool *p, const struct wire *w)
{
	switch (queue_claims(p->env, w->service)) {
	case QUEUE_NOBODY:
		break;
	case QUEUE_OWN:
		return true;
	case QUEUE_OTHERS:
		return false;
	}
	return !opool_wanted(p, w->handle.index);
}

/* One more idle connection may stay. */
static bool
opool_keeps(
    const struct opool *p, const struct wire *w, uint32_t idle, uint32_t max)
{
	/* Without a bound nobody lacks a permit: no need to ask. */
	return idle < max &&
	    registry_endpoint_live(p->env->region, w->handle) &&
	    (!w->bounded || opool_may_keep(p, w));
}

static void
opool_note(struct opool_place *at, const struct origin_want *want)
{
	at->policy = want->tls;
	at->name_hash = want->name_hash;
	at->h2 = want->h2;
}

/* ---- HTTP/1 ---- */

static struct solo *
solo_at(struct list *link)
{
	return CONTAINER_OF(link, struct solo, link);
}

static struct mux *
mux_at(struct list *link)
{
	return CONTAINER_OF(link, struct mux, link);
}

/* Those with calls on them are left when they rest. */
static void
opool_leave_resting(struct opool_place *at)
{
	struct list *next;

	for (struct list *i = at->muxes.next; i != &at->muxes; i = next) {
		next = i->next;
		if (mux_at(i)->resting)
			mux_leave(mux_at(i));
	}
}

/* That is the place where it is. */
static inline void
opool_out(struct opool *p, struct opool_place *at, struct solo *s)
{
	uint32_t index = s->wire.handle.index;

	list_remove(&s->link);
	at->solo_count--;
	opool_count(p, index, -1);
	registry_pooled_add(p->env->region, p->env->slot, index, -1);
}

struct solo *
opool_take(struct opool *p, const struct origin_want *want)
{
	struct opool_place *at = opool_at(p, want->handle.index);
	struct list *next;

	opool_note(at, want);
	opool_leave_resting(at); /* the service was HTTP/2 */
	for (struct list *i = at->solos.next; i != &at->solos; i = next) {
		struct solo *s = solo_at(i);
		enum wire_look look;

		next = i->next;
		if (!wire_fits(&s->wire, want)) {
			solo_close(&s->origin);
			continue;
		}
		look = want->peek ? wire_look(&s->wire) : WIRE_QUIET;
		/* Perhaps only a ticket: not to be read now. */
		if (look == WIRE_STIRS && s->wire.io.tls != NULL)
			continue;
		if (look != WIRE_QUIET) {
			solo_close(&s->origin);
			env_count(p->env, COUNTER_UPSTREAM_STALE, 1);
			continue;
		}
		opool_out(p, at, s);
		return s;
	}
	return NULL;
}

bool
opool_put(struct opool *p, struct solo *s)
{
	uint32_t index = s->wire.handle.index;
	struct opool_place *at = opool_at(p, index);

	if (!opool_keeps(
		p, &s->wire, at->solo_count + at->resting, s->max_idle))
		return false;
	list_push_front(&at->solos, &s->link);
	at->solo_count++;
	opool_count(p, index, 1);
	registry_pooled_add(p->env->region, p->env->slot, index, 1);
	return true;
}

void
opool_remove(struct opool *p, struct solo *s)
{
	opool_out(p, opool_at(p, s->wire.handle.index), s);
}

/* ---- HTTP/2 ---- */

void
opool_mux_add(struct opool *p, struct mux *m)
{
	uint32_t index = m->wire.handle.index;

	list_push_back(&opool_at(p, index)->muxes, &m->link);
	opool_count(p, index, 1);
}

void
opool_mux_remove(struct opool *p, struct mux *m)
{
	list_remove(&m->link);
	opool_count(p, m->wire.handle.index, -1);
}

void
opool_mux_move(struct opool *p, struct mux *m, bool front)
{
	struct list *all = &opool_at(p, m->wire.handle.index)->muxes;

	list_remove(&m->link);
	if (front)
		list_push_front(all, &m->link);
	else
		list_push_back(all, &m->link);
}

void
opool_mux_rests(struct opool *p, struct mux *m, int by)
{
	uint32_t index = m->wire.handle.index;

	opool_at(p, index)->resting += (uint32_t)by;
	registry_pooled_add(p->env->region, p->env->slot, index, by);
}

bool
opool_keeps_mux(struct opool *p, const struct mux *m)
{
	const struct opool_place *at = opool_at(p, m->wire.handle.index);

	return at->h2 && m->wire.policy == at->policy &&
	    (at->policy == NULL || m->wire.name_hash == at->name_hash) &&
	    opool_keeps(p, &m->wire, at->solo_count + at->resting - 1,
		m->want.max_idle);
}

/* One that has been idle, as far as can be seen from here. */
static bool
opool_mux_looks_open(struct opool *p, struct mux *m)
{
	switch (wire_look(&m->wire)) {
	case WIRE_QUIET:
		return true;
	case WIRE_STIRS:
		/* To be read later: a PING or a GOAWAY, but where there are
		 * calls, rather an answer. */
		return !m->resting;
	case WIRE_GONE:
		break;
	}
	if (!m->resting) {
		mux_leave(m); /* its calls are told when their turn comes */
		return false;
	}
	mux_fail(m, WHY_UPSTREAM_CLOSED, 0);
	env_count(p->env, COUNTER_UPSTREAM_STALE, 1);
	return false;
}

/* False: this one cannot be used, at least not now. */
static bool
opool_mux_suits(struct opool *p, struct mux *m, const struct origin_want *want)
{
	if (!wire_fits(&m->wire, want)) {
		/* Two images may be in use, each with calls that come and go:
		 * neither takes the other's connections away. */
		if (m->resting)
			mux_leave(m);
		return false;
	}
	if (want->fresh && m->quiet)
		return false;
	return !want->peek || !m->quiet || opool_mux_looks_open(p, m);
}

/* One with room: that has a stream, rather than one that will have. */
static struct mux *
opool_mux_find(struct opool *p, const struct origin_want *want)
{
	struct opool_place *at = opool_at(p, want->handle.index);
	struct mux *later = NULL;
	struct list *next;

	for (struct list *i = at->muxes.next; i != &at->muxes; i = next) {
		struct mux *m = mux_at(i);

		next = i->next;
		if (!mux_has_room(m))
			break; /* nor has any behind it */
		if (!opool_mux_suits(p, m, want))
			continue;
		if (m->h2 != NULL && h2_settled(m->h2))
			return m;
		if (later == NULL)
			later = m;
	}
	return later;
}

struct mux *
opool_mux(struct opool *p, const struct origin_want *want)
{
	struct opool_place *at = opool_at(p, want->handle.index);

	opool_note(at, want);
	while (!list_empty(&at->solos)) /* the service was HTTP/1 */
		solo_close(&solo_at(at->solos.next)->origin);
	return opool_mux_like(p, want);
}

struct mux *
opool_mux_like(struct opool *p, const struct origin_want *want)
{
	struct mux *m = opool_mux_find(p, want);

	if (m == NULL)
		return mux_open(p->env, want);
	env_count(p->env, COUNTER_UPSTREAM_REUSES, 1);
	return m;
}

/* ---- what need not stay ---- */

static void
opool_end_solo(struct solo *s)
{
	if (!queue_waits(s->wire.env, s->wire.service))
		solo_close(&s->origin);
}

static void
opool_end_mux(struct mux *m)
{
	if (!queue_waits(m->wire.env, m->wire.service))
		mux_end(m);
}

/* One that rests, unless somebody here is about to use it. */
static void
opool_end_one(struct opool_place *at)
{
	if (!list_empty(&at->solos)) {
		opool_end_solo(solo_at(at->solos.prev));
		return;
	}
	for (struct list *i = at->muxes.prev; i != &at->muxes; i = i->prev) {
		if (!mux_at(i)->resting)
			continue;
		opool_end_mux(mux_at(i));
		return;
	}
}

/* Of one endpoint, which has some. */
static void
opool_close_idle(struct opool *p, uint32_t index, bool all)
{
	struct opool_place *at = opool_at(p, index);
	const struct region *r = p->env->region;
	struct list *next;

	for (struct list *i = at->solos.next; i != &at->solos; i = next) {
		next = i->next;
		if (all || !registry_endpoint_live(r, solo_at(i)->wire.handle))
			solo_close(&solo_at(i)->origin);
	}
	for (struct list *i = at->muxes.next; i != &at->muxes; i = next) {
		struct mux *m = mux_at(i);

		next = i->next;
		if (!all && registry_endpoint_live(r, m->wire.handle))
			continue;
		if (m->resting)
			mux_end(m);
		else
			mux_leave(m);
	}
	/* Also one from before there was a bound. */
	if (p->counts[index] != 0 && opool_wanted(p, index))
		opool_end_one(at);
}

static void
opool_close_some(struct opool *p, bool all)
{
	uint32_t left = p->total;

	for (uint32_t i = 0; i < ENDPOINTS_MAX && left != 0; i++) {
		if (p->counts[i] == 0)
			continue;
		left -= p->counts[i];
		opool_close_idle(p, i, all);
	}
}

void
opool_sweep(struct opool *p)
{
	opool_close_some(p, false);
}

void
opool_close_all(struct opool *p)
{
	opool_close_some(p, true);
}
