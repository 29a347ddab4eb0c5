/*
 * security_headers.c - see security_headers.h. Most fields of an answer are
 * told from those that are to go by their id, or by the length of their name.
 */
#include "worker/flow/security_headers.h"

#include "common/base/must.h"
#include "worker/flow/trust.h"

struct pass {
	const struct img_head *img;
	const struct img_security *s;
	uint64_t stays; /* bit i: the answer's own value of set[i] does */
};

/* Whether a field without an id, whose name's length is known, is to go. */
static bool
other_goes(struct pass *p, struct slice name)
{
	const struct img_security_field *set = img_at(p->img, p->s->set.off);
	const struct img_str *remove = img_at(p->img, p->s->remove.off);

	for (uint32_t i = 0; i < p->s->set.count; i++) {
		if (!slice_eq_nocase(img_slice(p->img, set[i].name), name))
			continue;
		if ((set[i].flags & SECURITY_KEEP) == 0)
			return true;
		p->stays |= UINT64_C(1) << i;
		return false;
	}
	for (uint32_t i = 0; i < p->s->remove.count; i++)
		if (slice_eq_nocase(img_slice(p->img, remove[i]), name))
			return true;
	return false;
}

static bool
field_goes(struct pass *p, const struct field *f)
{
	if (f->id != FIELD_OTHER)
		return (p->s->remove_ids >> f->id & 1) != 0;
	return (p->s->lengths >> f->name.n % 64 & 1) != 0 &&
	    other_goes(p, f->name);
}

static void
fields_drop(struct pass *p, struct head *h)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < h->count; i++) {
		if (field_goes(p, &h->fields[i]))
			continue;
		if (n != i)
			h->fields[n] = h->fields[i];
		n++;
	}
	h->count = n;
	h->present &= ~p->s->remove_ids;
}

void
security_headers_apply(const struct img_head *img, const struct img_security *s,
    bool secured, struct head *h)
{
	const struct img_security_field *set = img_at(img, s->set.off);
	struct pass p = { img, s, 0 };

	fields_drop(&p, h);
	MUST(h->count + s->set.count <= h->room);
	for (uint32_t i = 0; i < s->set.count; i++) {
		if ((p.stays >> i & 1) != 0 ||
		    ((set[i].flags & SECURITY_TLS_ONLY) != 0 && !secured))
			continue;
		h->fields[h->count++] =
		    (struct field){ .name = img_slice(img, set[i].name),
			    .value = img_slice(img, set[i].value) };
	}
}

static const struct img_security *
security_at(const struct img_head *img, uint32_t index)
{
	const struct img_security *all = img_at(img, img->security.off);

	return index != IMG_NONE ? &all[index] : NULL;
}

void
security_headers_bare(const struct img_head *img, struct head *h)
{
	const struct img_security *s;

	s = img != NULL ? security_at(img, img->security_own) : NULL;
	if (s != NULL && h->count + s->set.count <= h->room)
		security_headers_apply(img, s, false, h);
}

void
security_headers_answer(struct req *q, struct head *h)
{
	const struct img_route *r = q->match.route;
	const struct img_security *s = security_at(
	    q->image, r != NULL ? r->security : q->image->security_own);

	if (s == NULL || !head_reserve(h, s->set.count, &q->arena))
		return;
	security_headers_apply(q->image, s,
	    q->tls != NULL || (q->trusted && trust_https(&q->head)), h);
}
