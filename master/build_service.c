/*
 * build_service.c - endpoints, health check, retry and the rest of a service.
 */
#include "master/build_service.h"

#include <string.h>

#include "common/http/http.h"
#include "master/build_breaker.h"
#include "master/build_route.h"
#include "master/conf_digest.h"

/* In the gateway's own zone. */
static bool
is_near(const struct conf *c, const struct conf_endpoint *e)
{
	return c->zone != NULL && e->zone != NULL &&
	    strcmp(c->zone, e->zone) == 0;
}

static struct img_span
endpoints_build(
    struct image *im, const struct conf *c, const struct conf_service *s)
{
	struct img_span span = image_span(
	    im, NULL, s->endpoint_count, sizeof(struct img_endpoint));

	for (uint32_t i = 0; i < span.count; i++) {
		const struct conf_endpoint *e = &s->endpoints[i];
		struct img_endpoint out = { .addr = e->addr,
			.kind = e->kind,
			.weight = (uint32_t)e->weight,
			.backup = e->backup,
			.near = is_near(c, e),
			.admin = e->admin };
		struct img_endpoint *all;

		out.host = image_text(im, slice_str(e->host));
		out.zone = image_text(im, slice_str(e->zone));
		out.label = image_text(im, slice_str(e->address));
		all = image_at(im, span.off);
		all[i] = out;
	}
	return span;
}

static struct img_span
statuses_build(struct image *im, const struct conf_statuses *s)
{
	return image_span(im, s->items, s->count, sizeof(*s->items));
}

static struct img_span
headers_build(struct image *im, const struct conf_health_check *check)
{
	struct img_span span = image_span(
	    im, NULL, check->header_count, sizeof(struct img_probe_header));

	for (uint32_t i = 0; i < span.count; i++) {
		const struct conf_probe_header *h = &check->headers[i];
		struct img_probe_header out, *all;

		out.name = image_text(im, slice_str(h->set));
		out.value = image_text(im, slice_str(h->value));
		all = image_at(im, span.off);
		all[i] = out;
	}
	return span;
}

static struct img_health_check
health_check_build(struct image *im, const struct conf_health_check *check)
{
	struct slice body = slice_str(check->body);
	struct img_health_check out = {
		.type = check->kind,
		.healthy = (uint32_t)check->healthy,
		.unhealthy = (uint32_t)check->unhealthy,
		.port = (uint32_t)check->port,
		.interval_us = check->interval_us,
		.timeout_us = check->timeout_us,
	};

	out.head = check->method != NULL && strcmp(check->method, "HEAD") == 0;
	out.path = image_text(im, slice_str(check->path));
	out.host = image_text(im, slice_str(check->host));
	out.headers = headers_build(im, check);
	out.expect = statuses_build(im, &check->statuses);
	out.grpc = image_text(im, slice_str(check->grpc_service));
	out.body_regex = body.n != 0 && body.p[0] == '~';
	if (out.body_regex != 0)
		body = slice_skip(body, 1);
	out.body = image_text(im, body);
	return out;
}

static struct img_retry
retry_build(struct image *im, const struct conf_retry *r)
{
	struct img_retry out = { .on = r->events,
		.jitter = r->jitter,
		.factor = (uint32_t)r->factor,
		.budget = (uint32_t)r->budget,
		.budget_minimum = (uint32_t)r->budget_minimum,
		.base_us = r->base_us,
		.max_us = r->max_us,
		.deadline_us = r->deadline_us,
		.statuses = statuses_build(im, &r->statuses) };

	memcpy(out.attempts, r->class_attempts, sizeof(out.attempts));
	return out;
}

static void
balance_build(
    struct image *im, const struct conf_service *s, struct img_service *out)
{
	out->balance = s->algorithm;
	out->hash_key = (uint16_t)s->hash_kind;
	out->hash_name = image_text(im, slice_str(s->hash_name));
	if (s->hash_kind == IMG_HASH_HEADER)
		out->hash_field =
		    (uint16_t)http_field_find(slice_str(s->hash_name));
	out->panic_threshold = (uint32_t)s->panic_threshold;
	out->health_score = s->health_score;
	out->class = s->class;
	out->slow_start_us = s->slow_start_us;
}

struct img_service
build_service(
    struct image *im, const struct conf *c, const struct conf_service *s)
{
	struct img_service out = {
		.slot = IMG_NONE,
		.protocol = s->protocol_bit,
		.tls = IMG_NONE,
		.token = IMG_NONE,
		.pool_max_idle = (uint32_t)s->pool.max_idle,
		.pool_idle_us = s->pool.idle_us,
		.max_connections = (uint32_t)s->pool.max_connections,
		.passive = { .failures = (uint32_t)s->passive.failures,
		    .time_us = s->passive.time_us },
		.queue = { .length = (uint32_t)s->queue.length,
		    .timeout_us = s->queue.timeout_us },
		.timeouts = build_timeouts(&s->timeouts),
		.fallback = { .respond = IMG_NONE,
		    .service = s->fallback.service_index },
	};

	out.name = image_text(im, slice_str(s->name));
	out.digest = conf_service_digest(s);
	out.host = image_text(im, slice_str(s->host));
	balance_build(im, s, &out);
	out.endpoints = endpoints_build(im, c, s);
	out.check = health_check_build(im, &s->check);
	out.retry = retry_build(im, &s->retry);
	out.fallback.statuses = statuses_build(im, &s->fallback.statuses);
	out.breaker = build_breaker(im, &s->breaker);
	out.depends = image_span(im, s->depend_indexes, s->depends.count,
	    sizeof(*s->depend_indexes));
	return out;
}
