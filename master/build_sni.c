/*
 * build_sni.c - see build_sni.h.
 */
#include "master/build_sni.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "master/conf_identity.h"

struct sni {
	struct slice name;
	uint32_t identity;
	uint32_t order; /* of the certificate in the listener */
};

static int
sni_compare(const void *a, const void *b)
{
	const struct sni *x = a, *y = b;
	size_t n = x->name.n < y->name.n ? x->name.n : y->name.n;
	int c = memcmp(x->name.p, y->name.p, n);

	if (c != 0)
		return c;
	if (x->name.n != y->name.n)
		return x->name.n < y->name.n ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* Of one name, the first with its kind of key counts. */
static bool
sni_taken(const struct conf *c, const struct sni *all, size_t count,
    const struct sni *s)
{
	for (size_t i = count; i > 0 && slice_eq(all[i - 1].name, s->name); i--)
		if (c->identities[all[i - 1].identity].kind ==
		    c->identities[s->identity].kind)
			return true;
	return false;
}

/* Sorted, in memory of the caller's; *n how many. */
static struct sni *
sni_collect(const struct conf *c, const struct conf_tls *t, size_t *n)
{
	size_t room = 0, count = 0, kept = 0;
	struct sni *all;

	for (size_t i = 0; i < t->certificate_count; i++)
		room += c->identities[t->certificates[i].identity].name_count;
	all = calloc(room + 1, sizeof(*all));
	MUST(all != NULL);
	for (size_t i = 0; i < t->certificate_count; i++) {
		uint32_t identity = t->certificates[i].identity;
		const struct conf_identity *id = &c->identities[identity];

		for (size_t k = 0; k < id->name_count; k++)
			all[count++] = (struct sni){ slice_str(id->names[k]),
				identity, (uint32_t)i };
	}
	qsort(all, count, sizeof(*all), sni_compare);
	for (size_t i = 0; i < count; i++)
		if (!sni_taken(c, all, kept, &all[i]))
			all[kept++] = all[i];
	*n = kept;
	return all;
}

struct img_span
build_sni_names(
    struct image *im, const struct conf *c, const struct conf_tls *t)
{
	struct img_span span;
	struct sni *names;
	size_t n;

	names = sni_collect(c, t, &n);
	span = image_span(im, NULL, n, sizeof(struct img_sni));
	for (uint32_t i = 0; i < span.count; i++) {
		struct img_str text = image_text(im, names[i].name);
		struct img_sni *all = image_at(im, span.off);

		all[i] = (struct img_sni){ text, names[i].identity };
	}
	free(names);
	return span;
}

static bool
shares_name(const struct conf_identity *a, const struct conf_identity *b)
{
	for (size_t i = 0; i < a->name_count; i++)
		for (size_t k = 0; k < b->name_count; k++)
			if (strcmp(a->names[i], b->names[k]) == 0)
				return true;
	return false;
}

struct img_span
build_sni_first(
    struct image *im, const struct conf *c, const struct conf_tls *t)
{
	const struct conf_identity *first;
	unsigned kinds;
	uint32_t out[3];
	size_t n = 0;

	first = &c->identities[t->certificates[0].identity];
	out[n++] = t->certificates[0].identity;
	kinds = 1u << first->kind;
	for (size_t i = 1; i < t->certificate_count; i++) {
		uint32_t index = t->certificates[i].identity;
		const struct conf_identity *id = &c->identities[index];

		if ((kinds & 1u << id->kind) != 0 || !shares_name(first, id))
			continue;
		kinds |= 1u << id->kind;
		out[n++] = index;
	}
	return image_span(im, out, n, sizeof(out[0]));
}
