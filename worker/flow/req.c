/*
 * req.c - the life of a request: made, routed, fed, ended. What goes back to
 * the client is in answer.c.
 */
#include "worker/flow/req.h"

#include <string.h>

#include "common/base/must.h"
#include "common/base/prefetch.h"
#include "shm/audit.h"
#include "shm/histo_own.h"
#include "shm/registry.h"
#include "worker/flow/admit.h"
#include "worker/flow/debug.h"
#include "worker/flow/grpc.h"
#include "worker/flow/own.h"
#include "worker/flow/pipeline.h"
#include "worker/flow/shed.h"
#include "worker/flow/sink.h"
#include "worker/flow/trust.h"
#include "worker/flow/upgrade.h"

#define REQ_SPARE_FIELDS 4u
#define REQ_ALLOW_BYTES 512u

void
req_set_state(struct req *q, enum req_state to)
{
	MUST(q->state != REQ_ENDED);
	q->state = (uint8_t)to;
}

static void
req_make_id(struct env *e, struct req *q)
{
	char *text = arena_alloc(&q->arena, ENV_ID_BYTES);

	if (text != NULL) {
		env_make_id(e, text);
		q->request_id = slice_make(text, ENV_ID_BYTES);
	}
}

/* Whose it is, and its id: as a trusted peer says, else found here. */
static void
req_identify(struct env *e, struct req *q)
{
	const struct img_head *img = e->view.image;

	q->trusted = img != NULL && trust_has(img, &q->peer);
	if (q->trusted) {
		trust_client(img, &q->head, &q->client);
		q->client_text = SLICE_NONE;
		q->request_id = trust_request_id(&q->head);
	}
	if (q->request_id.n == 0)
		req_make_id(e, q);
}

struct req *
req_new(struct env *e, struct stream *s, const struct req_owner *owner,
    const struct head *h, const struct req_via *via)
{
	struct req *q = pool_take(&e->reqs);

	if (q == NULL)
		return NULL;
	memset(q, 0, offsetof(struct req, match.allow_other));
	q->env = e;
	q->stream = s;
	q->owner = owner;
	q->peer = q->client = via->peer;
	q->client_text = slice_make(via->text, via->text_bytes);
	q->denied = via->denied;
	q->redirect_port = via->redirect_port;
	q->grpc_status = -1;
	q->began = clock_now();
	list_init(&q->pin_link);
	arena_init(&q->arena, q + 1, REQ_BYTES - sizeof(*q), 1u << 20);
	if (head_copy(&q->head, h, &q->arena, REQ_SPARE_FIELDS))
		req_identify(e, q);
	if (arena_failed(&q->arena)) {
		arena_fini(&q->arena);
		pool_give(&e->reqs, q);
		return NULL;
	}
	s->user = q;
	env_count(e, COUNTER_REQUESTS_ACTIVE, 1);
	return q;
}

static void
req_pin(struct req *q)
{
	struct env *e = q->env;

	q->image = e->view.image;
	q->image_slot = e->view.slot;
	q->generation = e->view.generation;
	epoch_pin(e->region, e->slot, q->image_slot);
	list_push_back(&e->pinned[q->image_slot], &q->pin_link);
	q->pinned = true;
}

void
req_unpin(struct req *q)
{
	if (!q->pinned)
		return;
	q->pinned = false;
	list_remove(&q->pin_link);
	epoch_unpin(q->env->region, q->env->slot, q->image_slot);
	q->image = NULL;
	q->service = NULL;
	q->timeouts = NULL;
	q->match.route = NULL;
	q->match.cors = NULL;
}

/* Copies what outlives the pin. */
static void
req_make_plan(
    struct req *q, const struct img_timeouts *t, const struct img_route *r)
{
	q->timeouts = t;
	q->plan = (struct req_plan){
		/* The messages of a call may be far between. */
		.body_us = q->grpc == GRPC_PLAIN ? t->tunnel : t->body,
		.send_us = t->send,
		.response_us = t->response,
		.tunnel_us = t->tunnel,
		.body_bytes = q->image->limits.body_bytes,
		.row = r != NULL ? r->row : REGISTRY_NONE,
		.name = r != NULL ? r->row_name : (struct img_name){ 0, 0 },
		.service =
		    q->service != NULL ? q->service->slot : REGISTRY_NONE,
	};
}

