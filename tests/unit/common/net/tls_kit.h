/*
 * tls_kit.h - two ios that speak TLS with each other over a socket pair, in one
 * loop; both owners write down what they are told. Time stands still.
 */
#ifndef TESTS_UNIT_TLS_KIT_H
#define TESTS_UNIT_TLS_KIT_H

#include <check.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/pool.h"
#include "common/net/io.h"
#include "tests/unit/common/net/cert_kit.h"
#include "tests/unit/own_clock.h"

#define END_BYTES 4000000
#define STORY_BYTES 32

/* One side's owner. */
struct end {
	struct io io;
	struct loop_task free_task;
	char *got; /* END_BYTES */
	size_t n;
	char story[STORY_BYTES]; /* a letter per event, repeated ones once */
	size_t most;             /* consume at most so many at once; 0: all */
	size_t pause_after;
	char close_on; /* the event in which to close */
	bool resume;   /* in each input */
	bool opened, freed, cut;
	int error;
	char fault[128];
	bool fault_is_certificate;
	const char *greeting;  /* written when the handshake is over */
	struct tls *secure_at; /* io_secure at the first newline */
};

static struct loop loop;
static struct end server_end, client_end;

static inline void
end_free(struct loop_task *t)
{
	struct end *e = CONTAINER_OF(t, struct end, free_task);

	e->freed = true;
	/* Whoever touches io after this is seen. */
	memset(&e->io, 0xa5, sizeof(e->io));
	e->io.watch.fd = -1;
}

static inline struct end *
end_story(struct io *io, char c)
{
	struct end *e = CONTAINER_OF(io, struct end, io);
	size_t n = strlen(e->story);

	ck_assert(!e->freed);
	ck_assert(io_is_open(io));
	if (n == 0 || e->story[n - 1] != c) {
		ck_assert_uint_lt(n, STORY_BYTES - 1);
		e->story[n] = c;
	}
	if (e->close_on == c) {
		io_close(io, false);
		loop_defer_free(&loop, &e->free_task);
	}
	return e;
}

static inline size_t
end_input(struct io *io, const char *p, size_t n)
{
	struct end *e = end_story(io, 'i');
	const char *line = e->secure_at != NULL ? memchr(p, '\n', n) : NULL;

	ck_assert_uint_ne(n, 0);
	if (e->secure_at != NULL && line == NULL)
		return 0;
	if (line != NULL) {
		io_secure(io, e->secure_at);
		e->secure_at = NULL;
		return (size_t)(line - p) + 1;
	}
	/* Nothing is heard before the handshake is over. */
	if (!e->freed && io_is_open(io) && io->tls != NULL)
		ck_assert(tls_ready(io->tls));
	if (e->most != 0 && n > e->most)
		n = e->most;
	ck_assert_uint_le(e->n + n, END_BYTES);
	memcpy(e->got + e->n, p, n);
	e->n += n;
	if (e->pause_after != 0 && e->n >= e->pause_after) {
		e->pause_after = 0;
		io_pause(io, true);
	}
	if (e->resume)
		io_resume(io);
	return n;
}

static inline void
end_eof(struct io *io)
{
	struct end *e = CONTAINER_OF(io, struct end, io);

	e->cut = io->cut;
	end_story(io, 'e');
}

static inline void
end_drained(struct io *io)
{
	end_story(io, 'd');
}

static inline void
end_greet(struct end *e)
{
	if (e->greeting == NULL || !io_is_open(&e->io))
		return;
	obuf_append(&e->io.out, e->greeting, strlen(e->greeting));
	io_flush(&e->io);
}

static inline void
end_connected(struct io *io)
{
	end_greet(end_story(io, 'c'));
}

static inline void
end_secured(struct io *io)
{
	end_greet(end_story(io, 's'));
}

