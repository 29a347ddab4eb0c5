/*
 * build_auth.c - see build_auth.h.
 */
#include "master/build_auth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "common/base/text.h"
#include "common/http/http.h"
#include "common/jose/keyset.h"
#include "master/build_access.h"
#include "master/conf_digest.h"

#define REALM_MAX 128

/* ---- holders ---- */

/* As an endpoint is told a list. */
static struct img_str
joined_build(struct image *im, const struct conf_strings *names)
{
	struct text t = { 0 };
	struct img_str out;

	for (size_t i = 0; i < names->count; i++) {
		if (i != 0)
			text_add_char(&t, ',');
		text_add(&t, slice_str(names->items[i]));
	}
	out = image_text(im, text_slice(&t));
	text_fini(&t);
	return out;
}

/* Without a name of its own a certificate's user is in the certificate. */
static const char *
holder_user(const struct conf_auth *a, const struct conf_holder *h)
{
	if (h->user != NULL)
		return h->user;
	return a->kind != IMG_AUTH_MTLS ? h->name : NULL;
}

static struct img_holder
holder_build(
    struct image *im, const struct conf_auth *a, const struct conf_holder *h)
{
	const char *texts[IMG_CLAIMS] = {
		[IMG_CLAIM_USER] = holder_user(a, h),
		[IMG_CLAIM_EMAIL] = h->email,
		[IMG_CLAIM_TENANT] = h->tenant,
		[IMG_CLAIM_SERVICE] = h->service,
	};
	struct img_holder out = { .expires_s = h->expires_s };

	memcpy(out.sha256, h->hash, sizeof(out.sha256));
	out.name = image_text(im, slice_str(h->name));
	for (unsigned i = 0; i < IMG_CLAIMS; i++)
		out.claims[i] = image_text(im, slice_str(texts[i]));
	out.claims[IMG_CLAIM_ROLES] = joined_build(im, &h->roles);
	out.claims[IMG_CLAIM_PERMISSIONS] = joined_build(im, &h->permissions);
	return out;
}

/* By the hash; where there is none, by the name. */
static int
holder_order(const void *a, const void *b)
{
	const struct conf_holder *const *p = a, *const *q = b;
	int order = memcmp((*p)->hash, (*q)->hash, sizeof((*p)->hash));

	return order != 0 ? order : strcmp((*p)->name, (*q)->name);
}

static struct img_span
holders_build(struct image *im, const struct conf_auth *a)
{
	const struct conf_holder **order =
	    calloc(a->holder_count + 1, sizeof(const struct conf_holder *));
	struct img_span span =
	    image_span(im, NULL, a->holder_count, sizeof(struct img_holder));

	MUST(order != NULL);
	for (uint32_t i = 0; i < span.count; i++)
		order[i] = &a->holders[i];
	qsort(order, span.count, sizeof(const struct conf_holder *),
	    holder_order);
	for (uint32_t i = 0; i < span.count; i++) {
		struct img_holder out = holder_build(im, a, order[i]);
		struct img_holder *all = image_at(im, span.off);

		all[i] = out;
	}
	free(order);
	return span;
}

/* With its NUL: crypt(3) wants one. */
static struct img_secret
password_add(struct secrets *s, const struct conf_password *p)
{
	return secrets_add(s, p->hash, strlen(p->hash) + 1);
}

static struct img_span
passwords_build(struct image *im, struct secrets *s, const struct conf_auth *a)
{
	struct img_span span = image_span(
	    im, NULL, a->password_count, sizeof(struct img_htpasswd));

	for (uint32_t i = 0; i < span.count; i++) {
		const struct conf_password *p = &a->passwords[i];
		struct img_htpasswd out, *all;

		out.user = image_text(im, slice_str(p->user));
		out.hash = password_add(s, p);
		all = image_at(im, span.off);
		all[i] = out;
	}
	return span;
}

/* ---- authenticators ---- */

/* Of `typ`: in any case (RFC 7515 4.1.9). */
static struct img_span
types_build(struct image *im, const struct conf_strings *types)
{
	struct img_span span =
	    image_span(im, NULL, types->count, sizeof(struct img_str));

	for (uint32_t i = 0; i < span.count; i++) {
		char lower[64] = "";
		struct img_str name, *all;

		for (size_t k = 0; types->items[i][k] != '\0'; k++)
			lower[k] = ascii_lower(types->items[i][k]);
		name = image_text(im, slice_str(lower));
		all = image_at(im, span.off);
		all[i] = name;
	}
	return span;
}

static void
claims_build(struct image *im, const char *const names[IMG_CLAIMS],
    struct img_str out[IMG_CLAIMS])
{
	for (unsigned i = 0; i < IMG_CLAIMS; i++)
		out[i] = image_text(im, slice_str(names[i]));
}

static struct img_secret
keys_add(struct secrets *s, const struct conf_auth *a)
{
	return secrets_add(s, a->set, a->set != NULL ? a->set->bytes : 0);
}

