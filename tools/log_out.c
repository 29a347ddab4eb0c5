/*
 * log_out.c - see log_out.h.
 */
#include "tools/log_out.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/list.h"
#include "common/base/log.h"
#include "common/base/must.h"

/* What is written at the front is given up when it is so much. */
#define COMPACT_BYTES (64u << 10)

static const char *
out_name(const struct log_out *o)
{
	switch ((enum img_log_to)o->to) {
	case IMG_LOG_FILE:
	case IMG_LOG_SYSLOG:
		return o->path;
	case IMG_LOG_STDOUT:
		return "stdout";
	case IMG_LOG_JOURNAL:
		break;
	}
	return "journal";
}

static void
out_compact(struct log_out *o)
{
	size_t whole = o->done - o->torn;

	if (o->done == o->waiting.n) {
		text_clear(&o->waiting);
		o->done = 0;
	} else if (whole >= COMPACT_BYTES) {
		o->waiting.n -= whole;
		memmove(o->waiting.p, o->waiting.p + whole, o->waiting.n);
		o->done = o->torn;
	}
}

/* ---- troubles ---- */

static const char *
out_reason(const struct log_out *o, int error)
{
	struct stat st;

	if (error == EAGAIN ||
	    (error == ENXIO && stat(o->path, &st) == 0 && S_ISFIFO(st.st_mode)))
		return "nobody reads it";
	return strerror(error);
}

/* Once, and again when the reason changes. */
static void
out_fails(struct log_out *o, int error)
{
	o->shut = false;
	o->failed_wall_us = clock_wall().us;
	o->retry_us = clock_now().us + LOG_OUT_RETRY_US;
	if (o->error == error)
		return;
	if (o->error == 0)
		o->lost_before = o->lost;
	o->error = error;
	log_errx("access log %s: cannot %s: %s", out_name(o), o->doing,
	    out_reason(o, error));
}

static void
out_works(struct log_out *o)
{
	if (o->error == 0)
		return;
	o->error = 0;
	log_info("access log %s: is written again; %llu lines were lost",
	    out_name(o), (unsigned long long)(o->lost - o->lost_before));
}

static void
out_lose(struct log_out *o)
{
	if (o->error == 0) {
		o->doing = "write";
		out_fails(o, EAGAIN);
	}
	o->lost++;
}

/* ---- opening ---- */

static void
out_close(struct log_out *o)
{
	if (o->watched)
		loop_remove(o->loop, &o->watch);
	o->watched = false;
	if (o->fd >= 0)
		(void)close(o->fd);
	o->fd = -1;
	o->ops->skip(o);
	out_compact(o);
}

static void
out_writable(struct loop_watch *w, unsigned events)
{
	struct log_out *o = CONTAINER_OF(w, struct log_out, watch);

	if ((events & LOOP_WRITE) != 0 && o->lines != 0)
		log_out_flush(o);
}

static bool
out_open(struct log_out *o)
{
	o->doing = "open";
	o->regular = o->own = false;
	if (!o->ops->open(o)) {
		out_fails(o, errno);
		o->shut = true;
		return false;
	}
	o->doing = "write";
	o->watch = (struct loop_watch){ .fn = out_writable, .fd = o->fd };
	/* Files cannot be watched, and need not. */
	o->watched = !o->regular && loop_add(o->loop, &o->watch, false);
	return true;
}

/* ---- lines ---- */

static bool
out_full(const struct log_out *o)
{
	return o->waiting.n - o->done >= LOG_OUT_WAITING_MAX;
}

bool
log_out_begin(struct log_out *o, const struct record_view *v)
{
	/* It may only be that much comes at once. */
	if (out_full(o) && o->error == 0)
		log_out_flush(o);
	if (out_full(o)) {
		out_lose(o);
		return false;
	}
	o->message = o->waiting.n;
	if (o->ops->begin != NULL)
		o->ops->begin(o, v);
	return true;
}

void
log_out_end(struct log_out *o)
{
	if (o->ops->end != NULL)
		o->ops->end(o);
	o->lines++;
}

static bool
out_may_write(struct log_out *o)
{
	if (o->error != 0 && o->error != EAGAIN && clock_now().us < o->retry_us)
		return false;
	return o->fd >= 0 || out_open(o);
}

void
log_out_flush(struct log_out *o)
{
	uint64_t lines = o->lines, lost = o->lost;
	size_t done = o->done;
	int error = 0;

	/* Also with nothing to write: it is to be seen at once that a file
	 * cannot be opened. */
	if ((o->lines == 0 && o->fd >= 0) || !out_may_write(o))
		return;
	if (o->lines != 0 && !o->ops->write(o))
		error = errno;
	o->lines_out += lines - o->lines - (o->lost - lost);
	o->bytes_out += o->done - done;
	out_compact(o);
	/* That it can be opened says nothing of a disk that is full. */
	if (error == 0 && (lines != 0 || o->shut))
		out_works(o);
	else if (error != EAGAIN)
		out_fails(o, error);
	/* Another try is with another descriptor. */
	if (error != 0 && error != EAGAIN && !o->regular)
		out_close(o);
}

void
log_out_reopen(struct log_out *o)
{
	log_out_flush(o);
	out_close(o);
	o->retry_us = 0;
	log_out_flush(o);
}

/* ---- life ---- */

static const struct log_out_ops *
ops_of(enum img_log_to to)
{
	switch (to) {
	case IMG_LOG_FILE:
	case IMG_LOG_STDOUT:
		return &log_file_ops;
	case IMG_LOG_SYSLOG:
		return &log_syslog_ops;
	case IMG_LOG_JOURNAL:
		break;
	}
	return &log_journal_ops;
}

struct log_out *
log_out_new(
    struct loop *loop, const struct img_head *img, const struct img_log *log)
{
	struct log_out *o = calloc(1, sizeof(*o));

	MUST(o != NULL);
	o->loop = loop;
	o->ops = ops_of((enum img_log_to)log->to);
	o->to = log->to;
	o->facility = log->facility;
	o->fd = -1;
	o->path = strndup(img_slice(img, log->path).p, log->path.len);
	MUST(o->path != NULL);
	if (gethostname(o->host, sizeof(o->host) - 1) != 0 ||
	    o->host[0] == '\0')
		memcpy(o->host, "-", 2);
	text_init(&o->waiting);
	return o;
}

void
log_out_free(struct log_out *o)
{
	if (o->lines != 0)
		log_warnx("access log %s: %llu lines are lost", out_name(o),
		    (unsigned long long)o->lines);
	o->lost += o->lines;
	o->lines = 0;
	out_close(o);
	text_fini(&o->waiting);
	free(o->path);
	free(o);
}
