/*
 * ctl_record_json.c - all of a record, but for what only lists of logs show.
 */
#include "tools/ctl_record.h"

#include "common/base/clock.h"
#include "common/base/hex.h"
#include "common/http/http.h"

#define ID_BYTES_MAX 16

struct flag {
	uint32_t bit;
	const char *word;
};

static const char *
filter_name(unsigned i)
{
	static const char *const names[] = {
#define FILTER(ID, name, help) name,
#include "shm/filters.def"
	};

	return i < sizeof(names) / sizeof(names[0]) ? names[i] : "unknown";
}

static void
add_word(struct json *j, const char *key, const char *word)
{
	json_add_string(j, key, slice_str(word));
}

/* What is not there is left out, here and below. */
static void
add_text(struct json *j, const char *key, struct slice s)
{
	if (s.n != 0)
		json_add_string(j, key, s);
}

static void
add_id(struct json *j, const char *key, const uint8_t *id, size_t n)
{
	static const uint8_t none[ID_BYTES_MAX];
	char text[2 * ID_BYTES_MAX];

	if (memcmp(id, none, n) == 0)
		return;
	hex_write(id, n, text);
	json_add_string(j, key, slice_make(text, 2 * n));
}

static void
add_flags(struct json *j, uint32_t flags, const struct flag *all, size_t count)
{
	json_array_begin(j, "flags");
	for (size_t i = 0; i < count; i++)
		if ((flags & all[i].bit) != 0)
			add_word(j, NULL, all[i].word);
	json_array_end(j);
}

/* ---- entries ---- */

static void
add_call(
    struct json *j, const struct record_view *v, const struct record_attempt *a)
{
	static const struct flag flags[] = { { RECORD_REUSED, "reused" },
		{ RECORD_PROBE, "probe" }, { RECORD_HEARD, "heard" },
		{ RECORD_BARRED, "barred" } };
	char addr[ADDR_TEXT_MAX];

	(void)addr_text(&a->addr, addr);
	json_object_begin(j, NULL);
	add_word(j, "endpoint", addr);
	add_text(j, "service", record_str(v, a->service));
	json_add_uint(j, "status", a->status);
	add_word(j, "why", ctl_record_why(a->why));
	add_id(j, "span_id", a->span_id, sizeof(a->span_id));
	json_add_uint(j, "at_us", a->at_us);
	json_add_uint(j, "connect_us", a->connect_us);
	json_add_uint(j, "head_us", a->head_us);
	json_add_uint(j, "total_us", a->total_us);
	add_flags(j, a->flags, flags, sizeof(flags) / sizeof(flags[0]));
	json_object_end(j);
}

static void
add_calls(struct json *j, const struct record_view *v)
{
	json_array_begin(j, "calls");
	for (uint32_t i = 0; i < v->request->attempts_kept; i++)
		add_call(j, v, &v->attempts[i]);
	json_array_end(j);
}

static void
add_steps(struct json *j, const struct record_view *v)
{
	static const char *const verdicts[] = { "go_on", "wait", "done" };

	if (v->request->steps == 0)
		return;
	json_array_begin(j, "steps");
	for (uint32_t i = 0; i < v->request->steps; i++) {
		const struct record_step *s = &v->steps[i];

		json_object_begin(j, NULL);
		add_word(j, "filter", filter_name(s->filter));
		if (s->verdict < 3)
			add_word(j, "verdict", verdicts[s->verdict]);
		json_add_uint(j, "at_us", s->at_us);
		json_add_uint(j, "took_ns", s->took_ns);
		json_object_end(j);
	}
	json_array_end(j);
}

static void
add_filters(struct json *j, const struct record_request *q)
{
	json_array_begin(j, "filters");
	for (unsigned i = 0; i < 32; i++)
		if ((q->filters >> i & 1) != 0)
			add_word(j, NULL, filter_name(i));
	json_array_end(j);
	if (q->last != 255)
		add_word(j, "answered_by", filter_name(q->last));
}

/* ---- the record ---- */

