/*
 * route_plain.h - a matcher that does what the manual says, one route after the
 * other: what the router is compared with.
 */
#ifndef TESTS_UNIT_WORKER_FLOW_ROUTE_PLAIN_H
#define TESTS_UNIT_WORKER_FLOW_ROUTE_PLAIN_H

#include <regex.h>

#include "tests/unit/route_kit.h"

struct plain {
	const char *path; /* what is left of pattern and path */
	const char *pattern;
	char ways[64]; /* 'l' or 'p' per segment */
	size_t literal;
	char captures[256]; /* joined by "|" */
	bool rest;
};

static inline bool
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

static inline bool
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
static inline int
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
static inline bool
plain_better(int class, const struct plain *a, const struct plain *b)
{
	if (class == 2 || class == 4)
		return false; /* file order */
	if (class == 1 && a->literal != b->literal)
		return a->literal > b->literal;
	return strcmp(a->ways, b->ways) < 0;
}

static inline bool
plain_host_fits(const char *pattern, const char *host)
{
	size_t n = strlen(pattern), m = strlen(host);

	if (pattern[0] != '*')
		return strcmp(pattern, host) == 0;
	return m > n - 1 && strcmp(host + m - (n - 1), pattern + 1) == 0;
}

/* Exact hosts 1000, suffixes by length, none 0; -1: does not fit. */
static inline int
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

static inline bool
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
static inline int
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
static inline bool
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

static inline bool
plain_conditions(const struct kit_route *r, const char *version)
{
	return r->conditions[0].header == NULL ||
	    (version != NULL && strcmp(version, r->conditions[0].value) == 0);
}

static inline bool
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
static inline int
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

static inline int
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

#endif
