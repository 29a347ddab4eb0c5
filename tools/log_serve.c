/*
 * log_serve.c - see log_serve.h.
 */
#include "tools/log_serve.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/base/list.h"
#include "common/base/log.h"
#include "common/base/must.h"
#include "common/net/sock.h"
#include "shm/log_order.h"
#include "tools/attach.h"
#include "tools/audit_reader.h"
#include "tools/log_access.h"
#include "tools/log_feed.h"
#include "tools/otlp.h"

/* Once it is told to end: in all, and for logs that take nothing more. */
#define SERVE_DRAIN_US 8000000
#define SERVE_GRACE_US 1000000
#define SERVE_AUDIT_BATCHES 4 /* in one turn */
#define SERVE_AUDIT_RETRY_US 250000

/* What has been told of an audit log. */
struct log_serve_audit {
	struct shm_reader_log *row;
	uint64_t lines, bytes;
};

struct log_serve {
	struct loop loop;
	struct loop_watch control;
	struct region region;
	struct shm_readers *readers; /* of it */
	struct log_feed feed;
	struct log_access access;
	struct audit_reader audit;
	struct log_serve_audit audits[READERS_LOGS_MAX]; /* of its files */
	uint64_t audit_retry_us;
	struct otlp *otlp;
	uint64_t records, records_lost; /* told so far */
	bool stopping;
	uint64_t stop_us;  /* at the latest */
	uint64_t grace_us; /* then nothing was written for long enough */
	uint64_t waiting;  /* lines, when that began */
};

/* ---- the configuration ---- */

/* What of a file has been told by its row: it may have stayed open. */
static struct log_serve_audit
serve_audit_row(const struct log_serve *s, struct shm_reader_log *row)
{
	for (uint32_t i = 0; i < READERS_LOGS_MAX; i++)
		if (s->audits[i].row == row)
			return s->audits[i];
	return (struct log_serve_audit){ .row = row };
}

static void
serve_audit_rows(struct log_serve *s, const struct img_head *img)
{
	const struct img_span *span = &img->telemetry.audit_logs;
	const struct img_log *logs = img_at(img, span->off);
	struct log_serve_audit all[READERS_LOGS_MAX] = { 0 };

	for (uint32_t i = 0; i < s->audit.count; i++) {
		all[i] = serve_audit_row(
		    s, log_access_row(s->readers, logs[i].id, img));
		if (all[i].lines > s->audit.files[i].lines)
			all[i].lines = all[i].bytes = 0;
	}
	memcpy(s->audits, all, sizeof(all));
}

static void serve_mark(struct log_serve *s);

static void
serve_follow(struct log_serve *s, const struct img_head *img)
{
	log_access_follow(&s->access, img);
	if (audit_reader_follow(&s->audit, img))
		serve_audit_rows(s, img);
	otlp_configure(s->otlp, img);
	s->feed.generation = img->generation;
	serve_mark(s);
}

/*
 * Of records that are there already the old configuration decides, so it is
 * called when none of those is left. True: there is another one.
 */
static bool
serve_look(struct log_serve *s)
{
	uint64_t pub = atomic_load(&s->region.state->control.pub);
	struct attached a;

	if (pub >> 16 == s->feed.generation || !attach_image(&s->region, &a))
		return false;
	/* What others wrote down before anybody wanted it is not for us. */
	if (s->feed.generation == 0 && atomic_load(&s->readers->marks) == 0)
		s->feed.first = a.image->generation;
	serve_follow(s, a.image);
	attached_free(&a);
	return true;
}

/* ---- turns ---- */

static void
serve_take(void *ctx, const struct record_view *v)
{
	struct log_serve *s = ctx;

	log_access_take(&s->access, v);
	otlp_take(s->otlp, v);
}

/* All that is written up to here is written for good. */
static void
serve_mark(struct log_serve *s)
{
	struct shm_readers *r = s->readers;
	uint64_t lost = log_feed_lost(&s->feed);

	atomic_fetch_add(&r->records, s->feed.records - s->records);
	atomic_fetch_add(&r->records_lost, lost - s->records_lost);
	s->records = s->feed.records;
	s->records_lost = lost;
	struct shm_reader_mark *m = &r->mark[(atomic_load(&r->marks) + 1) % 2];
	log_feed_mark(&s->feed, m);
	log_access_mark(&s->access, m);
}

