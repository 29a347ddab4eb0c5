/*
 * identity.c - see identity.h.
 *
 *	block:   struct identity | texts
 *	packed:  struct packed   | texts, in the same order
 */
#include "worker/flow/identity.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "worker/flow/grants.h"

#define TEXTS (IMG_CLAIMS + 3)

/* In the shared cache: written by a worker, read by another. */
struct packed {
	uint32_t type;
	uint32_t lens[TEXTS];
	int64_t issued_s, expires_s;
};

/* The texts of an identity, in their one order. */
static struct slice *
parts_text(struct identity_parts *p, unsigned i)
{
	switch (i) {
	case IMG_CLAIMS:
		return &p->authenticator;
	case IMG_CLAIMS + 1:
		return &p->token_id;
	case IMG_CLAIMS + 2:
		return &p->claims;
	default:
		return &p->claim[i];
	}
}

static void
identity_fill(struct identity *id, const struct identity_parts *p)
{
	id->refs = 1;
	id->type = p->type;
	id->authenticator = p->authenticator;
	memcpy(id->claim, p->claim, sizeof(id->claim));
	id->token_id = p->token_id;
	id->claims = p->claims;
	id->issued_s = p->issued_s;
	id->expires_s = p->expires_s;
	id->grants = NULL;
	/* None that is: the first use looks. */
	id->revoke_version = UINT64_MAX;
	id->subject_made = false;
}

struct identity *
identity_new(const struct identity_parts *parts)
{
	struct identity_parts p = *parts;
	size_t n = sizeof(struct identity);
	struct identity *id;
	char *at;

	for (unsigned i = 0; i < TEXTS; i++)
		n += parts_text(&p, i)->n;
	id = n <= UINT32_MAX ? malloc(n) : NULL;
	if (id == NULL)
		return NULL;
	at = (char *)(id + 1);
	for (unsigned i = 0; i < TEXTS; i++) {
		struct slice *s = parts_text(&p, i);

		char *end = slice_put(at, *s);

		*s = slice_make(at, s->n);
		at = end;
	}
	id->bytes = (uint32_t)n;
	identity_fill(id, &p);
	return id;
}

struct identity *
identity_ref(struct identity *id)
{
	id->refs++;
	return id;
}

void
identity_unref(struct identity *id)
{
	if (id == NULL)
		return;
	MUST(id->refs != 0);
	if (--id->refs != 0)
		return;
	if (id->grants != NULL)
		grants_free(id->grants);
	free(id);
}

/* ---- as bytes ---- */

size_t
identity_pack(const struct identity *id, char *out, size_t room)
{
	struct packed k = { .type = id->type,
		.issued_s = id->issued_s,
		.expires_s = id->expires_s };
	size_t bytes = id->bytes - sizeof(*id);

	if (room < sizeof(k) || bytes > room - sizeof(k))
		return 0;
	for (unsigned i = 0; i < IMG_CLAIMS; i++)
		k.lens[i] = (uint32_t)id->claim[i].n;
	k.lens[IMG_CLAIMS] = (uint32_t)id->authenticator.n;
	k.lens[IMG_CLAIMS + 1] = (uint32_t)id->token_id.n;
	k.lens[IMG_CLAIMS + 2] = (uint32_t)id->claims.n;
	memcpy(out, &k, sizeof(k));
	memcpy(out + sizeof(k), id + 1, bytes);
	return sizeof(k) + bytes;
}

struct identity *
identity_unpack(struct slice bytes)
{
	struct identity_parts p = { 0 };
	struct packed k;

	if (bytes.n < sizeof(k))
		return NULL;
	memcpy(&k, bytes.p, sizeof(k));
	bytes = slice_skip(bytes, sizeof(k));
	p.type = (uint8_t)k.type;
	p.issued_s = k.issued_s;
	p.expires_s = k.expires_s;
	for (unsigned i = 0; i < TEXTS; i++) {
		if (k.lens[i] > bytes.n)
			return NULL;
		*parts_text(&p, i) = slice_make(bytes.p, k.lens[i]);
		bytes = slice_skip(bytes, k.lens[i]);
	}
	if (bytes.n != 0 || k.type >= IMG_AUTH_TYPES)
		return NULL;
	return identity_new(&p);
}

/* ---- whether it holds ---- */

bool
identity_revoked(const struct region *r, struct identity *id)
{
	if (!revoke_any(r))
		return false;
	if (!id->subject_made)
		revoke_subject_make(r, id->authenticator, id->token_id,
		    id->claim[IMG_CLAIM_USER], id->issued_s, &id->subject);
	id->subject_made = true;
	return revoke_hits(r, &id->subject);
}

bool
identity_holds(const struct region *r, struct identity *id, int64_t now_s)
{
	uint64_t version;

	if (identity_expired(id, now_s))
		return false;
	version = revoke_version(r);
	if (version == id->revoke_version)
		return true;
	/* Read before the entries: what comes meanwhile is looked at again. */
	if (identity_revoked(r, id))
		return false;
	id->revoke_version = version;
	return true;
}
