/*
 * audit_reader.c - see audit_reader.h.
 */
#include "tools/audit_reader.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/log.h"
#include "shm/readers.h"

#define BATCH_BYTES (256u << 10) /* of records; a batch is synced once */

static bool
ring_exists(const struct audit_reader *a, uint32_t ring)
{
	return ring < a->region->workers || ring == WORKERS_MAX;
}

/* ---- batches ---- */

/* Has its oldest event at hand, if there is one. */
static bool
ring_peek(struct audit_reader *a, uint32_t ring)
{
	struct audit_ring *g = &a->rings[ring];

	while (g->n == 0) {
		g->n = recorder_next(
		    a->region, RECORDER_AUDIT, ring, &g->cursor, g->record);
		if (g->n == 0)
			return false;
		if (audit_view(g->record, g->n) != NULL)
			break;
		log_errx("audit: ring %u holds what is no event", ring);
		g->done = g->cursor.at;
		g->n = 0;
	}
	return true;
}

static int64_t
ring_time(const struct audit_reader *a, uint32_t ring)
{
	const struct record_head *h = (const void *)a->rings[ring].record;

	return h->wall_us;
}

/* The ring with the oldest event; UINT32_MAX: there is none. */
static uint32_t
ring_oldest(struct audit_reader *a)
{
	uint32_t oldest = UINT32_MAX;

	for (uint32_t i = 0; i < AUDIT_READER_RINGS; i++)
		if (ring_exists(a, i) && ring_peek(a, i) &&
		    (oldest == UINT32_MAX ||
			ring_time(a, i) < ring_time(a, oldest)))
			oldest = i;
	return oldest;
}

static void
batch_collect(struct audit_reader *a)
{
	uint32_t ring;

	while (a->batch.bytes.n < BATCH_BYTES &&
	    (ring = ring_oldest(a)) != UINT32_MAX) {
		struct audit_ring *g = &a->rings[ring];

		audit_batch_add(&a->batch, ring, (const void *)g->record);
		g->done = g->cursor.at;
		g->n = 0;
	}
	for (uint32_t i = 0; i < a->count; i++)
		a->written[i] = false;
}

/* All logs have the batch: the writers may go on over it. */
static void
batch_done(struct audit_reader *a)
{
	for (uint32_t i = 0; i < AUDIT_READER_RINGS; i++)
		if (ring_exists(a, i))
			atomic_store_explicit(&a->region->readers->audit[i],
			    a->rings[i].done, memory_order_release);
	text_clear(&a->batch.bytes);
}

static void
file_say(const struct audit_file *f, int before)
{
	if (f->error != 0 && f->error != before)
		log_errx(
		    "%s: cannot %s: %s", f->path, f->doing, strerror(f->error));
	else if (f->error == 0 && before != 0)
		log_info("%s: is written again", f->path);
}

static bool
batch_write(struct audit_reader *a)
{
	bool all = true;

	for (uint32_t i = 0; i < a->count; i++) {
		struct audit_file *f = &a->files[i];
		int before = f->error;

		if (!a->written[i]) {
			a->written[i] = audit_file_write(f, &a->batch);
			file_say(f, before);
		}
		all &= a->written[i];
	}
	return all;
}

enum audit_turn
audit_reader_turn(struct audit_reader *a)
{
	if (a->count == 0)
		return AUDIT_TURN_IDLE;
	if (a->batch.bytes.n == 0)
		batch_collect(a);
	if (a->batch.bytes.n == 0)
		return AUDIT_TURN_IDLE;
	if (!batch_write(a))
		return AUDIT_TURN_STUCK;
	batch_done(a);
	return AUDIT_TURN_MORE;
}

/* ---- logs ---- */

static bool
file_is(const struct audit_file *f, struct slice path, struct slice key_file)
{
	return slice_eq(slice_str(f->path), path) &&
	    slice_eq(slice_str(f->key_file), key_file);
}

/* Takes over what is open. */
static void
file_take(struct audit_reader *a, struct audit_file *to,
    const struct img_head *img, const struct img_log *l)
{
	struct slice path = img_slice(img, l->path);
	struct slice key_file = img_slice(img, l->key_file);

	for (uint32_t i = 0; i < a->count; i++) {
		if (a->files[i].path == NULL ||
		    !file_is(&a->files[i], path, key_file))
			continue;
		*to = a->files[i];
		to->events = l->events;
		a->files[i].path = NULL;
		return;
	}
}

static void
file_make(const struct audit_reader *a, struct audit_file *f,
    const struct img_head *img, const struct img_log *l)
{
	audit_file_init(f, img_slice(img, l->path), img_slice(img, l->key_file),
	    l->events, (uint64_t)a->region->state->header.birth_wall_us);
	(void)audit_file_reopen(f);
	file_say(f, 0);
}

static void
files_free(struct audit_reader *a)
{
	for (uint32_t i = 0; i < a->count; i++)
		if (a->files[i].path != NULL)
			audit_file_fini(&a->files[i]);
	free(a->files);
	free(a->written);
	a->files = NULL;
	a->written = NULL;
	a->count = 0;
}

bool
audit_reader_follow(struct audit_reader *a, const struct img_head *img)
{
	const struct img_span *logs = &img->telemetry.audit_logs;
	const struct img_log *log = img_at(img, logs->off);
	struct audit_file *files = calloc(logs->count + 1, sizeof(*files));
	bool *written = calloc(logs->count + 1, sizeof(*written));

	if (files == NULL || written == NULL) {
		free(files);
		free(written);
		return false;
	}
	while (audit_reader_turn(a) == AUDIT_TURN_MORE)
		;
	for (uint32_t i = 0; i < logs->count; i++)
		file_take(a, &files[i], img, &log[i]);
	/* First, since two may have one path. */
	files_free(a);
	for (uint32_t i = 0; i < logs->count; i++)
		if (files[i].path == NULL)
			file_make(a, &files[i], img, &log[i]);
	a->files = files;
	a->written = written;
	a->count = logs->count;
	return true;
}

void
audit_reader_reopen(struct audit_reader *a)
{
	for (uint32_t i = 0; i < a->count; i++) {
		int before = a->files[i].error;

		(void)audit_file_reopen(&a->files[i]);
		file_say(&a->files[i], before);
	}
}

/* ---- life ---- */

bool
audit_reader_init(struct audit_reader *a, const struct region *r)
{
	*a = (struct audit_reader){ .region = r };
	text_init(&a->batch.bytes);
	for (uint32_t i = 0; i < AUDIT_READER_RINGS; i++) {
		struct audit_ring *g = &a->rings[i];

		if (!ring_exists(a, i))
			continue;
		g->record = malloc(RECORD_MAX);
		if (g->record == NULL) {
			audit_reader_fini(a);
			return false;
		}
		g->done = g->cursor.at = atomic_load_explicit(
		    &r->readers->audit[i], memory_order_relaxed);
	}
	return true;
}

void
audit_reader_fini(struct audit_reader *a)
{
	for (uint32_t i = 0; i < AUDIT_READER_RINGS; i++)
		free(a->rings[i].record);
	files_free(a);
	text_fini(&a->batch.bytes);
}
