/*
 * reply.c - problem+json (RFC 9457) and other answers of the gateway's own.
 */
#include "worker/flow/reply.h"

#include "worker/flow/problem.h"
#include "worker/flow/security_headers.h"
#include "worker/flow/shed.h"

#define REPLY_FIELDS 12u
#define REPLY_BARE_FIELDS (REPLY_FIELDS + 64u) /* all that may be set */

static const struct slice reply_server = { "penstock", 8 };
/* Seconds, of a 503 for which nothing better is known (RFC 9110 10.2.3). */
static const struct slice reply_retry_after = { "1", 1 };
static const struct slice reply_problem_type = { "application/problem+json",
	24 };

bool
reply_closes(const struct req *q)
{
	return (!q->request_done && q->head.body != BODY_NONE) || q->denied ||
	    shed_closes(q) || why_table[q->why].status == 400;
}

/* What a route answers by itself is as it was written. */
static bool
reply_asks_to_wait(const struct req *q, unsigned status)
{
	return (status == 503 || status == 429) && q->why != WHY_RESPOND;
}

void
reply_body(struct req *q, unsigned status, struct slice content_type,
    struct slice body, const struct field *extra)
{
	struct stream *s = q->stream;
	struct field *fields =
	    arena_alloc(&q->arena, REPLY_FIELDS * sizeof(struct field));
	struct head h = { .status = (uint16_t)status,
		.reason = http_reason(status),
		.version = HTTP_1_1,
		.method = q->head.method,
		.body = BODY_LENGTH,
		.length = body.n,
		.fields = fields,
		.close = reply_closes(q) };

	if (fields == NULL) {
		req_end(q, WHY_OVERLOADED, true);
		return;
	}
	head_add(&h, FIELD_SERVER, reply_server);
	if (content_type.n != 0)
		head_add(&h, FIELD_CONTENT_TYPE, content_type);
	if (extra != NULL)
		head_add(&h, (enum field_id)extra->id, extra->value);
	else if (reply_asks_to_wait(q, status))
		head_add(&h, FIELD_RETRY_AFTER, reply_retry_after);
	req_answer_head(q, &h, REPLY_FIELDS, body.n == 0);
	if (body.n == 0 || s->user != q)
		return;
	req_answer_data(q, body);
	req_answer_end(q, NULL);
}

void
reply_respond(struct req *q, uint32_t number, enum why why)
{
	const struct img_respond *all =
	    img_at(q->image, q->image->responds.off);
	const struct img_respond *r = &all[number];
	struct template_vars v;
	struct slice body;

	req_vars(q, &v);
	body = template_eval(q->image, r->body, TEMPLATE_BODY, &v, &q->arena);
	if (arena_failed(&q->arena)) {
		req_fail(q, WHY_OVERLOADED);
		return;
	}
	q->why = (uint8_t)why;
	reply_body(
	    q, r->status, img_slice(q->image, r->content_type), body, NULL);
}

void
reply_as_told(
    struct req *q, unsigned status, const struct field *fields, uint32_t count)
{
	uint32_t room = count + REPLY_FIELDS;
	struct head h = { .status = (uint16_t)status,
		.reason = http_reason(status),
		.version = HTTP_1_1,
		.method = q->head.method,
		.body = BODY_LENGTH,
		.close = reply_closes(q) };

	h.fields = arena_alloc(&q->arena, room * sizeof(struct field));
	if (h.fields == NULL) {
		req_end(q, WHY_OVERLOADED, true);
		return;
	}
	head_add(&h, FIELD_SERVER, reply_server);
	for (uint32_t i = 0; i < count; i++)
		head_add(&h, (enum field_id)fields[i].id, fields[i].value);
	req_answer_head(q, &h, room, true);
}

void
reply_problem(
    struct req *q, enum why why, const char *detail, const struct field *extra)
{
	char buf[PROBLEM_BYTES]; /* every stream, and sink, copies it */
	size_t n = problem_text(q->env, buf,
	    &(struct problem){ .why = why,
		.detail = detail,
		.instance = q->uri.path,
		.id = q->request_id,
		.made = !q->trusted });

	reply_body(q, why_table[why].status, reply_problem_type,
	    slice_make(buf, n), extra);
}

size_t
reply_bare(struct env *e, struct stream *s, enum why why, char id[ENV_ID_BYTES])
{
	char buf[PROBLEM_BYTES];
	struct slice request_id = slice_make(id, ENV_ID_BYTES);
	struct field fields[REPLY_BARE_FIELDS];
	size_t n;
	struct head h = { .status = why_table[why].status,
		.reason = http_reason(why_table[why].status),
		.version = HTTP_1_1,
		.body = BODY_LENGTH,
		.fields = fields,
		.room = REPLY_BARE_FIELDS,
		.close = true };

	env_make_id(e, id);
	n = problem_text(e, buf,
	    &(struct problem){ .why = why, .id = request_id, .made = true });
	h.length = n;
	head_add(&h, FIELD_SERVER, reply_server);
	head_add(&h, FIELD_CONTENT_TYPE, reply_problem_type);
	head_add(&h, FIELD_X_REQUEST_ID, request_id);
	head_add(&h, FIELD_DATE, env_date(e));
	if (h.status == 503)
		head_add(&h, FIELD_RETRY_AFTER, reply_retry_after);
	security_headers_bare(e->view.image, &h);
	if (!stream_head(s, &h, false))
		return 0;
	stream_data(s, slice_make(buf, n));
	stream_end(s, NULL);
	return n;
}
