/*
 * explain_look.c - what is seen of a request that has been answered, or would
 * be sent on: its steps, each with what it decided and where that is said.
 */
#include "worker/explain_state.h"

#include <stdarg.h>
#include <stdio.h>

#include "common/base/must.h"
#include "worker/filter/authenticate.h"
#include "worker/flow/decide.h"
#include "worker/flow/identity.h"
#include "worker/origin/forward.h"
#include "worker/origin/forward_plan.h"

/* ---- making steps ---- */

struct explain_step *
explain_step(struct explained *x, const char *name, enum explain_verdict v)
{
	struct explain_step *s;

	MUST(x->count < EXPLAIN_STEPS_MAX);
	s = &x->steps[x->count++];
	*s = (struct explain_step){ .name = name, .verdict = v };
	s->last = &s->details;
	return s;
}

void
explain_say(struct explained *x, struct explain_step *s, const char *key,
    struct explain_place place, const char *fmt, ...)
{
	struct explain_detail *d = arena_zalloc(&x->arena, sizeof(*d));
	struct text t = { 0 };
	char line[1024];
	va_list ap;

	MUST(d != NULL);
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	text_add(&t, slice_str(line));
	*d = (struct explain_detail){ .key = key,
		.value = arena_copy(&x->arena, text_slice(&t)),
		.place = place };
	text_fini(&t);
	*s->last = d;
	s->last = &d->next;
}

struct explain_place
explain_place(const struct img_head *img, enum img_place_of of, uint32_t index)
{
	const struct img_place *p = image_place(img, of, index);

	if (p == NULL)
		return (struct explain_place){ 0 };
	return (struct explain_place){ img_slice(img, p->file), p->line };
}

#define NOWHERE ((struct explain_place){ 0 })

static struct explain_place
route_line(const struct req *q, uint32_t filter)
{
	const struct img_span lines =
	    img_route_more(q->image, q->match.route)->lines;
	const struct img_line *l = img_at(q->image, lines.off);

	for (uint32_t i = 0; i < lines.count; i++)
		if (l[i].filter == filter)
			return (struct explain_place){
				img_slice(q->image, l[i].file), l[i].line
			};
	return NOWHERE;
}

/* ---- before the filters ---- */

static void
look_route(struct explained *x, const struct req *q)
{
	const struct img_route *r = q->match.route;
	struct explain_step *s = explain_step(x, "route", EXPLAIN_ON);
	struct slice path =
	    img_slice(q->image, img_route_more(q->image, r)->path);

	x->route = arena_copy(&x->arena, img_slice(q->image, r->name));
	s->place = route_line(q, IMG_NONE);
	explain_say(x, s, "route", NOWHERE, "%.*s", SLICE_FMT(x->route));
	explain_say(x, s, "path", NOWHERE, "%.*s", SLICE_FMT(path));
	for (uint32_t i = 0; i < q->match.count; i++)
		explain_say(x, s, "capture", NOWHERE, "{%u} = %.*s", i + 1,
		    SLICE_FMT(q->match.params[i]));
}

/* It was answered before it had a filter: by what, the reason tells. */
static void
look_early(struct explained *x, const struct req *q)
{
	bool routing = q->why == WHY_NO_ROUTE || q->why == WHY_BAD_METHOD ||
	    q->why == WHY_BAD_PATH || q->why == WHY_ENCODED_SLASH ||
	    q->why == WHY_CORS_REFUSED;
	bool admitting = q->why == WHY_ACL_DENIED || q->why == WHY_BANNED;
	struct explain_step *s = explain_step(x,
	    routing                      ? "route"
		: admitting              ? "admit"
		: q->match.route != NULL ? "begin"
					 : "own",
	    EXPLAIN_DONE);

	s->why = (enum why)q->why;
	s->said = slice_str(why_table[q->why].help);
	if (q->why == WHY_ACL_DENIED)
		explain_acl(x, s, q->image, q->image->protect.acl, &q->client,
		    explain_place(q->image, IMG_PLACE_ACL, 0));
}

/* ---- the filters ---- */

static void
look_authenticate(
    struct explained *x, struct explain_step *s, const struct req *q)
{
	const struct img_auth *all =
	    img_at(q->image, q->image->access.authenticators.off);
	const uint32_t *list =
	    img_at(q->image, q->match.route->authenticate.off);
	const struct identity *id = q->identity;

	for (uint32_t i = 0; i < q->match.route->authenticate.count; i++) {
		struct slice name = img_slice(q->image, all[list[i]].name);

		if (id == NULL || slice_eq(name, id->authenticator))
			explain_say(x, s, "authenticator",
			    explain_place(q->image, IMG_PLACE_AUTH, list[i]),
			    "%.*s", SLICE_FMT(name));
	}
	if (id == NULL)
		return;
	explain_say(x, s, "user", NOWHERE, "%.*s",
	    SLICE_FMT(id->claim[IMG_CLAIM_USER]));
	if (id->claim[IMG_CLAIM_ROLES].n != 0)
		explain_say(x, s, "roles", NOWHERE, "%.*s",
		    SLICE_FMT(id->claim[IMG_CLAIM_ROLES]));
	if (id->claim[IMG_CLAIM_TENANT].n != 0)
		explain_say(x, s, "tenant", NOWHERE, "%.*s",
		    SLICE_FMT(id->claim[IMG_CLAIM_TENANT]));
}

