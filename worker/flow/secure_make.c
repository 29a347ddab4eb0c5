/*
 * secure_make.c - material and policies, made of what is published.
 */
#include "worker/flow/secure_state.h"

#include <string.h>

static struct slice
secure_slice(const char *secrets, struct img_secret s)
{
	return slice_make(secrets + s.off, s.len);
}

/* As ALPN has them, in order of preference. */
static struct slice
secure_alpn(uint32_t protocols)
{
	switch (protocols & (IMG_PROTOCOL_H1 | IMG_PROTOCOL_H2)) {
	case IMG_PROTOCOL_H1 | IMG_PROTOCOL_H2:
		return SLICE_LIT("\x02h2\x08http/1.1");
	case IMG_PROTOCOL_H2:
		return SLICE_LIT("\x02h2");
	default:
		return SLICE_LIT("\x08http/1.1");
	}
}

static uint32_t
listener_protocols(const struct img_head *img, uint32_t tls)
{
	const struct img_listener *all = img_at(img, img->listeners.off);

	for (uint32_t i = 0; i < img->listeners.count; i++)
		if (all[i].tls == tls)
			return all[i].protocols;
	return IMG_PROTOCOL_H1;
}

static uint32_t
service_protocol(const struct img_head *img, uint32_t tls_out)
{
	const struct img_service *all = img_at(img, img->services.off);

	for (uint32_t i = 0; i < img->services.count; i++)
		if (all[i].tls == tls_out)
			return all[i].protocol;
	return IMG_PROTOCOL_H1;
}

/* ---- making ---- */

static struct tls_identity *
identity_make(const struct img_head *img, const char *secrets, uint32_t index)
{
	const struct img_identity *all = img_at(img, img->identities.off);
	const struct img_identity *id = &all[index];

	return tls_identity_new(secure_slice(secrets, id->chain),
	    secure_slice(secrets, id->key), secure_slice(secrets, id->staple));
}

static struct tls_trust *
trust_make(const struct img_head *img, const char *secrets, uint32_t index)
{
	const struct img_trust *all = img_at(img, img->trusts.off);

	return tls_trust_new(secure_slice(secrets, all[index].cas),
	    secure_slice(secrets, all[index].crls));
}

/* Without what it is to verify with, there is no policy at all. */
static bool
secure_trust(struct secure *s, const struct img_head *img, const char *secrets,
    uint32_t index, struct tls_trust **trust)
{
	*trust = index != IMG_NONE
	    ? secure_get(s, img, secrets, SECURE_TRUST, index)
	    : NULL;
	return *trust != NULL || index == IMG_NONE;
}

static struct tls_server *
server_make(struct secure *s, const struct img_head *img, const char *secrets,
    uint32_t index)
{
	static const enum tls_verify verify[] = {
		[IMG_VERIFY_NONE] = TLS_VERIFY_NONE,
		[IMG_VERIFY_OPTIONAL] = TLS_VERIFY_OPTIONAL,
		[IMG_VERIFY_REQUIRE] = TLS_VERIFY_REQUIRE,
	};
	const struct img_tls *all = img_at(img, img->tls.off);
	const struct img_tls *t = &all[index];
	struct tls_server_want want = {
		.profile = t->modern ? TLS_MODERN : TLS_INTERMEDIATE,
		.min_version = t->min_version,
		.alpn = secure_alpn(listener_protocols(img, index)),
		.verify = verify[t->verify],
		.depth = t->depth,
	};

	_Static_assert(sizeof(want.ticket_scope) == sizeof(t->hash), "scope");
	memcpy(want.ticket_scope, t->hash, sizeof(want.ticket_scope));
	if (!secure_trust(s, img, secrets, t->trust, &want.trust))
		return NULL;
	return tls_server_new(&want, &secure_hooks);
}

static struct tls_client *
client_make(struct secure *s, const struct img_head *img, const char *secrets,
    uint32_t index)
{
	const struct img_tls_out *all = img_at(img, img->tls_outs.off);
	const struct img_tls_out *t = &all[index];
	struct tls_client_want want = {
		.min_version = t->min_version,
		.alpn = secure_alpn(service_protocol(img, index)),
	};

	if (t->verify && !secure_trust(s, img, secrets, t->trust, &want.trust))
		return NULL;
	if (t->identity != IMG_NONE) {
		want.identity =
		    secure_get(s, img, secrets, SECURE_IDENTITY, t->identity);
		if (want.identity == NULL)
			return NULL;
	}
	return tls_client_new(&want);
}

void *
secure_make(struct secure *s, const struct img_head *img, const char *secrets,
    enum secure_kind kind, uint32_t index)
{
	switch (kind) {
	case SECURE_IDENTITY:
		return identity_make(img, secrets, index);
	case SECURE_TRUST:
		return trust_make(img, secrets, index);
	case SECURE_SERVER:
		return server_make(s, img, secrets, index);
	case SECURE_CLIENT:
		return client_make(s, img, secrets, index);
	case SECURE_KINDS:
		break;
	}
	return NULL;
}

void
secure_unmake(enum secure_kind kind, void *made)
{
	switch (kind) {
	case SECURE_IDENTITY:
		tls_identity_free(made);
		break;
	case SECURE_TRUST:
		tls_trust_free(made);
		break;
	case SECURE_SERVER:
		tls_server_free(made);
		break;
	case SECURE_CLIENT:
		tls_client_free(made);
		break;
	case SECURE_KINDS:
		break;
	}
}