static void
add_texts(struct json *j, const struct record_view *v, struct line_format *f)
{
	static const struct {
		enum record_text text;
		const char *key;
	} texts[] = { { RECORD_ROUTE, "route" }, { RECORD_SERVICE, "service" },
		{ RECORD_ID, "request_id" },
		{ RECORD_CORRELATION, "correlation_id" },
		{ RECORD_USER, "user_id" }, { RECORD_TENANT, "tenant_id" },
		{ RECORD_AUTHENTICATOR, "authenticator" },
		{ RECORD_METHOD, "method" }, { RECORD_HOST, "host" },
		{ RECORD_PATH, "path" } };
	const struct record_request *q = v->request;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		add_text(j, texts[i].key, line_shown(f, v, texts[i].text));
	if (q->text_bytes[RECORD_LIMIT] == 0)
		return;
	add_text(j, "limit", record_text(v, RECORD_LIMIT));
	json_add_uint(j, "limit_left", q->limit_left);
}

static void
add_addresses(struct json *j, const struct record_request *q)
{
	char text[ADDR_TEXT_MAX];

	(void)addr_ip_text(&q->client, text);
	add_word(j, "client", text);
	(void)addr_text(&q->peer, text);
	add_word(j, "peer", text);
}

static void
add_outcome(struct json *j, const struct record_request *q)
{
	static const char *const versions[] = { [HTTP_1_0] = "HTTP/1.0",
		[HTTP_1_1] = "HTTP/1.1",
		[HTTP_2] = "HTTP/2.0" };
	static const char *const classes[] = { "normal", "priority",
		"emergency" };

	if (q->version < sizeof(versions) / sizeof(versions[0]))
		add_word(j, "protocol", versions[q->version]);
	json_add_uint(j, "status", q->status);
	add_word(j, "why", ctl_record_why(q->why));
	if (q->grpc_status >= 0)
		json_add_int(j, "grpc_status", q->grpc_status);
	if (q->class < sizeof(classes) / sizeof(classes[0]))
		add_word(j, "class", classes[q->class]);
	json_add_uint(j, "generation", q->generation);
}

static void
add_numbers(struct json *j, const struct record_request *q)
{
	json_add_uint(j, "bytes_in", q->bytes_in);
	json_add_uint(j, "bytes_out", q->bytes_out);
	json_add_uint(j, "duration_us", q->duration_us);
	json_add_uint(j, "head_us", q->head_us);
	json_add_uint(j, "upstream_us", q->upstream_us);
	json_add_uint(j, "queue_us", q->queue_us);
	json_add_uint(j, "attempts", q->attempts);
}

void
ctl_record_json(
    struct json *j, const struct record_view *v, struct line_format *f)
{
	static const struct flag flags[] = { { RECORD_SAMPLED, "sampled" },
		{ RECORD_CUT, "cut" }, { RECORD_TLS, "tls" },
		{ RECORD_TRUSTED, "trusted" }, { RECORD_SWITCHED, "switched" },
		{ RECORD_FALLEN, "fallback" }, { RECORD_CLIPPED, "clipped" } };
	const struct record_request *q = v->request;
	char when[WALL_TEXT_BYTES];

	wall_text((struct wall){ q->head.wall_us }, when);
	json_object_begin(j, NULL);
	add_word(j, "kind",
	    q->head.kind == RECORD_REQUEST ? "request" : "connection");
	json_add_uint(j, "worker", q->worker);
	json_add_uint(j, "number", q->head.seq);
	add_word(j, "at", when);
	add_addresses(j, q);
	add_texts(j, v, f);
	add_outcome(j, q);
	add_id(j, "trace_id", q->trace_id, sizeof(q->trace_id));
	add_id(j, "span_id", q->span_id, sizeof(q->span_id));
	add_id(j, "parent_id", q->parent_id, sizeof(q->parent_id));
	add_numbers(j, q);
	add_flags(j, q->flags, flags, sizeof(flags) / sizeof(flags[0]));
	add_filters(j, q);
	add_calls(j, v);
	add_steps(j, v);
	json_object_end(j);
}
