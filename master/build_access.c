/*
 * build_access.c - see build_access.h.
 *
 * The secrets are in the order of the conf: keys, passwords and the client's
 * secret of each authenticator, the secret of token_issuer, those of services.
 */
#include "master/build_access.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/must.h"
#include "common/base/text.h"
#include "master/build_auth.h"
#include "master/conf_check_access.h"

/* ---- tokens that the gateway signs ---- */

static struct img_secret
issuer_secret(struct secrets *s, const struct conf_issuer *i)
{
	return secrets_add(s, i->key.p, i->key.n);
}

static struct img_issuer
issuer_build(struct image *im, struct secrets *s, const struct conf_issuer *i)
{
	struct img_issuer out = { .alg = i->alg,
		.keys = i->key.p != NULL,
		.lifetime_us = i->lifetime_us };

	out.issuer = image_text(im, slice_str(i->issuer));
	out.secret = issuer_secret(s, i);
	return out;
}

static void
token_issuer_build(struct image *im, const struct conf *c, struct secrets *s)
{
	const struct conf_token_issuer *t = &c->token_issuer;
	struct img_issuer out;

	if (!c->has_token_issuer)
		return;
	out = issuer_build(im, s, &t->issuer);
	out.audiences = build_strings(im, &t->audience);
	out.refresh_us = t->refresh_us;
	out.per_minute = (uint32_t)t->per_minute;
	image_head(im)->access.issuer = out;
}

/* Not secret: what is cached in a worker goes by it. */
static uint64_t
service_token_hash(const struct conf_service *service, const char *audience)
{
	static const struct hash_key key = { 0x736572766963652d, 0x746f6b656e };
	const struct conf_issuer *i = &service->token.issuer;
	struct text t;
	uint64_t hash;

	text_init(&t);
	text_printf(&t, "%s%c%s%c%s%c%s%c%u %llu %llu", i->issuer, 0, audience,
	    0, service->name, 0, service->token.header, 0, i->alg,
	    (unsigned long long)i->lifetime_us,
	    (unsigned long long)hash_bytes(key, i->key.p, i->key.n));
	hash = hash_bytes(key, t.p, t.n);
	text_fini(&t);
	return hash;
}

static struct img_service_token
service_token_build(
    struct image *im, struct secrets *s, const struct conf_service *service)
{
	const struct conf_service_token *t = &service->token;
	const char *audience = conf_token_audience(service);
	struct conf_strings one = { .items = &audience, .count = 1 };
	struct img_service_token out = { .hash = service_token_hash(
					     service, audience) };

	out.issuer = issuer_build(im, s, &t->issuer);
	out.issuer.audiences = build_strings(im, &one);
	out.header = image_text(im, slice_str(t->header));
	return out;
}

static void
service_tokens_build(struct image *im, const struct conf *c, struct secrets *s)
{
	struct img_span span = { 0, 0 };
	uint32_t n = 0;

	for (size_t i = 0; i < c->service_count; i++)
		span.count += c->services[i].has_token;
	span =
	    image_span(im, NULL, span.count, sizeof(struct img_service_token));
	for (size_t i = 0; i < c->service_count; i++) {
		struct img_service_token out, *all;

		if (!c->services[i].has_token)
			continue;
		out = service_token_build(im, s, &c->services[i]);
		all = image_at(im, span.off);
		all[n++] = out;
	}
	image_head(im)->access.service_tokens = span;
}

uint32_t
build_service_token_index(const struct conf *c, size_t service)
{
	uint32_t index = 0;

	if (!c->services[service].has_token)
		return IMG_NONE;
	for (size_t i = 0; i < service; i++)
		index += c->services[i].has_token;
	return index;
}

/* ---- what the gateway alone says ---- */

/* The names behind those of the claims: each once. */
static size_t
token_headers(const struct conf *c, const char **names)
{
	size_t n = 0, k;

	for (size_t i = 0; i < c->service_count; i++) {
		const char *name = c->services[i].token.header;

		if (!c->services[i].has_token)
			continue;
		for (k = 0; k < n; k++)
			if (slice_eq_nocase(
				slice_str(names[k]), slice_str(name)))
				break;
		if (k == n)
			names[n++] = name;
	}
	return n;
}

static void
told_build(struct image *im, const struct conf *c)
{
	const char **names =
	    calloc(IMG_CLAIMS + c->service_count, sizeof(*names));
	struct img_span span = { 0, 0 };
	uint64_t lengths = 0;

	MUST(names != NULL);
	memcpy(names, c->identity_headers, sizeof(c->identity_headers));
	span.count =
	    IMG_CLAIMS + (uint32_t)token_headers(c, names + IMG_CLAIMS);
	span = image_span(
	    im, NULL, span.count, sizeof(struct img_identity_header));
	for (uint32_t i = 0; i < span.count; i++) {
		struct img_str name = image_text(im, slice_str(names[i]));
		struct img_identity_header *all = image_at(im, span.off);

		all[i].name = name;
		if (name.len != 0)
			lengths |= UINT64_C(1)
			    << (name.len < 63 ? name.len : 63);
	}
	free(names);
	image_head(im)->access.told = span;
	image_head(im)->access.told_lengths = lengths;
}

/* ---- all of it ---- */

void
build_access(struct image *im, const struct conf *c, struct secrets *secrets)
{
	build_auths(im, c, secrets);
	token_issuer_build(im, c, secrets);
	service_tokens_build(im, c, secrets);
	told_build(im, c);
	image_head(im)->access.signing_rotate_us = c->signing.rotate_us;
}

void
build_access_secrets(const struct conf *c, struct secrets *s)
{
	build_auths_secrets(c, s);
	if (c->has_token_issuer)
		(void)issuer_secret(s, &c->token_issuer.issuer);
	for (size_t i = 0; i < c->service_count; i++)
		if (c->services[i].has_token)
			(void)issuer_secret(s, &c->services[i].token.issuer);
}

struct img_span
build_strings(struct image *im, const struct conf_strings *names)
{
	struct img_str *all = calloc(names->count + 1, sizeof(*all));
	struct img_span span;

	MUST(all != NULL);
	for (size_t i = 0; i < names->count; i++)
		all[i] = image_text(im, slice_str(names->items[i]));
	span = image_shared(im, all, names->count, sizeof(*all));
	free(all);
	return span;
}
