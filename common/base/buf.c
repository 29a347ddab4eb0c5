/*
 * buf.c - the block pool and what of the output queue is not inline.
 */
#include <stdlib.h>

#include "common/base/buf.h"
#include "common/base/must.h"
#include "common/base/pool.h"

#define ROOM (BUF_BLOCK_BYTES - (uint32_t)sizeof(struct buf))
#define OVERSIZE_MAX (1u << 28) /* a bug, not a wish, beyond it */
#define IOV_MAX_QUEUED 15

static struct pool buf_pool;

void
buf_pool_init(uint32_t limit)
{
	pool_init(&buf_pool, "buf", BUF_BLOCK_BYTES, limit);
}

void
buf_pool_fini(void)
{
	pool_fini(&buf_pool);
}

void
buf_pool_trim(void)
{
	pool_trim(&buf_pool);
}

const struct pool *
buf_pool_state(void)
{
	return &buf_pool;
}

static __attribute__((noinline)) struct buf *
buf_take_large(size_t size)
{
	MUST(size <= OVERSIZE_MAX);
	return malloc(offsetof(struct buf, data) + size);
}

struct buf *
buf_take(size_t size)
{
	struct buf *b;

	if (size < ROOM)
		size = ROOM;
	b = size == ROOM ? pool_take(&buf_pool) : buf_take_large(size);
	if (b == NULL)
		return NULL;
	b->next = NULL;
	b->start = 0;
	b->end = 0;
	b->size = (uint32_t)size;
	return b;
}

void
buf_give(struct buf *b)
{
	if (b->size == ROOM)
		pool_give(&buf_pool, b);
	else
		free(b);
}

void
obuf_init(struct obuf *o, obuf_send_fn *bulk)
{
	*o = (struct obuf){ .bulk = bulk };
}

void
obuf_fini(struct obuf *o)
{
	struct buf *b;

	while ((b = o->head) != NULL) {
		o->head = b->next;
		buf_give(b);
	}
	o->tail = NULL;
	o->bytes = 0;
}

/* Takes the last block out of the queue: it was reserved and never filled. */
static __attribute__((noinline)) void
obuf_drop_tail(struct obuf *o)
{
	struct buf **at = &o->head;
	struct buf *before = NULL;

	while (*at != o->tail) {
		before = *at;
		at = &before->next;
	}
	buf_give(o->tail);
	*at = NULL;
	o->tail = before;
}

char *
obuf_reserve_block(struct obuf *o, size_t n)
{
	struct buf *b;

	if (o->failed)
		return NULL;
	if (o->tail != NULL && o->tail->end == 0)
		obuf_drop_tail(o);
	b = o->bytes + n <= BUF_QUEUE_MAX ? buf_take(n) : NULL;
	if (b == NULL) {
		o->failed = true;
		return NULL;
	}
	if (o->tail != NULL)
		o->tail->next = b;
	else
		o->head = b;
	o->tail = b;
	buf_show(b, n);
	return b->data;
}

void
obuf_append_blocks(struct obuf *o, const void *bytes, size_t n)
{
	const char *p = bytes;

	while (n != 0 && !o->failed) {
		size_t part =
		    o->tail != NULL ? o->tail->size - o->tail->end : 0;
		char *to;

		if (part == 0)
			part = ROOM;
		if (part > n)
			part = n;
		to = obuf_reserve(o, part);
		if (to == NULL)
			return;
		memcpy(to, p, part);
		obuf_commit(o, part);
		p += part;
		n -= part;
	}
}

void
obuf_write_bulk(struct obuf *o, const void *p, size_t n)
{
	struct iovec iov[IOV_MAX_QUEUED + 1];
	size_t queued = o->bytes;
	size_t sent;
	int count;

	count = obuf_iov(o, iov, IOV_MAX_QUEUED + 1);
	if (count > IOV_MAX_QUEUED) {
		obuf_append(o, p, n);
		return;
	}
	iov[count].iov_base = (void *)(uintptr_t)p;
	iov[count].iov_len = n;
	sent = o->bulk(o, iov, count + 1);
	if (sent < queued) {
		obuf_consume(o, sent);
		sent = 0;
	} else {
		obuf_consume(o, queued);
		sent -= queued;
	}
	MUST(sent <= n);
	obuf_append(o, (const char *)p + sent, n - sent);
}

int
obuf_iov(const struct obuf *o, struct iovec *iov, int max)
{
	int count = 0;

	for (struct buf *b = o->head; b != NULL && count < max; b = b->next) {
		if (b->start == b->end)
			continue;
		iov[count].iov_base = b->data + b->start;
		iov[count].iov_len = b->end - b->start;
		count++;
	}
	return count;
}

void
obuf_consume_some(struct obuf *o, size_t n)
{
	struct buf *b = o->head;

	MUST(n < o->bytes);
	o->bytes -= (uint32_t)n;
	while (n >= b->end - b->start) {
		n -= b->end - b->start;
		o->head = b->next;
		buf_give(b);
		b = o->head;
	}
	b->start += (uint32_t)n;
}