static void
serve_audit_tell(struct log_serve *s)
{
	for (uint32_t i = 0; i < s->audit.count; i++) {
		const struct audit_file *f = &s->audit.files[i];
		struct log_serve_audit *a = &s->audits[i];

		atomic_fetch_add(&a->row->lines, f->lines - a->lines);
		atomic_fetch_add(&a->row->bytes, f->bytes - a->bytes);
		a->lines = f->lines;
		a->bytes = f->bytes;
		atomic_store(&a->row->error, f->error);
		if (f->error != 0)
			atomic_store(&a->row->failed_wall_us, clock_wall().us);
	}
}

/* False: there is more. */
static bool
serve_audit(struct log_serve *s)
{
	enum audit_turn turn = AUDIT_TURN_MORE;

	if (clock_now().us < s->audit_retry_us)
		return true;
	for (int i = 0; i < SERVE_AUDIT_BATCHES && turn == AUDIT_TURN_MORE; i++)
		turn = audit_reader_turn(&s->audit);
	if (turn == AUDIT_TURN_STUCK)
		s->audit_retry_us = clock_now().us + SERVE_AUDIT_RETRY_US;
	serve_audit_tell(s);
	return turn != AUDIT_TURN_MORE;
}

/* Until when there is nothing to do; 0: there is more to be done at once. */
static uint64_t
serve_turn(struct log_serve *s)
{
	uint64_t bytes = log_feed_turn(&s->feed, serve_take, s);
	bool more = !serve_audit(s) || bytes >= LOG_FEED_TURN_BYTES;

	log_access_flush(&s->access);
	if (bytes != 0 || log_access_waiting(&s->access) != 0 ||
	    log_feed_lost(&s->feed) != s->records_lost)
		serve_mark(s);
	if (!more && serve_look(s))
		more = true;
	return more ? 0 : s->feed.pause_us;
}

/* ---- the end ---- */

static void
serve_stop(struct log_serve *s)
{
	if (s->stopping)
		return;
	s->stopping = true;
	s->stop_us = clock_now().us + SERVE_DRAIN_US;
	s->waiting = UINT64_MAX;
	otlp_stop(s->otlp);
}

/* What waits is still being written, or has waited for a short time. */
static bool
serve_writes(struct log_serve *s)
{
	uint64_t waiting = log_access_waiting(&s->access);

	if (s->audit.count != 0)
		waiting += s->audit.batch.bytes.n;
	if (waiting < s->waiting)
		s->grace_us = clock_now().us + SERVE_GRACE_US;
	s->waiting = waiting;
	return waiting != 0 && clock_now().us < s->grace_us;
}

static bool
serve_ended(struct log_serve *s, uint64_t pause_us)
{
	if (!s->stopping)
		return false;
	if (clock_now().us >= s->stop_us)
		return true;
	return pause_us != 0 && !serve_writes(s) && otlp_idle(s->otlp);
}

/* ---- orders ---- */

/* fd: of the file that complaints go to, or -1; ours. */
static void
serve_complain_to(const struct log_order *o, int fd)
{
	enum log_level level = (enum log_level)o->level;

	if (fd >= 0)
		log_open_fd(fd, level, "penstocklog");
	else
		(void)log_open(
		    strncmp(o->target, "syslog", sizeof(o->target)) == 0
			? "syslog"
			: "stderr",
		    level, "penstocklog");
}

static void
serve_order(struct log_serve *s, const struct log_order *o, int fd)
{
	switch ((enum log_order_kind)o->kind) {
	case LOG_ORDER_REOPEN:
		serve_complain_to(o, fd);
		log_access_reopen(&s->access);
		audit_reader_reopen(&s->audit);
		serve_mark(s);
		log_info("logs reopened");
		return;
	case LOG_ORDER_TARGET:
		serve_complain_to(o, fd);
		return;
	case LOG_ORDER_STOP:
		break;
	}
	if (fd >= 0)
		(void)close(fd);
	serve_stop(s);
}

