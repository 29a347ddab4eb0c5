/*
 * audit.c - see audit.h.
 *
 * A quarter of the ring is kept for what is under way when it fills up. What a
 * request is about to do, and cannot be written down even then, it does not do
 * (audit_before): so under `refuse` nothing is lost but what nobody decides,
 * such as the transition of a breaker.
 */
#include "shm/audit.h"

#include <string.h>

#include "common/base/clock.h"
#include "common/base/must.h"
#include "shm/image.h"
#include "shm/readers.h"
#include "shm/recorder.h"
#include "shm/step.h"
#include "shm/word.h"

_Static_assert(AUDIT_EVENTS < 32, "a bit for each of them");
_Static_assert(
    sizeof(struct record_audit) + AUDIT_TEXTS * AUDIT_TEXT_MAX < RECORD_MAX - 8,
    "a record has room for all texts");

static const char *const audit_names[AUDIT_EVENTS] = {
#define AUDIT(ID, name, help) name,
#include "shm/audit.def"
};

static const char *const audit_outcomes[] = { "ok", "refused", "failed" };

const char *
audit_event_name(unsigned e)
{
	return e < AUDIT_EVENTS ? audit_names[e] : "unknown";
}

const char *
audit_outcome_name(unsigned o)
{
	return o <= AUDIT_FAILED ? audit_outcomes[o] : "unknown";
}

/* ---- what is wanted ---- */

void
audit_begin(struct region *r, uint32_t ring)
{
	MUST(ring <= WORKERS_MAX);
	r->audit_ring = ring;
	r->audit_events = 0;
	r->audit_refuse = false;
}

void
audit_follow(struct region *r, const struct img_head *img)
{
	const struct img_audit *a = img != NULL ? &img->telemetry.audit : NULL;
	bool on = a != NULL && a->on != 0;

	r->audit_events = on ? a->events : 0;
	r->audit_refuse = on && a->refuse != 0;
}

bool
audit_looks_full(const struct region *r)
{
	struct recorder_cursor c = { 0 };

	if (r->readers == NULL)
		return true;
	c.at = atomic_load_explicit(
	    &r->readers->audit[r->audit_ring], memory_order_relaxed);
	return recorder_behind(r, RECORDER_AUDIT, r->audit_ring, &c) >
	    r->audit_bytes - r->audit_bytes / 4;
}

/* ---- writing ---- */

static void
audit_put(struct record_audit *a, enum audit_text t, struct slice s)
{
	struct record_str *to = &a->text[t];

	if (s.n > AUDIT_TEXT_MAX) {
		s.n = AUDIT_TEXT_MAX;
		a->flags |= AUDIT_CLIPPED;
	}
	to->off = (uint16_t)a->head.bytes;
	to->len = (uint16_t)s.n;
	if (s.n != 0)
		memcpy((char *)a + a->head.bytes, s.p, s.n);
	a->head.bytes += (uint32_t)s.n;
}

static void
audit_fill(
    const struct region *r, struct record_audit *a, const struct audit_note *n)
{
	uint64_t pub =
	    atomic_load_explicit(&r->state->control.pub, memory_order_relaxed);

	*a = (struct record_audit){
		.head = { .bytes = sizeof(*a),
		    .kind = RECORD_AUDIT,
		    .wall_us = clock_wall().us },
		.event = (uint16_t)n->event,
		.outcome = (uint16_t)n->outcome,
		.status = n->status,
		.flags = (n->address != NULL ? AUDIT_HAS_ADDRESS : 0) |
		    (n->claimed ? AUDIT_CLAIMED : 0),
		.generation = n->generation != 0 ? n->generation : pub >> 16,
		.count = n->count,
	};
	if (n->address != NULL)
		a->address = *n->address;
	for (unsigned t = 0; t < AUDIT_TEXTS; t++)
		audit_put(a, (enum audit_text)t, n->text[t]);
	a->head.bytes = (a->head.bytes + 7) & ~7u;
}

static bool
audit_ring_add(const struct region *r, const struct audit_note *n)
{
	struct record_audit *a =
	    recorder_begin(r, RECORDER_AUDIT, r->audit_ring);

	if (a == NULL)
		return false;
	audit_fill(r, a, n);
	recorder_commit(r, RECORDER_AUDIT, r->audit_ring);
	return true;
}

/* Those that were lost before come first; killed in between, they come twice
 * rather than never. */
static bool
audit_tell_lost(const struct region *r)
{
	struct shm_audit *s = &r->state->audits.ring[r->audit_ring];
	uint64_t lost = atomic_load_explicit(&s->lost, memory_order_relaxed);
	uint64_t told = atomic_load_explicit(&s->told, memory_order_relaxed);
	const struct audit_note n = { .event = AUDIT_LOST,
		.outcome = AUDIT_FAILED,
		.count = lost - told };

	if (lost == told)
		return true;
	if (!audit_ring_add(r, &n))
		return false;
	SHM_STEP("audit_told");
	atomic_store_explicit(&s->told, lost, memory_order_relaxed);
	return true;
}

static bool
audit_add(const struct region *r, const struct audit_note *n)
{
	return audit_tell_lost(r) && audit_ring_add(r, n);
}

static void
audit_lose(const struct region *r)
{
	struct shm_audit *s = &r->state->audits.ring[r->audit_ring];

	SHM_STEP("audit_lost");
	word_add(&s->lost, 1);
}

void
audit_write(const struct region *r, const struct audit_note *n)
{
	if (audit_wants(r, n->event) && !audit_add(r, n))
		audit_lose(r);
}

bool
audit_before(const struct region *r, const struct audit_note *n)
{
	if (!audit_wants(r, n->event) || audit_add(r, n))
		return true;
	if (r->audit_refuse)
		return false;
	audit_lose(r);
	return true;
}

bool
audit_has_room(const struct region *r, enum audit_event e)
{
	/* What would come before it would take its room. */
	return !r->audit_refuse || !audit_wants(r, e) ||
	    (audit_tell_lost(r) && recorder_audit_ready(r, r->audit_ring));
}

/* ---- reading ---- */

const struct record_audit *
audit_view(const void *bytes, size_t n)
{
	const struct record_audit *a = bytes;

	if (n < sizeof(*a) || a->head.kind != RECORD_AUDIT ||
	    a->head.bytes > n || a->head.bytes < sizeof(*a))
		return NULL;
	for (unsigned t = 0; t < AUDIT_TEXTS; t++)
		if ((size_t)a->text[t].off + a->text[t].len > a->head.bytes)
			return NULL;
	return a;
}

struct slice
audit_text(const struct record_audit *a, enum audit_text t)
{
	return slice_make((const char *)a + a->text[t].off, a->text[t].len);
}

uint64_t
audit_lost(const struct region *r)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i <= WORKERS_MAX; i++)
		sum += atomic_load_explicit(
		    &r->state->audits.ring[i].lost, memory_order_relaxed);
	return sum;
}