static void
look_authorize(struct explained *x, struct explain_step *s, const struct req *q)
{
	struct text t = { 0 };

	if (q->decision == NULL)
		return;
	decision_text(q->decision, &t);
	explain_say(
	    x, s, "decision", NOWHERE, "%.*s", SLICE_FMT(text_slice(&t)));
	text_fini(&t);
}

static void
look_split(struct explained *x, struct explain_step *s, const struct req *q)
{
	const struct img_split *split = img_at(q->image, q->match.route->split);
	const struct img_arm *arms = img_at(q->image, split->arms.off);
	const struct img_service *all =
	    img_at(q->image, q->image->services.off);

	for (uint32_t i = 0; i < split->arms.count; i++)
		explain_say(x, s, "arm",
		    explain_place(q->image, IMG_PLACE_SERVICE, arms[i].service),
		    "%.*s, weight %u%s",
		    SLICE_FMT(img_slice(q->image, all[arms[i].service].name)),
		    arms[i].weight,
		    &all[arms[i].service] == q->service ? ", chosen" : "");
	if (split->key == IMG_HASH_NONE)
		explain_say(x, s, "key", NOWHERE,
		    "at random: another request may go elsewhere");
}

static void
look_cors(struct explained *x, struct explain_step *s, const struct req *q)
{
	const struct img_cors *all = img_at(q->image, q->image->cors.off);
	uint32_t i = q->match.route->cors;

	if (i != IMG_NONE)
		explain_say(x, s, "policy",
		    explain_place(q->image, IMG_PLACE_CORS, i), "%.*s",
		    SLICE_FMT(img_slice(q->image, all[i].name)));
}

static void
look_filter(struct explained *x, struct explain_step *s, const struct req *q,
    uint32_t filter)
{
	switch ((enum img_filter)filter) {
	case IMG_FILTER_ACL:
		explain_acl(
		    x, s, q->image, q->match.route->acl, &q->client, s->place);
		break;
	case IMG_FILTER_CORS:
		look_cors(x, s, q);
		break;
	case IMG_FILTER_LIMIT:
	case IMG_FILTER_LATE_LIMIT:
		explain_limits(x, s, q, filter == IMG_FILTER_LATE_LIMIT);
		break;
	case IMG_FILTER_AUTHENTICATE:
		look_authenticate(x, s, q);
		break;
	case IMG_FILTER_AUTHORIZE:
		look_authorize(x, s, q);
		break;
	case IMG_FILTER_SPLIT:
		look_split(x, s, q);
		break;
	case IMG_FILTER_TRACE:
		s->place = explain_place(q->image, IMG_PLACE_TRACING, 0);
		break;
	case IMG_FILTER_FORWARDED:
	case IMG_FILTER_GRANT_LIMIT:
	case IMG_FILTER_FALLBACK:
	case IMG_FILTER_IDENTITY:
	case IMG_FILTER_UPGRADE:
	case IMG_FILTER_GRPC_WEB:
	case IMG_FILTER_TRANSFORM:
	case IMG_FILTER_SECURITY_HEADERS:
	case IMG_FILTER_GRANT:
	case IMG_FILTER_RESPOND:
	case IMG_FILTER_FORWARD:
	case IMG_FILTER_COUNT:
		break;
	}
}

static struct explain_step *
look_step(struct explained *x, const struct req *q, const struct step *at)
{
	struct explain_step *s =
	    explain_step(x, q->env->filters[at->filter].name,
		at->verdict == GO_ON ? EXPLAIN_ON : EXPLAIN_DONE);

	s->ns = at->took_ns;
	s->waited = at->verdict == WAIT;
	s->place = route_line(q, at->filter);
	look_filter(x, s, q, at->filter);
	return s;
}

/* All that the pipeline came to; the last one is that which did not go on. */
static struct explain_step *
look_steps(struct explained *x, const struct req *q)
{
	const struct steps *steps = q->steps;
	struct explain_step *last = NULL;

	for (uint32_t i = 0; steps != NULL && i < steps->count; i++) {
		last = look_step(x, q, &steps->step[i]);
		/* One that waited went on, unless it is the last. */
		if (i + 1 < steps->count)
			last->verdict = EXPLAIN_ON;
	}
	return last;
}

/* ---- what cannot be decided here ---- */

/* Would credentials be judged otherwise by who has the secrets? */
static bool
needs_secrets(const struct explain *e, const struct explain_step *last,
    const struct req *q)
{
	static const enum why sure[] = { WHY_NO_CREDENTIALS,
		WHY_TWO_CREDENTIALS, WHY_TOKEN_MALFORMED,
		WHY_CREDENTIALS_MALFORMED, WHY_CSRF, WHY_RATE_LIMITED };
	bool about = strcmp(last->name, "authenticate") == 0 ||
	    strcmp(last->name, "identity") == 0 ||
	    strcmp(last->name, "grant") == 0;

	for (size_t i = 0; i < sizeof(sure) / sizeof(sure[0]); i++)
		if (q->why == sure[i])
			return false;
	return !e->how->secrets && about;
}

