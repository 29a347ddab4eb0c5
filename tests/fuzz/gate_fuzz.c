/*
 * gate_fuzz.c - any bytes as what a client sends, through all that a worker
 * does with them but for sockets: what would go to the upstream is one request
 * with the same meaning and nothing of this hop, and what the client gets is
 * answers. The first byte says who the peer is.
 *
 *	bytes -> h1 (server) -> req -> route -> filters -> h1 (client) -> checks
 *	checks <- h1 (client) <- h1 (server) <- answer of the gateway's own
 */
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdlib.h>

#include "common/base/must.h"
#include "common/http/h1.h"
#include "common/http/h1_parse.h"
#include "common/net/tls.h"
#include "master/conf.h"
#include "shm/region.h"
#include "worker/filters.h"
#include "worker/flow/contexts.h"
#include "worker/flow/pipeline.h"
#include "worker/flow/reply.h"
#include "worker/flow/req.h"
#include "worker/flow/upgrade.h"

#define FIELDS 32
#define INPUT_MAX 4096
#define ANSWERS_MAX 256

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char fuzz_conf[] =
    "limits = { request_body = 16; };"
    "trusted_proxies = [ \"10.0.0.0/8\", \"fd00::1\" ];"
    "listeners = ( { address = \"127.0.0.1:80\"; } );"
    "cors = {"
    "  p = { origins = [ \"https://p\", \"https://*.p\", \"null\" ];"
    "        headers = \"*\"; expose = \"X-Path\"; credentials = true; };"
    "  q = { origins = \"*\"; methods = [ \"GET\", \"PUT\" ];"
    "        headers = \"X-Api\"; }; };"
    "security_headers = { hsts = \"max-age=1\"; frame_options = \"deny\";"
    "                     remove = [ \"Server\", \"X-Two\" ]; };"
    "services = {"
    "  a = { endpoints = ( { address = \"127.0.0.1:81\"; } ); };"
    "  b = { host = \"b.example\";"
    "        endpoints = ( { address = \"127.0.0.1:81\"; } ); };"
    "  g = { protocol = \"h2\";"
    "        endpoints = ( { address = \"127.0.0.1:81\"; } ); }; };"
    "routes = ("
    "  { path = \"/*rest\"; service = \"a\"; },"
    "  { path = \"/w\"; service = \"b\"; methods = [ \"GET\", \"X\" ];"
    "    cors = \"p\";"
    "    upgrade = [ \"thing\", \"websocket\" ]; },"
    "  { path = \"/w\"; service = \"a\"; methods = \"PUT\"; cors = \"q\";"
    "    match = ( { header = \"X-Api\"; } ); },"
    "  { path = \"/w\"; service = \"a\"; methods = \"POST\"; },"
    "  { path = \"/r/:x\"; service = \"b\"; encoded_slash = \"keep\";"
    "    rewrite = \"/{x}/{header:X-Tenant}\";"
    "    request_headers = ( { set = \"X-Api\"; value = \"{path}\"; },"
    "      { remove = \"X-Debug\"; } );"
    "    response_headers = ( { add = \"X-Path\"; value = \"{path}\"; } ); },"
    "  { path = \"/g/*rest\"; service = \"g\"; grpc_web = true;"
    "    cors = \"p\"; },"
    "  { path = \"/own/:x\"; respond = { body = \"{x} {query}\"; };"
    "    cors = \"q\"; } );";

static const struct codec_limits limits = { 2048, 1024, FIELDS };
static const struct codec_limits next_limits = { 65536, 8192, 128 };

struct gate {
	struct env env;
	struct req_via via;
	struct h1 codec;
	struct obuf out;
	struct req *req;
	enum http_method asked[ANSWERS_MAX];
	size_t count;
};

static struct gate gate;

/* ---- what goes to the upstream ---- */

static size_t
fields_count(const struct head *h, enum field_id id)
{
	size_t n = 0;

	for (uint32_t i = 0; i < h->count; i++)
		n += h->fields[i].id == id;
	return n;
}

static void
check_connection(const struct field *f, const struct head *h)
{
	struct slice value = f->value;

	if (slice_eq(value, SLICE_LIT("TE")))
		MUST(fields_count(h, FIELD_TE) == 1);
	else if (slice_eq(value, SLICE_LIT("upgrade")))
		MUST(fields_count(h, FIELD_UPGRADE) == 1);
	else
		MUST(slice_eq(value, SLICE_LIT("close")));
}

