/*
 * prom_readers.c - see prom_readers.h. A log that was never written to has no
 * place among the readers' yet: its counters are 0.
 */
#include "master/prom_readers.h"

#include <string.h>

#include "common/base/clock.h"
#include "shm/audit.h"
#include "shm/readers.h"
#include "shm/slots.h"

#define READERS_SILENT_US 10000000 /* then it is not there any more */

static const struct shm_reader_log no_log;

struct log_entry {
	const char *kind;
	const struct img_log *log;
	const struct shm_reader_log *told;
};

static const struct shm_reader_log *
log_told(const struct shm_readers *readers, uint64_t id)
{
	for (size_t i = 0; i < READERS_LOGS_MAX; i++)
		if (atomic_load(&readers->log[i].id) == id)
			return &readers->log[i];
	return &no_log;
}

/* As its path is configured. */
static void
log_label(struct prom *p, const struct img_head *img, const struct img_log *l)
{
	struct slice path = img_slice(img, l->path);
	struct text name;

	text_init(&name);
	if (l->to == IMG_LOG_STDOUT)
		text_add(&name, SLICE_LIT("stdout"));
	else if (l->to == IMG_LOG_JOURNAL)
		text_add(&name, SLICE_LIT("journal"));
	else if (l->to == IMG_LOG_SYSLOG)
		text_add(&name, SLICE_LIT("syslog:"));
	text_add(&name, path);
	prom_label(p, "log", text_slice(&name));
	text_fini(&name);
}

/* ---- one family of all logs ---- */

static uint64_t
log_lines(const struct shm_reader_log *l)
{
	return atomic_load(&l->lines);
}

static uint64_t
log_bytes(const struct shm_reader_log *l)
{
	return atomic_load(&l->bytes);
}

static uint64_t
log_lost(const struct shm_reader_log *l)
{
	return atomic_load(&l->lost);
}

static uint64_t
log_left_out(const struct shm_reader_log *l)
{
	return atomic_load(&l->left_out);
}

static uint64_t
log_failing(const struct shm_reader_log *l)
{
	return atomic_load(&l->error) != 0;
}

static const struct {
	enum metric metric;
	uint64_t (*value)(const struct shm_reader_log *l);
} log_metrics[] = {
	{ METRIC_LOG_LINES, log_lines },
	{ METRIC_LOG_BYTES, log_bytes },
	{ METRIC_LOG_LINES_LOST, log_lost },
	{ METRIC_LOG_LINES_LEFT_OUT, log_left_out },
	{ METRIC_LOG_FAILING, log_failing },
};

static void
logs_of(const struct region *r, const struct img_head *img,
    struct img_span span, const char *kind, size_t m, struct prom *p)
{
	const struct img_log *all = img_at(img, span.off);

	for (uint32_t i = 0; i < span.count; i++) {
		prom_sample(p);
		prom_label(p, "kind", slice_str(kind));
		log_label(p, img, &all[i]);
		prom_u64(
		    p, log_metrics[m].value(log_told(r->readers, all[i].id)));
	}
}

static void
logs_write(const struct region *r, const struct img_head *img, struct prom *p)
{
	size_t n = sizeof(log_metrics) / sizeof(log_metrics[0]);

	for (size_t m = 0; m < n; m++) {
		prom_family(p, log_metrics[m].metric);
		if (img == NULL)
			continue;
		logs_of(r, img, img->telemetry.access_logs, "access", m, p);
		logs_of(r, img, img->telemetry.audit_logs, "audit", m, p);
	}
}

/* ---- all of it ---- */

/* There is something to do for it. */
static bool
is_wanted(const struct img_head *img)
{
	return img != NULL &&
	    (img->telemetry.access_logs.count != 0 ||
		img->telemetry.audit_logs.count != 0 ||
		img->telemetry.tracing.endpoint.len != 0);
}

static bool
is_up(const struct shm_readers *readers)
{
	return atomic_load(&readers->pid) != 0 &&
	    clock_now().us < atomic_load(&readers->beat_us) + READERS_SILENT_US;
}

static void
up_write(const struct shm_readers *readers, const struct img_head *img,
    struct prom *p)
{
	prom_family(p, METRIC_LOG_UP);
	if (!is_wanted(img))
		return;
	prom_sample(p);
	prom_u64(p, is_up(readers));
}

void
prom_readers_write(
    const struct region *r, const struct img_head *img, struct prom *p)
{
	const struct shm_readers *readers = r->readers;
	struct slot_info i;

	up_write(readers, img, p);
	slot_info(r, SLOT_LOG, &i);
	prom_single(p, METRIC_LOG_RESTARTS, i.restarts);
	prom_single(p, METRIC_RECORDS, atomic_load(&readers->records));
	prom_single(
	    p, METRIC_RECORDS_LOST, atomic_load(&readers->records_lost));
	prom_single(p, METRIC_AUDIT_LOST, audit_lost(r));
	logs_write(r, img, p);
	prom_single(p, METRIC_SPANS, atomic_load(&readers->spans));
	prom_single(p, METRIC_SPANS_LOST, atomic_load(&readers->spans_lost));
	prom_family(p, METRIC_TRACE_EXPORTS);
	prom_pair(p, "outcome", "ok", atomic_load(&readers->exports));
	prom_pair(
	    p, "outcome", "failed", atomic_load(&readers->exports_failed));
}
