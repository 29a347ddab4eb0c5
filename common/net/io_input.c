/*
 * io_input.c - from the socket, or from TLS, to the owner: the scratch block,
 * the stash, and when to read.
 *
 * Nothing touches io after an owner's callback without io_is_open.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include "common/base/must.h"
#include "common/net/duct.h"
#include "common/net/io.h"
#include "common/net/io_input.h"
#include "common/net/io_pass.h"
#include "common/net/io_tls.h"

static char *scratch;

bool
io_scratch_init(void)
{
	void *p = mmap(NULL, IO_SCRATCH_BYTES, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return false;
	scratch = p;
	return tls_wire_init();
}

bool
io_input_ready(void)
{
	return scratch != NULL;
}

void
io_scratch_fini(void)
{
	tls_wire_fini();
	ducts_fini();
	munmap(scratch, IO_SCRATCH_BYTES);
	scratch = NULL;
}

struct slice
io_stash(const struct io *io)
{
	const struct buf *b = io->stash;

	return b != NULL ? slice_make(b->data + b->start, b->end - b->start)
			 : SLICE_NONE;
}

void
io_input_drop(struct io *io)
{
	if (io->stash != NULL)
		buf_give(io->stash);
	io->stash = NULL;
}

/*
 * Gives p[0..n) to the owner; returns what was consumed. All of it when the
 * owner closed.
 */
static inline __attribute__((always_inline)) size_t
io_give_input(struct io *io, const char *p, size_t n)
{
	size_t done;

	io->in_input = true;
	done = io->events->input(io, p, n);
	io->in_input = false;
	MUST(done <= n);
	if (io_is_open(io))
		return done;
	/* io_close left it, because p pointed into it. */
	io_input_drop(io);
	return n;
}

/*
 * Keeps what the owner left. It is input that waits; but when the owner has
 * made TLS of a connection that was `plain`, it is the peer's handshake.
 */
static void
io_keep_rest(struct io *io, struct buf *b, bool plain)
{
	if (plain && io->tls != NULL) {
		io->stash = NULL;
		tls_feed(io->tls, b);
	} else {
		io->stash = b;
	}
}

static __attribute__((noinline)) void
io_offer_stash(struct io *io)
{
	struct buf *b = io->stash;
	bool plain = io->tls == NULL;
	size_t done;

	io->offer = false;
	if (b == NULL)
		return;
	done = io_give_input(io, b->data + b->start, b->end - b->start);
	if (!io_is_open(io))
		return;
	b->start += (uint32_t)done;
	if (b->start == b->end)
		io_input_drop(io);
	else
		io_keep_rest(io, b, plain);
}

/* Keeps what is in the scratch block. */
static __attribute__((noinline)) void
io_keep_scratch(struct io *io, size_t done, size_t n, bool plain)
{
	struct buf *b = buf_take(n - done);

	if (b == NULL) {
		io->readable = false;
		io->held = false;
		io_error_set(io, ENOMEM);
		return;
	}
	memcpy(b->data, scratch + done, n - done);
	b->end = (uint32_t)(n - done);
	io_keep_rest(io, b, plain);
}

/* Gives what is in the scratch block and stashes the rest. */
static inline __attribute__((always_inline)) void
io_offer_scratch(struct io *io, size_t n)
{
	bool plain = io->tls == NULL;
	size_t done = io_give_input(io, scratch, n);

	if (done != n)
		io_keep_scratch(io, done, n, plain);
}

/*
 * Makes a quarter of the stash's size free at its end, for recv: by moving the
 * bytes to the front, or into a block twice as large; at its largest, what
 * there is must do. False when it is full, or without memory.
 */
static bool
stash_make_room(struct io *io)
{
	struct buf *b = io->stash;
	size_t n = b->end - b->start;
	struct buf *larger;
	size_t size;

	if (b->size - b->end >= b->size / 4)
		return true;
	if (b->size - n >= b->size / 4 || b->size >= IO_STASH_BYTES) {
		memmove(b->data, b->data + b->start, n);
		b->start = 0;
		b->end = (uint32_t)n;
		return n < b->size;
	}
	size = (size_t)b->size * 2;
	larger = buf_take(size < IO_STASH_BYTES ? size : IO_STASH_BYTES);
	if (larger == NULL) {
		io_error_set(io, ENOMEM);
		return false;
	}
	memcpy(larger->data, b->data + b->start, n);
	larger->end = (uint32_t)n;
	buf_give(b);
	io->stash = larger;
	return true;
}

