/*
 * grpc_web.c - see grpc_web.h.
 */
#include "worker/filter/grpc_web.h"

#include "worker/filter/grpc_web_body.h"
#include "worker/flow/grpc.h"

static bool
is_web(const struct req *q)
{
	return q->grpc == GRPC_WEB || q->grpc == GRPC_WEB_TEXT;
}

static void
type_set(struct head *h, struct slice type)
{
	for (uint32_t i = 0; i < h->count; i++)
		if (h->fields[i].id == FIELD_CONTENT_TYPE)
			h->fields[i].value = type;
}

/* ---- the request ---- */

static bool
request_decode(struct req *q)
{
	struct grpc_web_up *u = arena_alloc(&q->arena, sizeof(*u));

	if (u == NULL)
		return false;
	grpc_web_up_init(u, q);
	return req_change_up(q, &u->sink);
}

enum verdict
grpc_web_request(struct req *q)
{
	if (!is_web(q))
		return GO_ON;
	type_set(&q->up, grpc_content_type(q, GRPC_PLAIN));
	/* The trailers are for the gateway, whatever the client can take. */
	if (!head_has(&q->up, FIELD_TE))
		head_add(&q->up, FIELD_TE, SLICE_LIT("trailers"));
	if (q->grpc == GRPC_WEB_TEXT && q->head.body != BODY_NONE) {
		/* Its length is not known before it is decoded. */
		q->up.body = BODY_STREAM;
		/* It is there already where the request has a fallback. */
		if (q->body_up == NULL)
			(void)request_decode(q);
	}
	if (arena_failed(&q->arena)) {
		req_fail(q, WHY_OVERLOADED);
		return DONE;
	}
	return GO_ON;
}

/* ---- the answer ---- */

/* What Accept asks for, if it names either; else the request's own kind. */
static enum grpc_kind
answer_kind(const struct req *q)
{
	for (uint32_t i = 0; i < q->head.count; i++) {
		const struct field *f = &q->head.fields[i];
		struct slice type, suffix;
		enum grpc_kind kind;
		size_t at = 0;

		if (f->id != FIELD_ACCEPT)
			continue;
		while (head_list_next(f->value, &at, &type)) {
			kind = grpc_text_kind(type, &suffix);
			if (kind == GRPC_WEB || kind == GRPC_WEB_TEXT)
				return kind;
		}
	}
	return (enum grpc_kind)q->grpc;
}

static bool
answer_is_grpc(const struct head *h)
{
	const struct field *type = head_find(h, FIELD_CONTENT_TYPE);
	struct slice suffix;

	return type != NULL &&
	    grpc_text_kind(type->value, &suffix) == GRPC_PLAIN;
}

void
grpc_web_answer(struct req *q, struct head *h)
{
	enum grpc_kind kind;
	struct grpc_web_down *d;

	if (!is_web(q) || !answer_is_grpc(h))
		return;
	kind = answer_kind(q);
	type_set(h, grpc_content_type(q, kind));
	if (h->body == BODY_NONE)
		return;
	h->body = BODY_STREAM;
	d = arena_alloc(&q->arena, sizeof(*d));
	if (d == NULL)
		return;
	grpc_web_down_init(d, q, kind == GRPC_WEB_TEXT);
	(void)req_change_down(q, &d->sink);
}