static void
look_open(struct explained *x, struct explain_step *s, struct slice said)
{
	s->verdict = EXPLAIN_UNKNOWN;
	s->said = said;
	x->outcome = EXPLAIN_OPEN;
	x->said = said;
}

static struct slice
awaited_text(struct explained *x, const struct req *q, const struct img_auth *a)
{
	const struct img_service *all =
	    img_at(q->image, q->image->services.off);
	struct slice name = img_slice(q->image, a->name);

	switch ((enum img_auth_type)a->type) {
	case IMG_AUTH_INTROSPECTION:
	case IMG_AUTH_FORWARD:
		return arena_printf(&x->arena,
		    "\"%.*s\" would ask service %.*s who this is: say it with "
		    "--claims",
		    SLICE_FMT(name),
		    SLICE_FMT(img_slice(q->image, all[a->service].name)));
	case IMG_AUTH_JWT:
		return arena_printf(&x->arena,
		    "\"%.*s\" has no key for this token and would fetch its "
		    "key set again",
		    SLICE_FMT(name));
	case IMG_AUTH_API_KEY:
	case IMG_AUTH_BASIC:
	case IMG_AUTH_MTLS:
	case IMG_AUTH_TYPES:
		break;
	}
	return arena_printf(
	    &x->arena, "\"%.*s\" would wait for a helper", SLICE_FMT(name));
}

static void
look_waiting(struct explained *x, struct explain_step *s, const struct req *q)
{
	const struct img_auth *a = authenticate_awaits(q);

	if (a != NULL)
		look_open(x, s, awaited_text(x, q, a));
	else if (forward_works(q))
		look_open(x, s,
		    SLICE_LIT("all endpoints have as many connections as they "
			      "may: it would wait for one"));
	else
		look_open(x, s, SLICE_LIT("what the body says would decide"));
}

/* What a gateway that runs has, and a configuration alone has not. */
static struct slice
needs_gateway(const struct explain *e, const struct req *q)
{
	const struct img_endpoint *all;

	if (e->how->live)
		return SLICE_NONE;
	if (q->why == WHY_TOKEN_KEY || q->why == WHY_AUTH_UNAVAILABLE)
		return SLICE_LIT("keys that a gateway that runs has made, or "
				 "fetched, are not here");
	if (q->service == NULL)
		return SLICE_NONE;
	all = img_at(q->image, q->service->endpoints.off);
	for (uint32_t i = 0; i < q->service->endpoints.count; i++)
		if (q->why == WHY_NO_ENDPOINT &&
		    all[i].kind != IMG_ENDPOINT_ADDR)
			return SLICE_LIT(
			    "names of endpoints are not resolved here");
	return SLICE_NONE;
}

/* It was answered; by its last filter, if it had one. */
static void
look_answer(struct explain *e, struct explain_step *last, const struct req *q)
{
	struct explained *x = e->now;
	struct slice lack = last != NULL ? needs_gateway(e, q) : SLICE_NONE;

	if (last != NULL && needs_secrets(e, last, q))
		lack = SLICE_LIT("the gateway's secrets cannot be read: root "
				 "and the gateway's own user may");
	if (lack.n != 0) {
		look_open(x, last, lack);
		return;
	}
	x->outcome = EXPLAIN_ANSWER;
	x->why = (enum why)q->why;
	x->said = slice_str(why_table[q->why].help);
	if (last == NULL)
		return;
	last->why = x->why;
	last->said = x->said;
	if (q->why == WHY_NO_ENDPOINT || q->why == WHY_BREAKER_OPEN ||
	    q->why == WHY_ENDPOINTS_FULL || q->why == WHY_QUEUE_FULL)
		explain_endpoints(x, last, q);
}

/* ---- all of it ---- */

static void
look_outcome(struct explain *e, struct explain_step *last, const struct req *q)
{
	struct explained *x = e->now;

	if (x->status != 0) {
		look_answer(e, last, q);
	} else if (last != NULL && forward_planned(q)) {
		x->outcome = EXPLAIN_FORWARD;
		explain_plan(x, last, q);
		explain_head(x, q->image, &q->up);
	} else if (last != NULL) {
		look_waiting(x, last, q);
	}
}

void
explain_look(struct explain *e, const struct req *q)
{
	struct explained *x = e->now;
	struct explain_step *last;

	if (x->looked)
		return;
	x->looked = true;
	steps_close((struct req *)(uintptr_t)q);
	if (q->match.route != NULL)
		look_route(x, q);
	last = look_steps(x, q);
	if (last == NULL)
		look_early(x, q);
	if (q->service != NULL)
		x->service = arena_copy(
		    &x->arena, img_slice(q->image, q->service->name));
	look_outcome(e, last, q);
}
