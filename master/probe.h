/*
 * probe.h - one probe of one endpoint: a connection of its own, a deadline, and
 * what came of it.
 *
 *   tcp    connect -> good
 *   http   connect [-> handshake] -> request -> head (status) -> body -> good
 *   grpc   connect [-> handshake] -> call -> message, grpc-status -> good
 *
 * Good takes a whole answer; of type http, no more than the first
 * PROBE_BODY_BYTES of its body.
 */
#ifndef MASTER_PROBE_H
#define MASTER_PROBE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/text.h"
#include "common/http/h1.h"
#include "common/http/h2.h"
#include "common/net/io.h"
#include "master/probe_rule.h"
#include "shm/vital.h"

enum probe_result {
	PROBE_GOOD,
	PROBE_BAD,     /* cause and detail say why */
	PROBE_PUT_OFF, /* our own shortage, an errno: says nothing of it */
	PROBE_ABORTED,
};

struct probe;
struct probe_ops;

/*
 * The probe is over: as the last thing of a turn, once. From then on its
 * memory is the callee's.
 */
typedef void probe_ended_fn(struct probe *p);

/* Where a probe goes. */
struct probe_place {
	struct addr addr;
	struct slice host; /* the name of the endpoint; outlives the probe */
	struct slice name; /* for TLS, if the rule has none */
};

struct probe {
	struct io io;
	struct timer timer;
	struct loop_task over_task;
	struct loop *loop;
	struct probe_rule *rule;
	struct slice host;
	const struct probe_ops *ops; /* the protocol; NULL: none is spoken */
	union {
		struct h1 h1;
		struct h2 *h2; /* NULL: could not be made */
	};
	struct text body;     /* as far as the rule asks for it */
	uint32_t body_bytes;  /* seen so far */
	uint32_t grpc_status; /* of the head of an answer without a message */
	struct mono deadline;
	bool connected, waited, over;
	/* For `ended`. */
	probe_ended_fn *ended;
	void *owner;
	enum probe_result result;
	enum change_cause cause; /* PROBE_BAD: one of CAUSE_PROBE_* */
	uint32_t detail;         /* as change_detail reads it; 0: none */
};

/*
 * Starts p, of which `owner` alone is set. The rule outlives it.
 */
void probe_start(struct probe *p, struct loop *loop, struct probe_rule *rule,
    const struct probe_place *to, probe_ended_fn *ended);

/* It ends here; `ended` still comes. Harmless when it is over. */
void probe_abort(struct probe *p);

#endif
