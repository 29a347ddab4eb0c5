/*
 * image_access.c - the check of an image's part about who may do what.
 */
#include "shm/image_inside.h"

static bool
claims_inside(const struct img_head *img, const struct img_str *claims)
{
	for (unsigned i = 0; i < IMG_CLAIMS; i++)
		if (!str_inside(img, claims[i]))
			return false;
	return true;
}

static bool
holders_check(const struct img_head *img, struct img_span span)
{
	const struct img_holder *h = img_at(img, span.off);

	if (!span_inside(img, span, sizeof(*h)))
		return false;
	for (uint32_t i = 0; i < span.count; i++)
		if (!str_inside(img, h[i].name) ||
		    !claims_inside(img, h[i].claims))
			return false;
	return true;
}

static bool
htpasswd_check(const struct img_head *img, struct img_span span)
{
	const struct img_htpasswd *h = img_at(img, span.off);

	if (!span_inside(img, span, sizeof(*h)))
		return false;
	for (uint32_t i = 0; i < span.count; i++)
		if (!str_inside(img, h[i].user) ||
		    !secret_inside(img, h[i].hash))
			return false;
	return true;
}

static bool
auth_check(const struct img_head *img, const struct img_auth *a)
{
	return a->type < IMG_AUTH_TYPES && str_inside(img, a->name) &&
	    str_inside(img, a->header) && str_inside(img, a->cookie) &&
	    str_inside(img, a->query) && str_inside(img, a->challenge) &&
	    secret_inside(img, a->keys) && str_inside(img, a->jwks_url) &&
	    index_check(a->jwks_trust, img->trusts) &&
	    strings_check(img, a->issuers) &&
	    strings_check(img, a->audiences) &&
	    strings_check(img, a->required) && strings_check(img, a->types) &&
	    claims_inside(img, a->claims) && holders_check(img, a->holders) &&
	    htpasswd_check(img, a->htpasswd) &&
	    index_check(a->service, img->services) &&
	    str_inside(img, a->path) && str_inside(img, a->client_id) &&
	    secret_inside(img, a->client_secret) &&
	    strings_check(img, a->forward_headers) &&
	    claims_inside(img, a->answer_headers);
}

static bool
auths_check(const struct img_head *img)
{
	const struct img_span *span = &img->access.authenticators;
	const struct img_auth *a = img_at(img, span->off);

	if (!span_inside(img, *span, sizeof(*a)))
		return false;
	for (uint32_t i = 0; i < span->count; i++)
		if (!auth_check(img, &a[i]))
			return false;
	return true;
}

/* A set of so many words; at 0 there is none. */
static bool
set_inside(const struct img_head *img, uint32_t off, uint32_t words)
{
	return span_inside(
	    img, (struct img_span){ off, words }, sizeof(uint64_t));
}

static bool
roles_check(const struct img_head *img)
{
	const struct img_access *a = &img->access;
	const struct img_role *r = img_at(img, a->roles.off);

	if (!span_inside(img, a->roles, sizeof(*r)) ||
	    !strings_check(img, a->permissions) ||
	    a->roles.count > a->role_words * UINT64_C(64) ||
	    a->permissions.count > a->permission_words * UINT64_C(64))
		return false;
	for (uint32_t i = 0; i < a->roles.count; i++)
		if (!str_inside(img, r[i].name) ||
		    !set_inside(img, r[i].closure, a->role_words) ||
		    !set_inside(img, r[i].permissions, a->permission_words))
			return false;
	return true;
}

/* Only bits that have a name may be demanded. */
static bool
set_check(
    const struct img_head *img, uint32_t off, uint32_t words, uint32_t names)
{
	const uint64_t *set = img_at(img, off);

	if (off == 0)
		return true;
	if (!set_inside(img, off, words))
		return false;
	for (uint32_t i = 0; i < words * 64; i++)
		if ((set[i / 64] >> i % 64 & 1) != 0 && i >= names)
			return false;
	return true;
}

static bool
claim_rules_check(const struct img_head *img, struct img_span span)
{
	const struct img_claim_rule *r = img_at(img, span.off);

	if (!span_inside(img, span, sizeof(*r)))
		return false;
	for (uint32_t i = 0; i < span.count; i++)
		if (!str_inside(img, r[i].claim) || !ops_check(img, r[i].value))
			return false;
	return true;
}

static bool
demand_check(const struct img_head *img, const struct img_demand *d)
{
	const struct img_access *a = &img->access;

	return set_check(img, d->any_role, a->role_words, a->roles.count) &&
	    set_check(img, d->all_roles, a->role_words, a->roles.count) &&
	    set_check(img, d->permissions, a->permission_words,
		a->permissions.count) &&
	    ops_check(img, d->tenant) && claim_rules_check(img, d->claims);
}

static bool
authorizes_check(const struct img_head *img)
{
	const struct img_span *span = &img->access.authorizes;
	const struct img_authorize *a = img_at(img, span->off);

	if (!span_inside(img, *span, sizeof(*a)))
		return false;
	for (uint32_t i = 0; i < span->count; i++) {
		const struct img_demand *deny = img_at(img, a[i].deny.off);

		if (!demand_check(img, &a[i].allow) ||
		    !span_inside(img, a[i].deny, sizeof(*deny)))
			return false;
		for (uint32_t k = 0; k < a[i].deny.count; k++)
			if (!demand_check(img, &deny[k]))
				return false;
	}
	return true;
}

static bool
issuer_check(const struct img_head *img, const struct img_issuer *i)
{
	return str_inside(img, i->issuer) && strings_check(img, i->audiences) &&
	    secret_inside(img, i->secret);
}

static bool
told_check(const struct img_head *img)
{
	const struct img_access *a = &img->access;
	const struct img_identity_header *h = img_at(img, a->told.off);
	const struct img_service_token *t = img_at(img, a->service_tokens.off);

	if (!span_inside(img, a->told, sizeof(*h)) ||
	    !span_inside(img, a->service_tokens, sizeof(*t)) ||
	    !issuer_check(img, &a->issuer))
		return false;
	for (uint32_t i = 0; i < a->told.count; i++)
		if (!str_inside(img, h[i].name))
			return false;
	for (uint32_t i = 0; i < a->service_tokens.count; i++)
		if (!issuer_check(img, &t[i].issuer) ||
		    !str_inside(img, t[i].header))
			return false;
	return true;
}

static bool
routes_refer(const struct img_head *img)
{
	const struct img_route *r = img_at(img, img->routes.off);

	for (uint32_t i = 0; i < img->routes.count; i++) {
		const uint32_t *auths = img_at(img, r[i].authenticate.off);

		if (!span_inside(img, r[i].authenticate, sizeof(*auths)) ||
		    !index_check(r[i].authorize, img->access.authorizes))
			return false;
		for (uint32_t k = 0; k < r[i].authenticate.count; k++)
			if (auths[k] >= img->access.authenticators.count)
				return false;
	}
	return true;
}

static bool
services_refer(const struct img_head *img)
{
	const struct img_service *s = img_at(img, img->services.off);

	for (uint32_t i = 0; i < img->services.count; i++)
		if (!index_check(s[i].token, img->access.service_tokens))
			return false;
	return true;
}

bool
image_access_check(const struct img_head *img)
{
	return auths_check(img) && roles_check(img) && authorizes_check(img) &&
	    told_check(img) && routes_refer(img) && services_refer(img);
}