static void
jwt_build(struct image *im, struct secrets *s, const struct conf_auth *a,
    struct img_auth *out)
{
	out->algs = a->algs;
	out->own = a->own;
	out->keys = keys_add(s, a);
	out->jwks_url = image_text(im, slice_str(a->jwks.url));
	out->jwks_refresh_us = a->jwks.refresh_us;
	out->jwks_cooldown_us = a->jwks.cooldown_us;
	out->jwks_timeout_us = a->jwks.timeout_us;
	out->jwks_trust = a->jwks.trust;
	out->leeway_us = a->leeway_us;
	out->issuers = build_strings(im, &a->issuer);
	out->audiences = build_strings(im, &a->audience);
	out->required = build_strings(im, &a->require);
	out->types = types_build(im, &a->types);
	claims_build(im, a->claims, out->claims);
}

static void
known_build(struct image *im, struct secrets *s, const struct conf_auth *a,
    struct img_auth *out)
{
	out->holders = holders_build(im, a);
	out->htpasswd = passwords_build(im, s, a);
	out->open = a->open;
	out->subject = a->subject_kind;
}

static void
asked_build(struct image *im, struct secrets *s, const struct conf_auth *a,
    struct img_auth *out)
{
	out->service = (uint32_t)a->service_index;
	out->path = image_text(im, slice_str(a->path));
	out->client_id = image_text(im, slice_str(a->client_id));
	out->client_secret = secrets_add(s, a->client.p, a->client.n);
	if (a->kind == IMG_AUTH_INTROSPECTION) {
		claims_build(im, a->claims, out->claims);
		return;
	}
	out->forward_headers = build_strings(im, &a->forward_headers);
	out->always = a->always;
	claims_build(im, a->answer, out->answer_headers);
}

static void
kind_build(struct image *im, struct secrets *s, const struct conf_auth *a,
    struct img_auth *out)
{
	switch ((enum img_auth_type)a->kind) {
	case IMG_AUTH_JWT:
		jwt_build(im, s, a, out);
		break;
	case IMG_AUTH_API_KEY:
	case IMG_AUTH_BASIC:
	case IMG_AUTH_MTLS:
		known_build(im, s, a, out);
		break;
	case IMG_AUTH_INTROSPECTION:
	case IMG_AUTH_FORWARD:
		asked_build(im, s, a, out);
		break;
	case IMG_AUTH_TYPES:
		break;
	}
}

/* The last two are ours: nobody has registered any for these. */
static const char *const schemes[IMG_AUTH_TYPES] = {
	[IMG_AUTH_JWT] = "Bearer",
	[IMG_AUTH_INTROSPECTION] = "Bearer",
	[IMG_AUTH_FORWARD] = "Bearer",
	[IMG_AUTH_BASIC] = "Basic",
	[IMG_AUTH_API_KEY] = "ApiKey",
	[IMG_AUTH_MTLS] = "Certificate",
};

/* A realm, and a name, can stand between quotation marks (check_realm). */
static struct img_str
challenge_build(struct image *im, const struct conf_auth *a)
{
	bool own = a->realm != NULL && a->realm[0] != '\0';
	char text[REALM_MAX + 64];
	int n = snprintf(text, sizeof(text), "%s realm=\"%.*s\"%s",
	    schemes[a->kind], REALM_MAX, own ? a->realm : a->name,
	    a->kind == IMG_AUTH_BASIC ? ", charset=\"UTF-8\"" : "");

	return image_text(im, slice_make(text, (size_t)n));
}

static struct img_auth
auth_build(struct image *im, const struct conf *c, struct secrets *s,
    const struct conf_auth *a)
{
	struct img_auth out = { .type = a->kind,
		.slot = IMG_NONE,
		.cache = a->kind == IMG_AUTH_JWT ? a->cache : a->ttl_us != 0,
		.strip = a->strip,
		.jwks_trust = IMG_NONE,
		.service = IMG_NONE,
		.ttl_us = a->ttl_us,
		.timeout_us = a->timeout_us };

	conf_auth_digest(c, a, out.hash);
	out.name = image_text(im, slice_str(a->name));
	out.header = image_text(im, slice_str(a->header));
	if (a->header != NULL)
		out.header_id = http_field_find(slice_str(a->header));
	out.cookie = image_text(im, slice_str(a->cookie));
	out.query = image_text(im, slice_str(a->query));
	out.challenge = challenge_build(im, a);
	kind_build(im, s, a, &out);
	return out;
}

void
build_auths(struct image *im, const struct conf *c, struct secrets *secrets)
{
	struct img_span span =
	    image_span(im, NULL, c->auth_count, sizeof(struct img_auth));

	for (uint32_t i = 0; i < span.count; i++) {
		struct img_auth out = auth_build(im, c, secrets, &c->auths[i]);
		struct img_auth *all = image_at(im, span.off);

		all[i] = out;
	}
	image_head(im)->access.authenticators = span;
}

void
build_auths_secrets(const struct conf *c, struct secrets *s)
{
	for (size_t i = 0; i < c->auth_count; i++) {
		const struct conf_auth *a = &c->auths[i];

		(void)keys_add(s, a);
		for (size_t k = 0; k < a->password_count; k++)
			(void)password_add(s, &a->passwords[k]);
		(void)secrets_add(s, a->client.p, a->client.n);
	}
}
