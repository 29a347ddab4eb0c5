/*
 * line_field.c - the values of a line: a row for each field says where it comes
 * from.
 */
#include "common/base/hex.h"
#include "tools/line_inside.h"

struct slice
line_number(struct line *l, uint64_t number)
{
	return text_u64(number, l->value);
}

/* Microseconds as milliseconds with three decimals. */
static struct slice
line_ms(struct line *l, uint64_t us)
{
	struct slice whole = text_u64(us / 1000, l->value);
	uint32_t part = (uint32_t)(us % 1000);
	char *to = l->value + TEXT_U64_MAX; /* where the whole ends */

	to[0] = '.';
	to[1] = (char)('0' + part / 100);
	to[2] = (char)('0' + part / 10 % 10);
	to[3] = (char)('0' + part % 10);
	return slice_make(whole.p, whole.n + 4);
}

static struct slice
level_make(struct line *l)
{
	static const struct slice names[] = {
		[LINE_INFO] = SLICE_LIT("info"),
		[LINE_WARNING] = SLICE_LIT("warning"),
		[LINE_ERROR] = SLICE_LIT("error"),
	};

	return names[line_level(l->v)];
}

static struct slice
trace_make(struct line *l)
{
	static const uint8_t none[16];
	const uint8_t *id = l->v->request->trace_id;

	if (memcmp(id, none, sizeof(none)) == 0)
		return SLICE_NONE;
	hex_write(id, sizeof(none), l->value);
	return slice_make(l->value, 2 * sizeof(none));
}

static struct slice
client_make(struct line *l)
{
	return slice_make(
	    l->value, addr_ip_text(&l->v->request->client, l->value));
}

static struct slice
method_make(struct line *l)
{
	if (l->v->request->method != METHOD_OTHER)
		return record_text(l->v, RECORD_METHOD);
	return line_text(l, RECORD_METHOD);
}

static struct slice
protocol_make(struct line *l)
{
	static const struct slice names[] = {
		[HTTP_1_0] = SLICE_LIT("HTTP/1.0"),
		[HTTP_1_1] = SLICE_LIT("HTTP/1.1"),
		[HTTP_2] = SLICE_LIT("HTTP/2.0"),
	};
	unsigned version = l->v->request->version;

	if (l->v->head->kind != RECORD_REQUEST ||
	    version >= sizeof(names) / sizeof(names[0]))
		return SLICE_NONE;
	return names[version];
}

static struct slice
status_make(struct line *l)
{
	return line_number(l, l->v->request->status);
}

static struct slice
why_make(struct line *l)
{
	return line_why(l->v->request->why)->word;
}

static struct slice
code_make(struct line *l)
{
	return line_why(l->v->request->why)->code;
}

static struct slice
bytes_in_make(struct line *l)
{
	return line_number(l, l->v->request->bytes_in);
}

static struct slice
bytes_out_make(struct line *l)
{
	return line_number(l, l->v->request->bytes_out);
}

static struct slice
duration_make(struct line *l)
{
	return line_ms(l, l->v->request->duration_us);
}

static struct slice
upstream_make(struct line *l)
{
	return line_ms(l, l->v->request->upstream_us);
}

static struct slice
overhead_make(struct line *l)
{
	const struct record_request *r = l->v->request;

	return line_number(l,
	    r->duration_us > r->upstream_us ? r->duration_us - r->upstream_us
					    : 0);
}

static struct slice
endpoint_make(struct line *l)
{
	uint8_t kept = l->v->request->attempts_kept;

	if (kept == 0)
		return SLICE_NONE;
	return slice_make(
	    l->value, addr_text(&l->v->attempts[kept - 1].addr, l->value));
}

static struct slice
attempts_make(struct line *l)
{
	return line_number(l, l->v->request->attempts);
}

static struct slice
generation_make(struct line *l)
{
	return line_number(l, l->v->request->generation);
}

/* Made here, or else a text of the record: as it is, or (`masked`) a client's.
 */
static const struct line_source {
	struct slice (*make)(struct line *l);
	enum record_text text;
	bool masked;
} line_sources[LOG_FIELD_COUNT] = {
	[LOG_TIMESTAMP] = { .make = line_time },
	[LOG_LEVEL] = { .make = level_make },
	[LOG_SERVICE] = { .text = RECORD_SERVICE },
	[LOG_ROUTE] = { .text = RECORD_ROUTE },
	[LOG_REQUEST_ID] = { .text = RECORD_ID },
	[LOG_CORRELATION_ID] = { .text = RECORD_CORRELATION, .masked = true },
	[LOG_TRACE_ID] = { .make = trace_make },
	[LOG_USER_ID] = { .text = RECORD_USER, .masked = true },
	[LOG_TENANT_ID] = { .text = RECORD_TENANT, .masked = true },
	[LOG_CLIENT] = { .make = client_make },
	[LOG_METHOD] = { .make = method_make },
	[LOG_HOST] = { .text = RECORD_HOST, .masked = true },
	[LOG_PATH] = { .make = line_path },
	[LOG_QUERY] = { .make = line_query },
	[LOG_PROTOCOL] = { .make = protocol_make },
	[LOG_STATUS] = { .make = status_make },
	[LOG_WHY] = { .make = why_make },
	[LOG_ERROR_CODE] = { .make = code_make },
	[LOG_BYTES_IN] = { .make = bytes_in_make },
	[LOG_BYTES_OUT] = { .make = bytes_out_make },
	[LOG_DURATION_MS] = { .make = duration_make },
	[LOG_UPSTREAM_MS] = { .make = upstream_make },
	[LOG_OVERHEAD_US] = { .make = overhead_make },
	[LOG_ENDPOINT] = { .make = endpoint_make },
	[LOG_ATTEMPTS] = { .make = attempts_make },
	[LOG_GENERATION] = { .make = generation_make },
};

struct slice
line_text(struct line *l, enum record_text t)
{
	const struct line_masks *m = &l->f->masks;

	return mask_text(m->room, m->text, record_text(l->v, t));
}

struct slice
line_shown(
    struct line_format *f, const struct record_view *v, enum record_text t)
{
	struct line l = { .f = f, .v = v };

	switch (t) {
	case RECORD_ROUTE:
	case RECORD_SERVICE:
	case RECORD_ID:
	case RECORD_AUTHENTICATOR:
	case RECORD_LIMIT:
		return record_text(v, t);
	case RECORD_METHOD:
		return method_make(&l);
	case RECORD_PATH:
		return line_path(&l);
	case RECORD_CORRELATION:
	case RECORD_USER:
	case RECORD_TENANT:
	case RECORD_HOST:
		return line_text(&l, t);
	case RECORD_QUERY:
	case RECORD_REFERER:
	case RECORD_AGENT:
	case RECORD_TRACESTATE:
	case RECORD_TEXTS:
		break;
	}
	return SLICE_NONE;
}

struct slice
line_field(struct line *l, enum log_field field)
{
	const struct line_source *s = &line_sources[field];

	if (s->make != NULL)
		return s->make(l);
	return s->masked ? line_text(l, s->text) : record_text(l->v, s->text);
}
