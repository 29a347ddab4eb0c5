/*
 * route.h - from host, path, method and conditions to one route record.
 *
 *   host      exact, then "*.suffix" with the longest suffix first, then the
 *             routes without hosts: the first of them in which a path fits
 *   path      exact; else segments, a literal before :param from left to
 *             right; else regular expressions in file order; else *rest, the
 *             most bytes of literal text first (all literal segments and the
 *             slashes count; of equals, a literal before :param)
 *   the rest  of the routes with that very host and path those with conditions
 *             first, then in file order: the first whose conditions all hold
 *             and whose methods have the request's. GET brings HEAD along.
 *
 * A preflight (Fetch, 3.2.2: a browser asks by OPTIONS whether a page of
 * another origin may send a request) goes where that request would go, if the
 * route there has a policy for such requests; else it is a request like any
 * other.
 *
 * The cost does not depend on the number of routes, but for regular
 * expressions and for routes that share host and path: those are tried one by
 * one.
 */
#ifndef WORKER_FLOW_ROUTE_H
#define WORKER_FLOW_ROUTE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/http/head.h"
#include "common/http/uri.h"
#include "shm/image.h"
#include "worker/flow/contexts.h"
#include "worker/flow/peer.h"

#define ROUTE_ALLOW_OTHERS 4

/* What is said of a preflight that went astray. */
#define ROUTE_NO_POLICY                                                      \
	"No route with a policy has this path and the method that is asked " \
	"for."

enum route_verdict {
	ROUTE_FOUND,
	ROUTE_NO_PATH,       /* 404 */
	ROUTE_NO_METHOD,     /* 405: m->allow is set */
	ROUTE_ENCODED_SLASH, /* 400: %2f where no route keeps it */
};

enum preflight {
	PREFLIGHT_NONE,
	PREFLIGHT_ROUTED, /* the route is that of the request asked about */
	PREFLIGHT_ASTRAY, /* that one has no route, or one without a policy */
};

/*
 * What was chosen. Slices point into the uri's path. Up to the counts, which
 * say what is set behind them, all zero: nothing yet.
 */
struct route_match {
	const struct img_route *route; /* NULL unless ROUTE_FOUND */
	/* With NO_METHOD: the policy of a route for other methods, or NULL. */
	const struct img_cors *cors;
	enum preflight preflight;
	/*
	 * Bits of enum http_method: with NO_METHOD; with PREFLIGHT_ROUTED those
	 * of the path that the policy is for, 0: all.
	 */
	uint32_t allow;
	uint32_t count, allow_others; /* are set, of those below */
	/* Unlisted methods of the first few routes that have some. */
	const struct img_span *allow_other[ROUTE_ALLOW_OTHERS];
	struct slice params[IMG_PARAMS_MAX]; /* escaped, as matched */
};

/*
 * Finds the route for a request head and its normalised target, from a client
 * of which `peer` is known (NULL: nothing). `ctx` holds this process's compiled
 * expressions. No allocation (but for an expression
 * that was never used before), no system call.
 */
enum route_verdict route_find(const struct img_head *img, struct contexts *ctx,
    const struct head *h, const struct uri *u, const struct peer *peer,
    struct route_match *m);

/*
 * Writes an Allow value ("GET, HEAD, PUT") for m into buf; returns its length,
 * cut at size.
 */
size_t route_allow_text(const struct img_head *img, const struct route_match *m,
    char *buf, size_t size);

/* The policy for requests from other origins that is in force, or NULL. */
const struct img_cors *
route_cors(const struct img_head *img, const struct route_match *m);

/*
 * Whether a method is one of those that a route, or a policy, lists; of all
 * where `methods` is 0.
 */
bool route_method_listed(const struct img_head *img, uint32_t methods,
    struct img_span others, enum http_method method, struct slice text);

#endif
