/*
 * reply.c - problem+json (RFC 9457) and other answers of the gateway's own.
 */
#include "worker/flow/reply.h"

#include "common/base/clock.h"
#include "common/base/json.h"

#define REPLY_FIELDS 8u
#define REPLY_BODY_MAX 2048u

static size_t
reply_problem_text(char *buf, size_t size, enum why why, const char *detail,
    struct slice instance, struct slice id)
{
	const struct why_info *w = &why_table[why];
	char when[WALL_TEXT_BYTES];
	struct text t;
	struct json j;

	wall_text(clock_wall(), when);
	text_init_fixed(&t, buf, size);
	json_init(&j, &t);
	json_object(&j, NULL);
	json_string(&j, "type", SLICE_LIT("about:blank"));
	json_string(&j, "title", slice_str(w->title));
	json_uint(&j, "status", w->status);
	json_string(&j, "detail", slice_str(detail != NULL ? detail : w->help));
	json_string(&j, "instance", instance);
	json_string(&j, "error_code", slice_str(w->code));
	json_string(&j, "message", slice_str(w->title));
	json_string(&j, "error", slice_str(w->word));
	json_object(&j, "details");
	json_string(&j, "fault", slice_str(why_fault_name(w->fault)));
	json_object_end(&j);
	json_string(&j, "request_id", id);
	json_string(&j, "timestamp", slice_str(when));
	json_object_end(&j);
	return t.n;
}

static void
reply_add(struct head *h, struct slice name, uint16_t id, struct slice value)
{
	h->fields[h->count++] =
	    (struct field){ .name = name, .value = value, .id = id };
	h->present |= UINT64_C(1) << id;
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
		/* A body that nobody will read: the connection ends. */
		.close = !q->request_done && q->head.body != BODY_NONE };

	if (fields == NULL) {
		req_end(q, WHY_OVERLOADED, true);
		return;
	}
	if (content_type.n != 0)
		reply_add(&h, SLICE_LIT("Content-Type"), FIELD_CONTENT_TYPE,
		    content_type);
	if (extra != NULL)
		reply_add(&h, extra->name, extra->id, extra->value);
	req_answer_head(q, &h, REPLY_FIELDS, body.n == 0);
	if (body.n == 0 || s->user != q)
		return;
	req_answer_data(q, body);
	req_answer_end(q, NULL);
}

void
reply_problem(
    struct req *q, enum why why, const char *detail, const struct field *extra)
{
	char *buf = arena_alloc(&q->arena, REPLY_BODY_MAX);
	struct slice instance = q->uri.path;
	size_t n;

	if (buf == NULL) {
		req_end(q, why, true);
		return;
	}
	if (instance.n > 512)
		instance.n = 512;
	n = reply_problem_text(
	    buf, REPLY_BODY_MAX, why, detail, instance, q->request_id);
	reply_body(q, why_table[why].status,
	    SLICE_LIT("application/problem+json"), slice_make(buf, n), extra);
}

void
reply_bare(struct stream *s, enum why why, struct slice request_id)
{
	char buf[REPLY_BODY_MAX];
	struct field fields[2] = {
		{ .name = SLICE_LIT("Content-Type"),
		    .value = SLICE_LIT("application/problem+json"),
		    .id = FIELD_CONTENT_TYPE },
		{ .name = SLICE_LIT("X-Request-ID"),
		    .value = request_id,
		    .id = FIELD_X_REQUEST_ID },
	};
	size_t n = reply_problem_text(
	    buf, sizeof(buf), why, NULL, SLICE_NONE, request_id);
	struct head h = { .status = why_table[why].status,
		.reason = http_reason(why_table[why].status),
		.version = HTTP_1_1,
		.body = BODY_LENGTH,
		.length = n,
		.fields = fields,
		.count = 2,
		.close = true };

	if (!stream_head(s, &h, false))
		return;
	stream_data(s, slice_make(buf, n));
	stream_end(s, NULL);
}
