/*
 * auth_mtls.c - the certificate that a client has shown, which its TLS has
 * verified: its subject, or a name in it, is the user.
 */
#include "worker/filter/auth_cache.h"
#include "worker/filter/auth_parts.h"
#include "worker/filter/authenticate.h"
#include "worker/flow/peer.h"

/* ---- names in a certificate ---- */

/* The end of an attribute of a subject (RFC 4514): a "," or "+" that counts. */
static size_t
attribute_end(struct slice s)
{
	size_t i = 0;

	while (i < s.n && s.p[i] != ',' && s.p[i] != '+')
		i += s.p[i] == '\\' ? 2 : 1;
	return i < s.n ? i : s.n;
}

/* The common name as it stands in the subject; empty: none, or several. */
static struct slice
subject_cn(struct slice subject)
{
	struct slice found = SLICE_NONE;

	while (subject.n != 0) {
		struct slice one =
		    slice_make(subject.p, attribute_end(subject));

		subject = slice_skip(subject, one.n);
		if (subject.n != 0)
			subject = slice_skip(subject, 1);
		if (!slice_starts(one, SLICE_LIT("CN=")))
			continue;
		if (found.n != 0)
			return SLICE_NONE;
		found = slice_skip(one, 3);
	}
	return found;
}

/* ---- who that is ---- */

static const struct img_holder *
holder_named(const struct auth_try *t, struct slice name)
{
	const struct img_head *img = t->q->image;
	const struct img_holder *all = img_at(img, t->auth->holders.off);

	for (uint32_t i = 0; i < t->auth->holders.count; i++)
		if (slice_eq(img_slice(img, all[i].name), name))
			return &all[i];
	return NULL;
}

/* By the subject, else by the first of the names that has one. */
static const struct img_holder *
peer_holder(const struct auth_try *t, const struct tls_peer *p)
{
	const struct img_holder *h = holder_named(t, p->subject);
	struct slice left = p->san, name;

	while (h == NULL && slice_cut(&left, ',', &name))
		h = holder_named(t, name);
	return h;
}

/* The first of the names that begins so, without that; empty: none. */
static struct slice
first_name(struct slice names, struct slice prefix)
{
	struct slice name;

	while (slice_cut(&names, ',', &name))
		if (slice_starts(name, prefix))
			return slice_skip(name, prefix.n);
	return SLICE_NONE;
}

static struct slice
peer_user(const struct auth_try *t, const struct tls_peer *p)
{
	switch ((enum img_mtls)t->auth->subject) {
	case IMG_MTLS_SUBJECT:
		break;
	case IMG_MTLS_CN:
		return subject_cn(p->subject);
	case IMG_MTLS_SAN:
		return first_name(p->san, SLICE_NONE);
	case IMG_MTLS_EMAIL:
		return first_name(p->san, SLICE_LIT("email:"));
	}
	return p->subject;
}

static bool
mtls_parts(const struct auth_try *t, const struct tls_peer *p,
    struct identity_parts *parts)
{
	const struct img_holder *h = peer_holder(t, p);

	*parts = (struct identity_parts){ .type = IMG_AUTH_MTLS,
		.authenticator = img_slice(t->q->image, t->auth->name),
		.issued_s = INT64_MIN,
		.expires_s = INT64_MAX };
	if (h == NULL && !t->auth->open)
		return false;
	if (h != NULL && !auth_parts_holder(t->q->image, h, parts))
		return false;
	if (parts->claim[IMG_CLAIM_USER].n == 0)
		parts->claim[IMG_CLAIM_USER] = peer_user(t, p);
	if (p->not_after < parts->expires_s)
		parts->expires_s = p->not_after;
	parts->token_id = p->fingerprint;
	return auth_parts_fit(parts->claim[IMG_CLAIM_USER]);
}

static enum auth_verdict
mtls_ask(struct auth_try *t)
{
	struct env *e = t->q->env;
	struct auth_cache_key key = { .auth = t->auth, .own = true };
	struct identity_parts parts;
	struct peer peer;

	peer_look(&peer, t->q->tls);
	if (!peer.shown)
		return AUTH_NONE;
	key.text = peer.cert.fingerprint;
	t->identity = auth_cache_find(e->auth_cache, &key);
	if (t->identity != NULL)
		return AUTH_OK;
	t->why = WHY_CERTIFICATE;
	if (!mtls_parts(t, &peer.cert, &parts))
		return AUTH_BAD;
	t->why = WHY_OVERLOADED;
	t->identity = identity_new(&parts);
	if (t->identity == NULL)
		return AUTH_BAD;
	auth_cache_keep(e->auth_cache, &key, t->identity, INT64_MAX);
	return AUTH_OK;
}

const struct auth_ops auth_mtls = {
	.scheme = AUTH_SCHEME_CERTIFICATE,
	.ask = mtls_ask,
};
