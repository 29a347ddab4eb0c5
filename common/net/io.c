/*
 * io.c - the life of a connected socket under edge-triggered epoll.
 *
 *   event --> [connected] --> flush out --> [drained]
 *                         \-> receive --> input ... --> [eof]
 *   task  --> offer stash --> receive --> input ... --> [eof] --> [failed]
 *
 * With TLS, the handshake comes first; then receive and flush go through
 * io_tls.h, and nothing else differs.
 *
 * Edges are remembered in `readable` and `writable`, and only a system call
 * that fell short clears them. A recv that got less than it asked for has
 * emptied the socket, unless the peer has closed: then the end is behind it.
 *
 * Nothing touches io after an owner's callback without io_is_open.
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/net/io.h"
#include "common/net/io_input.h"
#include "common/net/io_pass.h"
#include "common/net/io_tls.h"
#include "common/net/io_watch.h"
#include "common/net/sock.h"
#include "common/net/tls.h"

#define IOV_SENT 16
#define IO_LATE_BYTES BUF_BLOCK_BYTES /* more does not wait */

void
io_error_set(struct io *io, int error)
{
	io->writable = false;
	if (io->error != 0)
		return;
	io->error = error;
	loop_defer(io->loop, &io->task);
}

void
io_send_failed(struct io *io, int error)
{
	io->writable = false;
	if (error == EAGAIN)
		return;
	io_error_set(io, error);
	/* What the peer said before it closed may be there. */
	io->readable = !io->saw_eof;
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

/* What a send said, that was to take so much. */
static inline size_t
io_sent(struct io *io, ssize_t n, size_t wanted)
{
	if (n < 0) {
		io_send_failed(io, errno);
		return 0;
	}
	if ((size_t)n < wanted)
		io->writable = false;
	io->bytes_out += (uint64_t)n;
	return (size_t)n;
}

/* One span, as nearly always. */
static size_t
io_socket_send_one(struct io *io, const void *p, size_t wanted)
{
	ssize_t n;

	do {
		n = send(io->watch.fd, p, wanted, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return io_sent(io, n, wanted);
}

size_t
io_socket_send(struct io *io, const struct iovec *iov, int count)
{
	struct msghdr msg = {
		/* Not written through; sendmsg just lacks the const. */
		.msg_iov = (struct iovec *)(uintptr_t)iov,
		.msg_iovlen = (size_t)count,
	};
	size_t wanted = 0;
	ssize_t n;

	if (count == 1)
		return io_socket_send_one(io, iov->iov_base, iov->iov_len);
	for (int i = 0; i < count; i++)
		wanted += iov[i].iov_len;
	do {
		n = sendmsg(io->watch.fd, &msg, MSG_NOSIGNAL);
	} while (n < 0 && errno == EINTR);
	return io_sent(io, n, wanted);
}

/* Sends what TLS or a duct has; it leaves before what is in out. */
static void
io_flush_wire(struct io *io)
{
	if (io->tls != NULL)
		tls_flush(io);
	else
		(void)io_duct_flush(io);
}

/* Sends the spans; returns what was taken. */
static size_t
io_send(struct io *io, const struct iovec *iov, int count)
{
	if (io->duct != 0 && !io_duct_flush(io))
		return 0;
	return io->tls == NULL ? io_socket_send(io, iov, count)
			       : tls_write(io, iov, count);
}

static size_t
io_send_bulk(struct obuf *out, const struct iovec *iov, int count)
{
	struct io *io = CONTAINER_OF(out, struct io, out);

	return io->writable ? io_send(io, iov, count) : 0;
}

/* False: TLS must say so first, and cannot yet; or the socket failed. */
static __attribute__((noinline)) bool
io_shut_now(struct io *io)
{
	if (io->tls != NULL && !tls_bye(io))
		return false;
	io->shut = true;
	io->writable = false;
	if (shutdown(io->watch.fd, SHUT_WR) != 0)
		io_error_set(io, errno);
	return io->error == 0;
}

/* Sends what is queued, as far as one send goes. */
static __attribute__((noinline)) size_t
io_send_spans(struct io *io)
{
	struct iovec iov[IOV_SENT];
	int count = obuf_iov(&io->out, iov, IOV_SENT);

	return io_send(io, iov, count);
}

static size_t
io_send_queued(struct io *io)
{
	const struct buf *b = io->out.head;

	if (b->next != NULL || io->tls != NULL || io->duct != 0)
		return io_send_spans(io);
	return io_socket_send_one(io, b->data + b->start, b->end - b->start);
}

bool
io_flush(struct io *io)
{
	io->late = false;
	if (!io_is_open(io))
		return false;
	if (io->out.failed)
		io_error_set(io, ENOMEM);
	if (io->error != 0)
		return false;
	while (io->out.bytes != 0 && io->writable) {
		size_t n = io_send_queued(io);

		if (n == 0)
			break;
		obuf_consume(&io->out, n);
	}
	if (io->wire_bytes != 0)
		io_flush_wire(io);
	if (io_unsent(io) != 0) {
		io->blocked = true;
		io_watch_room(io);
		return false;
	}
	/* A block that was reserved and never filled goes back too. */
	if (io->out.head != NULL)
		obuf_fini(&io->out);
	if (io->shut_wanted && !io->shut && !io->connecting && !io->securing)
		return io_shut_now(io);
	return io->error == 0;
}

/* The batch is over. Its memory is still there, even if it was closed. */
static void
io_flush_late(struct loop_watch *w)
{
	struct io *io = CONTAINER_OF(w, struct io, watch);

	if (io->late && !io_flush(io) && io->blocked && io->error == 0)
		io->events->stalled(io);
}

/* Nothing stands in the way of sending it, as far as is known. */
static bool
io_may_be_late(const struct io *io)
{
	return io->writable && io->out.bytes - 1 < IO_LATE_BYTES &&
	    io->wire_bytes == 0 && !io->securing && !io->out.failed &&
	    !io->shut_wanted;
}

/* There is something to wait for, and a place to wait in. */
static bool
io_put_off(struct io *io, bool more)
{
	return (more || loop_has_more(io->loop)) &&
	    loop_after_batch(io->loop, &io->watch, io_flush_late);
}

bool
io_flush_soon(struct io *io, bool more)
{
	if (io_may_be_late(io) && (io->late || io_put_off(io, more)))
		return io->late = true;
	return io_flush(io);
}

bool
io_flush_last(struct io *io)
{
	io->last = true;
	return io_flush(io);
}

void
io_shutdown(struct io *io)
{
	io->shut_wanted = true;
	io_flush_last(io);
}

/* Sends what waited for the edge, and says so. */
static void
io_on_writable(struct io *io)
{
	io_flush(io);
	if (io->blocked && io_queued(io) == 0 && io->error == 0) {
		io->blocked = false;
		io->events->drained(io);
	}
}

/* The handshake has ended well; what was queued meanwhile leaves with its last
 * flight. */
static void
io_tell_secured(struct io *io)
{
	io->securing = false;
	if (tls_is_client(io->tls))
		io->events->connected(io);
	else if (io->events->secured != NULL)
		io->events->secured(io);
	if (io_is_open(io) && io->writable && (io->blocked || io->shut_wanted))
		io_on_writable(io);
}

/* Goes on with the handshake. True when it is over and the io still open. */
static bool
io_handshake(struct io *io)
{
	uint64_t end = io->bytes_in + IO_TURN_BYTES;
	enum tls_step step;

	if (!io->securing || io->connecting)
		return !io->securing;
	if (io->wire_bytes != 0)
		tls_flush(io);
	do {
		step = io->error == 0 ? tls_handshake(io) : TLS_FAILED;
	} while (step == TLS_WAITS && (io->readable || io->held) &&
	    io->bytes_in < end);
	if (step == TLS_DONE)
		io_tell_secured(io);
	else if (step == TLS_WAITS && (io->readable || io->held))
		loop_defer(io->loop, &io->task);
	return step == TLS_DONE && io_is_open(io);
}

static __attribute__((noinline)) void
io_go_on_tls(struct io *io)
{
	if (!io_handshake(io))
		return;
	io_input_run(io);
	/* What the handshake has held back, when nothing took it along; and
	 * what could not be sealed before this was read. */
	if (io_is_open(io) && (io->wire_bytes != 0 || io->blocked) &&
	    io->writable)
		io_on_writable(io);
}

/* All that can be read, and written because of it. */
static inline void
io_go_on(struct io *io)
{
	if (io->tls == NULL)
		io_input_run(io);
	else
		io_go_on_tls(io);
}

/* What was put off: a resume, a long read, a handshake, an error. */
static void
io_task_run(struct loop_task *t)
{
	struct io *io = CONTAINER_OF(t, struct io, task);

	if (io->told_failed)
		return;
	io_go_on(io);
	if (io_is_open(io) && io->error != 0)
		io_tell_failed(io);
}

/* True when the socket is connected and its owner still wants it. */
static __attribute__((noinline)) bool
io_on_connected(struct io *io)
{
	int error = sock_error(io->watch.fd);

	io->connecting = false;
	if (error != 0) {
		io->error = error;
		io_tell_failed(io);
		return false;
	}
	if (io->tls == NULL)
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
	if (io->connecting &&
	    ((events & (LOOP_WRITE | LOOP_HANGUP)) == 0 ||
		!io_on_connected(io)))
		return;
	if (io->writable && (io->blocked || io->shut_wanted)) {
		io_on_writable(io);
		if (!io_is_open(io))
			return;
	}
	io_go_on(io);
}

void
io_take(
    struct io *io, struct loop *loop, int fd, const struct io_events *events)
{
	MUST(io_input_ready());
	*io = (struct io){
		.watch = { .fn = io_on_event, .fd = fd },
		.loop = loop,
		.events = events,
		.read_max = IO_SCRATCH_BYTES,
		/* Its edge would come at once; sending need not wait. */
		.writable = true,
	};
	obuf_init(&io->out, io_send_bulk);
	loop_task_init(&io->task, io_task_run);
}

bool
io_open(struct io *io, struct loop *loop, int fd, bool connecting,
    const struct io_events *events)
{
	io_take(io, loop, fd, events);
	io->connecting = connecting;
	io->writable = !connecting;
	io->begun = io->room = io->watched = loop_add(loop, &io->watch, false);
	if (!io->watched)
		io->watch.fd = -1;
	return io->watched;
}

void
io_begin(struct io *io)
{
	io->readable = true;
	io_go_on(io);
	io->begun = true;
}

void
io_close(struct io *io, bool reset)
{
	int fd = io->watch.fd;

	if (fd < 0)
		return;
	io_flush_due(io);
	/* The end of what was sent, not of what was dropped. */
	if (io->tls != NULL && !reset && io->out.bytes == 0 && !io->shut &&
	    io->error == 0)
		tls_bye(io);
	if (io->watched && !io->sole)
		loop_remove(io->loop, &io->watch);
	else
		loop_forget(&io->watch);
	io->watch.fd = -1;
	loop_task_cancel(&io->task);
	io->readable = false;
	io->writable = false;
	obuf_fini(&io->out);
	tls_free(io->tls);
	io->tls = NULL;
	io_duct_drop(io);
	io->wire_bytes = 0;
	io->held = false;
	/* A codec that is still writing writes into nothing. */
	io->out.failed = true;
	if (!io->in_input)
		io_input_drop(io);
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
	    (!io->in_input && io->stash == NULL && !io->readable && !io->held &&
		(!io->saw_eof || io->told_eof)))
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

void
io_secure(struct io *io, struct tls *tls)
{
	MUST(io_is_open(io) && io->tls == NULL && io_unsent(io) == 0);
	io->tls = tls;
	io->securing = true;
	tls_attach(tls, io);
	io_watch_room(io);
	/* What input leaves is known afterwards. */
	if (io->in_input)
		loop_defer(io->loop, &io->task);
}
