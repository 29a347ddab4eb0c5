/*
 * explain_plan.c - where a request would go: the endpoints that it may have,
 * how it would be sent, and its head as they would see it.
 */
#include "worker/explain_state.h"

#include <inttypes.h>

#include "common/base/must.h"
#include "worker/origin/forward_plan.h"

static const char *
balance_name(uint32_t balance)
{
	static const char *const names[IMG_BALANCE_COUNT] = {
		[IMG_BALANCE_ROUND_ROBIN] = "round_robin",
		[IMG_BALANCE_LEAST_CONNECTIONS] = "least_connections",
		[IMG_BALANCE_RANDOM] = "random",
		[IMG_BALANCE_HASH] = "hash",
		[IMG_BALANCE_P2C] = "p2c",
	};

	return balance < IMG_BALANCE_COUNT ? names[balance] : "?";
}

static void
plan_members(struct explained *x, const struct req *q)
{
	struct explain_member **last = &x->members;
	struct plan_member m;

	for (uint32_t i = 0; forward_plan_member(q, i, &m); i++) {
		struct explain_member *to = arena_alloc(&x->arena, sizeof(*to));

		MUST(to != NULL);
		*to = (struct explain_member){
			.addr = arena_copy(&x->arena, m.addr),
			.label = arena_copy(&x->arena, m.label),
			.weight = m.weight,
			.backup = m.backup,
			.chosen = m.chosen,
			.bar = m.bar,
		};
		*last = to;
		last = &to->next;
	}
}

/* Some of the ways in which a request is sent, and sent again. */
static void
plan_policy(struct explained *x, const struct req *q)
{
	const struct img_service *s = q->service;
	struct text t = { 0 };

	text_printf(&t, "balance %s, up to %u attempts",
	    balance_name(s->balance), s->retry.attempts[q->match.route->class]);
	if (s->max_connections != 0)
		text_printf(&t, ", %u connections to each endpoint",
		    s->max_connections);
	if (s->queue.length != 0)
		text_printf(&t, ", a queue of %u in which %u wait",
		    s->queue.length, forward_plan_waiting(q));
	if (s->breaker.scope != 0)
		text_add(&t, SLICE_LIT(", with a breaker"));
	if (s->fallback.service != IMG_NONE || s->fallback.respond != IMG_NONE)
		text_add(&t, SLICE_LIT(", with a fallback"));
	x->policy = arena_copy(&x->arena, text_slice(&t));
	text_fini(&t);
}

void
explain_plan(struct explained *x, struct explain_step *s, const struct req *q)
{
	const struct img_service *all =
	    img_at(q->image, q->image->services.off);

	s->said = x->said = arena_printf(&x->arena, "it goes to service %.*s",
	    SLICE_FMT(img_slice(q->image, q->service->name)));
	explain_say(x, s, "service",
	    explain_place(
		q->image, IMG_PLACE_SERVICE, (uint32_t)(q->service - all)),
	    "%.*s", SLICE_FMT(img_slice(q->image, q->service->name)));
	plan_members(x, q);
	plan_policy(x, q);
}

void
explain_endpoints(
    struct explained *x, struct explain_step *s, const struct req *q)
{
	const struct explain_place nowhere = { 0 };
	struct plan_member m;

	for (uint32_t i = 0; forward_plan_member(q, i, &m); i++)
		explain_say(x, s, "endpoint", nowhere, "%.*s%s%s",
		    SLICE_FMT(m.addr), m.bar != NULL ? ": " : "",
		    m.bar != NULL ? m.bar : "");
}

/* ---- heads ---- */

/* Credentials, of clients and of the gateway. */
static bool
field_is_secret(const struct img_head *img, const struct field *f)
{
	const struct img_auth *auths =
	    img_at(img, img->access.authenticators.off);
	const struct img_service_token *tokens =
	    img_at(img, img->access.service_tokens.off);

	if (f->id == FIELD_AUTHORIZATION || f->id == FIELD_COOKIE ||
	    f->id == FIELD_SET_COOKIE || f->id == FIELD_PROXY_AUTHORIZATION)
		return true;
	for (uint32_t i = 0; i < img->access.authenticators.count; i++)
		if (auths[i].header.len != 0 &&
		    slice_eq_nocase(img_slice(img, auths[i].header), f->name))
			return true;
	for (uint32_t i = 0; i < img->access.service_tokens.count; i++)
		if (slice_eq_nocase(img_slice(img, tokens[i].header), f->name))
			return true;
	return false;
}

void
explain_head(
    struct explained *x, const struct img_head *img, const struct head *h)
{
	if (!head_copy(&x->head, h, &x->arena, 0))
		MUST(false);
	for (uint32_t i = 0; img != NULL && i < x->head.count; i++)
		if (field_is_secret(img, &x->head.fields[i]))
			x->head.fields[i].value = SLICE_LIT("(hidden)");
}
