/*
 * route_random_test.c - random sets of routes and random paths: the router
 * against a matcher that does what the manual says, one route after the other.
 */
#include "tests/unit/worker/flow/route_plain.h"

#define ROUTES_MAX 24
#define ROUNDS 1000
#define REQUESTS 30

static uint64_t random_state;

static unsigned
random_below(unsigned n)
{
	random_state += 0x9e3779b97f4a7c15u;
	return (unsigned)(hash_u64(random_state) % n);
}

/* Few words, so that patterns meet: two of IMG_SLOT_INSIDE and more bytes. */
static const char *const words[] = { "a", "b", "aa", "a.b.c.d.e.ff",
	"a.b.c.d.e.f.g", "" };

static const char *
random_word(bool last)
{
	return words[random_below(last ? 6 : 5)];
}
static const char *const random_hosts[] = { "x.y", "*.y", "*.x.y", "z" };
static const char *const random_methods[] = { "GET", "PUT", "HEAD", "LOCK" };
static const char *const random_regexes[] = { "~^/a", "~b$", "~^/a/(.*)/b",
	"~^/aa?/b?$" };

static void
random_pattern(char *out)
{
	unsigned segments = 1 + random_below(4);
	size_t n = 0;

	for (unsigned i = 0; i < segments; i++) {
		bool last = i + 1 == segments;
		unsigned kind = random_below(6);

		if (kind < 2)
			n += (size_t)sprintf(out + n, "/:p%u", i);
		else if (kind == 2 && last)
			n += (size_t)sprintf(out + n, "/*rest");
		else
			n += (size_t)sprintf(out + n, "/%s", random_word(last));
	}
}

static void
random_path(char *out)
{
	unsigned segments = 1 + random_below(5);
	size_t n = 0;

	for (unsigned i = 0; i < segments; i++)
		n += (size_t)sprintf(
		    out + n, "/%s", random_word(i + 1 == segments));
}

struct round {
	struct kit_route routes[ROUTES_MAX];
	char patterns[ROUTES_MAX][64];
	size_t count;
};

static void
round_make(struct round *r)
{
	memset(r, 0, sizeof(*r));
	r->count = 1 + random_below(ROUTES_MAX);
	for (size_t i = 0; i < r->count; i++) {
		struct kit_route *k = &r->routes[i];

		k->path = r->patterns[i];
		if (random_below(8) == 0)
			k->path = random_regexes[random_below(4)];
		else
			random_pattern(r->patterns[i]);
		for (unsigned h = random_below(3); h > 0; h--)
			k->hosts[h - 1] = random_hosts[random_below(4)];
		for (unsigned m = random_below(3); m > 0; m--)
			k->methods[m - 1] = random_methods[random_below(4)];
		if (random_below(4) == 0)
			k->conditions[0] =
			    (struct conf_condition){ .header = "X-Version",
				    .value = random_below(2) == 0 ? "1" : "2" };
	}
}

static void
captures_compare(const struct kit_request *q, const struct plain *best)
{
	char text[1024];
	size_t n = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < q->match.count; i++)
		n += (size_t)sprintf(
		    text + n, "%.*s|", SLICE_FMT(q->match.params[i]));
	ck_assert_str_eq(text, best->captures);
}

static void
request_compare(
    const struct round *r, const struct img_head *img, struct contexts *ctx)
{
	static const char *const hosts[] = { "x.y", "w.y", "w.x.y", "z", "y" };
	const char *host = hosts[random_below(5)];
	const char *method = random_methods[random_below(4)];
	const char *version = random_below(2) == 0 ? NULL : "1";
	struct kit_request q;
	struct plain best;
	char path[128];
	int want, got;

	random_path(path);
	kit_request_init(&q, method, host, path);
	if (version != NULL)
		kit_request_field(&q, "x-version", version);
	kit_request_find(&q, img, ctx);
	want =
	    plain_find(r->routes, r->count, host, path, method, version, &best);
	got = q.verdict == ROUTE_FOUND
	    ? (int)img_route_index(img, q.match.route)
	    : q.verdict == ROUTE_NO_METHOD ? -2
					   : -1;
	ck_assert_msg(got == want, "%s %s%s version %s: route %d (%s), not %d",
	    method, host, path, version != NULL ? version : "-", got,
	    got >= 0 ? r->routes[got].path : "-", want);
	if (got >= 0 && r->routes[got].path[0] == '/')
		captures_compare(&q, &best);
}

START_TEST(same_as_plain)
{
	struct contexts *ctx = contexts_new();
	struct round *r = malloc(sizeof(*r));

	random_state = (uint64_t)_i << 32;
	for (int i = 0; i < ROUNDS; i++) {
		struct img_head *img;

		round_make(r);
		img = kit_image(r->routes, r->count);
		for (int k = 0; k < REQUESTS; k++)
			request_compare(r, img, ctx);
		free(img);
	}
	free(r);
	contexts_free(ctx);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("route, at random");
	TCase *t = tcase_create("same as a plain matcher");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, same_as_plain, 0, 4);
	suite_add_tcase(s, t);
	return kit_run(s);
}
