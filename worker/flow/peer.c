/*
 * peer.c - see peer.h.
 */
#include "worker/flow/peer.h"

bool
peer_shows(struct peer *p, struct tls *tls)
{
	p->shown = tls != NULL && tls_peer(tls, &p->cert);
	return p->shown;
}

void
peer_look(struct peer *p, struct tls *tls)
{
	*p = (struct peer){ 0 };
	if (tls == NULL)
		return;
	if (!peer_shows(p, tls))
		p->cert = (struct tls_peer){ 0 };
	p->version = slice_str(tls_version(tls));
	p->sni = tls_sni(tls);
}

static bool
value_fits(struct slice text, const struct img_condition *c, struct slice value)
{
	if (c->is_prefix && text.n > value.n)
		text.n = value.n;
	return slice_eq(text, value);
}

/* One of those in the list. */
static bool
san_fits(struct slice list, const struct img_condition *c, struct slice value)
{
	struct slice one;

	while (slice_cut(&list, ',', &one))
		if (value_fits(one, c, value))
			return true;
	return false;
}

bool
peer_fits(
    const struct peer *p, const struct img_condition *c, struct slice value)
{
	if (p == NULL || !p->shown)
		return false;
	switch ((enum img_condition_kind)c->kind) {
	case COND_CLIENT_SUBJECT:
		return value_fits(p->cert.subject, c, value);
	case COND_CLIENT_SAN:
		return san_fits(p->cert.san, c, value);
	case COND_CLIENT_FINGERPRINT:
		return value_fits(p->cert.fingerprint, c, value);
	case COND_HEADER:
	case COND_QUERY:
	case COND_COOKIE:
	case COND_COUNT:
		break;
	}
	return false;
}
