/*
 * req.h - one client request, from its head to the last byte of its answer.
 *
 *   client ----head/data/end---->  req  ----ops of the handler---->  forward
 *   client <---codec stream------  req  <---req_answer_*-----------  calls
 *
 * A req is not an exchange with an origin: it owns none, one or several calls,
 * and nothing here points at one. It ends exactly once, in req_end.
 */
#ifndef WORKER_FLOW_REQ_H
#define WORKER_FLOW_REQ_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/list.h"
#include "common/http/codec.h"
#include "common/http/uri.h"
#include "common/net/io.h"
#include "worker/flow/env.h"
#include "worker/flow/route.h"
#include "worker/flow/template.h"
#include "worker/flow/why.h"

#define REQ_BYTES 6144 /* of a pooled req with its first arena chunk */

enum req_state {
	REQ_ROUTING,   /* filters run */
	REQ_HANDLED,   /* a handler is at work, no final head yet */
	REQ_ANSWERING, /* the final head was written */
	REQ_ENDED,
};

/* The connection that the request came on. */
struct req_owner {
	/* Send what the codec has written. */
	void (*flush)(struct req *q);
	/* Stop, or go on, delivering request body bytes. */
	void (*pause)(struct req *q, bool paused);
	/* Output the owner still holds: 0 means that there is room. */
	size_t (*queued)(struct req *q);
	/* Whither bytes of the answer's body may go as they are; and so many
	 * did, which are queued. Both may be NULL: nowhere. */
	struct io_pass (*passes)(struct req *q);
	void (*passed)(struct req *q, size_t n);
	/* A 101 was written: what the client sends is to be delivered. */
	void (*switched)(struct req *q);
	/* After that: nothing more is written, which the client is to see. */
	void (*shut)(struct req *q);
	/*
	 * The req is about to be freed. `cut`: the answer is incomplete and the
	 * client has to see that.
	 */
	void (*ended)(struct req *q, bool cut);
};

/* What answers the request; set by the filter that said DONE. */
struct req_handler {
	/* Request body bytes; may ask the owner to pause. */
	void (*data)(struct req *q, struct slice bytes);
	void (*end)(struct req *q, const struct head *trailers);
	/* The client took all queued bytes. */
	void (*room)(struct req *q);
	/* Give up: the client left, or the req was ended, as `why` says. Must
	 * not answer. */
	void (*abort)(struct req *q);
	/* A burst of body bytes is over: send what is queued. */
	void (*flush)(struct req *q);
	/*
	 * It is to end for this reason: true where an orderly end takes a
	 * moment more, of which the handler makes the best. May be NULL: false.
	 */
	bool (*leave)(struct req *q, enum why why);
	/*
	 * It is to be answered by the gateway, for this reason: true where the
	 * handler knows better, which goes on, or has answered. May be NULL:
	 * false.
	 */
	bool (*fails)(struct req *q, enum why why);
	/* Whither bytes of the request's body may go as they are; and so many
	 * did. Both may be NULL: nowhere. */
	struct io_pass (*passes)(struct req *q);
	void (*passed)(struct req *q, size_t n);
};

/*
 * What is needed after the answer's head, when the image is no longer pinned
 * (architecture.md section 2).
 */
struct req_plan {
	uint64_t body_us, send_us, response_us, tunnel_us;
	uint64_t body_bytes;   /* limit of the request body */
	uint32_t row, service; /* registry route row and service slot */
	struct img_name name;  /* of that row; without bytes: no route */
	uint32_t histo;        /* histo_own_row of these, with the head */
};

struct decision;
struct grpc_deadline;
struct identity;
struct limits;
struct sink;
struct steps;
struct tls;
struct trace;

/* The connection that a request came on, as far as filters mind. It outlives
 * the requests on it. */
struct req_via {
	struct addr peer;
	uint16_t redirect_port; /* https is there, and wanted; 0: no */
	uint8_t text_bytes;     /* of its peer's text, in */
	char text[16];          /* this; 0: it is too long to be kept */
	bool denied;            /* whether its peer was refused, when */
	uint64_t acl_mark;      /* img_protect's was this */
};

/*
 * One call to an endpoint, in the request's arena, for the record of it
 * (shm/record.h has the units). Newest first.
 */
