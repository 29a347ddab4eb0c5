/*
 * log_follow.c - see log_follow.h.
 */
#include "tools/log_follow.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "shm/slots.h"
#include "tools/attach.h"
#include "tools/line.h"
#include "tools/log_feed.h"

#define LOOK_US 1000000 /* between two looks whether it is there */
#define GONE_US 2000000 /* no worker has moved for so long */
#define FLUSH_BYTES 65536

struct follow {
	const struct log_follow *ask;
	struct region region;
	struct log_feed feed;
	struct line_format *format;
	struct text out;
	uint64_t lines, lost; /* lost: told so far */
	uint64_t looked_us;
	bool gone;   /* it was said */
	bool ended;  /* nobody reads, or all lines are there */
	bool failed; /* they cannot be written */
	int signal_fd;
};

static void
say(const char *what)
{
	(void)fprintf(stderr, "penstocklog: %s\n", what);
}

/* ---- the gateway ---- */

static bool
follow_attach(const struct follow *f, struct region *r, bool quiet)
{
	struct diag d;
	char said[512];
	bool ok;

	diag_init(&d);
	ok = attach_region(r, f->ask->socket, 0, &d);
	if (!ok && !quiet && diag_format(&d, 0, said, sizeof(said)) > 0)
		say(said);
	diag_fini(&d);
	return ok;
}

/* False, with a sentence: an option makes no sense. */
static bool
follow_format(struct follow *f)
{
	struct attached a;
	bool ok = true, there = attach_image(&f->region, &a);
	char why[256];

	line_format_free(f->format);
	f->format = line_format_new(there ? a.image : NULL);
	if (there)
		attached_free(&a);
	if (!f->ask->format && isatty(STDOUT_FILENO))
		ok = line_format_set(
		    f->format, "format", "dev", why, sizeof(why));
	for (size_t i = 0; ok && i < f->ask->option_count; i++)
		ok = line_format_set(f->format, f->ask->options[i].name,
		    f->ask->options[i].value, why, sizeof(why));
	if (!ok)
		say(why);
	line_format_set_colours(f->format, line_colours(STDOUT_FILENO));
	return ok;
}

/* Another one is there in its place: all of it is new. */
static void
follow_switch(struct follow *f, const struct region *r)
{
	log_feed_fini(&f->feed);
	region_fini(&f->region);
	f->region = *r;
	clock_set_birth(r->state->header.birth_us);
	log_feed_init(&f->feed, &f->region, false);
	(void)follow_format(f); /* it was good before */
	f->lost = 0;
	f->gone = false;
	say("the gateway was started anew: going on with that one");
}

static bool
follow_moves(const struct follow *f, uint64_t now_us)
{
	struct slot_info i;

	for (uint32_t w = 0; w < f->feed.workers; w++) {
		slot_info(&f->region, w, &i);
		if (now_us < i.beat_us + GONE_US)
			return true;
	}
	return false;
}

/* Whether it still is there, or another one in its place. */
static void
follow_look(struct follow *f)
{
	uint64_t birth_us = f->region.state->header.birth_us;
	uint64_t now_us = clock_update().us;
	struct region r;

	if (now_us < f->looked_us + LOOK_US || follow_moves(f, now_us))
		return;
	f->looked_us = now_us;
	if (!follow_attach(f, &r, true)) {
		clock_set_birth(birth_us);
		if (!f->gone)
			say("the gateway has ended, or does not answer: "
			    "waiting for it");
		f->gone = true;
	} else if (r.state->header.birth_us != birth_us) {
		f->looked_us = 0;
		follow_switch(f, &r);
	} else {
		region_fini(&r);
	}
}

/* ---- lines ---- */

/* Who has read enough goes away; all else is a fault. */
static void
follow_fails(struct follow *f, int error)
{
	f->ended = true;
	if (error == EPIPE)
		return;
	f->failed = true;
	(void)fprintf(
	    stderr, "penstocklog: cannot write: %s\n", strerror(error));
}

/* Of a descriptor that somebody has made not to block. */
static void
follow_await_room(struct follow *f)
{
	struct pollfd p[] = { { f->signal_fd, POLLIN, 0 },
		{ STDOUT_FILENO, POLLOUT, 0 } };

	(void)poll(p, 2, -1);
	f->ended = p[0].revents != 0;
}

static void
follow_flush(struct follow *f)
{
	size_t at = 0;
	ssize_t n;

	while (at < f->out.n && !f->ended) {
		n = write(STDOUT_FILENO, f->out.p + at, f->out.n - at);
		if (n >= 0)
			at += (size_t)n;
		else if (errno == EAGAIN)
			follow_await_room(f);
		else if (errno != EINTR)
			follow_fails(f, errno);
	}
	text_clear(&f->out);
}

static void
follow_take(void *ctx, const struct record_view *v)
{
	struct follow *f = ctx;

	if (f->ended || !line_wants(f->format, v) ||
	    !line_sampled(f->format, v))
		return;
	line_write(f->format, v, &f->out);
	if (f->out.n >= FLUSH_BYTES)
		follow_flush(f);
	if (++f->lines != f->ask->lines)
		return;
	follow_flush(f);
	f->ended = true;
}

static void
follow_tell_lost(struct follow *f)
{
	uint64_t lost = log_feed_lost(&f->feed);

	if (lost == f->lost)
		return;
	(void)fprintf(stderr,
	    "penstocklog: %llu records were overwritten before they were "
	    "read\n",
	    (unsigned long long)(lost - f->lost));
	f->lost = lost;
}

/* Also ends when nobody reads what is not written yet. */
static void
follow_wait(struct follow *f)
{
	struct pollfd p[] = { { f->signal_fd, POLLIN, 0 },
		{ STDOUT_FILENO, 0, 0 } };

	(void)poll(p, 2, (int)(f->feed.pause_us / 1000));
	if (p[0].revents != 0 || (p[1].revents & POLLERR) != 0)
		f->ended = true;
}

static void
follow_run(struct follow *f)
{
	uint64_t bytes;

	while (!f->ended) {
		bytes = log_feed_turn(&f->feed, follow_take, f);
		follow_flush(f);
		follow_tell_lost(f);
		if (bytes == 0)
			follow_look(f);
		if (bytes < LOG_FEED_TURN_BYTES && !f->ended)
			follow_wait(f);
	}
}

/* ---- life ---- */

static bool
follow_signals(struct follow *f)
{
	sigset_t set;

	(void)signal(SIGPIPE, SIG_IGN);
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGTERM);
	(void)sigprocmask(SIG_BLOCK, &set, NULL);
	f->signal_fd = signalfd(-1, &set, SFD_CLOEXEC);
	return f->signal_fd >= 0;
}

int
log_follow(const struct log_follow *ask)
{
	struct follow *f = calloc(1, sizeof(*f));
	int code = 1;

	if (f == NULL || !follow_signals(f)) {
		say("cannot start");
		free(f);
		return 1;
	}
	f->ask = ask;
	if (follow_attach(f, &f->region, false)) {
		log_feed_init(&f->feed, &f->region, !ask->since_start);
		code = follow_format(f) ? 0 : 2;
		if (code == 0 && f->region.record_bytes == 0) {
			say("the gateway records nothing (recorder.ring)");
			code = 1;
		}
		if (code == 0)
			follow_run(f);
		if (f->failed)
			code = 1;
		line_format_free(f->format);
		log_feed_fini(&f->feed);
		region_fini(&f->region);
	}
	(void)close(f->signal_fd);
	text_fini(&f->out);
	free(f);
	return code;
}
