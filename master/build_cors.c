/*
 * build_cors.c - policies for requests from other origins. What workers send
 * is made here, as whole values of fields.
 */
#include "master/build_cors.h"

#include <stdlib.h>

#include "common/base/must.h"
#include "common/base/text.h"
#include "master/build_route.h"

/* What clients of gRPC-Web send and read, whatever the policy names. */
static const char *const grpc_headers[] = { "Content-Type", "X-Grpc-Web",
	"X-User-Agent", "Grpc-Timeout" };
static const char *const grpc_expose[] = { "grpc-status", "grpc-message",
	"grpc-status-details-bin" };

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static bool
is_star(const struct conf_strings *s)
{
	return s->count == 1 && s->items[0][0] == '*' && s->items[0][1] == '\0';
}

/* ---- lists of names ---- */

static bool
names_have(const char *const *names, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (slice_eq_nocase(slice_str(names[i]), slice_str(name)))
			return true;
	return false;
}

/* Those of the policy and those of gRPC-Web, in an array of the caller's. */
static const char **
names_join(const struct conf_strings *s, const char *const *more,
    size_t more_count, size_t *count)
{
	const char **all = calloc(s->count + more_count + 1, sizeof(*all));

	MUST(all != NULL);
	*count = 0;
	for (size_t i = 0; i < s->count; i++)
		all[(*count)++] = s->items[i];
	for (size_t i = 0; i < more_count; i++)
		if (!names_have(s->items, s->count, more[i]))
			all[(*count)++] = more[i];
	return all;
}

/* "A, B" */
static struct img_str
names_text(struct image *im, const char *const *names, size_t count)
{
	struct text t = { 0 };
	struct img_str out;

	for (size_t i = 0; i < count; i++)
		text_printf(&t, "%s%s", i != 0 ? ", " : "", names[i]);
	out = image_text(im, text_slice(&t));
	text_fini(&t);
	return out;
}

static struct img_span
names_span(struct image *im, const char *const *names, size_t count)
{
	struct img_str *all = calloc(count + 1, sizeof(*all));
	struct img_span span;

	MUST(all != NULL);
	for (size_t i = 0; i < count; i++)
		all[i] = image_text(im, slice_str(names[i]));
	span = image_span(im, all, count, sizeof(*all));
	free(all);
	return span;
}

static void
headers_build(struct image *im, const struct conf_cors *p, unsigned kind,
    struct img_cors *out)
{
	size_t count;
	const char **names = names_join(&p->headers, grpc_headers,
	    kind != 0 ? COUNT(grpc_headers) : 0, &count);

	out->headers[kind] = names_span(im, names, count);
	out->headers_text[kind] = names_text(im, names, count);
	free(names);
}

/* With "*" there is nothing to add. */
static void
expose_build(struct image *im, const struct conf_cors *p, unsigned kind,
    struct img_cors *out)
{
	bool more = kind != 0 && !is_star(&p->expose);
	size_t count;
	const char **names = names_join(
	    &p->expose, grpc_expose, more ? COUNT(grpc_expose) : 0, &count);

	out->expose_text[kind] = names_text(im, names, count);
	free(names);
}

/* ---- origins ---- */

static int
by_order(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return image_text_order(slice_str(*x), slice_str(*y));
}

/* The texts on both sides of the star. */
static struct img_origin_suffix
suffix_build(struct image *im, const char *origin, const char *star)
{
	return (struct img_origin_suffix){
		.scheme =
		    image_text(im, slice_make(origin, (size_t)(star - origin))),
		.rest = image_text(im, slice_str(star + 1)),
	};
}

static void
origins_build(
    struct image *im, const struct conf_strings *s, struct img_cors *out)
{
	const char **exact = calloc(s->count + 1, sizeof(*exact));
	struct img_origin_suffix *suffixes =
	    calloc(s->count + 1, sizeof(*suffixes));
	size_t exacts = 0, stars = 0;

	MUST(exact != NULL && suffixes != NULL);
	for (size_t i = 0; i < s->count; i++) {
		const char *star = strchr(s->items[i], '*');

		if (star == NULL)
			exact[exacts++] = s->items[i];
		else
			suffixes[stars++] = suffix_build(im, s->items[i], star);
	}
	qsort(exact, exacts, sizeof(*exact), by_order);
	out->origins = names_span(im, exact, exacts);
	out->suffixes = image_span(im, suffixes, stars, sizeof(*suffixes));
	free(exact);
	free(suffixes);
}

/* ---- policies ---- */

static struct img_cors
policy_build(struct image *im, const struct conf_cors *p)
{
	struct img_cors out = { .any = is_star(&p->allowed),
		.credentials = p->credentials,
		.any_header = is_star(&p->headers) };
	struct text age = { 0 };

	out.name = image_text(im, slice_str(p->name));
	if (!out.any)
		origins_build(im, &p->allowed, &out);
	build_methods(im, &p->methods, &out.methods, &out.other_methods);
	for (unsigned kind = 0; kind < 2; kind++) {
		headers_build(im, p, kind, &out);
		expose_build(im, p, kind, &out);
	}
	text_add_u64(&age, p->max_age_us / 1000000);
	out.max_age = image_text(im, text_slice(&age));
	text_fini(&age);
	return out;
}

void
build_cors(struct image *im, const struct conf *c)
{
	struct img_cors *all = calloc(c->cors_count + 1, sizeof(*all));
	struct img_span span;

	MUST(all != NULL);
	for (size_t i = 0; i < c->cors_count; i++)
		all[i] = policy_build(im, &c->cors[i]);
	span = image_span(im, all, c->cors_count, sizeof(*all));
	image_head(im)->cors = span;
	free(all);
}
