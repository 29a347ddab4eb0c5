/*
 * secure_hooks.c - what a handshake asks: which certificates a name has, in
 * what is published in that turn, and the keys of tickets.
 */
#include "worker/flow/secure_state.h"

#include <string.h>

#include "shm/tickets.h"

/* The first of the names that is not before `name`. */
static uint32_t
sni_lower(
    const struct img_head *img, const struct img_tls *t, struct slice name)
{
	const struct img_sni *all = img_at(img, t->names.off);
	uint32_t from = 0, to = t->names.count;

	while (from < to) {
		uint32_t at = from + (to - from) / 2;
		struct slice have = img_slice(img, all[at].name);
		size_t n = have.n < name.n ? have.n : name.n;
		int order = memcmp(have.p, name.p, n);

		if (order < 0 || (order == 0 && have.n < name.n))
			from = at + 1;
		else
			to = at;
	}
	return from;
}

struct choice {
	struct secure *secure;
	const struct img_head *img;
	struct tls_identity **ids;
	size_t count;
};

static void
choice_add(struct choice *c, uint32_t identity)
{
	struct tls_identity *id;

	if (c->count == TLS_CHOICES_MAX)
		return;
	id = secure_get(c->secure, c->img, c->secure->env->view.secrets,
	    SECURE_IDENTITY, identity);
	if (id != NULL)
		c->ids[c->count++] = id;
}

static void
choice_named(struct choice *c, const struct img_tls *t, struct slice name)
{
	const struct img_sni *all = img_at(c->img, t->names.off);

	for (uint32_t i = sni_lower(c->img, t, name); i < t->names.count &&
	     slice_eq(img_slice(c->img, all[i].name), name);
	     i++)
		choice_add(c, all[i].identity);
}

/* "a.b.example" as "*.b.example" (RFC 9525 6.3: one label). */
static void
choice_wild(struct choice *c, const struct img_tls *t, struct slice name)
{
	const char *dot = memchr(name.p, '.', name.n);
	char text[IMG_HOST_MAX + 1];
	struct slice rest;

	if (dot == NULL)
		return;
	rest = slice_skip(name, (size_t)(dot - name.p));
	if (rest.n + 1 > sizeof(text))
		return;
	text[0] = '*';
	memcpy(text + 1, rest.p, rest.n);
	choice_named(c, t, slice_make(text, rest.n + 1));
}

static void
choice_any(struct choice *c, const struct img_tls *t)
{
	const uint32_t *all = img_at(c->img, t->identities.off);

	for (uint32_t i = 0; i < t->identities.count; i++)
		choice_add(c, all[i]);
}

static size_t
secure_choose(
    void *ctx, struct slice name, struct tls_identity *ids[TLS_CHOICES_MAX])
{
	const struct secure_place *p = ctx;
	const struct img_head *img = p->secure->env->view.image;
	const struct img_listener *l = image_listener(img, &p->local);
	struct choice c = { p->secure, img, ids, 0 };
	const struct img_tls *all, *t;

	if (l == NULL || l->tls == IMG_NONE)
		return 0;
	all = img_at(img, img->tls.off);
	t = &all[l->tls];
	if (name.n != 0) {
		choice_named(&c, t, name);
		if (c.count == 0)
			choice_wild(&c, t, name);
	}
	if (c.count == 0 && !t->strict)
		choice_any(&c, t);
	return c.count;
}

static bool
secure_ticket_key(void *ctx, struct tls_ticket_key *key)
{
	const struct secure_place *p = ctx;
	const struct env *e = p->secure->env;

	return e->view.image->ticket_us != 0 && tickets_current(e->region, key);
}

static bool
secure_ticket_find(void *ctx, const uint8_t name[TLS_TICKET_NAME],
    struct tls_ticket_key *key, bool *current)
{
	const struct secure_place *p = ctx;
	const struct env *e = p->secure->env;

	return e->view.image->ticket_us != 0 &&
	    tickets_find(e->region, name, key, current);
}

const struct tls_hooks secure_hooks = {
	.choose = secure_choose,
	.ticket_key = secure_ticket_key,
	.ticket_find = secure_ticket_find,
};