struct req_try {
	struct req_try *before;
	struct addr addr;
	struct slice service; /* empty: the request's own */
	uint64_t at_us, connect_us, head_us, total_us;
	uint16_t status, flags; /* RECORD_REUSED, ... */
	uint8_t why;            /* enum why */
	uint8_t span_id[8];
};

/* A field of the answer that some log shows; in the order of the answer. */
struct req_kept {
	struct req_kept *next;
	struct slice name, value;
};

/* req_new zeroes it up to what match.allow_others counts, which few requests
 * have, and makes arena and head; `up` is written whole before it is read. */
struct req {
	struct env *env;
	struct stream *stream; /* the client's */
	const struct req_owner *owner;
	const struct req_handler *handler; /* NULL before one is chosen */
	void *handled;                     /* the handler's own */
	struct list pin_link;
	/* As `up` was at the filter "fallback"; NULL: it was not passed. */
	const struct head *up_before;
	const struct img_head *image;        /* pinned; NULL afterwards */
	const struct img_service *service;   /* NULL: none */
	const struct img_timeouts *timeouts; /* in force towards it */
	uint32_t image_slot;
	uint8_t state;  /* enum req_state */
	uint8_t why;    /* enum why */
	uint8_t passed; /* filters passed: the next one's number */
	uint8_t grpc;   /* enum grpc_kind, of a request to be answered so */
	bool pinned;
	bool request_done; /* the body was received whole */
	bool waiting;      /* a filter said WAIT */
	bool continued;    /* the client was told to send the body */
	bool sinking;  /* its body is in the sinks: ended, it is freed later */
	bool trusted;  /* what the peer says of the client is believed */
	bool denied;   /* its peer is refused: the connection ends with it */
	bool fallen;   /* another service stands in for that of its route */
	bool cut;      /* ended, so that the client sees that some is missing */
	bool proven;   /* it is from said_user, who may be let in no longer */
	uint8_t class; /* enum img_class, of its route */
	uint16_t status; /* of the final head */
	struct req_plan plan;
	struct grpc_deadline *deadline; /* NULL: the client gave none */
	struct identity *identity;      /* NULL: nobody vouched for it */
	/* Whose credentials go no further; NULL: nobody's. */
	const struct img_auth *stripped;
	struct limits *limits; /* what it was charged; NULL: nothing */
	const struct decision *decision; /* of its route; NULL: none was due */
	/* What changes the bodies on their way (sink.h). NULL: nothing. */
	struct sink *body_up, *body_down;
	struct addr peer, client; /* the same, unless the peer is trusted */
	struct tls *tls; /* of its connection, as its owner says; NULL: plain */
	uint16_t redirect_port;   /* https is there, and wanted; 0: no */
	struct slice client_text; /* req_client_text's; empty: not made yet */
	struct slice request_id, endpoint; /* texts */
	uint64_t bytes_in, bytes_out;      /* bodies */
	struct mono began;                 /* head complete */
	uint64_t generation;  /* of the image it began with; 0: none */
	uint64_t upstream_us; /* spent waiting for calls */
	uint64_t queue_us;    /* of that: for a connection to come free */
	uint64_t head_us;     /* from `began` to the final head; 0: none yet */
	uint64_t switched_us; /* from `began` to a 101 */
	uint32_t ran;         /* bit per filter that ran */
	int32_t grpc_status;  /* that the answer says; -1: none */
	struct req_kept *kept;
	uint16_t attempts;
	/* Whom it says it is from, and to which authenticator. For the audit
	 * log; may be empty. */
	struct slice said_user, said_to;
	struct req_try *tries; /* the last of them; NULL: none */
	struct trace *trace;   /* NULL: the filter "trace" was not passed */
	struct steps *steps;   /* NULL: it is not watched */
	struct uri uri;
	struct route_match match;
	struct arena arena;
	struct head head; /* as received, in the arena */
	/* What goes upstream: nothing before the filter "forwarded". */
	struct head up;
	uint32_t up_room; /* fields that up.fields can hold */
};

/*
 * How long it took, when it has ended: a tunnel, until it was one, since what
 * came then is not the gateway's time. No less than head_us.
 */
