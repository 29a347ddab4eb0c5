/*
 * probe_rule.c - see probe_rule.h.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "master/probe_rule.h"

#include <pcre2.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "master/grpc_health.h"

#define RULE_HEAP_LIMIT_KIB 16384
/*
 * Steps and bytes that one search may take, about 100 ms at the worst. The
 * library's own limits begin anew at each byte of the subject, so that they do
 * not bound the whole.
 */
#define RULE_WORK_MAX (UINT64_C(8) << 20)

/* What comes first in a description; behind it the texts, then `expect`. */
struct rule_numbers {
	uint64_t interval_us, timeout_us;
	uint32_t type, healthy, unhealthy, port, head, regex, headers, expect;
	uint32_t h2;
	uint8_t tls[32]; /* the policy's hash; all zero: none */
};

struct expression {
	pcre2_code *code;
	pcre2_match_data *data;
	pcre2_match_context *limits;
	uint64_t work; /* what is left for this search */
	size_t at;     /* in the subject, when it was last charged */
};

/* ---- descriptions ---- */

static void
describe_bytes(struct text *to, const void *p, size_t n)
{
	text_add(to, slice_make(p, n));
}

static void
describe_text(struct text *to, struct slice s)
{
	describe_bytes(to, &s.n, sizeof(s.n));
	text_add(to, s);
}

/* A connection is all that a check of tcp asks for. */
const struct img_tls_out *
probe_rule_tls(const struct img_head *img, const struct img_service *s)
{
	const struct img_tls_out *all = img_at(img, img->tls_outs.off);

	return s->tls != IMG_NONE && s->check.type != IMG_CHECK_TCP
	    ? &all[s->tls]
	    : NULL;
}

static void
describe_numbers(
    struct text *to, const struct img_service *s, const struct img_tls_out *tls)
{
	const struct img_health_check *c = &s->check;
	struct rule_numbers n;

	memset(&n, 0, sizeof(n)); /* what lies between them is compared, too */
	n.interval_us = c->interval_us;
	n.timeout_us = c->timeout_us;
	n.type = c->type;
	n.healthy = c->healthy;
	n.unhealthy = c->unhealthy;
	n.port = c->port;
	n.head = c->head;
	n.regex = c->body_regex;
	n.headers = c->headers.count;
	n.expect = c->expect.count;
	n.h2 = s->protocol == IMG_PROTOCOL_H2;
	if (tls != NULL)
		memcpy(n.tls, tls->hash, sizeof(n.tls));
	describe_bytes(to, &n, sizeof(n));
}

void
probe_rule_describe(
    struct text *to, const struct img_head *img, const struct img_service *s)
{
	const struct img_health_check *c = &s->check;
	const struct img_probe_header *h = img_at(img, c->headers.off);
	const struct img_tls_out *tls = probe_rule_tls(img, s);

	describe_numbers(to, s, tls);
	describe_text(to, img_slice(img, c->path));
	describe_text(to, img_slice(img, c->host.len != 0 ? c->host : s->host));
	describe_text(
	    to, tls != NULL ? img_slice(img, tls->server_name) : SLICE_NONE);
	describe_text(to, img_slice(img, c->grpc));
	describe_text(to, img_slice(img, c->body));
	for (uint32_t i = 0; i < c->headers.count; i++) {
		describe_text(to, img_slice(img, h[i].name));
		describe_text(to, img_slice(img, h[i].value));
	}
	describe_bytes(to, img_at(img, c->expect.off),
	    c->expect.count * sizeof(struct img_range));
}

static void
take_bytes(struct slice *from, void *p, size_t n)
{
	MUST(n <= from->n);
	if (n != 0)
		memcpy(p, from->p, n);
	*from = slice_skip(*from, n);
}

static struct slice
take_text(struct slice *from)
{
	struct slice s;

	take_bytes(from, &s.n, sizeof(s.n));
	MUST(s.n <= from->n);
	s.p = from->p;
	*from = slice_skip(*from, s.n);
	return s;
}

/* ---- expressions ---- */

/* Called before each item of the expression that is tried. */
static int
expression_charge(pcre2_callout_block *b, void *ctx)
{
	struct expression *e = ctx;
	size_t at = b->current_position;
	uint64_t cost = 1 + (at > e->at ? at - e->at : e->at - at);

	e->at = at;
	if (cost > e->work)
		return PCRE2_ERROR_CALLOUT;
	e->work -= cost;
	return 0;
}

static void
expression_free(struct expression *e)
{
	if (e == NULL)
		return;
	pcre2_match_context_free(e->limits);
	pcre2_match_data_free(e->data);
	pcre2_code_free(e->code);
	free(e);
}

static struct expression *
expression_new(struct slice text)
{
	struct expression *e = calloc(1, sizeof(*e));
	PCRE2_SIZE at;
	int error;

	MUST(e != NULL);
	e->code = pcre2_compile((PCRE2_SPTR)text.p, text.n,
	    IMG_REGEX_OPTIONS | PCRE2_AUTO_CALLOUT, &error, &at, NULL);
	if (e->code == NULL) {
		expression_free(e);
		return NULL;
	}
	e->data = pcre2_match_data_create(1, NULL);
	e->limits = pcre2_match_context_create(NULL);
	MUST(e->data != NULL && e->limits != NULL);
	(void)pcre2_set_heap_limit(e->limits, RULE_HEAP_LIMIT_KIB);
	(void)pcre2_set_callout(e->limits, expression_charge, e);
	return e;
}

