/*
 * peer_test.c - conditions on a client's certificate.
 */
#include "tests/unit/route_kit.h"
#include "worker/flow/peer.h"

#define PRINT "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static const struct peer client = { .shown = true,
	.cert = { .subject = SLICE_LIT("CN=a,O=b"),
	    .san = SLICE_LIT("DNS:a.example,URI:spiffe://x/y,IP:10.0.0.1"),
	    .fingerprint = SLICE_LIT(PRINT) } };

static const struct {
	enum img_condition_kind kind;
	const char *value;
	bool prefix, fits;
} cases[] = {
	{ COND_CLIENT_SUBJECT, "CN=a,O=b", false, true },
	{ COND_CLIENT_SUBJECT, "CN=a", false, false },
	{ COND_CLIENT_SUBJECT, "CN=a,O=bc", false, false },
	{ COND_CLIENT_SUBJECT, "CN=a", true, true },
	{ COND_CLIENT_SUBJECT, "CN=a,O=b", true, true },
	{ COND_CLIENT_SUBJECT, "CN=a,O=bc", true, false },
	{ COND_CLIENT_SUBJECT, "", true, true },
	{ COND_CLIENT_SUBJECT, "O=b", true, false },
	/* Any one of the names, and no part of one. */
	{ COND_CLIENT_SAN, "DNS:a.example", false, true },
	{ COND_CLIENT_SAN, "URI:spiffe://x/y", false, true },
	{ COND_CLIENT_SAN, "IP:10.0.0.1", false, true },
	{ COND_CLIENT_SAN, "IP:10.0.0.1", true, true },
	{ COND_CLIENT_SAN, "IP:10.0.0.10", false, false },
	{ COND_CLIENT_SAN, "IP:10.0.0.", false, false },
	{ COND_CLIENT_SAN, "URI:spiffe://x/", true, true },
	{ COND_CLIENT_SAN, "URI:spiffe://z/", true, false },
	{ COND_CLIENT_SAN, "DNS:a.example,URI", true, false },
	{ COND_CLIENT_SAN, "a.example", false, false },
	{ COND_CLIENT_SAN, "spiffe", true, false },
	{ COND_CLIENT_FINGERPRINT, PRINT, false, true },
	{ COND_CLIENT_FINGERPRINT, "01234567", false, false },
	/* What is not about certificates is not for here. */
	{ COND_HEADER, "", true, false },
};

START_TEST(fits)
{
	struct img_condition c = { .kind = cases[_i].kind,
		.has_value = true,
		.is_prefix = cases[_i].prefix };
	struct slice value = slice_str(cases[_i].value);
	struct peer none = client;

	ck_assert_int_eq(peer_fits(&client, &c, value), cases[_i].fits);
	ck_assert(!peer_fits(NULL, &c, value));
	none.shown = false;
	ck_assert(!peer_fits(&none, &c, value));
}
END_TEST

START_TEST(plain_is_empty)
{
	struct peer p = client;

	peer_look(&p, NULL);
	ck_assert(!p.shown);
	ck_assert_uint_eq(p.cert.subject.n + p.cert.san.n +
		p.cert.fingerprint.n + p.cert.serial.n + p.cert.issuer.n +
		p.version.n + p.sni.n,
	    0);
}
END_TEST

static struct kit_route routes[] = {
	{ .path = "/" },
	{ .path = "/", .conditions = { { .client_san = "URI:spiffe://x/*" } } },
	{ .path = "/", .conditions = { { .client_subject = "CN=a,O=b" } } },
	{ .path = "/c", .conditions = { { .client_fingerprint = PRINT } } },
};

static int
chosen(const struct img_head *img, const char *path, const struct peer *peer)
{
	struct contexts *ctx = contexts_new();
	struct kit_request q;

	kit_request_init(&q, "GET", "h", path);
	q.peer = peer;
	kit_request_find(&q, img, ctx);
	contexts_free(ctx);
	return q.verdict == ROUTE_FOUND
	    ? (int)img_route_index(img, q.match.route)
	    : -1;
}

START_TEST(routes_by_certificate)
{
	struct img_head *img = KIT_IMAGE(routes);
	struct peer other = client;

	other.cert.san = SLICE_LIT("DNS:a.example");
	ck_assert_int_eq(chosen(img, "/", &client), 1);
	ck_assert_int_eq(chosen(img, "/", &other), 2);
	other.cert.subject = SLICE_LIT("CN=A,O=b");
	ck_assert_int_eq(chosen(img, "/", &other), 0);
	ck_assert_int_eq(chosen(img, "/", NULL), 0);
	ck_assert_int_eq(chosen(img, "/c", &client), 3);
	other.cert.fingerprint = SLICE_LIT("0");
	ck_assert_int_eq(chosen(img, "/c", &other), -1);
	ck_assert_int_eq(chosen(img, "/c", NULL), -1);
	free(img);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("peer");
	TCase *t = tcase_create("peer");

	tcase_add_loop_test(t, fits, 0, sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(t, plain_is_empty);
	tcase_add_test(t, routes_by_certificate);
	suite_add_tcase(s, t);
	return kit_run(s);
}
