/*
 * can.c - see can.h.
 */
#include "worker/can.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/json.h"
#include "common/base/must.h"
#include "common/http/authority.h"
#include "common/http/http.h"
#include "worker/filter/auth_parts.h"
#include "worker/filter/authorize.h"
#include "worker/flow/decide.h"

#define CAN_CHUNK (1u << 20)

struct can {
	const struct can_ask *ask;
	struct text bytes;
	const struct img_head *img;
	struct arena arena;
	struct head head;
	struct uri uri;
	struct route_match match;
	const struct img_auth *auth; /* whose names the claims go by */
	struct identity identity;
	bool known; /* identity is somebody */
	struct decision decision;
	/* What is said. */
	bool yes;
	enum why why;       /* WHY_OK with yes */
	struct text reason; /* a sentence */
};

static int
can_fail(const char *what, const char *text)
{
	(void)fprintf(stderr, "penstock: %s: %s\n", what, text);
	return 2;
}

/* ---- the image ---- */

static bool
can_read(struct can *c, int fd)
{
	char *chunk = malloc(CAN_CHUNK);
	ssize_t n = -1;

	MUST(chunk != NULL);
	while ((n = read(fd, chunk, CAN_CHUNK)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 || c->bytes.n > CAN_IMAGE_MAX)
			break;
		text_add(&c->bytes, slice_make(chunk, (size_t)n));
	}
	free(chunk);
	c->img = (const struct img_head *)(const void *)c->bytes.p;
	return n == 0 && c->bytes.n != 0 && image_check(c->img, c->bytes.n);
}

/* ---- the request ---- */

/* The part behind "//host" goes to the target. */
static bool
can_split(struct slice url, struct head *h)
{
	static const struct slice schemes[] = { { "http://", 7 },
		{ "https://", 8 } };
	struct authority place;
	const char *path;

	h->target = url;
	for (size_t i = 0; i < 2; i++) {
		if (!slice_starts(url, schemes[i]))
			continue;
		url = slice_skip(url, schemes[i].n);
		path = memchr(url.p, '/', url.n);
		h->https = i == 1;
		h->host = path != NULL
		    ? slice_make(url.p, (size_t)(path - url.p))
		    : url;
		h->target =
		    path != NULL ? slice_skip(url, h->host.n) : SLICE_LIT("/");
		return authority_parse(h->host, &place);
	}
	return true;
}

static bool
can_request(struct can *c)
{
	struct head *h = &c->head;
	char *room;

	h->method_text = slice_str(c->ask->method);
	h->method = (uint8_t)http_method_find(h->method_text);
	h->version = HTTP_1_1;
	if (!can_split(slice_str(c->ask->url), h))
		return false;
	room = arena_alloc(&c->arena, h->target.n);
	return room != NULL &&
	    uri_normalise(h->target, room, &c->uri) == URI_OK;
}

static enum why
can_why_of_route(enum route_verdict v)
{
	switch (v) {
	case ROUTE_FOUND:
		break;
	case ROUTE_NO_PATH:
		return WHY_NO_ROUTE;
	case ROUTE_NO_METHOD:
		return WHY_BAD_METHOD;
	case ROUTE_ENCODED_SLASH:
		return WHY_ENCODED_SLASH;
	}
	return WHY_OK;
}

/* ---- who ---- */

/* The first of the route's authenticators; tokens are the likeliest. */
static const struct img_auth *
can_auth(const struct can *c)
{
	const struct img_route *r = c->match.route;
	const uint32_t *numbers = img_at(c->img, r->authenticate.off);
	const struct img_auth *all =
	    img_at(c->img, c->img->access.authenticators.off);

	for (uint32_t i = 0; i < r->authenticate.count; i++)
		if (all[numbers[i]].type == IMG_AUTH_JWT)
			return &all[numbers[i]];
	return r->authenticate.count != 0 ? &all[numbers[0]] : NULL;
}

static bool
can_identity(struct can *c)
{
	struct slice text = slice_str(c->ask->claims);
	struct identity_parts parts = { 0 };
	struct json_members all;

	if (!json_read_members(text, &all) ||
	    !auth_parts_claims(c->img, c->auth, &all, &c->arena, &parts))
		return false;
	memcpy(c->identity.claim, parts.claim, sizeof(parts.claim));
	c->identity.claims = text;
	c->known = true;
	return true;
}

/* ---- the decision ---- */

/* That of the route, of a split the first; NULL: it has none. */
static const struct img_service *
can_service(const struct can *c)
{
	const struct img_service *all = img_at(c->img, c->img->services.off);
	const struct img_route *r = c->match.route;

	return r == NULL || r->service == IMG_NONE ? NULL : &all[r->service];
}

static void
can_say(struct can *c, enum why why, struct slice reason)
{
	c->yes = why == WHY_OK;
	c->why = why;
	text_add(&c->reason, reason);
}

static void
can_decide(struct can *c)
{
	const struct img_authorize *all =
	    img_at(c->img, c->img->access.authorizes.off);
	struct template_vars v = { .img = c->img,
		.head = &c->head,
		.uri = &c->uri,
		.match = &c->match,
		.identity = c->known ? &c->identity : NULL,
		.service = can_service(c) };

	decide(c->img, &all[c->match.route->authorize],
	    c->known ? &c->identity : NULL, &v, &c->arena, &c->decision);
	decision_text(&c->decision, &c->reason);
	c->why = authorize_why(c->decision.kind);
	c->yes = c->why == WHY_OK;
}

