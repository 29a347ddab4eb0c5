/*
 * secure.c - see secure.h.
 *
 * Certificates are no part of a server's policy: which are shown is looked up
 * in each handshake, in what is published then. So a reload that changes them,
 * or adds a thousand, leaves the policies as they are.
 */
#include "worker/flow/secure_state.h"

#include <stddef.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/must.h"

#define HASH_BYTES 32

struct kept {
	void *made;     /* NULL: not yet, for lack of memory */
	uint64_t round; /* the last that named it */
};

static struct img_span
secure_span(const struct img_head *img, enum secure_kind kind)
{
	switch (kind) {
	case SECURE_IDENTITY:
		return img->identities;
	case SECURE_TRUST:
		return img->trusts;
	case SECURE_SERVER:
		return img->tls;
	case SECURE_CLIENT:
		return img->tls_outs;
	case SECURE_KINDS:
		break;
	}
	return (struct img_span){ 0, 0 };
}

/* Each of the four structures begins with its hash. */
static struct slice
kept_key(const struct img_head *img, enum secure_kind kind, uint32_t index)
{
	static const size_t bytes[SECURE_KINDS] = {
		[SECURE_IDENTITY] = sizeof(struct img_identity),
		[SECURE_TRUST] = sizeof(struct img_trust),
		[SECURE_SERVER] = sizeof(struct img_tls),
		[SECURE_CLIENT] = sizeof(struct img_tls_out),
	};
	const char *all = img_at(img, secure_span(img, kind).off);

	_Static_assert(offsetof(struct img_identity, hash) == 0 &&
		offsetof(struct img_trust, hash) == 0 &&
		offsetof(struct img_tls, hash) == 0 &&
		offsetof(struct img_tls_out, hash) == 0,
	    "the hash comes first");
	return slice_make(all + index * bytes[kind], HASH_BYTES);
}

static void
kept_free(enum secure_kind kind, struct kept *k)
{
	secure_unmake(kind, k->made);
	free(k);
}

static struct kept *
kept_get(struct secure *s, const struct img_head *img, const char *secrets,
    enum secure_kind kind, uint32_t index)
{
	struct slice key = kept_key(img, kind, index);
	struct map_entry *entry = map_get(&s->kept[kind], key);
	struct kept *k;
	bool added;

	if (entry != NULL)
		return entry->value.ptr;
	k = calloc(1, sizeof(*k));
	MUST(k != NULL);
	k->made = secure_make(s, img, secrets, kind, index);
	k->round = s->round;
	entry = map_put(&s->kept[kind], key, &added);
	entry->value.ptr = k;
	return k;
}

void *
secure_get(struct secure *s, const struct img_head *img, const char *secrets,
    enum secure_kind kind, uint32_t index)
{
	struct kept *k = kept_get(s, img, secrets, kind, index);

	/* For lack of memory, once. */
	if (k->made == NULL)
		k->made = secure_make(s, img, secrets, kind, index);
	return k->made;
}

static struct secure_place *
place_get(struct secure *s, const struct addr *local)
{
	struct slice key = slice_make((const char *)local, sizeof(*local));
	bool added;
	struct map_entry *entry = map_put(&s->places, key, &added);
	struct secure_place *p = entry->value.ptr;

	if (!added)
		return p;
	p = calloc(1, sizeof(*p));
	MUST(p != NULL);
	*p = (struct secure_place){ s, *local };
	entry->value.ptr = p;
	return p;
}

struct tls *
secure_accept(
    struct secure *s, const struct img_tls *t, const struct addr *local)
{
	const struct epoch_view *v = &s->env->view;
	const struct img_tls *all = img_at(v->image, v->image->tls.off);
	struct tls_server *server = secure_get(
	    s, v->image, v->secrets, SECURE_SERVER, (uint32_t)(t - all));

	return server != NULL ? tls_accept(server, place_get(s, local)) : NULL;
}

struct tls_client *
secure_client(struct secure *s, const struct img_head *img, const char *secrets,
    uint32_t index)
{
	return secure_get(s, img, secrets, SECURE_CLIENT, index);
}

/* ---- turns ---- */

struct secure *
secure_new(struct env *e)
{
	struct secure *s = calloc(1, sizeof(*s));

	MUST(s != NULL);
	s->env = e;
	map_init(&s->places);
	for (unsigned i = 0; i < SECURE_KINDS; i++)
		map_init(&s->kept[i]);
	return s;
}

void
secure_free(struct secure *s)
{
	struct map_entry *e;
	size_t at = 0;

	if (s == NULL)
		return;
	while ((e = map_next(&s->places, &at)) != NULL)
		free(e->value.ptr);
	map_fini(&s->places);
	for (unsigned i = 0; i < SECURE_KINDS; i++) {
		at = 0;
		while ((e = map_next(&s->kept[i], &at)) != NULL)
			kept_free((enum secure_kind)i, e->value.ptr);
		map_fini(&s->kept[i]);
	}
	free(s);
}

/* One that is not named by this round or the one before it; NULL: none. */
static struct map_entry *
stale_find(const struct secure *s, enum secure_kind kind)
{
	struct map_entry *entry;
	size_t at = 0;

	while ((entry = map_next(&s->kept[kind], &at)) != NULL) {
		const struct kept *k = entry->value.ptr;

		if (k->round + 1 < s->round)
			return entry;
	}
	return NULL;
}

static void
stale_drop(struct secure *s)
{
	for (unsigned i = 0; i < SECURE_KINDS; i++) {
		enum secure_kind kind = (enum secure_kind)i;
		struct map_entry *entry;

		while ((entry = stale_find(s, kind)) != NULL) {
			struct kept *k = entry->value.ptr;

			(void)map_remove(&s->kept[i], entry->key);
			kept_free(kind, k);
		}
	}
}

/* The next step of the walk; false: it is over. */
static bool
secure_step(struct secure *s)
{
	const struct epoch_view *v = &s->env->view;

	while (s->kind < SECURE_KINDS &&
	    s->next >= secure_span(v->image, (enum secure_kind)s->kind).count) {
		s->kind++;
		s->next = 0;
	}
	if (s->kind == SECURE_KINDS)
		return false;
	kept_get(s, v->image, v->secrets, (enum secure_kind)s->kind, s->next++)
	    ->round = s->round;
	return true;
}

void
secure_turn(struct secure *s, uint64_t budget_us)
{
	const struct img_head *img = s->env->view.image;
	uint64_t end;

	if (s->img != img || s->generation != img->generation) {
		s->img = img;
		s->generation = img->generation;
		s->round++;
		s->kind = s->next = 0;
		s->walking = true;
	}
	if (!s->walking)
		return;
	end = clock_raw_us() + budget_us;
	while (secure_step(s))
		if (clock_raw_us() >= end)
			return;
	stale_drop(s);
	s->walking = false;
}
