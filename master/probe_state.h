/*
 * probe_state.h - what the rooms of a probe share:
 *
 *	probe.c        its life, the socket, the deadline
 *	probe_h1.c     HTTP/1.1 spoken over it
 *	probe_h2.c     HTTP/2
 *	probe_http.c   what an answer of HTTP is worth
 *	probe_grpc.c   what one of grpc.health.v1 is
 *
 * The protocol is a table of probe_ops, the judge one of codec_events: any of
 * the one goes with any of the other. A stream's user is its probe.
 */
#ifndef MASTER_PROBE_STATE_H
#define MASTER_PROBE_STATE_H

#include "master/probe.h"

struct probe_ops {
	/* Connected: sends the request. False: no memory. */
	bool (*begin)(struct probe *p, const struct codec_events *judge);
	/* As those of the io; the probe may be over when they return. */
	size_t (*input)(struct probe *p, const char *bytes, size_t n);
	void (*eof)(struct probe *p);
	void (*drained)(struct probe *p);
	/* What came cannot be read because memory lacked; may be NULL. */
	bool (*lacked)(const struct probe *p);
	/* Says good-bye where that is usual, and frees; last of all. */
	void (*end)(struct probe *p);
};

extern const struct probe_ops probe_h1_ops, probe_h2_ops;
extern const struct codec_events probe_http_events, probe_grpc_events;

/* Of the answer's head. */
extern const struct codec_limits probe_limits;

/* The probe whose answer this is; NULL: it is over. */
static inline struct probe *
probe_of(const struct stream *s)
{
	struct probe *p = s->user;

	return p != NULL && !p->over ? p : NULL;
}

/* ---- probe.c: verdicts, each the end of a probe that is not over ---- */

void probe_good(struct probe *p);
void probe_bad(struct probe *p, enum change_cause cause, uint32_t detail);
/* An errno: bad, or our own shortage. */
void probe_broke(struct probe *p, int error);

/* For judges: codec_events.error. */
void probe_unread(struct stream *s, enum codec_error e);

#endif
