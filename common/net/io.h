/*
 * io.h - one connected stream socket, plain or TLS, the same events.
 *
 * The owner gets three kinds of event. Input comes in the process's scratch
 * block; what the owner does not consume is kept (stashed) and offered again,
 * in front of new bytes, when the owner calls io_resume. So an idle connection
 * owns no buffer and a busy one at most one block.
 */
#ifndef COMMON_NET_IO_H
#define COMMON_NET_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/slice.h"
#include "common/net/loop.h"

#define IO_SCRATCH_BYTES 65536
#define IO_STASH_BYTES 262144 /* of a stash; when it is full, reading waits */

struct io;

/* Where bytes of a body may go as they are, and how many of them. */
struct io_pass {
	struct io *to; /* plain, as is the other */
	uint64_t most; /* 0: none */
};

#define IO_PASS_NONE ((struct io_pass){ NULL, 0 })

/* Thither, but no more than so many. */
static inline struct io_pass
io_pass_at_most(struct io_pass pass, uint64_t most)
{
	if (pass.most > most)
		pass.most = most;
	return pass;
}

struct io_events {
	/*
	 * Bytes arrived. Returns how many were consumed; fewer than n means
	 * "not now" (pause) or "I need more" (a partial head): the rest is
	 * offered again with the next bytes or after io_resume. The owner may
	 * call anything here, io_close too; p stays valid until the return.
	 */
	size_t (*input)(struct io *io, const char *p, size_t n);
	/*
	 * The peer will send no more. Once, after all input was offered; what
	 * the owner left unconsumed is still offered after io_resume.
	 */
	void (*eof)(struct io *io);
	/* Everything queued has been sent (only after it was not). */
	void (*drained)(struct io *io);
	/*
	 * What io_flush_soon has put off was not all taken: it is queued after
	 * all, and `drained` comes later. NULL where io_flush_soon is not used.
	 */
	void (*stalled)(struct io *io);
	/*
	 * connect() ended well: for `connecting` only. With a client's TLS (of
	 * tls_connect): so did the handshake, `connecting` or not.
	 */
	void (*connected)(struct io *io);
	/*
	 * The handshake of a server's TLS ended well; input follows. May be
	 * NULL.
	 */
	void (*secured)(struct io *io);
	/*
	 * The socket failed, or memory did; `error` is an errno; EPROTO: TLS
	 * did, and tls_fault() says how. Once, the last event, after what input
	 * could still be read. The owner calls io_close.
	 */
	void (*failed)(struct io *io, int error);
	/*
	 * For an owner that sets io->passes: what comes next may go elsewhere
	 * without being looked at; and so many bytes did: they are queued
	 * there, as if the owner had written them. May be NULL.
	 */
	struct io_pass (*passes)(struct io *io);
	void (*passed)(struct io *io, size_t n);
};

struct tls;

/* What each message touches comes first; what most never do, last. */
struct io {
	struct loop_watch watch;
	struct loop *loop;
	const struct io_events *events;
	struct buf *stash;   /* unconsumed input, or NULL */
	struct tls *tls;     /* NULL: plain. The io's: freed by io_close */
	uint32_t wire_bytes; /* of TLS records, or in the duct, that wait */
	uint32_t read_max;   /* bytes of one recv; at most IO_SCRATCH_BYTES */
	int error;           /* an errno to be told by `failed`, or 0 */
	uint8_t duct; /* whose bytes wait, before those of out; 0: none */
	bool connecting : 1;
	bool readable : 1; /* the socket may have bytes */
	bool held : 1;     /* TLS may have bytes that the socket gave already */
	bool paused : 1;
	bool securing : 1;    /* the TLS handshake is not over */
	bool offer : 1;       /* the stash is to be offered again */
	bool passes : 1;      /* `passes` is to be asked before the next read */
	bool in_input : 1;    /* input is being delivered */
	bool writable : 1;    /* the socket may take bytes */
	bool late : 1;        /* out is to be sent at the end of the batch */
	bool blocked : 1;     /* out was not drained by the last flush */
	bool shut_wanted : 1; /* io_shutdown waits for the queue */
	bool shut : 1;
	bool last : 1;    /* nothing will be written any more */
	bool room : 1;    /* registered so that it tells when it takes bytes */
	bool begun : 1;   /* it was read for the first time */
	bool watched : 1; /* the socket is registered */
	bool hangup : 1;  /* EPOLLRDHUP was seen: read to the end */
	bool saw_eof : 1;
	bool told_eof : 1;
	bool told_failed : 1;
	bool cut : 1;  /* with saw_eof: TLS ended without close_notify */
	bool sole : 1; /* the owner's word: no other process has the socket */
	uint64_t bytes_in, bytes_out; /* through the socket, as records */
	struct obuf out;
	struct loop_task task;
};