static void
serve_control(struct loop_watch *w, unsigned events)
{
	struct log_serve *s = CONTAINER_OF(w, struct log_serve, control);
	struct log_order o;
	ssize_t n;
	int fd;

	(void)events;
	while (
	    (n = sock_recv_fd(w->fd, &o, sizeof(o), &fd)) == (ssize_t)sizeof(o))
		serve_order(s, &o, fd);
	if (n != 0)
		return;
	loop_remove(&s->loop, w);
	if (!s->stopping)
		log_warnx("the keeper is gone: writing what there is");
	serve_stop(s);
}

/* ---- life ---- */

/* Of a sanitizer, whose leak checker traces its own process. */
extern void __asan_init(void) __attribute__((weak));

static void
serve_last_words(const char *text)
{
	log_critx("last words: %s", text);
}

/* Only the keeper's orders count, also where a whole group gets a signal. */
static void
serve_signals(void)
{
	static const int ignored[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM,
		SIGUSR1, SIGUSR2, SIGPIPE, SIGXFSZ };

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		(void)signal(ignored[i], SIG_IGN);
}

static bool
serve_attach(struct log_serve *s)
{
	const struct region_fds fds = { .state = LOG_FD_STATE,
		.images = LOG_FD_IMAGES,
		.secrets = -1,
		.records = LOG_FD_RECORDS,
		.readers = LOG_FD_READERS };
	struct diag d;
	char said[256];
	bool ok;

	diag_init(&d);
	ok = region_attach(&s->region, &fds, &d);
	if (!ok && diag_format(&d, 0, said, sizeof(said)) > 0)
		log_errx("%s", said);
	diag_fini(&d);
	s->readers = s->region.readers;
	return ok;
}

/* What the exporter calls this gateway: by when it was born. */
static bool
serve_otlp(struct log_serve *s)
{
	char name[32];

	(void)snprintf(name, sizeof(name), "%llx",
	    (unsigned long long)s->region.state->header.birth_wall_us);
	s->otlp = otlp_new(&s->loop, s->readers, slice_str(name));
	return s->otlp != NULL;
}

static bool
serve_init(struct log_serve *s)
{
	s->control =
	    (struct loop_watch){ .fn = serve_control, .fd = LOG_FD_CONTROL };
	if (!loop_init(&s->loop) || !loop_add(&s->loop, &s->control, true) ||
	    !serve_otlp(s) || !audit_reader_init(&s->audit, &s->region)) {
		log_err("start");
		return false;
	}
	log_feed_init(&s->feed, &s->region, false);
	(void)log_feed_resume(&s->feed, s->readers);
	/* Nothing is logged before there is a configuration. */
	s->feed.generation = 0;
	log_access_init(&s->access, &s->loop, s->readers);
	atomic_fetch_add(&s->readers->started, 1);
	atomic_store(&s->readers->beat_us, clock_update().us);
	atomic_store(&s->readers->pid, getpid());
	return true;
}

static void
serve_fini(struct log_serve *s)
{
	serve_mark(s);
	log_access_fini(&s->access);
	/* Whoever comes next has nothing to go on with. */
	atomic_store(&s->readers->marks, 0);
	otlp_free(s->otlp);
	audit_reader_fini(&s->audit);
	log_feed_fini(&s->feed);
	loop_fini(&s->loop);
}

static void
serve_run(struct log_serve *s)
{
	uint64_t pause_us;

	do {
		pause_us = serve_turn(s);
		atomic_store(&s->readers->beat_us, clock_now().us);
		if (serve_ended(s, pause_us))
			return;
	} while (loop_turn(&s->loop, pause_us));
	log_err("epoll");
}

int
log_serve(void)
{
	struct log_serve *s = calloc(1, sizeof(*s));
	int code = 1;

	serve_signals();
	if (__asan_init == NULL)
		(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	log_set_process("penstocklog");
	must_set_hook(serve_last_words);
	must_catch_signals();
	if (s != NULL && serve_attach(s) && serve_init(s)) {
		serve_run(s);
		serve_fini(s);
		code = 0;
	}
	free(s);
	return code;
}
