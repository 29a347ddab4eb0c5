/*
 * template.h - header values, rewrites and bodies with {names} filled in.
 */
#ifndef WORKER_FLOW_TEMPLATE_H
#define WORKER_FLOW_TEMPLATE_H

#include "common/base/arena.h"
#include "common/http/head.h"
#include "common/http/uri.h"
#include "shm/image.h"
#include "worker/flow/peer.h"
#include "worker/flow/route.h"

struct identity;

/* Where the values come from; unset slices are empty. */
struct template_vars {
	const struct img_head *img;
	const struct head *head; /* the request's */
	const struct uri *uri;
	const struct route_match *match;
	struct slice client, request_id, endpoint; /* texts */
	struct peer peer;
	const struct identity *identity;   /* NULL: none */
	const struct img_service *service; /* NULL: none */
};

enum template_use {
	TEMPLATE_HEADER, /* control characters are dropped */
	TEMPLATE_TARGET, /* values are percent-encoded */
	TEMPLATE_BODY,   /* as they are */
	TEMPLATE_TEXT,   /* escapes of path text are decoded: to compare */
};

/*
 * The text, in the arena, or where the request has it; empty when the arena
 * failed.
 *
 * {host} is without a port; {header:NAME} joins several fields by ", ".
 *
 * TEMPLATE_TARGET gives path and query. In the path captures and {path} are
 * path text already: they keep their escapes and what may stand in a path
 * (RFC 3986 3.3); other values are encoded but for unreserved characters. In
 * the query {query} goes in as it is, all else is encoded, escapes stay. The
 * result is empty, too, where a value would make a "." or ".." segment: the
 * request is then not to be sent. It must be normalised again, because values
 * can be empty.
 */
struct slice template_eval(const struct img_head *img, struct img_span ops,
    enum template_use use, const struct template_vars *v, struct arena *a);

/*
 * Applies header rules, in their order, to h (its fields array lives in the
 * arena and has room for `room` fields; it is moved when it is too small). Set
 * replaces all fields of that name, in the place of the first. False when the
 * arena failed.
 */
bool
rules_apply(const struct img_head *img, struct img_span rules, struct head *h,
    uint32_t *room, const struct template_vars *v, struct arena *a);

#endif
