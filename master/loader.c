/*
 * loader.c - see loader.h. The child's part comes first.
 */
#include "master/loader.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "master/child.h"
#include "master/conf.h"
#include "master/files.h"
#include "master/idler.h"
#include "master/log_program.h"
#include "master/privs.h"
#include "master/title.h"
#include "shm/epoch.h"

#define LOADER_LIMIT_US 120000000 /* a file that never ends */

static bool
loader_send(int fd, const struct loader_message *m)
{
	size_t n = offsetof(struct loader_message, text) + m->text_bytes;

	return send(fd, m, n, MSG_NOSIGNAL) == (ssize_t)n;
}

/* ---- the child ---- */

static void
loader_complain(int fd, struct diag *d)
{
	struct loader_message m = { .kind = LOADER_COMPLAINT };
	int n;

	diag_sort(d);
	for (size_t i = 0; i < d->count; i++) {
		n = diag_format(d, i, m.text, sizeof(m.text));
		m.text_bytes = (uint32_t)n < sizeof(m.text)
		    ? (uint32_t)n
		    : (uint32_t)sizeof(m.text) - 1;
		m.error = d->items[i].kind == DIAG_ERROR;
		(void)loader_send(fd, &m);
	}
}

static bool
loader_unchanged(const struct loader *l, const struct conf *c)
{
	uint8_t digest[sizeof(c->digest)];

	return epoch_digest(l->region, digest) &&
	    memcmp(digest, c->digest, sizeof(digest)) == 0;
}

/* Asks for room and writes the image and its secrets there. */
static enum loader_kind
loader_place(const struct loader *l, int fd, const struct boot *wanted,
    const struct conf *c)
{
	struct loader_message m = { .kind = LOADER_BUILT,
		.image_bytes = c->image_bytes,
		.secret_bytes = c->secret_bytes,
		.log_level = wanted->log_level,
		.drain_us = wanted->drain_us };
	size_t head = offsetof(struct loader_message, text);

	if (!loader_send(fd, &m) || recv(fd, &m, head, 0) != (ssize_t)head ||
	    m.kind != LOADER_PLACE || m.slot < 0)
		return LOADER_FAILED;
	memcpy(epoch_build_at(l->region, m.slot), c->image, c->image_bytes);
	if (c->secret_bytes != 0)
		memcpy(epoch_build_secrets_at(l->region, m.slot), c->secrets,
		    c->secret_bytes);
	return LOADER_WRITTEN;
}

static enum loader_kind
loader_work(const struct loader *l, int fd, struct diag *d)
{
	enum loader_kind end = LOADER_FAILED;
	struct boot wanted;
	struct conf c;

	if (conf_load(&c, l->path, d) && log_program_check(&c, d) &&
	    boot_take(&wanted, &c, d)) {
		boot_compare(l->boot, &wanted, d);
		end = loader_unchanged(l, &c)
		    ? LOADER_UNCHANGED
		    : loader_place(l, fd, &wanted, &c);
	}
	/* It wipes the keys. */
	conf_free(&c);
	return end;
}

static _Noreturn void
loader_child(
    const struct loader *l, int fd, int log_fd, int files_fd, pid_t master)
{
	struct loader_message m = { 0 };
	int keep[] = { fd, log_fd, files_fd };
	struct diag d;

	title_set("loader");
	log_set_process("loader");
	child_keep_fds(keep, 3);
	files_ask_at(files_fd);
	if (!privs_die_with(master))
		_exit(1);
	if (l->idle)
		(void)idler_begin();
	else
		(void)!nice(IDLER_NICE);
	diag_init(&d);
	m.kind = loader_work(l, fd, &d);
	loader_complain(fd, &d);
	(void)loader_send(fd, &m);
	/* Not exit(): the master's objects are not this process's to end. */
	_exit(0);
}

/* ---- the master ---- */