static inline uint64_t
req_took_us(const struct req *q)
{
	uint64_t us = q->status == 101 ? q->switched_us
				       : mono_diff_us(clock_now(), q->began);

	return us > q->head_us ? us : q->head_us; /* which is never 0 */
}

/*
 * A new request whose head has arrived: copies it, or NULL without memory.
 *
 * `owner` and `stream` outlive it.
 */
struct req *
req_new(struct env *e, struct stream *s, const struct req_owner *owner,
    const struct head *h, const struct req_via *via);

/* The one place where the state changes. */
void req_set_state(struct req *q, enum req_state to);

/* Routes it and runs its filters. May end it before it returns. */
void req_begin(struct req *q);

/*
 * From a filter: it goes to another service of the image than its route said,
 * with these timeouts, which the image has, too.
 */
void req_set_service(
    struct req *q, uint32_t service, const struct img_timeouts *timeouts);

/* From the owner: body bytes, end of body (trailers may have count 0). */
void req_data(struct req *q, struct slice bytes);
void req_body_end(struct req *q, const struct head *trailers);
/* The same without the bytes: whither some may go; and so many did. */
struct io_pass req_passes(struct req *q);
void req_passed(struct req *q, size_t n);
/* From the owner: its output queue is empty again; end of an input burst. */
void req_room(struct req *q);
void req_flush_up(struct req *q);

/*
 * q is to end, since the gateway stops, or its identity holds no longer: true
 * when it goes on a moment longer, for an orderly end. It may have ended.
 */
bool req_leave(struct req *q, enum why why);

/* A filter that said WAIT has its result. */
void req_continue(struct req *q);

/*
 * An interim (1xx) head, passed on to clients that understand it.
 */
void req_answer_interim(struct req *q, struct head *h);

/*
 * The final head: runs the filters back, writes it, gives the image back.
 * h->fields must have room for `room` fields. `end`: no body follows.
 */
void req_answer_head(struct req *q, struct head *h, uint32_t room, bool end);
/*
 * A 101 that switches to what q->up asked for. From then on the client's bytes
 * are a body that ends with them, and bound by neither size nor time; the
 * answer's likewise. q may have ended afterwards.
 */
void req_answer_switch(struct req *q, struct head *h, uint32_t room);
void req_answer_data(struct req *q, struct slice bytes);
/* The same without the bytes: whither some may go; and so many did. */
struct io_pass req_answer_passes(struct req *q);
void req_answer_passed(struct req *q, size_t n);
/* From a filter: makes room for so many fields more in what goes upstream.
 * False without memory. */
bool req_reserve_up(struct req *q, uint32_t more);

/*
 * From a filter: what the bodies pass through, behind what is there already;
 * before any of it came. False without memory.
 */
bool req_change_up(struct req *q, struct sink *s);
bool req_change_down(struct req *q, struct sink *s);

/*
 * The answer is complete: ends the req. Trailers are left out where the client
 * does not take them. If its request was not read whole, the connection ends
 * with it.
 */
void req_answer_end(struct req *q, const struct head *trailers);

/*
 * The client said that it does not lose trailers (RFC 9110 6.5.1); with HTTP/2
 * they are a part of every answer that has them (RFC 9113 8.1).
 */
bool req_takes_trailers(const struct req *q);

/* True when the client has not yet taken what was written. */
bool req_blocked(const struct req *q);

/*
 * The gateway's own answer for a reason: problem+json, or a status of gRPC
 * (grpc.h), or a cut connection when an answer has begun or the reason has no
 * status.
 */
void req_fail(struct req *q, enum why why);
/* The same with one more sentence, and one more field (may be NULL). */
void req_fail_with(
    struct req *q, enum why why, const char *detail, const struct field *extra);

/*
 * Ends it: exactly once; aborts the handler, counts, tells the owner, frees.
 * `cut` as in req_owner.ended.
 */
void req_end(struct req *q, enum why why, bool cut);

/* The image is no longer needed (after the answer's head). */
void req_unpin(struct req *q);

/* The client's address as text, made when it is first asked for; empty without
 * memory. */
struct slice req_client_text(struct req *q);

/* Values for templates. */
void req_vars(struct req *q, struct template_vars *v);

#endif
