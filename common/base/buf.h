/*
 * buf.h - pooled blocks, and the queue of bytes that wait to be sent.
 *
 * An obuf collects what a codec writes; its owner flushes it to a socket once
 * per burst. Blocks come from the process's one block pool and go back as soon
 * as they are empty, so that an idle connection holds none.
 */
#ifndef COMMON_BASE_BUF_H
#define COMMON_BASE_BUF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>

#include "common/base/sanitized.h"

/*
 * Of a pooled block, its head included: an odd number of cache lines, or all
 * blocks would begin in the same few places of a cache.
 */
#define BUF_BLOCK_BYTES (16384 + 64)
#define BUF_QUEUE_MAX (1u << 30) /* of an obuf: beyond it, memory lacks */
#define BUF_BULK_BYTES 4096 /* spans from here on try to bypass the queue */

struct buf {
	struct buf *next;
	uint32_t start, end; /* unsent bytes are data[start..end) */
	uint32_t size;       /* of data */
	char data[];
};

struct obuf;

/*
 * Tries to send the given spans now: returns the bytes that were taken (0 when
 * the socket is full, or broken: the owner learns that from the socket).
 */
typedef size_t obuf_send_fn(struct obuf *o, const struct iovec *iov, int count);

struct obuf {
	struct buf *head, *tail; /* both NULL when empty */
	uint32_t bytes;          /* queued and unsent */
	bool failed;             /* sticky: no memory for a block */
	obuf_send_fn *bulk;      /* NULL: everything is queued */
};

/* Prepares the process's block pool; `limit` blocks at most (0: no limit). */
void buf_pool_init(uint32_t limit);
void buf_pool_fini(void);
/* As pool_trim. */
void buf_pool_trim(void);

/* The pool itself, for status; read only. */
struct pool;
const struct pool *buf_pool_state(void);

/* One block with size bytes of room at least; NULL without memory. */
struct buf *buf_take(size_t size);
void buf_give(struct buf *b);

void obuf_init(struct obuf *o, obuf_send_fn *bulk);
/* Gives all blocks back. */
void obuf_fini(struct obuf *o);

/* For a sanitizer: of what lies behind the bytes of the last block, the next n
 * are there, and no more. */
static inline void
buf_show(struct buf *b, size_t n)
{
	char *end = b->data + b->end;

	SANITIZED_SHOW(end, n);
	SANITIZED_HIDE(end + n, b->size - b->end - n);
}

/* The slow paths of obuf_reserve and obuf_append. */
char *obuf_reserve_block(struct obuf *o, size_t n);
void obuf_append_blocks(struct obuf *o, const void *p, size_t n);

/*
 * At least n contiguous writable bytes at the queue's end, to be followed by
 * obuf_commit(); NULL (and `failed` set) without memory.
 */
static inline char *
obuf_reserve(struct obuf *o, size_t n)
{
	struct buf *b = o->tail;

	if (b != NULL && n <= b->size - b->end && !o->failed) {
		buf_show(b, n);
		return b->data + b->end;
	}
	return obuf_reserve_block(o, n);
}

/*
 * Counts the n bytes just written at obuf_reserve's place as queued. Owners
 * that reserved and then wrote nothing keep the block until the next use.
 */
static inline void
obuf_commit(struct obuf *o, size_t n)
{
	o->tail->end += (uint32_t)n;
	o->bytes += (uint32_t)n;
}

/* Appends a copy. Sets `failed` without memory; once it is set, drops all. */
static inline void
obuf_append(struct obuf *o, const void *p, size_t n)
{
	struct buf *b = o->tail;

	if (b == NULL || n > b->size - b->end || n == 0 || o->failed) {
		obuf_append_blocks(o, p, n);
		return;
	}
	buf_show(b, n);
	memcpy(b->data + b->end, p, n);
	b->end += (uint32_t)n;
	o->bytes += (uint32_t)n;
}

/* The same with a large span, where there is a `bulk`. */
void obuf_write_bulk(struct obuf *o, const void *p, size_t n);

/*
 * Appends body bytes: a small span is copied; from BUF_BULK_BYTES on, what is
 * queued and the span are offered to `bulk` in one gather, and only what was
 * not taken is copied. So memory is bounded by one span beyond the queue.
 */
static inline void
obuf_write(struct obuf *o, const void *p, size_t n)
{
	if (n < BUF_BULK_BYTES || o->bulk == NULL || o->failed)
		obuf_append(o, p, n);
	else
		obuf_write_bulk(o, p, n);
}

/* Fills up to `max` iovecs with the queued bytes; returns how many. */
int obuf_iov(const struct obuf *o, struct iovec *iov, int max);

/* The same of less than all there are. */
void obuf_consume_some(struct obuf *o, size_t n);

/* Drops n sent bytes from the front; n must not exceed o->bytes. */
static inline void
obuf_consume(struct obuf *o, size_t n)
{
	if (n == o->bytes)
		obuf_fini(o);
	else
		obuf_consume_some(o, n);
}

#endif