void
req_set_service(
    struct req *q, uint32_t service, const struct img_timeouts *timeouts)
{
	const struct img_service *all =
	    img_at(q->image, q->image->services.off);

	q->service = service != IMG_NONE ? &all[service] : NULL;
	req_make_plan(q, timeouts, q->match.route);
}

static void
req_routed(struct req *q)
{
	const struct img_route *r = q->match.route;

	q->class = (uint8_t)r->class;
	req_set_service(q, r->service, img_route_timeouts(q->image, r));
	if (audit_refuses(q->env->region)) {
		req_fail(q, WHY_AUDIT_FULL);
		return;
	}
	if (shed_refuses(q))
		return;
	if (upgrade_refuses(q))
		return;
	series_prefetch(q->env->region, q->env->slot, SERIES_REQUEST, r->row);
	histo_own_prefetch(
	    q->env->region, HISTO_REQUEST, r->row, q->plan.service);
	prefetch(registry_name(q->env->region, r->row_name).p, 1);
	if (q->head.body == BODY_LENGTH &&
	    q->head.length > q->plan.body_bytes) {
		req_fail(q, WHY_BODY_TOO_LARGE);
		return;
	}
	pipeline_run(q);
}

static void
req_no_method(struct req *q)
{
	char *text = arena_alloc(&q->arena, REQ_ALLOW_BYTES);
	struct field allow = { .name = SLICE_LIT("Allow"), .id = FIELD_ALLOW };

	if (q->match.preflight == PREFLIGHT_ASTRAY && q->match.cors != NULL) {
		req_fail_with(q, WHY_CORS_REFUSED, ROUTE_NO_POLICY, NULL);
		return;
	}
	if (text == NULL) {
		req_fail(q, WHY_OVERLOADED);
		return;
	}
	/* Neither is ever served (own.h). */
	q->match.allow &=
	    ~(UINT32_C(1) << METHOD_CONNECT | UINT32_C(1) << METHOD_TRACE);
	allow.value = slice_make(
	    text, route_allow_text(q->image, &q->match, text, REQ_ALLOW_BYTES));
	req_fail_with(q, WHY_BAD_METHOD, NULL, &allow);
}

static inline enum route_verdict
req_find(struct req *q, const struct peer *peer)
{
	return route_find(
	    q->image, q->env->contexts, &q->head, &q->uri, peer, &q->match);
}

static __attribute__((noinline)) enum route_verdict
req_find_by_peer(struct req *q)
{
	struct peer peer;

	return req_find(q, peer_shows(&peer, q->tls) ? &peer : NULL);
}

static void
req_route(struct req *q)
{
	switch (q->tls != NULL ? req_find_by_peer(q) : req_find(q, NULL)) {
	case ROUTE_FOUND:
		req_routed(q);
		break;
	case ROUTE_NO_PATH:
		req_fail(q, WHY_NO_ROUTE);
		break;
	case ROUTE_NO_METHOD:
		req_no_method(q);
		break;
	case ROUTE_ENCODED_SLASH:
		req_fail(q, WHY_ENCODED_SLASH);
		break;
	}
}

/* Reads the target and routes; every way out has answered or set to work. */
static void
req_dispatch(struct req *q)
{
	char *room = arena_alloc(&q->arena, q->head.target.n);
	enum uri_error bad;

	if (own_answers(q))
		return;
	if (room == NULL) {
		req_fail(q, WHY_OVERLOADED);
		return;
	}
	bad = uri_normalise(q->head.target, room, &q->uri);
	if (bad != URI_OK) {
		req_fail_with(q, WHY_BAD_PATH, uri_error_name(bad), NULL);
		return;
	}
	req_route(q);
}

void
req_begin(struct req *q)
{
	struct env *e = q->env;

	debug_begin(q);
	grpc_begin(q);
	if (e->view.image == NULL) {
		req_fail(q, WHY_OVERLOADED);
		return;
	}
	req_pin(q);
	req_make_plan(q, &q->image->timeouts, NULL);
	if (admit_refuses(q))
		return;
	if (q->grpc == GRPC_NONE || grpc_set_deadline(q))
		req_dispatch(q);
}

/* ---- the request's body ---- */

static void
req_deliver(struct req *q, struct slice bytes)
{
	if (q->handler != NULL && q->handler->data != NULL)
		q->handler->data(q, bytes);
}

static void
req_deliver_end(struct req *q, const struct head *trailers)
{
	if (q->handler != NULL && q->handler->end != NULL)
		q->handler->end(q, trailers);
}

