/*
 * log_access.c - see log_access.h.
 */
#include "tools/log_access.h"

#include "common/base/must.h"

/* ---- rows ---- */

static bool
image_has_log(const struct img_head *img, uint64_t id)
{
	const struct img_span spans[] = { img->telemetry.access_logs,
		img->telemetry.audit_logs };

	for (size_t i = 0; i < 2; i++) {
		const struct img_log *l = img_at(img, spans[i].off);

		for (uint32_t k = 0; k < spans[i].count; k++)
			if (l[k].id == id)
				return true;
	}
	return false;
}

static void
row_clear(struct shm_reader_log *l, uint64_t id)
{
	atomic_store(&l->id, 0);
	atomic_store(&l->lines, 0);
	atomic_store(&l->bytes, 0);
	atomic_store(&l->lost, 0);
	atomic_store(&l->left_out, 0);
	atomic_store(&l->failed_wall_us, 0);
	atomic_store(&l->error, 0);
	atomic_store(&l->waiting, 0);
	atomic_store(&l->dev, 0);
	atomic_store(&l->pending, 0);
	atomic_store(&l->id, id);
}

/* There are no more logs than rows (image_check). */
struct shm_reader_log *
log_access_row(struct shm_readers *r, uint64_t id, const struct img_head *img)
{
	struct shm_reader_log *found = NULL;

	for (uint32_t i = 0; i < READERS_LOGS_MAX; i++) {
		struct shm_reader_log *l = &r->log[i];
		uint64_t has = atomic_load(&l->id);

		if (has == id)
			return l;
		if (has == 0 && (found == NULL || atomic_load(&found->id) != 0))
			found = l;
		else if (found == NULL && !image_has_log(img, has))
			found = l;
	}
	MUST(found != NULL);
	row_clear(found, id);
	return found;
}

/* ---- the logs of an image ---- */

static void
log_tell(const struct log_access_log *l)
{
	const struct log_out *o = l->out;
	struct shm_reader_log *t = l->tell;

	atomic_store(&t->lines, l->lines + o->lines_out);
	atomic_store(&t->bytes, l->bytes + o->bytes_out);
	atomic_store(&t->lost, l->lost + o->lost);
	atomic_store(&t->left_out, l->left_out + o->left_out);
	atomic_store(&t->waiting, o->lines);
	atomic_store(&t->error, o->error);
	if (o->failed_wall_us != 0)
		atomic_store(&t->failed_wall_us, o->failed_wall_us);
}

static void
log_free(struct log_access_log *l)
{
	log_out_flush(l->out);
	l->out->lost += l->out->lines;
	log_tell(l);
	atomic_store(&l->tell->waiting, 0);
	/* There is nothing that a successor is to cut off. */
	atomic_store(&l->tell->dev, 0);
	log_out_free(l->out);
	line_format_free(l->format);
}

static uint64_t
marked_size(const struct shm_readers *r, const struct shm_reader_log *tell)
{
	uint32_t n = atomic_load(&r->marks);

	return n != 0 ? atomic_load(&r->mark[n % 2].size[tell - r->log])
		      : UINT64_MAX;
}

static struct log_access_log
log_make(const struct log_access *a, const struct img_head *img,
    const struct img_log *log)
{
	struct shm_reader_log *t = log_access_row(a->readers, log->id, img);
	struct log_access_log l = {
		.id = log->id, .out = log_out_new(a->loop, img, log), .tell = t
	};

	l.lines = atomic_load(&t->lines);
	l.bytes = atomic_load(&t->bytes);
	l.left_out = atomic_load(&t->left_out);
	/* Those that a predecessor had in memory when it was killed. */
	l.lost = atomic_load(&t->lost) + atomic_load(&t->waiting);
	l.out->tell = t;
	l.out->tell_size = marked_size(a->readers, t);
	return l;
}

/* Out of the old ones, if it is there. */
static bool
log_take(struct log_access *a, uint64_t id, struct log_access_log *l)
{
	for (uint32_t i = 0; i < a->count; i++)
		if (a->logs[i].id == id) {
			*l = a->logs[i];
			a->logs[i] = a->logs[--a->count];
			return true;
		}
	return false;
}

void
log_access_follow(struct log_access *a, const struct img_head *img)
{
	const struct img_span *span = &img->telemetry.access_logs;
	const struct img_log *logs = img_at(img, span->off);
	struct log_access_log all[READERS_LOGS_MAX] = { 0 };
	struct line_format *format;
	uint32_t count = 0;

	log_access_flush(a);
	for (uint32_t i = 0; i < span->count; i++) {
		format = line_format_of_image(img, &logs[i]);
		if (format == NULL)
			continue;
		if (log_take(a, logs[i].id, &all[count])) {
			line_format_free(all[count].format);
			all[count].out->facility = logs[i].facility;
		} else {
			all[count] = log_make(a, img, &logs[i]);
		}
		all[count++].format = format;
	}
	for (uint32_t i = 0; i < a->count; i++)
		log_free(&a->logs[i]);
	memcpy(a->logs, all, count * sizeof(*all));
	a->count = count;
	log_access_flush(a);
}

/* ---- lines ---- */

static void
log_write(struct log_access_log *l, const struct record_view *v)
{
	if (!line_wants(l->format, v))
		return;
	if (!line_sampled(l->format, v)) {
		l->out->left_out++;
		return;
	}
	if (!log_out_begin(l->out, v))
		return;
	line_write(l->format, v, &l->out->waiting);
	log_out_end(l->out);
}

void
log_access_take(struct log_access *a, const struct record_view *v)
{
	for (uint32_t i = 0; i < a->count; i++)
		log_write(&a->logs[i], v);
}

void
log_access_flush(struct log_access *a)
{
	for (uint32_t i = 0; i < a->count; i++)
		log_out_flush(a->logs[i].out);
}

void
log_access_mark(struct log_access *a, struct shm_reader_mark *m)
{
	for (uint32_t i = 0; i < a->count; i++)
		atomic_store(&m->size[a->logs[i].tell - a->readers->log],
		    a->logs[i].out->size);
	for (uint32_t i = 0; i < a->count; i++)
		log_tell(&a->logs[i]);
	atomic_fetch_add(&a->readers->marks, 1);
	for (uint32_t i = 0; i < a->count; i++) {
		struct log_out *o = a->logs[i].out;

		o->marked = o->size;
		if (!o->own || atomic_load(&a->logs[i].tell->dev) == o->dev)
			continue;
		atomic_store(&a->logs[i].tell->ino, o->ino);
		atomic_store(&a->logs[i].tell->dev, o->dev);
	}
}

void
log_access_reopen(struct log_access *a)
{
	for (uint32_t i = 0; i < a->count; i++)
		log_out_reopen(a->logs[i].out);
}

uint64_t
log_access_waiting(const struct log_access *a)
{
	uint64_t lines = 0;

	for (uint32_t i = 0; i < a->count; i++)
		lines += a->logs[i].out->lines;
	return lines;
}

/* ---- life ---- */

void
log_access_init(
    struct log_access *a, struct loop *loop, struct shm_readers *readers)
{
	*a = (struct log_access){ .loop = loop, .readers = readers };
}

void
log_access_fini(struct log_access *a)
{
	for (uint32_t i = 0; i < a->count; i++)
		log_free(&a->logs[i]);
	a->count = 0;
}
