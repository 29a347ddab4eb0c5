/*
 * record.h - what a worker writes down of a request: a fixed part, attempts,
 * steps, fields, and clipped texts behind them, all relative to its start.
 *
 *	| head | request | attempt * | step * | field * | bytes of texts |
 *
 * Names are texts, not numbers: a record is read long after what it names may
 * be gone. Every reader goes through record_view, since the bytes may be torn.
 */
#ifndef SHM_RECORD_H
#define SHM_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"
#include "common/net/addr.h"

#define RECORD_MAX 8192 /* bytes of one record */
#define RECORD_ATTEMPTS_MAX 8
#define RECORD_STEPS_MAX 24
#define RECORD_FIELDS_MAX 16

enum record_kind {
	RECORD_PAD, /* nothing: bytes that no record was written to */
	RECORD_REQUEST,
	/* A connection that was refused, or ended, without a request: a request
	 * record with few of its fields. */
	RECORD_CONNECTION,
	RECORD_AUDIT, /* in the audit rings alone: audit.h */
};

struct record_head {
	uint32_t bytes; /* of the whole record, a multiple of 8 */
	uint16_t kind;  /* enum record_kind */
	uint16_t spare;
	uint64_t seq; /* counts the records of a ring, from 1, without gaps */
	int64_t wall_us; /* REQUEST: when its head was complete */
};

/* In the order in which they lie behind the entries, one after the other. The
 * short ones first: what is clipped is what clients made long. */
enum record_text {
	RECORD_ROUTE,
	RECORD_SERVICE,
	RECORD_ID,    /* of the request */
	RECORD_LIMIT, /* that refused, or has the least left */
	RECORD_AUTHENTICATOR,
	RECORD_USER,
	RECORD_TENANT,
	RECORD_CORRELATION,
	RECORD_TRACESTATE, /* as received */
	RECORD_METHOD,     /* as sent */
	RECORD_HOST,
	RECORD_PATH,  /* as sent, without the query */
	RECORD_QUERY, /* without "?"; empty unless some log wants it */
	RECORD_REFERER,
	RECORD_AGENT,
	RECORD_TEXTS
};

/* Another text, behind those. */
struct record_str {
	uint16_t off, len; /* off from the start of the record */
};

#define RECORD_SAMPLED 1u /* its trace is exported */
#define RECORD_CUT 2u     /* the client saw its answer end early */
#define RECORD_TLS 4u
#define RECORD_TRUSTED 8u   /* `client` is what a trusted peer said */
#define RECORD_SWITCHED 16u /* to another protocol */
#define RECORD_FALLEN 32u   /* the fallback answered */
#define RECORD_PARENT 64u   /* parent_id is the client's */
#define RECORD_CLIPPED 128u /* some text was longer */

struct record_request {
	struct record_head head;
	uint64_t generation;
	uint8_t trace_id[16], span_id[8], parent_id[8]; /* zeroes: none */
	uint64_t bytes_in, bytes_out;                   /* of bodies */
	uint64_t duration_us;                           /* to the last byte */
	uint64_t head_us;     /* to the answer's head; 0: none */
	uint64_t upstream_us; /* of that, spent waiting for endpoints */
	uint64_t queue_us;    /* waiting for a connection to one */
	struct addr client, peer;
	uint32_t flags;      /* RECORD_* */
	int32_t grpc_status; /* -1: none */
	uint32_t filters;    /* bit per row of filters.def that ran */
	uint32_t limit_left; /* of RECORD_LIMIT */
	uint16_t status;     /* 0: there was no answer */
	uint16_t why;        /* enum why */
	uint16_t attempts;   /* in all */
	uint16_t worker;     /* slot */
	uint8_t version;     /* enum http_version */
	uint8_t method;      /* enum http_method */
	uint8_t class;       /* enum img_class */
	uint8_t trace_flags; /* of W3C */
	uint8_t last;        /* the filter that answered, or 255 */
	uint8_t attempts_kept, steps, fields; /* entries that follow */
	uint16_t text_bytes[RECORD_TEXTS];
	uint16_t spare;
};

#define RECORD_REUSED 1u /* the connection was there already */
#define RECORD_PROBE 2u  /* one of few that a breaker lets through */
#define RECORD_HEARD 4u  /* bytes came back */
#define RECORD_BARRED 8u /* a breaker refused: nothing was sent */

struct record_attempt {
	struct addr addr; /* of the endpoint */
	uint16_t status;  /* 0: no head came */
	uint8_t why;      /* enum why it failed; WHY_OK */
	uint8_t flags;
	uint8_t span_id[8];
	uint64_t at_us;      /* after the request began */
	uint32_t connect_us; /* 0: it was there */
	uint32_t head_us;    /* from at_us to the answer's head; 0: none */
	uint32_t total_us;   /* UINT32_MAX: at least that */
	struct record_str
	    service; /* another one than the request's; len 0: no */
};

/* A filter that was timed. */
struct record_step {
	uint8_t filter;  /* row of filters.def */
	uint8_t verdict; /* enum verdict */
	uint16_t spare;
	uint32_t at_us;   /* after the request began */
	uint32_t took_ns; /* waiting included; UINT32_MAX: at least that */
	uint32_t spare2;
};

struct record_field {
	struct record_str name, value;
	uint8_t answer; /* 1: of the answer */
	uint8_t spare[7];
};

/* ---- reading ---- */

struct record_view {
	const struct record_head *head;
	const struct record_request *request; /* NULL: of another kind */
	const struct record_attempt *attempts;
	const struct record_step *steps;
	const struct record_field *fields;
	uint16_t text_at[RECORD_TEXTS]; /* from the start of the record */
};

/*
 * Checks a copy of a record, aligned to 8: false if it is none, or anything of
 * it lies outside.
 */
bool record_view(struct record_view *v, const void *bytes, size_t n);

/* One of its texts; empty: not there. */
static inline struct slice
record_text(const struct record_view *v, enum record_text t)
{
	return slice_make((const char *)v->request + v->text_at[t],
	    v->request->text_bytes[t]);
}

/* Whether its correlation id is its own id, as the client had said none. */
static inline bool
record_correlates_itself(const struct record_view *v)
{
	return slice_eq(
	    record_text(v, RECORD_CORRELATION), record_text(v, RECORD_ID));
}

static inline struct slice
record_str(const struct record_view *v, struct record_str s)
{
	return slice_make((const char *)v->head + s.off, s.len);
}

#endif