static inline __attribute__((always_inline)) size_t
io_recv(struct io *io, char *to, size_t most)
{
	ssize_t n;

	do {
		n = recv(io->watch.fd, to, most, 0);
	} while (n < 0 && errno == EINTR);
	if (n > 0) {
		if ((size_t)n < most && !io->hangup)
			io->readable = false;
		io->bytes_in += (uint64_t)n;
		return (size_t)n;
	}
	io->readable = false;
	if (n == 0)
		io->saw_eof = true;
	else if (errno != EAGAIN)
		io_error_set(io, errno);
	return 0;
}

size_t
io_socket_recv(struct io *io, char *to, size_t most)
{
	return io_recv(io, to, most);
}

/* As recv says, of what stays in the socket. */
static ssize_t
io_peek(const struct io *io)
{
	char byte;

	return recv(io->watch.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
}

/* Also an error, which is to be read, too. */
static __attribute__((noinline)) bool
io_socket_stirs(const struct io *io)
{
	return io_peek(io) >= 0 || errno != EAGAIN;
}

bool
io_has_unread(const struct io *io)
{
	return io_peek(io) > 0;
}

bool
io_has_more(struct io *io)
{
	if (io->saw_eof || io->hangup || io->error != 0)
		return true;
	if (io->held)
		io->held = tls_has_more(io->tls);
	if (io->readable)
		io->readable = io_socket_stirs(io);
	return io->held || io->readable;
}

/* Receives once; *moved is 0 when there was nothing to get. */
static size_t
io_receive(struct io *io, char *to, size_t most, size_t *moved)
{
	if (io->tls != NULL)
		return tls_read(io, to, most, moved);
	return *moved = io_socket_recv(io, to, most);
}

/* Receives once, behind what is stashed, and offers all of it. */
static __attribute__((noinline)) size_t
io_receive_behind(struct io *io)
{
	struct buf *b;
	size_t most = io->read_max;
	size_t n, moved;

	if (!stash_make_room(io))
		return 0;
	b = io->stash;
	if (most > b->size - b->end)
		most = b->size - b->end;
	n = io_receive(io, b->data + b->end, most, &moved);
	b->end += (uint32_t)n;
	if (n != 0)
		io_offer_stash(io);
	return moved;
}

/* The same through TLS. */
static __attribute__((noinline)) size_t
io_receive_tls(struct io *io)
{
	size_t moved, n = tls_read(io, scratch, io->read_max, &moved);

	if (n != 0)
		io_offer_scratch(io, n);
	return moved;
}

/* Receives once and offers it; returns the bytes that have moved. */
static size_t
io_receive_offer(struct io *io)
{
	size_t n;

	if (io->stash != NULL)
		return io_receive_behind(io);
	if (io->tls != NULL)
		return io_receive_tls(io);
	n = io_recv(io, scratch, io->read_max);
	if (n != 0)
		io_offer_scratch(io, n);
	return n;
}

/* Some of what comes, to the owner or past it. 0: there was nothing. */
static size_t
io_advance(struct io *io)
{
	size_t n = io->passes ? io_pass_run(io) : 0;

	return n != 0 || io->passes ? n : io_receive_offer(io);
}

/* Nothing stands in the way of what there is. io_close leaves nothing. */
static bool
io_may_receive(const struct io *io)
{
	return (io->readable || io->held) && !(io->paused || io->securing);
}

static __attribute__((noinline)) void
io_tell_eof(struct io *io)
{
	if (!io_is_open(io) || io->told_eof || io->paused || io->securing)
		return;
	io->told_eof = true;
	io->events->eof(io);
}

void
io_input_run(struct io *io)
{
	size_t got = 0;

	/* An event may come before the task that was to do this. */
	if (io->offer && !io->paused)
		io_offer_stash(io);
	while (io_may_receive(io)) {
		size_t n;

		if (got >= IO_TURN_BYTES) {
			loop_defer(io->loop, &io->task);
			return;
		}
		n = io_advance(io);
		if (n == 0)
			break;
		got += n;
	}
	if (io->saw_eof)
		io_tell_eof(io);
}
