/*
 * probe_policy.c - see probe_policy.h.
 */
#include "master/probe_policy.h"

#include <stddef.h>
#include <stdlib.h>

#include "common/base/must.h"

#define HASH_BYTES 32

struct kept {
	void *made;     /* NULL: not yet, for lack of memory */
	uint64_t round; /* the last that named it */
};

static void
kept_free(enum policy_kind kind, struct kept *k)
{
	switch (kind) {
	case POLICY_IDENTITY:
		tls_identity_free(k->made);
		break;
	case POLICY_TRUST:
		tls_trust_free(k->made);
		break;
	case POLICY_CLIENT:
		tls_client_free(k->made);
		break;
	case POLICY_KINDS:
		break;
	}
	free(k);
}

static struct kept *
kept_get(struct probe_policies *p, enum policy_kind kind, const uint8_t *hash)
{
	struct slice key = slice_make((const char *)hash, HASH_BYTES);
	bool added;
	struct map_entry *e = map_put(&p->kept[kind], key, &added);

	if (added)
		e->value.ptr = calloc(1, sizeof(struct kept));
	MUST(e->value.ptr != NULL);
	((struct kept *)e->value.ptr)->round = p->round;
	return e->value.ptr;
}

static struct slice
secret(const char *secrets, struct img_secret s)
{
	return slice_make(secrets + s.off, s.len);
}

/* NULL: none is asked for, or *ok is false. */
static struct tls_identity *
identity_get(struct probe_policies *p, const struct img_head *img,
    const char *secrets, uint32_t index, bool *ok)
{
	const struct img_identity *all = img_at(img, img->identities.off);
	const struct img_identity *i = &all[index];
	struct kept *k;

	if (index == IMG_NONE)
		return NULL;
	k = kept_get(p, POLICY_IDENTITY, i->hash);
	if (k->made == NULL)
		k->made = tls_identity_new(secret(secrets, i->chain),
		    secret(secrets, i->key), secret(secrets, i->staple));
	*ok = *ok && k->made != NULL;
	return k->made;
}

/* The same. */
static struct tls_trust *
trust_get(struct probe_policies *p, const struct img_head *img,
    const char *secrets, uint32_t index, bool *ok)
{
	const struct img_trust *all = img_at(img, img->trusts.off);
	const struct img_trust *t = &all[index];
	struct kept *k;

	if (index == IMG_NONE)
		return NULL;
	k = kept_get(p, POLICY_TRUST, t->hash);
	if (k->made == NULL)
		k->made = tls_trust_new(
		    secret(secrets, t->cas), secret(secrets, t->crls));
	*ok = *ok && k->made != NULL;
	return k->made;
}

struct tls_client *
probe_policy(struct probe_policies *p, const struct img_head *img,
    const char *secrets, const struct img_service *s)
{
	const struct img_tls_out *all = img_at(img, img->tls_outs.off);
	const struct img_tls_out *t = &all[s->tls];
	struct kept *k = kept_get(p, POLICY_CLIENT, t->hash);
	struct tls_client_want want = { .min_version = t->min_version };
	bool ok = true;

	want.alpn = s->protocol == IMG_PROTOCOL_H2 ? SLICE_LIT("\x02h2")
						   : SLICE_LIT("\x08http/1.1");
	want.identity = identity_get(p, img, secrets, t->identity, &ok);
	if (t->verify)
		want.trust = trust_get(p, img, secrets, t->trust, &ok);
	if (k->made == NULL && ok)
		k->made = tls_client_new(&want);
	return k->made;
}

/* One that this round did not name; NULL: none. */
static struct map_entry *
stale_find(const struct probe_policies *p, enum policy_kind kind)
{
	struct map_entry *e;
	size_t at = 0;

	while ((e = map_next(&p->kept[kind], &at)) != NULL)
		if (((const struct kept *)e->value.ptr)->round != p->round)
			return e;
	return NULL;
}

void
probe_policies_sweep(struct probe_policies *p)
{
	for (unsigned i = 0; i < POLICY_KINDS; i++) {
		enum policy_kind kind = (enum policy_kind)i;
		struct map_entry *e;

		while ((e = stale_find(p, kind)) != NULL) {
			struct kept *k = e->value.ptr;

			(void)map_remove(&p->kept[i], e->key);
			kept_free(kind, k);
		}
	}
	p->round++;
}

void
probe_policies_init(struct probe_policies *p)
{
	p->round = 1;
	for (unsigned i = 0; i < POLICY_KINDS; i++)
		map_init(&p->kept[i]);
}

void
probe_policies_fini(struct probe_policies *p)
{
	probe_policies_sweep(p);
	probe_policies_sweep(p);
	for (unsigned i = 0; i < POLICY_KINDS; i++)
		map_fini(&p->kept[i]);
}
