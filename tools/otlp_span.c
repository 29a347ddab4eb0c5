/*
 * otlp_span.c - see otlp_span.h; otlp_span_inside.h names its rooms. Here: the
 * request.
 */
#include "tools/otlp_span_inside.h"

#include <string.h>

#include "common/http/authority.h"
#include "common/http/http.h"

#define IS_REMOTE 0x200u /* flag of a span: where its parent is */

static struct slice
version_text(uint8_t version)
{
	switch ((enum http_version)version) {
	case HTTP_1_0:
		return SLICE_LIT("1.0");
	case HTTP_1_1:
		break;
	case HTTP_2:
		return SLICE_LIT("2");
	}
	return SLICE_LIT("1.1");
}

/* The pattern of its route; a route without a name of its own bears that. */
static struct slice
request_route(const struct record_view *v, const struct otlp_known *known)
{
	struct slice name = record_text(v, RECORD_ROUTE);

	return name.n != 0 ? known->path(known, name) : SLICE_NONE;
}

static void
request_name(
    struct otlp_span *s, const struct record_view *v, struct slice route)
{
	struct slice method = otlp_method_text(v);

	if (slice_eq(method, SLICE_LIT("_OTHER")))
		method = SLICE_LIT("HTTP");
	if (route.n == 0)
		route = record_text(v, RECORD_ROUTE);
	s->name = route.n != 0
	    ? otlp_span_printf(s, "%.*s %.*s", SLICE_FMT(method),
		  route.n < 256 ? (int)route.n : 256, route.p)
	    : method;
}

static void
request_server(struct otlp_span *s, const struct record_view *v)
{
	struct slice host = record_text(v, RECORD_HOST);
	struct authority a;

	if (host.n == 0 || !authority_parse(host, &a))
		return;
	if (a.host.p[0] == '[')
		a.host = slice_make(a.host.p + 1, a.host.n - 2);
	otlp_attr_text(s, KEY("server.address"), a.host);
	if (a.port != 0)
		otlp_attr_number(s, KEY("server.port"), a.port);
}

static void
request_client(struct otlp_span *s, const struct record_request *q)
{
	otlp_attr_text(
	    s, KEY("client.address"), otlp_span_address(s, &q->client));
	if (q->client.port != 0)
		otlp_attr_number(s, KEY("client.port"), q->client.port);
	otlp_attr_text(
	    s, KEY("network.peer.address"), otlp_span_address(s, &q->peer));
	otlp_attr_number(s, KEY("network.peer.port"), q->peer.port);
}

/* Where it went, in our own words. */
static void
request_ours(struct otlp_span *s, const struct record_view *v,
    const struct otlp_known *known)
{
	const struct record_request *q = v->request;
	char text[ADDR_TEXT_MAX];
	size_t n;

	otlp_attr_text(s, KEY("penstock.route"), record_text(v, RECORD_ROUTE));
	otlp_attr_text(
	    s, KEY("penstock.service"), record_text(v, RECORD_SERVICE));
	otlp_attr_text(
	    s, KEY("penstock.request_id"), record_text(v, RECORD_ID));
	if (record_correlates_itself(v))
		otlp_attr_text(s, KEY("penstock.correlation_id"),
		    record_text(v, RECORD_ID));
	else
		otlp_attr_masked(s, KEY("penstock.correlation_id"),
		    record_text(v, RECORD_CORRELATION), known);
	otlp_attr_number(s, KEY("penstock.generation"), q->generation);
	otlp_attr_number(s, KEY("penstock.worker"), q->worker);
	otlp_attr_number(s, KEY("penstock.attempts"), q->attempts);
	if (q->why != 0)
		otlp_attr_text(
		    s, KEY("penstock.why"), otlp_reason_word(q->why));
	if (q->queue_us != 0)
		otlp_attr_number(s, KEY("penstock.queue_us"), q->queue_us);
	if (otlp_call_count(v) != q->attempts_kept)
		otlp_attr_number(s, KEY("penstock.barred"),
		    (uint64_t)(q->attempts_kept - otlp_call_count(v)));
	if (otlp_call_count(v) == 0)
		return;
	n = addr_text(&otlp_call_at(v, otlp_call_count(v) - 1)->addr, text);
	otlp_attr_text(s, KEY("penstock.endpoint"),
	    otlp_span_printf(s, "%.*s", (int)n, text));
}

/* Of the gateway, or of what is behind it. */
static void
request_fault(struct otlp_span *s, const struct record_request *q)
{
	s->failed = q->status >= 500 || otlp_reason_is_grave(q->why);
	if (!s->failed)
		return;
	s->error = q->why != 0 ? otlp_reason_word(q->why)
			       : otlp_span_printf(s, "%u", (unsigned)q->status);
	otlp_attr_text(s, KEY("error.type"), s->error);
}

static void
span_of_request(struct otlp_span *s, const struct record_view *v,
    const struct otlp_known *known)
{
	const struct record_request *q = v->request;
	struct slice route = request_route(v, known);

	s->kind = OTLP_SERVER;
	memcpy(s->id, q->span_id, sizeof(s->id));
	s->flags |= KNOWS_REMOTE;
	if ((q->flags & RECORD_PARENT) != 0) {
		memcpy(s->parent_id, q->parent_id, sizeof(s->parent_id));
		s->flags |= IS_REMOTE;
	}
	s->start_ns = (uint64_t)q->head.wall_us * 1000;
	s->end_ns = s->start_ns + q->duration_us * 1000;
	request_name(s, v, route);
	otlp_attr_method(s, v);
	otlp_attr_text(s, KEY("url.scheme"),
	    (q->flags & RECORD_TLS) != 0 ? SLICE_LIT("https")
					 : SLICE_LIT("http"));
	otlp_attr_masked(
	    s, KEY("url.path"), record_text(v, RECORD_PATH), known);
	otlp_attr_text(s, KEY("http.route"), route);
	request_server(s, v);
	request_client(s, q);
	otlp_attr_text(
	    s, KEY("network.protocol.version"), version_text(q->version));
	otlp_attr_masked(
	    s, KEY("user_agent.original"), record_text(v, RECORD_AGENT), known);
	if (q->status != 0)
		otlp_attr_number(
		    s, KEY("http.response.status_code"), q->status);
	request_fault(s, q);
	request_ours(s, v, known);
}

/* ---- of a record ---- */

uint32_t
otlp_span_count(const struct record_view *v)
{
	uint32_t count = 1u + otlp_call_count(v);

	for (uint32_t i = 0; i < v->request->steps; i++)
		count += otlp_step_is_costly(&v->steps[i]);
	return count;
}

static uint32_t
costly_step(const struct record_view *v, uint32_t nth)
{
	uint32_t i = 0;

	while (!otlp_step_is_costly(&v->steps[i]) || nth-- != 0)
		i++;
	return i;
}

void
otlp_span_make(struct otlp_span *s, const struct record_view *v,
    uint32_t number, const struct otlp_known *known)
{
	uint32_t calls = otlp_call_count(v);

	s->trace_id = v->request->trace_id;
	memset(s->parent_id, 0, sizeof(s->parent_id));
	s->flags = v->request->trace_flags;
	s->failed = false;
	s->tracestate = record_text(v, RECORD_TRACESTATE);
	s->error = SLICE_NONE;
	s->connected_ns = 0;
	s->attrs = 0;
	s->used = 0;
	if (number == 0)
		span_of_request(s, v, known);
	else if (number <= calls)
		otlp_span_of_call(s, v, number - 1);
	else
		otlp_span_of_step(s, v, costly_step(v, number - 1 - calls));
}
