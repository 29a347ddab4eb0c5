/*
 * otlp_settings.c - the part of the image that is about the export, copied: the
 * image may go.
 */
#include "tools/otlp_inside.h"

#include <string.h>
#include <unistd.h>

#include "common/base/log.h"
#include "common/base/must.h"

#define HOST_MAX 256
#define SETTINGS_SLACK (1u << 20) /* beside twice the image, of which it is */

/* ---- texts ---- */

/* NULL: there is no room. */
static char *
settings_copy(struct otlp_settings *s, struct slice text)
{
	char *copy = arena_alloc(&s->arena, text.n + 1);

	if (copy == NULL)
		return NULL;
	if (text.n != 0)
		memcpy(copy, text.p, text.n);
	copy[text.n] = '\0';
	return copy;
}

static char *
settings_text(struct otlp_settings *s, struct slice text)
{
	char *copy = settings_copy(s, text);

	MUST(copy != NULL);
	return copy;
}

static struct slice
settings_slice(struct otlp_settings *s, struct slice text)
{
	return slice_make(settings_text(s, text), text.n);
}

/* ---- the resource ---- */

/* The last one of a key holds. */
static void
resource_set(struct otlp_settings *s, struct slice key, struct slice value)
{
	uint32_t i = 0;

	while (i < s->resource.attrs && !slice_eq(s->attr[i].key, key))
		i++;
	if (i == OTLP_RESOURCE_MAX || key.n == 0)
		return;
	s->attr[i] = (struct otlp_attr){ .key = settings_slice(s, key),
		.text = settings_slice(s, value),
		.type = OTLP_TEXT };
	if (i == s->resource.attrs)
		s->resource.attrs++;
}

static void
resource_set_instance(struct otlp_settings *s, struct slice instance)
{
	char host[HOST_MAX] = "";
	struct text text;

	(void)gethostname(host, sizeof(host) - 1);
	text_init(&text);
	text_printf(&text, "%s-%.*s", host, SLICE_FMT(instance));
	resource_set(s, SLICE_LIT("service.instance.id"), text_slice(&text));
	resource_set(s, SLICE_LIT("host.name"), slice_str(host));
	text_fini(&text);
}

static void
resource_copy(
    struct otlp_settings *s, const struct img_head *img, struct slice instance)
{
	const struct img_tracing *t = &img->telemetry.tracing;
	const struct img_str *given = img_at(img, t->resource.off);

	s->resource = (struct otlp_resource){ .attr = s->attr };
	resource_set(s, SLICE_LIT("service.name"), img_slice(img, t->service));
	resource_set(
	    s, SLICE_LIT("service.version"), SLICE_LIT(PENSTOCK_VERSION));
	resource_set_instance(s, instance);
	if (img->environment.len != 0)
		resource_set(s, SLICE_LIT("deployment.environment.name"),
		    img_slice(img, img->environment));
	for (uint32_t i = 0; i < t->resource.count; i++) {
		struct slice value = img_slice(img, given[i]), key;

		if (slice_cut(&value, '=', &key))
			resource_set(s, slice_trim(key), slice_trim(value));
	}
}

/* ---- the rest ---- */

static void
headers_copy(struct otlp_settings *s, const struct img_head *img)
{
	const struct img_span span = img->telemetry.tracing.headers;
	const struct img_str *given = img_at(img, span.off);

	s->headers =
	    arena_alloc(&s->arena, (span.count + 1) * sizeof(*s->headers));
	MUST(s->headers != NULL);
	for (uint32_t i = 0; i < span.count; i++)
		s->headers[i] = settings_text(s, img_slice(img, given[i]));
	s->header_count = span.count;
}

/* Behind all else, since a span can do without: what has no room is left out.
 */
static void
paths_copy(struct otlp_settings *s, const struct img_head *img)
{
	const struct img_route *routes = img_at(img, img->routes.off);
	const struct img_route_more *more = img_at(img, img->routes_more.off);
	uint32_t i, count = img->routes.count;
	bool added;

	for (i = 0; i < count; i++) {
		char *path = settings_copy(s, img_slice(img, more[i].path));

		if (path == NULL)
			break;
		map_put(&s->paths, img_slice(img, routes[i].name), &added)
		    ->value.ptr = path;
	}
	if (i != count)
		log_warnx("tracing: no memory for the paths of %u routes: "
			  "their spans have no http.route",
		    count - i);
}

static void
settings_begin(struct otlp_settings *s, uint64_t image_bytes)
{
	*s = (struct otlp_settings){ 0 };
	arena_init(&s->arena, NULL, 0, 2 * image_bytes + SETTINGS_SLACK);
	map_init(&s->paths);
}

void
otlp_settings_init(struct otlp_settings *s)
{
	settings_begin(s, 0);
}

void
otlp_settings_fini(struct otlp_settings *s)
{
	map_fini(&s->paths);
	arena_fini(&s->arena);
}

void
otlp_settings_copy(
    struct otlp_settings *s, const struct img_head *img, struct slice instance)
{
	const struct img_tracing *t = &img->telemetry.tracing;

	otlp_settings_fini(s);
	settings_begin(s, img->bytes);
	if (t->on == 0 || t->endpoint.len == 0)
		return;
	s->encoding = t->json != 0 ? &otlp_json : &otlp_proto;
	s->endpoint = settings_text(s, img_slice(img, t->endpoint));
	if (t->ca_file.len != 0)
		s->ca_file = settings_text(s, img_slice(img, t->ca_file));
	s->timeout_us = t->timeout_us;
	s->interval_us = t->interval_us;
	s->queue_bytes = t->queue_bytes;
	s->batch = t->batch;
	headers_copy(s, img);
	resource_copy(s, img, instance);
	paths_copy(s, img);
}