/* Nothing of the client's own hop, nor what others could take for it. */
static void
check_hop(const struct req *q, const struct head *h)
{
	static const enum field_id ours[] = { FIELD_HOST, FIELD_X_REQUEST_ID,
		FIELD_X_FORWARDED_FOR, FIELD_X_FORWARDED_PROTO,
		FIELD_X_FORWARDED_HOST, FIELD_X_FORWARDED_PORT,
		FIELD_FORWARDED };

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		MUST(fields_count(h, ours[i]) == 1);
	MUST(fields_count(h, FIELD_KEEP_ALIVE) == 0);
	MUST(fields_count(h, FIELD_PROXY_CONNECTION) == 0);
	MUST(fields_count(h, FIELD_UPGRADE) == (q->up.upgrade.n != 0));
	for (uint32_t i = 0; i < h->count; i++) {
		const struct field *f = &h->fields[i];
		unsigned flags = http_field_flags(http_field_folded(f->name));

		if (f->id == FIELD_CONNECTION)
			check_connection(f, h);
		if (f->id == FIELD_OTHER) {
			MUST((flags & (FIELD_HOP | FIELD_FRAMING)) == 0);
			MUST(!head_nominated(&q->head, f->name) ||
			    slice_eq(f->name, SLICE_LIT("X-Api")));
		}
	}
}

/* The peer stands last; alone, if what it says is not believed. */
static void
check_trust(const struct req *q, const struct head *h)
{
	const struct field *f = head_find(h, FIELD_X_FORWARDED_FOR);
	struct slice peer;
	char text[ADDR_TEXT_MAX];

	peer = slice_make(text, addr_ip_text(&q->peer, text));
	MUST(f->value.n >= peer.n && (q->trusted || f->value.n == peer.n));
	MUST(slice_eq(slice_skip(f->value, f->value.n - peer.n), peer));
}

/* What a server has to answer to a good key (RFC 6455 4.2.2). */
static struct slice
accept_text(struct slice key, char text[64])
{
	static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
	unsigned char digest[SHA_DIGEST_LENGTH];
	int n;

	MUST(key.n == 24);
	memcpy(text, key.p, key.n);
	memcpy(text + key.n, guid, sizeof(guid));
	SHA1((unsigned char *)text, strlen(text), digest);
	n = EVP_EncodeBlock((unsigned char *)text, digest, sizeof(digest));
	return slice_make(text, (size_t)n);
}

/* Another version has another handshake, which nobody here knows. */
static void
check_accept(const struct req *q, const struct head *up, struct head *h)
{
	const struct field *key = head_find(up, FIELD_SEC_WEBSOCKET_KEY);
	const struct field *version =
	    head_find(up, FIELD_SEC_WEBSOCKET_VERSION);
	bool known = slice_eq(version->value, SLICE_LIT("13"));
	char text[64] = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
	struct slice accept = slice_str(text);

	MUST(!upgrade_fits(q, h));
	if (known)
		accept = accept_text(key->value, text);
	head_add(h, FIELD_SEC_WEBSOCKET_ACCEPT, accept);
	MUST(upgrade_fits(q, h) == known);
	text[0] ^= 1;
	MUST(!upgrade_fits(q, h));
}

/* Only the right answer of all switches. */
static void
check_switch(const struct req *q, const struct head *up)
{
	struct slice asked = q->up.upgrade;
	struct field fields[8];
	struct head h = {
		.status = 101, .version = HTTP_1_1, .fields = fields
	};

	MUST(!slice_eq_nocase(asked, SLICE_LIT("h2c")));
	MUST(!upgrade_fits(q, &h));
	head_add(&h, FIELD_UPGRADE, asked);
	MUST(!upgrade_fits(q, &h));
	head_add(&h, FIELD_CONNECTION, SLICE_LIT("x, Upgrade"));
	if (upgrade_is_websocket(asked)) {
		check_accept(q, up, &h);
		return;
	}
	MUST(upgrade_fits(q, &h));
	head_add(&h, FIELD_UPGRADE, asked);
	MUST(!upgrade_fits(q, &h));
}

static void
check_target(const struct head *h)
{
	char *room = malloc(h->target.n);
	struct uri u;

	MUST(room != NULL);
	MUST(uri_normalise(h->target, room, &u) == URI_OK);
	MUST(h->target.n == u.path.n + (u.has_query ? 1 + u.query.n : 0));
	free(room);
}

static const struct codec_events no_events;