static inline void
end_failed(struct io *io, int error)
{
	struct end *e = CONTAINER_OF(io, struct end, io);

	ck_assert_int_eq(e->error, 0);
	e->error = error;
	if (io->tls != NULL) {
		strcpy(e->fault, tls_fault(io->tls));
		e->fault_is_certificate = tls_fault_is_certificate(io->tls);
	}
	end_story(io, 'f');
}

static const struct io_events end_events = {
	.input = end_input,
	.eof = end_eof,
	.drained = end_drained,
	.connected = end_connected,
	.secured = end_secured,
	.failed = end_failed,
};

static inline void
turns(unsigned count)
{
	while (count-- != 0)
		ck_assert(loop_turn(&loop, 0));
}

/* Forgets what was; the moods and the memory stay. */
static inline void
end_open(struct end *e, int fd)
{
	ck_assert(!e->opened);
	ck_assert(io_open(&e->io, &loop, fd, false, &end_events));
	e->opened = true;
	e->freed = false;
	e->n = 0;
	e->error = 0;
	e->cut = false;
	memset(e->story, 0, sizeof(e->story));
	memset(e->fault, 0, sizeof(e->fault));
	loop_task_init(&e->free_task, end_free);
}

static inline void
end_close(struct end *e)
{
	if (e->opened && !e->freed && io_is_open(&e->io))
		io_close(&e->io, false);
	e->opened = false;
}

static inline void
pair_open(struct tls *server, struct tls *client)
{
	int fds[2];

	ck_assert_int_eq(
	    socketpair(
		AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
	    0);
	end_open(&server_end, fds[0]);
	end_open(&client_end, fds[1]);
	ck_assert_ptr_nonnull(server);
	ck_assert_ptr_nonnull(client);
	io_secure(&server_end.io, server);
	io_secure(&client_end.io, client);
}

static inline void
pair_close(void)
{
	end_close(&client_end);
	turns(2);
	end_close(&server_end);
	turns(1);
}

static inline void
kit_setup(void)
{
	tls_init();
	ck_assert(loop_init(&loop));
	ck_assert(io_scratch_init());
	buf_pool_init(0);
	memset(&server_end, 0, sizeof(server_end));
	memset(&client_end, 0, sizeof(client_end));
	server_end.got = malloc(END_BYTES);
	client_end.got = malloc(END_BYTES);
}

static inline void
kit_teardown(void)
{
	pair_close();
	free(server_end.got);
	free(client_end.got);
	/* Every block is back. */
	ck_assert_uint_eq(buf_pool_state()->used, 0);
	buf_pool_fini();
	io_scratch_fini();
	loop_fini(&loop);
}

/* ---- hooks of a server with one answer for all ---- */

struct host {
	struct tls_identity *ids[TLS_CHOICES_MAX];
	size_t count;
	char asked[300]; /* the names, each in brackets */
	struct tls_ticket_key keys[3];
	size_t key_count; /* the first is current */
	struct text more; /* of the test */
};

static inline size_t
host_choose(void *ctx, struct slice name, struct tls_identity **ids)
{
	struct host *h = ctx;
	size_t n = strlen(h->asked);

	snprintf(h->asked + n, sizeof(h->asked) - n, "[%.*s]", SLICE_FMT(name));
	memcpy(ids, h->ids, h->count * sizeof(ids[0]));
	return h->count;
}

static inline bool
host_ticket_key(void *ctx, struct tls_ticket_key *key)
{
	struct host *h = ctx;

	*key = h->keys[0];
	return h->key_count != 0;
}

static inline bool
host_ticket_find(
    void *ctx, const uint8_t *name, struct tls_ticket_key *key, bool *current)
{
	struct host *h = ctx;

	for (size_t i = 0; i < h->key_count; i++)
		if (memcmp(h->keys[i].name, name, TLS_TICKET_NAME) == 0) {
			*key = h->keys[i];
			*current = i == 0;
			return true;
		}
	return false;
}

static const struct tls_hooks host_hooks = {
	.choose = host_choose,
	.ticket_key = host_ticket_key,
	.ticket_find = host_ticket_find,
};

#endif
