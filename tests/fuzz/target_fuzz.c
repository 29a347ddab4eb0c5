/*
 * target_fuzz.c - any bytes as the target of a request, and any as its Host:
 * what is routed is what an upstream sees. A second reading, written from
 * RFC 9112 3.2, has to agree on every one.
 *
 * Input: lines "method", "target", "" (or anything else: HTTP/1.0), then the
 * values of Host fields.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/must.h"
#include "common/http/authority.h"
#include "common/http/h1_parse.h"
#include "common/http/h1_write.h"
#include "common/http/uri.h"
#include "master/conf_build.h"
#include "tests/fuzz/lines.h"
#include "worker/flow/route.h"

#define LINES 5
#define FIELDS 8
#define HEAD_MAX 2048

static const struct codec_limits limits = { HEAD_MAX, 1024, FIELDS };

/* ---- the second reading ---- */

struct place {
	struct slice name;
	unsigned port; /* 0: none */
};

static bool
plain_port(struct slice s, unsigned *port)
{
	char digits[6] = "";

	if (s.n == 0 || s.n > 5)
		return false;
	memcpy(digits, s.p, s.n);
	*port = (unsigned)strtoul(digits, NULL, 10);
	return strspn(digits, "0123456789") == s.n && *port != 0 &&
	    *port <= 65535;
}

static bool
plain_name(struct slice s)
{
	static const char set[] = "abcdefghijklmnopqrstuvwxyz0123456789-._~"
				  "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
	char text[256] = "";
	struct in6_addr ip;

	if (s.n == 0 || s.n >= sizeof(text))
		return false;
	memcpy(text, s.p, s.n);
	if (strlen(text) != s.n)
		return false;
	if (text[0] != '[')
		return strspn(text, set) == s.n;
	if (text[s.n - 1] != ']')
		return false;
	text[s.n - 1] = '\0';
	return inet_pton(AF_INET6, text + 1, &ip) == 1;
}

static bool
plain_place(struct slice s, struct place *to)
{
	const char *colon = memrchr(s.p, ':', s.n);

	*to = (struct place){ s, 0 };
	if (s.n == 0 || s.p[s.n - 1] == ']' || colon == NULL)
		return plain_name(s);
	to->name.n = (size_t)(colon - s.p);
	return plain_name(to->name) &&
	    plain_port(slice_skip(s, to->name.n + 1), &to->port);
}

/* The authority of an absolute target; p NULL when it is none. */
static struct slice
plain_absolute(struct slice target, unsigned *port)
{
	struct slice rest;
	size_t n = 0;

	*port = 80;
	if (target.n >= 7 &&
	    slice_eq_nocase(slice_make(target.p, 7), SLICE_LIT("http://")))
		rest = slice_skip(target, 7);
	else if (target.n >= 8 &&
	    slice_eq_nocase(slice_make(target.p, 8), SLICE_LIT("https://")))
		*port = 443, rest = slice_skip(target, 8);
	else
		return SLICE_NONE;
	while (n < rest.n && strchr("/?", rest.p[n]) == NULL)
		n++;
	return slice_make(rest.p, n);
}

/* A and B are the same place; an absent port is `port`. */
static bool
plain_same(const struct place *a, const struct place *b, unsigned port)
{
	return slice_eq_nocase(a->name, b->name) &&
	    (a->port != 0 ? a->port : port) == (b->port != 0 ? b->port : port);
}

/* Whether the request of these lines may be; *host is then its host. */
static bool
plain_reading(const struct slice *lines, size_t n, struct slice *host)
{
	struct slice method = lines[0], target = lines[1];
	struct place named, said;
	unsigned port = 0;
	bool connect = slice_eq(method, SLICE_LIT("CONNECT"));
	bool star = slice_eq(target, SLICE_LIT("*"));

	*host = connect ? target : plain_absolute(target, &port);
	if (host->p == NULL && target.p[0] != '/' &&
	    !(star && slice_eq(method, SLICE_LIT("OPTIONS"))))
		return false;
	if (host->p != NULL && !plain_place(*host, &named))
		return false;
	if ((connect && named.port == 0) || n > 4)
		return false;
	if (n == 3 || (lines[3].n == 0 && host->p == NULL))
		return lines[2].n != 0;
	if (!plain_place(lines[3], &said))
		return false;
	if (host->p != NULL)
		return plain_same(&named, &said, port);
	*host = lines[3];
	return true;
}

/* ---- where it leads ---- */

static const char *fuzz_hosts[] = { "a.example", "*.b.example", "[::1]" };

/* The last one takes what the others leave. */
static struct conf_route fuzz_routes[] = {
	{ .path = "/*rest", .hosts = { fuzz_hosts, NULL, 1 } },
	{ .path = "/*rest", .hosts = { fuzz_hosts + 1, NULL, 1 } },
	{ .path = "/*rest", .hosts = { fuzz_hosts + 2, NULL, 1 } },
	{ .path = "/*rest" },
};

#define FUZZ_ROUTES (sizeof(fuzz_routes) / sizeof(fuzz_routes[0]))

