/*
 * template_test.c - values in headers, targets and bodies, and header rules.
 */
#include "tests/unit/route_kit.h"
#include "worker/flow/identity.h"

struct scene {
	struct img_head *img;
	struct contexts *ctx;
	struct kit_request q;
	struct template_vars v;
	struct arena arena;
};

/* One route, and a GET that it is chosen for. */
static void
scene_init(struct scene *s, struct kit_route *route, const char *target)
{
	s->img = kit_image(route, 1);
	s->ctx = contexts_new();
	arena_init(&s->arena, NULL, 0, 1 << 20);
	kit_request_init(&s->q, "GET", "Host.example:8080", target);
	kit_request_find(&s->q, s->img, s->ctx);
	ck_assert_int_eq(s->q.verdict, ROUTE_FOUND);
	s->v = (struct template_vars){ .img = s->img,
		.head = &s->q.head,
		.uri = &s->q.uri,
		.match = &s->q.match,
		.client = SLICE_LIT("10.0.0.1"),
		.request_id = SLICE_LIT("id-1"),
		.endpoint = SLICE_LIT("127.0.0.1:9001"),
		.service = img_at(s->img, s->img->services.off) };
}

static void
scene_fini(struct scene *s)
{
	arena_fini(&s->arena);
	contexts_free(s->ctx);
	free(s->img);
}

static struct slice
scene_rewrite(struct scene *s)
{
	return template_eval(s->img, s->q.match.route->rewrite, TEMPLATE_TARGET,
	    &s->v, &s->arena);
}

static const struct {
	const char *path, *rewrite, *target, *result;
} rewrites[] = {
	{ "/api/users/:id", "/users/{id}", "/api/users/7", "/users/7" },
	{ "/api/users/:id", "/users/{id}", "/api/users/7?a=%20b",
	    "/users/7?a=%20b" },
	{ "/api/users/:id", "/users/{id}", "/api/users/7?", "/users/7?" },
	{ "/api/users/:id", "/u?id={id}", "/api/users/7?a=b", "/u?id=7&a=b" },
	{ "/api/users/:id", "/u?id={id}", "/api/users/7", "/u?id=7" },
	{ "/api/users/:id", "/u?id={id}&", "/api/users/7", "/u?id=7&" },
	/* The query stays away behind a final "?", and where it is named. */
	{ "/api/users/:id", "/u/{id}?", "/api/users/7?a=b", "/u/7" },
	{ "/api/users/:id", "/u?q={query}", "/api/users/7?a=b", "/u?q=a=b" },
	{ "/api/users/:id", "/u/{query}/x", "/api/users/7?a=b/%2e",
	    "/u/a%3Db%2F%252e/x" },
	/* Escapes are kept, once; what a path cannot have is encoded. */
	{ "/a/:x", "/b/{x}", "/a/%C3%A4%20b;c=d@e", "/b/%C3%A4%20b;c=d@e" },
	{ "/a/:x", "/b?x={x}", "/a/%C3%A4%20b;c&d", "/b?x=%C3%A4%20b%3Bc%26d" },
	{ "/a/:x", "/b/{x}", "/a/b|c", "/b/b%7Cc" },
	{ "/a/*rest", "/b/{rest}", "/a/c/d/", "/b/c/d/" },
	{ "/a/*rest", "/b/{rest}", "/a/", "/b/" },
	{ "/a/*rest", "/b?r={rest}", "/a/c/d", "/b?r=c%2Fd" },
	{ "~^/v([0-9]+)/(.*)$", "/x/{2}?v={1}", "/v2/a/b?c", "/x/a/b?v=2&c" },
	{ "~^/v1(/.*)$", "{1}", "/v1/a/b?c", "/a/b?c" },
	{ "/*rest", "{path}", "/a/b", "/a/b" },
	{ "/*rest", "/{{{rest}}}", "/a", "/{a}" },
	{ "/*rest", "/{host}/{client}/{route}/{service}/{request_id}", "/",
	    "/Host.example/10.0.0.1/r0/users/id-1" },
};

START_TEST(rewrite)
{
	struct kit_route route = { .path = rewrites[_i].path,
		.rewrite = rewrites[_i].rewrite };
	struct scene s;

	scene_init(&s, &route, rewrites[_i].target);
	kit_slice_eq(scene_rewrite(&s), rewrites[_i].result);
	scene_fini(&s);
}
END_TEST