static void
check_up(const struct req *q)
{
	struct field fields[128];
	enum codec_error error;
	struct iovec iov;
	struct head h;
	struct obuf o;
	struct h1 up;

	obuf_init(&o, NULL);
	h1_init(&up, CODEC_CLIENT, &no_events, &limits, &o);
	MUST(stream_head(&up.stream, &q->up, q->head.body == BODY_NONE));
	MUST(obuf_iov(&o, &iov, 1) == 1);
	MUST(h1_parse_request(iov.iov_base, iov.iov_len, &next_limits, &h,
		 fields, &error) == (int)iov.iov_len);
	MUST(h.version == HTTP_1_1 && h.method == q->head.method);
	MUST(slice_eq(h.method_text, q->head.method_text));
	MUST(h.body == q->up.body);
	if (h.body == q->head.body)
		MUST(h.length == q->head.length);
	else
		MUST(h.body == BODY_STREAM && q->grpc == GRPC_WEB_TEXT);
	if (q->service->host.len == 0)
		MUST(slice_eq(h.host, q->head.host));
	else
		MUST(slice_eq(h.host, SLICE_LIT("b.example")));
	check_hop(q, &h);
	check_trust(q, &h);
	check_target(&h);
	if (q->up.upgrade.n != 0)
		check_switch(q, &h);
	obuf_fini(&o);
}

/* ---- in place of the upstream ---- */

static void
up_end(struct req *q, const struct head *trailers)
{
	static const struct field allow = { .value = SLICE_LIT("https://up"),
		.id = FIELD_ACCESS_CONTROL_ALLOW_ORIGIN };

	(void)trailers;
	reply_body(q, 200, SLICE_LIT("text/plain"), SLICE_LIT("ok"), &allow);
}

static void
up_abort(struct req *q)
{
	(void)q;
}

static enum verdict
up_request(struct req *q)
{
	static const struct req_handler handler = { .end = up_end,
		.abort = up_abort };

	/* HTTP/1.0 may have come without a host. */
	if (q->head.host.n != 0)
		check_up(q);
	q->handler = &handler;
	req_set_state(q, REQ_HANDLED);
	return DONE;
}

/* ---- in place of the connection ---- */

static void
owner_note(struct req *q)
{
	(void)q;
}

static void
owner_pause(struct req *q, bool paused)
{
	(void)q;
	(void)paused;
}

static size_t
owner_queued(struct req *q)
{
	(void)q;
	return 0;
}

static void
owner_ended(struct req *q, bool cut)
{
	(void)q;
	if (cut)
		h1_stop(&gate.codec);
	gate.req = NULL;
}

static const struct req_owner owner = {
	.flush = owner_note,
	.pause = owner_pause,
	.queued = owner_queued,
	.switched = owner_note,
	.shut = owner_note,
	.ended = owner_ended,
};

static void
on_head(struct stream *s, const struct head *h)
{
	MUST(gate.req == NULL && gate.count < ANSWERS_MAX);
	gate.asked[gate.count++] = (enum http_method)h->method;
	gate.req = req_new(&gate.env, s, &owner, h, &gate.via);
	MUST(gate.req != NULL);
	req_begin(gate.req);
}

static void
on_data(struct stream *s, struct slice bytes)
{
	(void)s;
	if (gate.req != NULL)
		req_data(gate.req, bytes);
}

static void
on_end(struct stream *s, const struct head *trailers)
{
	(void)s;
	if (gate.req != NULL)
		req_body_end(gate.req, trailers);
}

static void
on_error(struct stream *s, enum codec_error e)
{
	char id[ENV_ID_BYTES];

	if (gate.req != NULL && e == CODEC_TRUNCATED) {
		req_end(gate.req, WHY_CLIENT_CLOSED, true);
	} else if (gate.req != NULL) {
		req_fail(gate.req, WHY_BAD_BODY);
	} else if (e != CODEC_TRUNCATED) {
		/* As far as it was read, it says what is expected. */
		gate.asked[gate.count++] = gate.codec.method;
		reply_bare(&gate.env, s, why_of_codec(e), id);
	}
}

static const struct codec_events gate_events = {
	.head = on_head, .data = on_data, .end = on_end, .error = on_error
};

/* ---- what the client gets ---- */

static void
check_problem(const struct head *h, struct slice body)
{
	const struct field *f = head_find(h, FIELD_CONTENT_TYPE);
	json_t *json;

	if (f == NULL || body.n == 0 ||
	    !slice_eq(f->value, SLICE_LIT("application/problem+json")))
		return;
	json = json_loadb(body.p, body.n, JSON_ALLOW_NUL, NULL);
	MUST(json_is_object(json));
	json_decref(json);
}

/* Of the policies, or on a route without one the upstream's. */
static void
check_reader(const struct head *h)
{
	const struct field *f = head_find(h, FIELD_ACCESS_CONTROL_ALLOW_ORIGIN);
	bool varies = head_lists(h, FIELD_VARY, SLICE_LIT("Origin"));
	bool credentials =
	    head_find_name(h, SLICE_LIT("Access-Control-Allow-Credentials")) !=
	    NULL;
	struct slice v = f != NULL ? f->value : SLICE_NONE;
	bool listed = slice_eq(v, SLICE_LIT("https://p")) ||
	    slice_eq(v, SLICE_LIT("null")) ||
	    (slice_starts(v, SLICE_LIT("https://")) && v.n > 10 &&
		memcmp(v.p + v.n - 2, ".p", 2) == 0);

	MUST(fields_count(h, FIELD_ACCESS_CONTROL_ALLOW_ORIGIN) <= 1);
	MUST(v.n == 0 || listed || slice_eq(v, SLICE_LIT("*")) ||
	    (slice_eq(v, SLICE_LIT("https://up")) && !varies));
	MUST(credentials == listed);
	MUST(!listed || varies);
	MUST(listed || h->status != 204 || slice_eq(v, SLICE_LIT("*")));
}

