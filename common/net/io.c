/*
 * io.c - the life of a connected socket under edge-triggered epoll.
 *
 *   event --> [connected] --> flush out --> [drained]
 *                         \-> receive --> input ... --> [eof]
 *   task  --> offer stash --> receive --> input ... --> [eof] --> [failed]
 *
 * Edges are remembered in `readable` and `writable`, and only a system call
 * that fell short clears them. A recv that got less than it asked for has
 * emptied the socket, unless the peer has closed: then the end is behind it.
 *
 * Nothing touches io after an owner's callback without io_is_open.
 */
#include <errno.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/net/io.h"
#include "common/net/sock.h"

#define IOV_SENT 16
#define TURN_BYTES 262144 /* of one io before others have their turn */

static char *scratch;

bool
io_scratch_init(void)
{
	void *p = mmap(NULL, IO_SCRATCH_BYTES, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return false;
	scratch = p;
	return true;
}

void
io_scratch_fini(void)
{
	munmap(scratch, IO_SCRATCH_BYTES);
	scratch = NULL;
}

size_t
io_stashed(const struct io *io)
{
	return io->stash != NULL ? io->stash->end - io->stash->start : 0;
}

static void
stash_drop(struct io *io)
{
	if (io->stash != NULL)
		buf_give(io->stash);
	io->stash = NULL;
}

/* Keeps the first error; a task tells it. */
static void
io_error_set(struct io *io, int error)
{
	io->writable = false;
	if (io->error != 0)
		return;
	io->error = error;
	loop_defer(io->loop, &io->task);
}

static void
io_tell_failed(struct io *io)
{
	if (io->told_failed)
		return;
	io->told_failed = true;
	io->readable = false;
	io->events->failed(io, io->error);
}

/* Sends the spans; 0 when the socket takes nothing or is broken. */
static size_t
io_send(struct io *io, const struct iovec *iov, int count)
{
	struct msghdr msg = {
		/* Not written through; sendmsg just lacks the const. */
		.msg_iov = (struct iovec *)(uintptr_t)iov,
		.msg_iovlen = (size_t)count,
	};
	size_t wanted = 0;
	ssize_t n;

	for (int i = 0; i < count; i++)
		wanted += iov[i].iov_len;
	do {
		if (count == 1)
			n = send(
			    io->watch.fd, iov->iov_base, wanted, MSG_NOSIGNAL);
		else
			n = sendmsg(io->watch.fd, &msg, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		io->writable = false;
		if (errno != EAGAIN) {
			io_error_set(io, errno);
			/* What the peer said before it closed may be there. */
			io->readable = !io->saw_eof;
		}
		return 0;
	}
	if ((size_t)n < wanted)
		io->writable = false;
	io->bytes_out += (uint64_t)n;
	return (size_t)n;
}

static size_t
io_send_bulk(void *ctx, const struct iovec *iov, int count)
{
	struct io *io = ctx;

	return io->writable ? io_send(io, iov, count) : 0;
}

static void
io_shut_now(struct io *io)
{
	io->shut = true;
	io->writable = false;
	if (shutdown(io->watch.fd, SHUT_WR) != 0)
		io_error_set(io, errno);
}

bool
io_flush(struct io *io)
{
	if (!io_is_open(io))
		return false;
	if (io->out.failed)
		io_error_set(io, ENOMEM);
	if (io->error != 0)
		return false;
	while (io->out.bytes != 0 && io->writable) {
		struct iovec iov[IOV_SENT];
		int count = obuf_iov(&io->out, iov, IOV_SENT);

		obuf_consume(&io->out, io_send(io, iov, count));
	}
	if (io->out.bytes != 0) {
		io->blocked = true;
		return false;
	}
	/* A block that was reserved and never filled goes back too. */
	if (io->out.head != NULL)
		obuf_fini(&io->out);
	if (io->shut_wanted && !io->shut && !io->connecting)
		io_shut_now(io);
	return io->error == 0;
}

void
io_shutdown(struct io *io)
{
	io->shut_wanted = true;
	io_flush(io);
}

/* Sends what waited for the edge, and says so. */
static void
io_on_writable(struct io *io)
{
	io_flush(io);
	if (io->blocked && io->out.bytes == 0 && io->error == 0) {
		io->blocked = false;
		io->events->drained(io);
	}
}

/*
 * Gives p[0..n) to the owner; returns what was consumed. All of it when the
 * owner closed.
 */
static size_t
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
	stash_drop(io);
	return n;
}

static void
io_offer_stash(struct io *io)
{
	struct buf *b = io->stash;
	size_t done;

	io->offer = false;
	if (b == NULL)
		return;
	done = io_give_input(io, b->data + b->start, b->end - b->start);
	if (!io_is_open(io))
		return;
	b->start += (uint32_t)done;
	if (b->start == b->end)
		stash_drop(io);
}

/* Gives what is in the scratch block and stashes the rest. */
static void
io_offer_scratch(struct io *io, size_t n)
{
	size_t done = io_give_input(io, scratch, n);

	if (done == n)
		return;
	io->stash = buf_take(n - done);
	if (io->stash == NULL) {
		io->readable = false;
		io_error_set(io, ENOMEM);
		return;
	}
	memcpy(io->stash->data, scratch + done, n - done);
	io->stash->end = (uint32_t)(n - done);
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

/* One recv of at most `most` bytes; 0 when there was nothing to get. */
static size_t
io_receive(struct io *io, char *to, size_t most)
{
	ssize_t n;

	do {
		n = recv(io->watch.fd, to, most, 0);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		io->readable = false;
	if (n == 0)
		io->saw_eof = true;
	if (n < 0 && errno != EAGAIN)
		io_error_set(io, errno);
	if (n <= 0)
		return 0;
	if ((size_t)n < most && !io->hangup)
		io->readable = false;
	io->bytes_in += (uint64_t)n;
	return (size_t)n;
}

/* Receives once and offers it; returns the bytes received. */
static size_t
io_receive_offer(struct io *io)
{
	struct buf *b;
	size_t most = io->read_max;
	size_t n;

	if (io->stash == NULL) {
		n = io_receive(io, scratch, most);
		if (n != 0)
			io_offer_scratch(io, n);
		return n;
	}
	if (!stash_make_room(io))
		return 0;
	b = io->stash;
	if (most > b->size - b->end)
		most = b->size - b->end;
	n = io_receive(io, b->data + b->end, most);
	b->end += (uint32_t)n;
	if (n != 0)
		io_offer_stash(io);
	return n;
}

/* Reads until the socket is empty, the owner pauses, or its turn is over. */
static void
io_on_readable(struct io *io)
{
	size_t got = 0;

	/* An event may come before the task that was to do this. */
	if (io->offer && !io->paused)
		io_offer_stash(io);
	while (io_is_open(io) && io->readable && !io->paused) {
		size_t n;

		if (got >= TURN_BYTES) {
			loop_defer(io->loop, &io->task);
			return;
		}
		n = io_receive_offer(io);
		if (n == 0)
			break;
		got += n;
	}
	if (io_is_open(io) && io->saw_eof && !io->told_eof) {
		io->told_eof = true;
		io->events->eof(io);
	}
}

/* What was put off: a resume, a long read, an error. */
static void
io_task_run(struct loop_task *t)
{
	struct io *io = CONTAINER_OF(t, struct io, task);

	if (io->told_failed)
		return;
	io_on_readable(io);
	if (io_is_open(io) && io->error != 0)
		io_tell_failed(io);
}

/* True when the socket is connected and its owner still wants it. */
static bool
io_on_connected(struct io *io)
{
	int error = sock_error(io->watch.fd);

	io->connecting = false;
	if (error != 0) {
		io->error = error;
		io_tell_failed(io);
		return false;
	}
	io->events->connected(io);
	return io_is_open(io);
}

static void
io_on_event(struct loop_watch *w, unsigned events)
{
	struct io *io = CONTAINER_OF(w, struct io, watch);

	if (io->told_failed)
		return;
	if (events & LOOP_HANGUP)
		io->hangup = true;
	if ((events & LOOP_READ) && !io->saw_eof)
		io->readable = true;
	if ((events & LOOP_WRITE) && !io->shut && io->error == 0)
		io->writable = true;
	if (io->connecting) {
		if (!(events & (LOOP_WRITE | LOOP_HANGUP)))
			return;
		if (!io_on_connected(io))
			return;
	}
	if (io->writable && (io->blocked || io->shut_wanted))
		io_on_writable(io);
	if (io_is_open(io))
		io_on_readable(io);
}

bool
io_open(struct io *io, struct loop *loop, int fd, bool connecting,
    const struct io_events *events)
{
	MUST(scratch != NULL);
	*io = (struct io){
		.watch = { .fn = io_on_event, .fd = fd },
		.loop = loop,
		.events = events,
		.read_max = IO_SCRATCH_BYTES,
		.connecting = connecting,
	};
	obuf_init(&io->out, io_send_bulk, io);
	loop_task_init(&io->task, io_task_run);
	/* The edges of an open socket come at once; sending need not wait. */
	io->writable = !connecting;
	if (loop_add(loop, &io->watch, false))
		return true;
	io->watch.fd = -1;
	return false;
}

void
io_close(struct io *io, bool reset)
{
	int fd = io->watch.fd;

	if (fd < 0)
		return;
	loop_remove(io->loop, &io->watch);
	io->watch.fd = -1;
	loop_task_cancel(&io->task);
	io->readable = false;
	io->writable = false;
	obuf_fini(&io->out);
	/* A codec that is still writing writes into nothing. */
	io->out.failed = true;
	if (!io->in_input)
		stash_drop(io);
	if (reset)
		sock_reset(fd);
	else
		close(fd);
}

void
io_resume(struct io *io)
{
	/* While input is being delivered, what will be stashed is unknown. */
	if (!io_is_open(io) ||
	    (!io->in_input && io->stash == NULL && !io->readable))
		return;
	io->offer = true;
	loop_defer(io->loop, &io->task);
}

void
io_pause(struct io *io, bool paused)
{
	if (io->paused == paused)
		return;
	io->paused = paused;
	if (!paused)
		io_resume(io);
}