static bool
expression_finds(struct expression *e, struct slice in)
{
	e->work = RULE_WORK_MAX;
	e->at = 0;
	return pcre2_match(e->code, (PCRE2_SPTR)(in.n != 0 ? in.p : ""), in.n,
		   0, 0, e->data, e->limits) >= 0;
}

/* ---- rules ---- */

/* As it is spelt. */
static void
rule_add(struct head *h, struct slice name, struct slice value)
{
	enum field_id id = http_field_find(name);

	head_add(h, id, value);
	h->fields[h->count - 1].name = name;
}

/* Host, the configured ones, what gRPC asks for, and User-Agent if it is not
 * among them. */
static void
rule_take_fields(struct probe_rule *r, uint32_t headers, struct slice *from)
{
	struct head *h = &r->request;

	h->fields = calloc(headers + 4, sizeof(*h->fields));
	MUST(h->fields != NULL);
	head_add(h, FIELD_HOST, r->host);
	for (uint32_t i = 0; i < headers; i++) {
		struct slice name = take_text(from);

		rule_add(h, name, take_text(from));
	}
	if (r->type == IMG_CHECK_GRPC) {
		head_add(h, FIELD_CONTENT_TYPE, SLICE_LIT("application/grpc"));
		head_add(h, FIELD_TE, SLICE_LIT("trailers"));
	}
	if (!head_has(h, FIELD_USER_AGENT))
		head_add(h, FIELD_USER_AGENT,
		    SLICE_LIT("penstock/" PENSTOCK_VERSION));
}

static void
rule_take_numbers(struct probe_rule *r, const struct rule_numbers *n)
{
	r->type = (enum img_check)n->type;
	r->healthy = n->healthy;
	r->unhealthy = n->unhealthy;
	r->port = (uint16_t)n->port;
	r->h2 = n->h2 != 0;
	r->interval_us = n->interval_us;
	r->timeout_us = n->timeout_us;
	r->request.https = r->tls != NULL;
	r->request.close = true;
	r->request.method = n->head != 0 ? METHOD_HEAD : METHOD_GET;
	if (r->type == IMG_CHECK_GRPC) {
		r->request.method = METHOD_POST;
		r->request.body = BODY_STREAM;
	}
	r->request.method_text =
	    http_method_name((enum http_method)r->request.method);
}

static void
rule_take_request(
    struct probe_rule *r, const struct rule_numbers *n, struct slice *from)
{
	r->request.target = take_text(from);
	if (r->type == IMG_CHECK_GRPC)
		r->request.target = SLICE_LIT(GRPC_HEALTH_PATH);
	r->host = take_text(from);
	r->tls_name = take_text(from);
	r->grpc = take_text(from);
	r->body = take_text(from);
	rule_take_fields(r, n->headers, from);
}

struct probe_rule *
probe_rule_new(struct slice description, struct tls_client *tls)
{
	struct probe_rule *r = calloc(1, sizeof(*r));
	struct rule_numbers n;
	struct slice from;

	MUST(r != NULL);
	text_add(&r->description, description);
	from = text_slice(&r->description);
	take_bytes(&from, &n, sizeof(n));
	r->tls = tls != NULL ? tls_client_ref(tls) : NULL;
	rule_take_numbers(r, &n);
	rule_take_request(r, &n, &from);
	r->expect = calloc(n.expect + 1, sizeof(*r->expect));
	MUST(r->expect != NULL);
	take_bytes(&from, r->expect, n.expect * sizeof(*r->expect));
	r->expect_count = n.expect;
	if (r->body.n == 0 || n.regex == 0)
		return r;
	r->regex = expression_new(r->body);
	if (r->regex != NULL)
		return r;
	probe_rule_free(r);
	return NULL;
}

void
probe_rule_free(struct probe_rule *r)
{
	if (r == NULL)
		return;
	expression_free(r->regex);
	tls_client_free(r->tls);
	free(r->expect);
	free(r->request.fields);
	text_fini(&r->description);
	free(r);
}

static bool
rule_ask_grpc(const struct probe_rule *r, struct stream *s)
{
	char body[GRPC_HEALTH_ASK_MAX];
	size_t n = grpc_health_ask(body, r->grpc);

	if (!stream_head(s, &r->request, false))
		return false;
	stream_data(s, slice_make(body, n));
	stream_end(s, NULL);
	return true;
}

bool
probe_rule_ask(struct probe_rule *r, struct slice host, struct stream *s)
{
	r->request.fields[0].value = r->host.n != 0 ? r->host : host;
	if (r->type == IMG_CHECK_GRPC)
		return rule_ask_grpc(r, s);
	return stream_head(s, &r->request, true);
}

bool
probe_rule_expects(const struct probe_rule *r, unsigned status)
{
	return img_ranges_have(r->expect, r->expect_count, status);
}

bool
probe_rule_finds(const struct probe_rule *r, struct slice body)
{
	if (r->body.n == 0)
		return true;
	if (r->regex != NULL)
		return expression_finds(r->regex, body);
	return body.n != 0 && memmem(body.p, body.n, r->body.p, r->body.n);
}
