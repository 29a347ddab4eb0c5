/*
 * route_random_test.c - random sets of routes and random paths: the router
 * against a matcher that does what the manual says, one route after the other.
 */
#include <regex.h>

#include "tests/unit/route_kit.h"

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

/* Few words, so that patterns meet. */
static const char *const words[] = { "a", "b", "aa", "a.b", "" };
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
			n += (size_t)sprintf(
			    out + n, "/%s", words[random_below(last ? 5 : 4)]);
	}
}

static void
random_path(char *out)
{
	unsigned segments = 1 + random_below(5);
	size_t n = 0;

	for (unsigned i = 0; i < segments; i++)
		n += (size_t)sprintf(out + n, "/%s",
		    words[random_below(i + 1 == segments ? 5 : 4)]);
}

/* ---- the plain matcher ---- */

struct plain {
	const char *path; /* what is left of pattern and path */
	const char *pattern;
	char ways[64]; /* 'l' or 'p' per segment */
	size_t literal;
	char captures[256]; /* joined by "|" */
	bool rest;
};

static bool
plain_segments(struct plain *p)
{
	size_t way = 0, k = 0;

	while (*p->pattern != '\0') {
		size_t n = strcspn(p->pattern + 1, "/");
		size_t m = strcspn(p->path + 1, "/");

		if (*p->path != '/')
			return false;
		p->literal++;
		if (p->pattern[1] == '*') {
			k += (size_t)sprintf(
			    p->captures + k, "%s|", p->path + 1);
			p->rest = true;
			p->ways[way] = '\0';
			return true;
		}
		if (p->pattern[1] == ':') {
			if (m == 0)
				return false;
			k += (size_t)sprintf(
			    p->captures + k, "%.*s|", (int)m, p->path + 1);
			p->ways[way++] = 'p';
		} else {
			if (n != m || memcmp(p->pattern, p->path, n + 1) != 0)
				return false;
			p->ways[way++] = 'l';
			p->literal += n;
		}
		p->pattern += 1 + n;
		p->path += 1 + m;
	}
	p->ways[way] = '\0';
	return *p->path == '\0';
}

static bool
plain_regex(const char *pattern, const char *path)
{
	regex_t re;
	bool fits;

	ck_assert_int_eq(regcomp(&re, pattern + 1, REG_EXTENDED), 0);
	fits = regexec(&re, path, 0, NULL, 0) == 0;
	regfree(&re);
	return fits;
}

/* 4 exact, 3 segments, 2 regular expression, 1 *rest, 0 does not fit. */
static int
plain_class(const char *pattern, const char *path, struct plain *p)
{
	*p = (struct plain){ .path = path, .pattern = pattern };
	if (pattern[0] == '~')
		return plain_regex(pattern, path) ? 2 : 0;
	if (strcmp(pattern, path) == 0)
		return 4;
	if (!plain_segments(p))
		return 0;
	return p->rest ? 1 : 3;
}

/* True when the first is to be preferred to the second of the same class. */
static bool
plain_better(int class, const struct plain *a, const struct plain *b)
{
	if (class == 2 || class == 4)
		return false; /* file order */
	if (class == 1 && a->literal != b->literal)
		return a->literal > b->literal;
	return strcmp(a->ways, b->ways) < 0;
}

static bool
plain_host_fits(const char *pattern, const char *host)
{
	size_t n = strlen(pattern), m = strlen(host);

	if (pattern[0] != '*')
		return strcmp(pattern, host) == 0;
	return m > n - 1 && strcmp(host + m - (n - 1), pattern + 1) == 0;
}

/* Exact hosts 1000, suffixes by length, none 0; -1: does not fit. */
static int
plain_host_class(const struct kit_route *r, const char *host, int below)
{
	int best = r->hosts[0] == NULL ? 0 : -1;

	for (size_t i = 0; i < kit_count(r->hosts); i++) {
		int class =
		    r->hosts[i][0] == '*' ? (int)strlen(r->hosts[i]) : 1000;

		if (plain_host_fits(r->hosts[i], host) &&
		    class<below &&class> best)
			best = class;
	}
	return best < below ? best : -1;
}

