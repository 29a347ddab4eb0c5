/*
 * build_tls.c - see build_tls.h.
 *
 * The secrets are in the order of the conf: chain, key and staple of each
 * identity, authorities and lists of each trust, ticket keys.
 */
#include "master/build_tls.h"

#include <string.h>

#include "common/base/must.h"
#include "common/net/tls.h"
#include "master/build_sni.h"
#include "master/conf_der.h"
#include "master/conf_identity.h"
#include "master/conf_trust.h"

_Static_assert(sizeof(struct tls_ticket_key) == CONF_TICKET_BYTES,
    "a ticket key is as its file has it");

/* ---- material ---- */

static struct img_span
names_build(struct image *im, const struct conf_identity *id)
{
	struct img_span span =
	    image_span(im, NULL, id->name_count, sizeof(struct img_str));

	for (uint32_t i = 0; i < span.count; i++) {
		struct img_str name = image_text(im, slice_str(id->names[i]));
		struct img_str *all = image_at(im, span.off);

		all[i] = name;
	}
	return span;
}

static struct img_identity
identity_build(
    struct image *im, struct secrets *s, const struct conf_identity *id)
{
	struct img_identity out = { .not_before = id->not_before,
		.not_after = id->not_after };

	memcpy(out.hash, id->hash, sizeof(out.hash));
	out.chain = secrets_add(s, id->chain.p, id->chain.n);
	out.key = secrets_add(s, id->key, id->key_bytes);
	out.staple = secrets_add(s, id->staple.p, id->staple.n);
	out.file = image_text(im, slice_str(id->file));
	out.subject = image_text(im, slice_str(id->subject));
	out.issuer = image_text(im, slice_str(id->issuer));
	out.key_type = image_text(im, slice_str(id->key_type));
	out.names = names_build(im, id);
	return out;
}

static void
identities_build(struct image *im, struct secrets *s, const struct conf *c)
{
	struct img_span span = image_span(
	    im, NULL, c->identity_count, sizeof(struct img_identity));

	for (uint32_t i = 0; i < span.count; i++) {
		struct img_identity out =
		    identity_build(im, s, &c->identities[i]);
		struct img_identity *all = image_at(im, span.off);

		all[i] = out;
	}
	image_head(im)->identities = span;
}

static void
trusts_build(struct image *im, struct secrets *s, const struct conf *c)
{
	struct img_span span =
	    image_span(im, NULL, c->trust_count, sizeof(struct img_trust));

	for (uint32_t i = 0; i < span.count; i++) {
		const struct conf_trust *t = &c->trusts[i];
		struct img_trust *all, out = { .not_after = t->not_after };

		memcpy(out.hash, t->hash, sizeof(out.hash));
		out.cas = secrets_add(s, t->cas.p, t->cas.n);
		out.crls = secrets_add(s, t->crls.p, t->crls.n);
		out.file = image_text(im, slice_str(t->file));
		all = image_at(im, span.off);
		all[i] = out;
	}
	image_head(im)->trusts = span;
}

/* ---- policies ---- */

static struct slice
bytes_of(const void *p, size_t n)
{
	return slice_make(p, n);
}

static struct slice
trust_hash(const struct conf *c, uint32_t i)
{
	return i != IMG_NONE
	    ? bytes_of(c->trusts[i].hash, sizeof(c->trusts[i].hash))
	    : SLICE_NONE;
}

static struct slice
identity_hash(const struct conf *c, uint32_t i)
{
	return i != IMG_NONE
	    ? bytes_of(c->identities[i].hash, sizeof(c->identities[i].hash))
	    : SLICE_NONE;
}

static struct img_tls
listener_build(
    struct image *im, const struct conf *c, const struct conf_listener *l)
{
	const struct conf_tls *t = &l->tls;
	struct img_tls out = { .modern = t->modern,
		.min_version = t->version,
		.verify = t->verify,
		.depth = (uint32_t)t->client_depth,
		.trust = t->trust,
		.strict = t->strict_sni };
	uint32_t fields[] = { l->protocol_bits, out.modern, out.min_version,
		out.verify, out.depth, out.strict };
	struct slice parts[] = { bytes_of(fields, sizeof(fields)),
		trust_hash(c, t->trust) };