START_TEST(rewrite_by_client_values)
{
	struct kit_route route = { .path = "/d",
		.rewrite = "/t/{header:X-Tenant}/{cookie:c}x" };
	struct scene s;

	scene_init(&s, &route, "/d");
	kit_request_field(&s.q, "X-Tenant", "a/../b?#%2e\r\n");
	kit_request_field(&s.q, "Cookie", "b=1; c=\x80 ");
	kit_slice_eq(scene_rewrite(&s), "/t/a%2F..%2Fb%3F%23%252e%0D%0A/%80x");
	/* Nothing can be left of the place that the template gave it. */
	s.q.fields[0].value = SLICE_LIT("..");
	ck_assert_uint_eq(scene_rewrite(&s).n, 0);
	s.q.fields[0].value = SLICE_LIT(".");
	ck_assert_uint_eq(scene_rewrite(&s).n, 0);
	s.q.fields[0].value = SLICE_LIT("...");
	kit_slice_eq(scene_rewrite(&s), "/t/.../%80x");
	ck_assert(!arena_failed(&s.arena));
	scene_fini(&s);
}
END_TEST

START_TEST(dots_beside_a_value)
{
	struct kit_route route = { .path = "/*rest",
		.rewrite = "/t/.{header:X}?y=/../" };
	struct scene s;

	scene_init(&s, &route, "/d");
	ck_assert_uint_eq(scene_rewrite(&s).n, 0);
	kit_request_field(&s.q, "X", ".");
	ck_assert_uint_eq(scene_rewrite(&s).n, 0);
	s.q.fields[0].value = SLICE_LIT("a");
	kit_slice_eq(scene_rewrite(&s), "/t/.a?y=/../");
	scene_fini(&s);
}
END_TEST

START_TEST(body_as_it_is)
{
	struct kit_route route = { .path = "/:x",
		.body = "{{\"x\": \"{x}\", \"h\": \"{header:h}\"}}" };
	const struct img_respond *r;
	struct scene s;

	scene_init(&s, &route, "/a%20b");
	kit_request_field(&s.q, "H", "1");
	kit_request_field(&s.q, "h", "2");
	r = img_at(s.img, s.img->responds.off);
	ck_assert_uint_eq(s.q.match.route->respond, 0);
	ck_assert_uint_eq(r->status, 200);
	kit_slice_eq(
	    template_eval(s.img, r->body, TEMPLATE_BODY, &s.v, &s.arena),
	    "{\"x\": \"a%20b\", \"h\": \"1, 2\"}");
	scene_fini(&s);
}
END_TEST

static void
head_eq(const struct head *h, const char *text)
{
	char buf[512] = "";
	size_t n = 0;

	for (uint32_t i = 0; i < h->count; i++)
		n += (size_t)snprintf(buf + n, sizeof(buf) - n, "%.*s: %.*s\n",
		    SLICE_FMT(h->fields[i].name),
		    SLICE_FMT(h->fields[i].value));
	ck_assert_str_eq(buf, text);
}

START_TEST(rules)
{
	struct kit_route route = { .path = "/",
		.request = { { .set = "X-Api", .value = "v{header:x-api}" },
		    { .remove = "user-agent" },
		    { .add = "X-More", .value = "{endpoint}" },
		    { .set = "Accept", .value = "*/*" } } };
	struct scene s;
	struct head h;
	uint32_t room = 5;

	scene_init(&s, &route, "/");
	kit_request_field(&s.q, "x-api", "1");
	kit_request_field(&s.q, "User-Agent", "me");
	kit_request_field(&s.q, "X-More", "0");
	kit_request_field(&s.q, "X-API", "2");
	kit_request_field(&s.q, "user-agent", "you");
	h = s.q.head;
	s.v.head = &h;
	ck_assert(rules_apply(
	    s.img, s.q.match.route->request_rules, &h, &room, &s.v, &s.arena));
	head_eq(&h,
	    "X-Api: v1, 2\nX-More: 0\nX-More: 127.0.0.1:9001\n"
	    "Accept: */*\n");
	ck_assert(!head_has(&h, FIELD_USER_AGENT));
	ck_assert(head_has(&h, FIELD_ACCEPT));
	ck_assert_uint_eq(room, 5);
	scene_fini(&s);
}
END_TEST

START_TEST(rules_move_the_fields)
{
	struct kit_route route = { .path = "/",
		.response = { { .add = "A", .value = "1" },
		    { .add = "A", .value = "{header:Split}" } } };
	struct scene s;
	struct head h;
	uint32_t room = 1;

	scene_init(&s, &route, "/");
	kit_request_field(&s.q, "Split", "a\r\nb\x7f\tc");
	h = s.q.head;
	ck_assert(rules_apply(
	    s.img, s.q.match.route->response_rules, &h, &room, &s.v, &s.arena));
	ck_assert_uint_eq(h.count, 3);
	ck_assert_uint_ge(room, 3);
	ck_assert_ptr_ne(h.fields, s.q.fields);
	kit_slice_eq(h.fields[2].value, "ab\tc");
	scene_fini(&s);
}
END_TEST