static void
check_security(const struct head *h)
{
	const struct field *f = head_find_name(h, SLICE_LIT("X-Frame-Options"));

	MUST(f != NULL && slice_eq(f->value, SLICE_LIT("deny")));
	MUST(!head_has(h, FIELD_SERVER));
}

/* The answer at the start of s; returns its length. */
static size_t
check_answer(struct slice s, enum http_method method, bool *last)
{
	struct field fields[128];
	enum codec_error error;
	struct head h;
	int used = h1_parse_response(
	    s.p, s.n, &next_limits, (uint8_t)method, &h, fields, &error);
	size_t body = h.body == BODY_LENGTH ? h.length : 0;

	MUST(used > 0 && h.status >= 200 && h.body != BODY_STREAM);
	MUST(head_has(&h, FIELD_X_REQUEST_ID) && head_has(&h, FIELD_DATE));
	check_reader(&h);
	check_security(&h);
	s = slice_skip(s, (size_t)used);
	MUST(s.n >= body);
	check_problem(&h, slice_make(s.p, body));
	*last = h.close;
	return (size_t)used + body;
}

/* One for each request, but for a last one that was broken off. */
static void
check_answers(void)
{
	size_t n = gate.out.bytes, at = 0;
	char *bytes = malloc(n + 1);
	struct iovec iov[64];
	int count = obuf_iov(&gate.out, iov, 64);
	bool last = false;

	MUST(bytes != NULL);
	for (int i = 0; i < count; i++) {
		memcpy(bytes + at, iov[i].iov_base, iov[i].iov_len);
		at += iov[i].iov_len;
	}
	MUST(at == n);
	at = 0;
	for (size_t i = 0; i < gate.count && at != n; i++) {
		MUST(!last);
		at += check_answer(
		    slice_make(bytes + at, n - at), gate.asked[i], &last);
	}
	MUST(at == n);
	free(bytes);
}

/* ---- */

static void
req_ended(const struct req *q)
{
	MUST(q->status != 0 || why_table[q->why].status == 0);
}

static void
gate_init(void)
{
	static struct filter filters[IMG_FILTER_COUNT];
	static struct region region;
	static struct loop loop;
	static struct conf conf;
	struct env *e = &gate.env;
	struct geometry g;
	struct diag d;

	buf_pool_init(0);
	tls_init();
	diag_init(&d);
	geometry_defaults(&g, 1);
	MUST(region_create(&region, &g, &d));
	MUST(conf_load_text(&conf, "fuzz", slice_str(fuzz_conf), &d));
	diag_fini(&d);
	memcpy(filters, filters_all, sizeof(filters));
	filters[IMG_FILTER_FORWARD].request = up_request;
	timer_wheel_init(&loop.timers, clock_now());
	e->loop = &loop;
	e->region = &region;
	e->counters = counters_block(&region, 0);
	e->contexts = contexts_new();
	e->filters = filters;
	e->answering = pipeline_answering(filters);
	e->view.image = (struct img_head *)(void *)conf.image;
	e->req_ended = req_ended;
	pool_init(&e->reqs, "requests", REQ_BYTES, 0);
	for (size_t i = 0; i < IMAGES_MAX; i++)
		list_init(&e->pinned[i]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct slice peers[] = { SLICE_LIT("192.0.2.1"),
		SLICE_LIT("10.0.0.1"), SLICE_LIT("2001:db8::1"),
		SLICE_LIT("fd00::1") };
	const char *p = (const char *)data + 1;
	size_t at = 0, used;

	if (gate.env.region == NULL)
		gate_init();
	if (size == 0 || size > INPUT_MAX)
		return 0;
	size--;
	MUST(addr_parse_ip(peers[data[0] % 4], &gate.via.peer));
	gate.count = 0;
	obuf_init(&gate.out, NULL);
	h1_init(&gate.codec, CODEC_SERVER, &gate_events, &limits, &gate.out);
	do {
		used = codec_input(&gate.codec.base, p + at, size - at);
		at += used;
	} while (used != 0 && at != size);
	codec_eof(&gate.codec.base);
	MUST(gate.req == NULL);
	check_answers();
	obuf_fini(&gate.out);
	return 0;
}