static struct img_head *
image_make(void)
{
	struct conf_service service = { .name = "s",
		.fallback.service_index = IMG_NONE };
	struct conf c = { .routes = fuzz_routes,
		.route_count = FUZZ_ROUTES,
		.services = &service,
		.service_count = 1 };
	struct diag d;
	char *image = NULL;
	uint64_t bytes = 0;

	diag_init(&d);
	for (size_t i = 0; i < FUZZ_ROUTES; i++) {
		fuzz_routes[i].name = "r";
		fuzz_routes[i].service = "s";
		fuzz_routes[i].encoded_slash_keep = true;
	}
	MUST(conf_build(&c, &image, &bytes, &d));
	diag_fini(&d);
	return (struct img_head *)(void *)image;
}

static uint32_t
plain_route(struct slice host)
{
	static const struct slice tail = SLICE_LIT(".b.example");
	struct place at = { .name = SLICE_NONE };

	if (host.n != 0)
		MUST(plain_place(host, &at));
	/* A final dot is of the name's spelling only. */
	if (at.name.n > 1 && at.name.p[at.name.n - 1] == '.')
		at.name.n--;
	if (slice_eq_nocase(at.name, SLICE_LIT("a.example")))
		return 0;
	if (at.name.n >= tail.n &&
	    slice_eq_nocase(slice_skip(at.name, at.name.n - tail.n), tail))
		return 1;
	return slice_eq(at.name, SLICE_LIT("[::1]")) ? 2 : 3;
}

static void
check_route(const struct head *h, const struct uri *u)
{
	static struct img_head *img;
	static struct contexts *ctx;
	struct route_match m;

	if (img == NULL) {
		img = image_make();
		ctx = contexts_new();
	}
	MUST(route_find(img, ctx, h, u, NULL, &m) == ROUTE_FOUND);
	MUST(img_route_index(img, m.route) == plain_route(h->host));
	MUST(slice_eq(m.params[0], slice_skip(u->path, 1)));
}

/* Written with the path that was routed, the next server reads the same. */
static void
check_onward(const struct head *h, const struct uri *u)
{
	struct field fields[FIELDS + 1], again_fields[FIELDS + 1];
	struct head up = *h, again;
	struct iovec iov;
	struct obuf o;
	enum codec_error error;
	struct uri at;
	char *room = malloc(u->path.n + 1);

	obuf_init(&o, NULL);
	up.target = u->path;
	up.fields = fields;
	up.count = 0;
	head_add(&up, FIELD_HOST, h->host.n != 0 ? h->host : SLICE_LIT("none"));
	MUST(room != NULL && h1_write_request(&o, &up, H1_FRAME_NONE));
	MUST(obuf_iov(&o, &iov, 1) == 1);
	MUST(h1_parse_request(iov.iov_base, iov.iov_len, &limits, &again,
		 again_fields, &error) == (int)iov.iov_len);
	MUST(slice_eq(again.target, u->path));
	MUST(slice_eq(again.host, up.fields[0].value));
	MUST(uri_normalise(again.target, room, &at) == URI_OK);
	MUST(slice_eq(at.path, u->path));
	obuf_fini(&o);
	free(room);
}

static void
check_accepted(const struct head *h)
{
	char *room;
	struct uri u;

	if (h->method == METHOD_CONNECT || slice_eq(h->target, SLICE_LIT("*")))
		return;
	MUST(h->target.p[0] == '/' || h->target.p[0] == '?');
	room = malloc(h->target.n);
	MUST(room != NULL);
	if (uri_normalise(h->target, room, &u) == URI_OK) {
		check_route(h, &u);
		check_onward(h, &u);
	}
	free(room);
}

/* Nothing but the target and Host may be at fault. */
static bool
request_make(struct slice *lines, size_t n, char *text, size_t size)
{
	size_t at;

	if (n < 3 || lines[0].n > 32 || !http_is_token(lines[0]))
		return false;
	for (size_t i = 0; i < lines[1].n; i++)
		if (lines[1].p[i] <= ' ' || lines[1].p[i] > '~' ||
		    lines[1].p[i] == '#')
			return false;
	at = (size_t)snprintf(text, size, "%.*s %.*s HTTP/1.%c\r\n",
	    SLICE_FMT(lines[0]), SLICE_FMT(lines[1]),
	    lines[2].n == 0 ? '1' : '0');
	for (size_t i = 3; i < n; i++) {
		for (size_t k = 0; k < lines[i].n; k++)
			if (iscntrl((unsigned char)lines[i].p[k]))
				return false;
		lines[i] = slice_trim(lines[i]);
		at += (size_t)snprintf(text + at, size - at, "Host: %.*s\r\n",
		    SLICE_FMT(lines[i]));
	}
	memcpy(text + at, "\r\n", 3);
	return lines[1].n != 0;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool ready;
	struct slice lines[LINES], host;
	struct field fields[FIELDS];
	char text[HEAD_MAX];
	enum codec_error error = CODEC_OK;
	struct head h;
	size_t n;
	int used;

	if (!ready)
		buf_pool_init(0);
	ready = true;
	if (size > limits.uri_bytes)
		return 0;
	n = lines_split(data, size, lines, LINES);
	if (!request_make(lines, n, text, sizeof(text)))
		return 0;
	used =
	    h1_parse_request(text, strlen(text), &limits, &h, fields, &error);
	if (!plain_reading(lines, n, &host)) {
		MUST(used == -1);
		MUST(error == CODEC_BAD_TARGET || error == CODEC_BAD_HOST);
		return 0;
	}
	MUST(used == (int)strlen(text) && slice_eq(h.host, host));
	check_accepted(&h);
	return 0;
}