START_TEST(arena_full)
{
	struct kit_route route = { .path = "/",
		.response = { { .add = "A", .value = "{path}" } } };
	struct scene s;
	struct head h;
	uint32_t room = 0;

	scene_init(&s, &route, "/");
	h = s.q.head;
	s.arena.limit = 0;
	ck_assert(!rules_apply(
	    s.img, s.q.match.route->response_rules, &h, &room, &s.v, &s.arena));
	scene_fini(&s);
}
END_TEST

/* Who it is; nobody is nothing. Paths get no more segments by it. */
START_TEST(identities)
{
	struct kit_route route = { .path = "/",
		.rewrite = "/u/{user}?t={tenant}&c={claim:a.b}",
		.request = { { .set = "X-Who",
		    .value =
			"{user}|{tenant}|{roles}|{claim:n}|{claim:x}" } } };
	struct identity id = { .claims = SLICE_LIT(
				   "{\"a\":{\"b\":\"c&d\"},\"n\":3}") };
	struct scene s;
	struct head h;
	uint32_t room = 8;

	scene_init(&s, &route, "/");
	id.claim[IMG_CLAIM_USER] = SLICE_LIT("a/../b");
	id.claim[IMG_CLAIM_TENANT] = SLICE_LIT("t");
	id.claim[IMG_CLAIM_ROLES] = SLICE_LIT("x,y");
	for (int with = 1; with >= 0; with--) {
		s.v.identity = with ? &id : NULL;
		h = s.q.head;
		ck_assert(rules_apply(s.img, s.q.match.route->request_rules, &h,
		    &room, &s.v, &s.arena));
		head_eq(
		    &h, with ? "X-Who: a/../b|t|x,y|3|\n" : "X-Who: ||||\n");
		kit_slice_eq(scene_rewrite(&s),
		    with ? "/u/a%2F..%2Fb?t=t&c=c%26d" : "/u/?t=&c=");
	}
	scene_fini(&s);
}
END_TEST

static const struct {
	const char *value, *with, *without;
} certificates[] = {
	{ "{client_subject}", "CN=a,O=b", "" },
	{ "{client_san}", "DNS:a,URI:x", "" },
	{ "{client_issuer}", "CN=ca", "" },
	{ "{client_serial}", "0a1b", "" },
	{ "{client_fingerprint}", "ffee", "" },
	{ "<{tls_version}|{sni}>", "<TLSv1.3|a.example>", "<|>" },
};

/* A header that the client sent itself is replaced, also by nothing. */
START_TEST(certificates_in_headers)
{
	struct kit_route route = { .path = "/",
		.request = {
		    { .set = "X-Client", .value = certificates[_i].value } } };
	struct peer peer = { .shown = true,
		.version = SLICE_LIT("TLSv1.3"),
		.sni = SLICE_LIT("a.example"),
		.cert = { .subject = SLICE_LIT("CN=a,O=b"),
		    .san = SLICE_LIT("DNS:a,URI:x"),
		    .issuer = SLICE_LIT("CN=ca"),
		    .serial = SLICE_LIT("0a1b"),
		    .fingerprint = SLICE_LIT("ffee") } };

	for (int with = 0; with < 2; with++) {
		uint32_t room = 16;
		struct scene s;

		scene_init(&s, &route, "/");
		kit_request_field(&s.q, "X-Client", "CN=forged");
		if (with != 0)
			s.v.peer = peer;
		ck_assert(rules_apply(s.img, s.q.match.route->request_rules,
		    &s.q.head, &room, &s.v, &s.arena));
		ck_assert_uint_eq(s.q.head.count, 1);
		kit_slice_eq(s.q.head.fields[0].value,
		    with != 0 ? certificates[_i].with
			      : certificates[_i].without);
		scene_fini(&s);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("template");
	TCase *t = tcase_create("template");

	tcase_add_loop_test(
	    t, rewrite, 0, sizeof(rewrites) / sizeof(rewrites[0]));
	tcase_add_test(t, rewrite_by_client_values);
	tcase_add_test(t, dots_beside_a_value);
	tcase_add_test(t, body_as_it_is);
	tcase_add_test(t, rules);
	tcase_add_test(t, rules_move_the_fields);
	tcase_add_test(t, arena_full);
	tcase_add_test(t, identities);
	tcase_add_loop_test(t, certificates_in_headers, 0,
	    sizeof(certificates) / sizeof(certificates[0]));
	suite_add_tcase(s, t);
	return kit_run(s);
}