static bool
plain_has_host(const struct kit_route *r, const char *host, int class)
{
	if (class == 0)
		return r->hosts[0] == NULL;
	for (size_t i = 0; i < kit_count(r->hosts); i++) {
		int own =
		    r->hosts[i][0] == '*' ? (int)strlen(r->hosts[i]) : 1000;

		if (own == class && plain_host_fits(r->hosts[i], host))
			return true;
	}
	return false;
}

/* The best fitting path of one host class: its first route, or -1. */
static int
plain_path(const struct kit_route *routes, size_t count, const char *host,
    int host_class, const char *path, struct plain *best)
{
	int found = -1, best_class = 0;

	for (size_t i = 0; i < count; i++) {
		struct plain p;
		int class;

		if (!plain_has_host(&routes[i], host, host_class))
			continue;
		class = plain_class(routes[i].path, path, &p);
		if (class > best_class ||
		    (class != 0 && class == best_class &&
			plain_better(class, &p, best))) {
			best_class = class;
			*best = p;
			found = (int)i;
		}
	}
	return found;
}

/* Patterns that differ in the names of their parameters only are one path. */
static bool
plain_same(const char *a, const char *b)
{
	while (*a != '\0' && *b != '\0') {
		if (*a != *b)
			return false;
		if (a[0] == '/' && (a[1] == ':' || a[1] == '*')) {
			if (b[1] != a[1])
				return false;
			a += 1 + strcspn(a + 1, "/");
			b += 1 + strcspn(b + 1, "/");
			continue;
		}
		a++;
		b++;
	}
	return *a == *b;
}

static bool
plain_conditions(const struct kit_route *r, const char *version)
{
	return r->conditions[0].header == NULL ||
	    (version != NULL && strcmp(version, r->conditions[0].value) == 0);
}

static bool
plain_method(const struct kit_route *r, const char *method)
{
	if (r->methods[0] == NULL)
		return true;
	for (size_t i = 0; i < kit_count(r->methods); i++)
		if (strcmp(r->methods[i], method) == 0 ||
		    (strcmp(method, "HEAD") == 0 &&
			strcmp(r->methods[i], "GET") == 0))
			return true;
	return false;
}

/* The index of the route; -1: 404; -2: 405. */
static int
plain_choose(const struct kit_route *routes, size_t count, const char *host,
    int host_class, int first, const char *method, const char *version)
{
	int result = -1;

	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < count; i++) {
			const struct kit_route *r = &routes[i];

			if ((r->conditions[0].header == NULL) != (pass == 1) ||
			    !plain_has_host(r, host, host_class) ||
			    !plain_same(r->path, routes[first].path) ||
			    !plain_conditions(r, version))
				continue;
			if (plain_method(r, method))
				return (int)i;
			result = -2;
		}
	}
	return result;
}

static int
plain_find(const struct kit_route *routes, size_t count, const char *host,
    const char *path, const char *method, const char *version,
    struct plain *best)
{
	int below = INT32_MAX;

	while (below > 0) {
		int class = -1, first;

		for (size_t i = 0; i < count; i++) {
			int own = plain_host_class(&routes[i], host, below);

			class = own > class ? own : class;
		}
		if (class < 0)
			return -1;
		first = plain_path(routes, count, host, class, path, best);
		if (first >= 0)
			return plain_choose(
			    routes, count, host, class, first, method, version);
		below = class;
	}
	return -1;
}

/* ---- the comparison ---- */

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
	char path[64];
	int want, got;

	random_path(path);
	kit_request_init(&q, method, host, path);
	if (version != NULL)
		kit_request_field(&q, "x-version", version);
	kit_request_find(&q, img, ctx);
	want =
	    plain_find(r->routes, r->count, host, path, method, version, &best);
	got = q.verdict == ROUTE_FOUND     ? (int)q.match.route->index
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