static enum why
up_data(struct sink *s, struct slice bytes)
{
	req_deliver(s->req, bytes);
	/* Who takes it may have answered: no more is wanted. */
	return s->req->state == REQ_ENDED ? WHY_CLIENT_CLOSED : WHY_OK;
}

static enum why
up_end(struct sink *s, const struct head *trailers)
{
	req_deliver_end(s->req, trailers);
	return WHY_OK;
}

bool
req_change_up(struct req *q, struct sink *s)
{
	static const struct sink_ops last = { up_data, up_end };

	return sink_append(q, &q->body_up, s, &last);
}

bool
req_reserve_up(struct req *q, uint32_t more)
{
	q->up.room = q->up_room;
	if (!head_reserve(&q->up, more, &q->arena))
		return false;
	q->up_room = q->up.room;
	return true;
}

static void
req_free(struct req *q)
{
	struct env *e = q->env;

	arena_fini(&q->arena);
	pool_give(&e->reqs, q);
}

/* Through the sinks, whose memory is there until they are done; NULL: its end.
 */
static void
req_sink(struct req *q, const struct slice *bytes, const struct head *trailers)
{
	enum why why;

	q->sinking = true;
	why = bytes != NULL ? sink_data(q->body_up, *bytes)
			    : sink_end(q->body_up, trailers);
	q->sinking = false;
	if (q->state == REQ_ENDED)
		req_free(q);
	else if (why != WHY_OK)
		req_fail(q, why);
}

void
req_data(struct req *q, struct slice bytes)
{
	q->bytes_in += bytes.n;
	if (q->bytes_in > q->plan.body_bytes) {
		req_fail(q, WHY_BODY_TOO_LARGE);
		return;
	}
	if (q->body_up != NULL)
		req_sink(q, &bytes, NULL);
	else
		req_deliver(q, bytes);
}

struct io_pass
req_passes(struct req *q)
{
	if (q->body_up != NULL || q->handler == NULL ||
	    q->handler->passes == NULL)
		return IO_PASS_NONE;
	return q->handler->passes(q);
}

void
req_passed(struct req *q, size_t n)
{
	q->bytes_in += n;
	q->handler->passed(q, n);
}

void
req_body_end(struct req *q, const struct head *trailers)
{
	q->request_done = true;
	if (q->body_up != NULL)
		req_sink(q, NULL, trailers);
	else
		req_deliver_end(q, trailers);
}

void
req_room(struct req *q)
{
	if (q->handler != NULL && q->handler->room != NULL)
		q->handler->room(q);
}

void
req_flush_up(struct req *q)
{
	if (q->handler != NULL && q->handler->flush != NULL)
		q->handler->flush(q);
}

bool
req_leave(struct req *q, enum why why)
{
	return q->handler != NULL && q->handler->leave != NULL &&
	    q->handler->leave(q, why);
}

void
req_continue(struct req *q)
{
	MUST(q->waiting);
	q->waiting = false;
	pipeline_run(q);
}

void
req_end(struct req *q, enum why why, bool cut)
{
	struct env *e = q->env;

	req_set_state(q, REQ_ENDED);
	q->why = (uint8_t)why;
	q->cut = cut;
	if (q->handler != NULL)
		q->handler->abort(q);
	q->handler = NULL;
	e->req_ended(q);
	if (q->deadline != NULL)
		grpc_end(q);
	req_unpin(q);
	q->stream->user = NULL;
	q->owner->ended(q, cut);
	env_count(e, COUNTER_REQUESTS_ACTIVE, -1);
	if (!q->sinking)
		req_free(q);
}

struct slice
req_client_text(struct req *q)
{
	char *text;

	if (q->client_text.n != 0)
		return q->client_text;
	text = arena_alloc(&q->arena, ADDR_TEXT_MAX);
	if (text != NULL)
		q->client_text =
		    slice_make(text, addr_ip_text(&q->client, text));
	return q->client_text;
}

void
req_vars(struct req *q, struct template_vars *v)
{
	*v = (struct template_vars){
		.img = q->image,
		.head = &q->head,
		.uri = &q->uri,
		.match = &q->match,
		.client = req_client_text(q),
		.request_id = q->request_id,
		.endpoint = q->endpoint,
		.identity = q->identity,
		.service = q->service,
	};
	peer_look(&v->peer, q->tls);
}