	conf_der_hash(parts, 2, out.hash);
	out.identities = build_sni_first(im, c, t);
	out.names = build_sni_names(im, c, t);
	return out;
}

uint32_t
build_tls_index(const struct conf *c, size_t listener)
{
	uint32_t index = 0;

	if (!c->listeners[listener].has_tls)
		return IMG_NONE;
	for (size_t i = 0; i < listener; i++)
		index += c->listeners[i].has_tls;
	return index;
}

static void
listeners_build(struct image *im, const struct conf *c)
{
	struct img_span span = { 0, 0 };
	uint32_t n = 0;

	for (size_t i = 0; i < c->listener_count; i++)
		span.count += c->listeners[i].has_tls;
	span = image_span(im, NULL, span.count, sizeof(struct img_tls));
	for (size_t i = 0; i < c->listener_count; i++) {
		struct img_tls out, *all;

		if (!c->listeners[i].has_tls)
			continue;
		out = listener_build(im, c, &c->listeners[i]);
		all = image_at(im, span.off);
		all[n++] = out;
	}
	image_head(im)->tls = span;
}

static struct img_tls_out
service_build(
    struct image *im, const struct conf *c, const struct conf_service *s)
{
	const struct conf_tls_out *t = &s->tls;
	struct img_tls_out out = { .verify = t->verify,
		.trust = t->trust,
		.identity = t->identity,
		.min_version = t->version };
	uint32_t fields[] = { s->protocol_bit, out.verify, out.min_version };
	struct slice parts[] = { bytes_of(fields, sizeof(fields)),
		trust_hash(c, t->trust), identity_hash(c, t->identity),
		slice_str(t->server_name) };

	/* Nobody is to be believed for want of something to go by. */
	MUST(!t->verify || t->trust != IMG_NONE);
	conf_der_hash(parts, 4, out.hash);
	out.server_name = image_text(im, slice_str(t->server_name));
	return out;
}

uint32_t
build_tls_out_index(const struct conf *c, size_t service)
{
	uint32_t index = 0;

	if (!c->services[service].has_tls)
		return IMG_NONE;
	for (size_t i = 0; i < service; i++)
		index += c->services[i].has_tls;
	return index;
}

static void
services_build(struct image *im, const struct conf *c)
{
	struct img_span span = { 0, 0 };
	uint32_t n = 0;

	for (size_t i = 0; i < c->service_count; i++)
		span.count += c->services[i].has_tls;
	span = image_span(im, NULL, span.count, sizeof(struct img_tls_out));
	for (size_t i = 0; i < c->service_count; i++) {
		struct img_tls_out out, *all;

		if (!c->services[i].has_tls)
			continue;
		out = service_build(im, c, &c->services[i]);
		all = image_at(im, span.off);
		all[n++] = out;
	}
	image_head(im)->tls_outs = span;
}

/* Of the ticket keys. */
static struct img_secret
tickets_add(struct secrets *s, const struct conf *c)
{
	return secrets_add(s, c->tickets.keys,
	    c->tickets.key_files.count * (size_t)CONF_TICKET_BYTES);
}

void
build_tls(struct image *im, const struct conf *c, struct secrets *secrets)
{
	identities_build(im, secrets, c);
	trusts_build(im, secrets, c);
	listeners_build(im, c);
	services_build(im, c);
	image_head(im)->ticket_us = c->tickets.lifetime_us;
	image_head(im)->ticket_keys = tickets_add(secrets, c);
}

void
build_tls_secrets(const struct conf *c, struct secrets *s)
{
	for (size_t i = 0; i < c->identity_count; i++) {
		const struct conf_identity *id = &c->identities[i];

		(void)secrets_add(s, id->chain.p, id->chain.n);
		(void)secrets_add(s, id->key, id->key_bytes);
		(void)secrets_add(s, id->staple.p, id->staple.n);
	}
	for (size_t i = 0; i < c->trust_count; i++) {
		(void)secrets_add(s, c->trusts[i].cas.p, c->trusts[i].cas.n);
		(void)secrets_add(s, c->trusts[i].crls.p, c->trusts[i].crls.n);
	}
	(void)tickets_add(s, c);
}
