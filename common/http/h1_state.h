/*
 * h1_state.h - what the reading half (h1.c) and the writing half (h1_send.c)
 * of the HTTP/1 codec share, and nobody else needs.
 */
#ifndef COMMON_HTTP_H1_STATE_H
#define COMMON_HTTP_H1_STATE_H

#include "common/base/list.h"
#include "common/http/h1.h"

static inline struct h1 *
h1_of(struct stream *s)
{
	return CONTAINER_OF(s, struct h1, stream);
}

/* The answer is complete: starts the next message or, where the connection must
 * end, none. */
void h1_end_exchange(struct h1 *h);

/* One side is DONE, which may make the answer complete. */
static inline void
h1_settle(struct h1 *h)
{
	if (h->role == CODEC_SERVER ? h->writing == H1_WRITE_DONE
				    : h->reading == H1_READ_DONE)
		h1_end_exchange(h);
}

/* Both ways are open for the bytes of another protocol. */
void h1_switch(struct h1 *h);

/* The codec_ops of the writing half. */
bool h1_send_head(struct stream *s, const struct head *head, bool end);
void h1_send_data(struct stream *s, struct slice bytes);
void h1_send_end(struct stream *s, const struct head *trailers);

#endif