/* In the order of the filters. */
static bool
can_judge(struct can *c)
{
	const struct img_route *r = c->match.route;

	c->auth = can_auth(c);
	if (c->auth == NULL) {
		can_say(
		    c, WHY_OK, SLICE_LIT("the route does not ask who it is"));
		return true;
	}
	if (strcmp(c->ask->claims, "-") != 0 && !can_identity(c))
		return false;
	if (!c->known && !r->anonymous)
		can_say(c, WHY_NO_CREDENTIALS,
		    SLICE_LIT("the route demands authentication"));
	else if (r->authorize == IMG_NONE)
		can_say(c, WHY_OK,
		    SLICE_LIT("the route demands nothing more of whom it "
			      "knows"));
	else
		can_decide(c);
	return true;
}

/* ---- what is said ---- */

/* The services that it may go to. */
static void
can_print_split(const struct can *c, struct json *j)
{
	const struct img_service *all = img_at(c->img, c->img->services.off);
	const struct img_split *s = img_at(c->img, c->match.route->split);
	const struct img_arm *arms = img_at(c->img, s->arms.off);

	json_array_begin(j, "split");
	for (uint32_t i = 0; i < s->arms.count; i++)
		json_add_string(
		    j, NULL, img_slice(c->img, all[arms[i].service].name));
	json_array_end(j);
}

static void
can_print_service(const struct can *c, struct json *j)
{
	if (c->match.route->split != 0)
		can_print_split(c, j);
	else if (can_service(c) != NULL)
		json_add_string(
		    j, "service", img_slice(c->img, can_service(c)->name));
}

static void
can_print_json(const struct can *c, struct text *out)
{
	const struct img_route *r = c->match.route;
	struct json j;

	json_init(&j, out);
	json_object_begin(&j, NULL);
	json_add_bool(&j, "allowed", c->yes);
	json_add_string(&j, "why", slice_str(why_table[c->why].word));
	json_add_string(&j, "reason", text_slice(&c->reason));
	if (r != NULL) {
		json_add_string(&j, "route", img_slice(c->img, r->name));
		can_print_service(c, &j);
	}
	if (c->auth != NULL)
		json_add_string(
		    &j, "authenticator", img_slice(c->img, c->auth->name));
	if (c->known) {
		json_add_string(&j, "user", c->identity.claim[IMG_CLAIM_USER]);
		json_add_string(
		    &j, "roles", c->identity.claim[IMG_CLAIM_ROLES]);
		json_add_string(
		    &j, "tenant", c->identity.claim[IMG_CLAIM_TENANT]);
	}
	json_add_uint(&j, "generation", c->img->generation);
	json_object_end(&j);
	text_add_char(out, '\n');
}

static void
can_print_text(const struct can *c, struct text *out)
{
	const struct img_route *r = c->match.route;

	text_printf(out, "%s: %.*s", c->yes ? "yes" : "no",
	    SLICE_FMT(text_slice(&c->reason)));
	if (!c->yes)
		text_printf(out, " (%u %s)", why_table[c->why].status,
		    why_table[c->why].word);
	text_add_char(out, '\n');
	if (r == NULL)
		return;
	text_printf(out, "route %.*s", SLICE_FMT(img_slice(c->img, r->name)));
	if (can_service(c) != NULL)
		text_printf(out, ", %s %.*s",
		    r->split != 0 ? "split from service" : "service",
		    SLICE_FMT(img_slice(c->img, can_service(c)->name)));
	if (c->auth != NULL)
		text_printf(out, ", authenticator %.*s",
		    SLICE_FMT(img_slice(c->img, c->auth->name)));
	text_add_char(out, '\n');
}

static int
can_print(const struct can *c)
{
	struct text out;

	text_init(&out);
	if (c->ask->json)
		can_print_json(c, &out);
	else
		can_print_text(c, &out);
	(void)fwrite(out.p, 1, out.n, stdout);
	text_fini(&out);
	return c->yes ? 0 : 1;
}

static int
can_run(struct can *c, int fd, struct contexts *ctx)
{
	enum route_verdict found;

	if (!can_read(c, fd))
		return can_fail(
		    "the image", "is none of this version of penstock");
	if (!can_request(c))
		return can_fail(c->ask->url, "is no URL that would be served");
	found = route_find(c->img, ctx, &c->head, &c->uri, NULL, &c->match);
	if (found != ROUTE_FOUND) {
		can_say(c, can_why_of_route(found),
		    slice_str(why_table[can_why_of_route(found)].help));
		return can_print(c);
	}
	if (!can_judge(c))
		return can_fail("the claims",
		    "are no JSON object of which an identity could be made");
	return can_print(c);
}

int
can_main(const struct can_ask *ask, int fd)
{
	struct contexts *ctx = contexts_new();
	struct can c = { .ask = ask };
	int code;

	MUST(ctx != NULL);
	arena_init(&c.arena, NULL, 0, SIZE_MAX);
	code = can_run(&c, fd, ctx);
	grants_free(c.identity.grants);
	arena_fini(&c.arena);
	text_fini(&c.bytes);
	text_fini(&c.reason);
	contexts_free(ctx);
	return code;
}
