/*
 * log_feed.c - see log_feed.h.
 */
#include "tools/log_feed.h"

#include <stdlib.h>

#include "common/base/must.h"

/* A ring is never to be fuller than this part of it, when it is looked at. */
#define FILL_PART 8
/* What a worker that was idle may write from one moment to the next. */
#define BURST_BYTES_PER_US 160

void
log_feed_init(struct log_feed *f, const struct region *r, bool end)
{
	*f = (struct log_feed){ .region = r,
		.generation = UINT64_MAX,
		.pause_us = LOG_FEED_PAUSE_MIN_US,
		.workers = r->workers };
	for (uint32_t w = 0; w < f->workers; w++) {
		struct log_feed_ring *g = &f->rings[w];

		g->record = malloc(RECORD_MAX);
		MUST(g->record != NULL);
		recorder_seek(r, RECORDER_REQUESTS, w, end, &g->cursor);
		g->done = g->cursor;
	}
}

void
log_feed_fini(struct log_feed *f)
{
	for (uint32_t w = 0; w < f->workers; w++)
		free(f->rings[w].record);
}

bool
log_feed_resume(struct log_feed *f, const struct shm_readers *readers)
{
	uint32_t n = atomic_load(&readers->marks);
	const struct shm_reader_mark *m = &readers->mark[n % 2];

	for (uint32_t w = 0; n != 0 && w < f->workers; w++) {
		struct log_feed_ring *g = &f->rings[w];

		g->cursor =
		    (struct recorder_cursor){ .at = atomic_load(&m->at[w]),
			    .next = atomic_load(&m->next[w]) };
		g->done = g->cursor;
	}
	return n != 0;
}

void
log_feed_mark(const struct log_feed *f, struct shm_reader_mark *m)
{
	for (uint32_t w = 0; w < f->workers; w++) {
		atomic_store_explicit(
		    &m->at[w], f->rings[w].done.at, memory_order_relaxed);
		atomic_store_explicit(
		    &m->next[w], f->rings[w].done.next, memory_order_relaxed);
	}
}

uint64_t
log_feed_lost(const struct log_feed *f)
{
	uint64_t lost = 0;

	for (uint32_t w = 0; w < f->workers; w++)
		lost += f->rings[w].done.lost;
	return lost;
}

/* ---- turns ---- */

/* False: it is to wait for its configuration. */
static bool
feed_give(struct log_feed *f, const struct log_feed_ring *g, uint32_t n,
    log_feed_fn *fn, void *ctx)
{
	struct record_view v;

	if (!record_view(&v, g->record, n) || v.request == NULL)
		return true;
	if (v.request->generation > f->generation)
		return false;
	if (v.request->generation >= f->first) {
		f->records++;
		fn(ctx, &v);
	}
	return true;
}

static uint64_t
feed_ring(struct log_feed *f, uint32_t w, log_feed_fn *fn, void *ctx)
{
	struct log_feed_ring *g = &f->rings[w];
	uint64_t bytes = 0;

	while (bytes < LOG_FEED_TURN_BYTES) {
		if (g->held == 0)
			g->held = recorder_next(f->region, RECORDER_REQUESTS, w,
			    &g->cursor, g->record);
		if (g->held == 0 || !feed_give(f, g, g->held, fn, ctx))
			break;
		bytes += g->held;
		g->held = 0;
		g->done = g->cursor;
	}
	/* What was lost before something that is held is known already. */
	g->done.lost = g->cursor.lost;
	return bytes;
}

/*
 * The less often, the cheaper it is; but no ring is to be lapped, and who
 * looks at a log wants to see what happens.
 */
static void
feed_pace(struct log_feed *f, uint64_t behind)
{
	uint64_t room = f->region->record_bytes / FILL_PART;
	uint64_t most_us = f->region->record_bytes / BURST_BYTES_PER_US;

	if (most_us > LOG_FEED_PAUSE_MAX_US)
		most_us = LOG_FEED_PAUSE_MAX_US;
	if (behind > room)
		f->pause_us = f->pause_us * room / behind;
	else if (behind < room / 2)
		f->pause_us += f->pause_us / 2;
	if (f->pause_us > most_us)
		f->pause_us = most_us;
	if (f->pause_us < LOG_FEED_PAUSE_MIN_US)
		f->pause_us = LOG_FEED_PAUSE_MIN_US;
}

uint64_t
log_feed_turn(struct log_feed *f, log_feed_fn *fn, void *ctx)
{
	uint64_t bytes = 0, behind, most = 0;

	for (uint32_t w = 0; w < f->workers; w++) {
		behind = recorder_behind(
		    f->region, RECORDER_REQUESTS, w, &f->rings[w].cursor);
		most = behind > most ? behind : most;
		bytes += feed_ring(f, w, fn, ctx);
	}
	feed_pace(f, most);
	return bytes;
}