/* The process's scratch blocks; once, before any io. */
bool io_scratch_init(void);
void io_scratch_fini(void);

/*
 * Takes over a connected (or, `connecting`, a connecting) non-blocking socket
 * and registers it; sets every field of io (read_max: IO_SCRATCH_BYTES). False
 * with errno; the caller then closes fd.
 */
bool io_open(struct io *io, struct loop *loop, int fd, bool connecting,
    const struct io_events *events);

/*
 * The same of a socket that was just accepted, and may have bytes already: they
 * are read by io_begin, which is next, and only io_watch registers it. So an
 * answer may be given, and the io closed, before the loop had to know of it.
 * That it cannot be registered is told as `failed`. Until then, nothing is
 * heard of the peer; but what is blocked is registered by itself. Nothing
 * happens where it is registered or closed already.
 */
void io_take(
    struct io *io, struct loop *loop, int fd, const struct io_events *events);
void io_begin(struct io *io);
void io_watch(struct io *io);

/* It was read, and io_watch is still to come. */
static inline bool
io_is_aside(const struct io *io)
{
	return io->begun && !io->watched;
}

/*
 * Unregisters and closes; output that the socket did not take is dropped;
 * `reset`: with RST. No event comes afterwards; the memory of io must live to
 * the end of the turn. TLS ends with close_notify if nothing was dropped and it
 * can leave at once.
 */
void io_close(struct io *io, bool reset);

/*
 * Everything from here on is TLS; takes tls over. Right after io_open, or from
 * within `input`: what that call does not consume, and all behind it, is the
 * peer's handshake. Nothing may be queued. What is queued before the handshake
 * has ended is sent then. A pause does not hold the handshake up.
 */
void io_secure(struct io *io, struct tls *tls);

/* Bytes that were written and not sent yet, for whatever reason. */
static inline size_t
io_unsent(const struct io *io)
{
	return (size_t)io->out.bytes + io->wire_bytes;
}

/*
 * Bytes that were written and not taken by the socket; those that only wait for
 * the end of the batch count as taken.
 */
static inline size_t
io_queued(const struct io *io)
{
	return io->late && io->writable ? 0 : io_unsent(io);
}

static inline bool
io_is_open(const struct io *io)
{
	return io->watch.fd >= 0;
}

/*
 * Sends what is queued, as far as the socket takes it. True when all went out
 * (also when nothing was queued); false on a closed or failed io. Otherwise
 * `drained` comes later. Errors come as `failed`, never from within this call
 * (a task delivers them).
 */
bool io_flush(struct io *io);

/*
 * The same for the end of a burst: what is small enough is sent when the events
 * of this batch have been delivered, with what others send then, or with what
 * else is written here, if there may be `more`: without either, at once. So it
 * is true although nothing was sent yet; should the socket not take it,
 * `stalled` says so. It goes before anything that would end the connection.
 */
bool io_flush_soon(struct io *io, bool more);

/* Sends what has been put off, rather now (io_close does it, too). */
static inline void
io_flush_due(struct io *io)
{
	if (io->late)
		(void)io_flush(io);
}

/*
 * As io_flush; nothing is written afterwards, and TLS says close_notify in the
 * same send. io_close or io_shutdown follows.
 */
bool io_flush_last(struct io *io);

/*
 * paused: input is neither read nor delivered (back-pressure). Leaving the
 * pause delivers stash and socket through a task at the end of this turn.
 */
void io_pause(struct io *io, bool paused);

/* Offers the stash again (and what the socket has): a new message may start. */
void io_resume(struct io *io);

/* Half-closes the sending side once the queue is empty; TLS says close_notify
 * first. */
void io_shutdown(struct io *io);

/*
 * There is more than what the owner was offered so far, or the peer has ended.
 * Asks the socket only where the last read does not tell.
 */
bool io_has_more(struct io *io);

/* Asks the socket whether bytes are in it. */
bool io_has_unread(const struct io *io);

/* Bytes of stashed input, and which they are. */
static inline size_t
io_stashed(const struct io *io)
{
	return io->stash != NULL ? io->stash->end - io->stash->start : 0;
}
struct slice io_stash(const struct io *io);

#endif