static void
loader_reap(struct loader *l)
{
	static const struct slice died =
	    SLICE_LIT("the loader died before it had finished");
	enum loader_kind last = l->last;

	timer_cancel(&l->limit);
	timer_cancel(&l->hurry);
	loop_remove(l->loop, &l->watch);
	(void)close(l->watch.fd);
	l->watch.fd = -1;
	if (last < LOADER_FAILED || last == LOADER_BUILT)
		(void)kill(l->pid, SIGKILL);
	while (waitpid(l->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	l->pid = 0;
	if (last != LOADER_WRITTEN && last != LOADER_UNCHANGED &&
	    last != LOADER_FAILED) {
		l->events->complaint(l, true, died);
		last = LOADER_NONE;
	}
	l->events->ended(l, last);
}

static void
loader_take(struct loader *l, const struct loader_message *m)
{
	struct loader_message answer = { .kind = LOADER_PLACE };

	if (m->kind == LOADER_COMPLAINT) {
		l->events->complaint(
		    l, m->error, slice_make(m->text, m->text_bytes));
		return;
	}
	l->last = (enum loader_kind)m->kind;
	if (m->kind != LOADER_BUILT)
		return;
	answer.slot = l->events->built(l, m);
	(void)loader_send(l->watch.fd, &answer);
}

static void
loader_event(struct loop_watch *w, unsigned events)
{
	struct loader *l = CONTAINER_OF(w, struct loader, watch);
	struct loader_message m = { 0 };
	ssize_t n;

	(void)events;
	n = recv(w->fd, &m, sizeof(m), MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n < (ssize_t)offsetof(struct loader_message, text) ||
	    m.text_bytes > sizeof(m.text))
		loader_reap(l);
	else
		loader_take(l, &m);
}

static void
loader_late(struct timer *t)
{
	struct loader *l = CONTAINER_OF(t, struct loader, limit);

	if (l->pid > 0)
		(void)kill(l->pid, SIGKILL);
}

static void
loader_hurry(struct timer *t)
{
	struct loader *l = CONTAINER_OF(t, struct loader, hurry);

	if (l->pid > 0)
		idler_hurry(l->pid);
}

void
loader_init(struct loader *l, struct loop *loop, struct region *region,
    const struct boot *boot, const char *path,
    const struct loader_events *events)
{
	*l = (struct loader){ .loop = loop,
		.region = region,
		.boot = boot,
		.path = path,
		.events = events,
		.watch = { .fn = loader_event, .fd = -1 } };
	timer_init(&l->limit, loader_late);
	timer_init(&l->hurry, loader_hurry);
}

void
loader_fini(struct loader *l)
{
	timer_fini(&l->loop->timers, &l->limit);
	timer_fini(&l->loop->timers, &l->hurry);
	if (l->pid > 0) {
		(void)kill(l->pid, SIGKILL);
		(void)waitpid(l->pid, NULL, 0);
		loop_remove(l->loop, &l->watch);
		(void)close(l->watch.fd);
	}
	l->pid = 0;
	l->watch.fd = -1;
}

bool
loader_start(struct loader *l, int log_fd, int files_fd)
{
	pid_t master = getpid();
	uint8_t digest[32];
	int pair[2];

	MUST(l->pid == 0);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
		return false;
	l->last = LOADER_NONE;
	/* The first one is waited for. */
	l->idle = epoch_digest(l->region, digest);
	l->watch = (struct loop_watch){ .fn = loader_event, .fd = pair[0] };
	if (!loop_add(l->loop, &l->watch, true))
		goto fail;
	l->pid = fork();
	if (l->pid == 0)
		loader_child(l, pair[1], log_fd, files_fd, master);
	if (l->pid < 0) {
		loop_remove(l->loop, &l->watch);
		goto fail;
	}
	(void)close(pair[1]);
	timer_set(&l->loop->timers, &l->limit,
	    mono_add_us(clock_now(), LOADER_LIMIT_US));
	if (l->idle)
		timer_set(&l->loop->timers, &l->hurry,
		    mono_add_us(clock_now(), IDLER_US));
	return true;
fail:
	l->pid = 0;
	l->watch.fd = -1;
	(void)close(pair[0]);
	(void)close(pair[1]);
	return false;
}
