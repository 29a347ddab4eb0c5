/*
 * conf_check_health.c - how a service's endpoints are found to be up or down.
 */
#include <string.h>

#include "common/base/units.h"
#include "common/http/authority.h"
#include "common/http/http.h"
#include "master/conf_check.h"
#include "master/conf_regex.h"
#include "master/conf_status.h"
#include "master/conf_table.h"

struct health_check {
	struct conf *c;
	struct diag *d;
	struct conf_service *s;
};

/* Complains at an option of the service. */
#define COMPLAIN(hc, path, ...)                                                \
	do {                                                                   \
		struct conf_place at_ =                                        \
		    conf_where((hc)->c, &conf_block_service, (hc)->s, (path)); \
		diag_error((hc)->d, at_.file, at_.line, __VA_ARGS__);          \
	} while (0)

/* Nothing but what a request line takes, and no fragment. */
static void
check_path(const struct health_check *hc)
{
	const char *path = hc->s->check.path;

	if (path[0] != '/')
		COMPLAIN(hc, "health_check.path",
		    "health_check.path: \"%s\" does not start with \"/\"",
		    path);
	else if (!conf_is_word(path) || strchr(path, '#') != NULL)
		COMPLAIN(hc, "health_check.path",
		    "health_check.path: \"%s\" has a character that no "
		    "request has",
		    path);
}

static void
check_host(const struct health_check *hc)
{
	const char *host = hc->s->check.host;
	struct authority authority;

	if (host != NULL && !authority_parse(slice_str(host), &authority))
		COMPLAIN(hc, "health_check.host",
		    "health_check.host: \"%s\" is not a host, with or without "
		    "a port",
		    host);
}

static void
check_expect(const struct health_check *hc)
{
	struct conf_health_check *check = &hc->s->check;
	const char *why;

	check->statuses = conf_statuses_new(hc->c, check->expect.count);
	for (size_t i = 0; i < check->expect.count; i++) {
		const struct conf_place *at = &check->expect.places[i];

		if (!conf_status_add(
			&check->statuses, check->expect.items[i], &why))
			diag_error(hc->d, at->file, at->line,
			    "health_check.expect: \"%s\" %s",
			    check->expect.items[i], why);
	}
	if (check->expect.count == 0)
		COMPLAIN(hc, "health_check.expect",
		    "health_check.expect: without a status no answer is good");
	conf_check_twice(&check->expect, "health_check.expect", hc->d);
}

static void
check_body(const struct health_check *hc)
{
	const char *body = hc->s->check.body;
	char why[CONF_REGEX_WHY_MAX];

	if (body == NULL)
		return;
	if (strcmp(hc->s->check.method, "HEAD") == 0)
		COMPLAIN(hc, "health_check.body",
		    "health_check.body: an answer to HEAD has no body");
	if (strcmp(body, "~") == 0)
		COMPLAIN(hc, "health_check.body",
		    "health_check.body: \"~\" stands before an expression");
	if (body[0] == '~' && !conf_regex_check(slice_str(body + 1), NULL, why))
		COMPLAIN(hc, "health_check.body",
		    "health_check.body: \"%s\" is no regular expression: %s",
		    body, why);
}

/* NULL, or why probes do not send a field. */
static const char *
name_fault(struct slice name)
{
	if (!http_is_token(name))
		return "is not the name of a header field";
	if (http_field_find(name) == FIELD_HOST)
		return "is set by health_check.host";
	return conf_field_fault(name);
}

static void
check_header(const struct health_check *hc, size_t i)
{
	const struct conf_probe_header *all = hc->s->check.headers;
	const struct conf_probe_header *h = &all[i];
	const struct conf_block *b = &conf_block_probe_header;
	struct conf_place at = conf_where(hc->c, b, h, "set");
	const char *fault;

	if (!conf_given(b, h, "set") || !conf_given(b, h, "value"))
		diag_error(hc->d, at.file, at.line,
		    "health_check.headers: a header needs set and value");
	if (h->set == NULL)
		return;
	fault = name_fault(slice_str(h->set));
	for (size_t k = 0; k < i && fault == NULL; k++)
		if (slice_eq_nocase(slice_str(all[k].set), slice_str(h->set)))
			fault = "is there twice";
	if (fault != NULL)
		diag_error(hc->d, at.file, at.line,
		    "health_check.headers: \"%s\" %s", h->set, fault);
}

/* What another type of check has no use for; it has no defaults then. */
static void
check_unused(const struct health_check *hc, const char *const *unused, size_t n,
    const char *why)
{
	struct conf_health_check *check = &hc->s->check;

	for (size_t i = 0; i < n; i++)
		if (conf_given(&conf_block_service, hc->s, unused[i]))
			COMPLAIN(hc, unused[i], "%s: a check of type \"%s\" %s",
			    unused[i], check->type, why);
	check->path = NULL;
	check->method = NULL;
	check->expect = (struct conf_strings){ 0 };
}

static void
check_tcp(const struct health_check *hc)
{
	static const char *const unused[] = { "health_check.path",
		"health_check.method", "health_check.host",
		"health_check.headers", "health_check.expect",
		"health_check.body", "health_check.grpc_service" };

	check_unused(
	    hc, unused, sizeof(unused) / sizeof(unused[0]), "sends no request");
}

static void
check_grpc(const struct health_check *hc)
{
	static const char *const unused[] = { "health_check.path",
		"health_check.method", "health_check.headers",
		"health_check.expect", "health_check.body" };

	check_host(hc);
	check_unused(hc, unused, sizeof(unused) / sizeof(unused[0]),
	    "sends a request of its own");
	if (hc->s->protocol_bit != IMG_PROTOCOL_H2)
		COMPLAIN(hc, "health_check.type",
		    "health_check.type: \"grpc\" needs protocol = \"h2\" in "
		    "the service");
}

static void
check_http(const struct health_check *hc)
{
	if (conf_given(&conf_block_service, hc->s, "health_check.grpc_service"))
		COMPLAIN(hc, "health_check.grpc_service",
		    "health_check.grpc_service: it has no effect with type = "
		    "\"http\"");
	check_path(hc);
	check_host(hc);
	check_expect(hc);
	check_body(hc);
	for (size_t i = 0; i < hc->s->check.header_count; i++)
		check_header(hc, i);
}

static void
check_times(const struct health_check *hc)
{
	struct conf_health_check *check = &hc->s->check;
	char timeout[32], interval[32];

	if (check->timeout_us <= check->interval_us)
		return;
	if (conf_given(&conf_block_service, hc->s, "health_check.timeout"))
		COMPLAIN(hc, "health_check.timeout",
		    "health_check: the timeout (%s) is longer than the "
		    "interval (%s)",
		    units_duration_text(
			check->timeout_us, timeout, sizeof(timeout)),
		    units_duration_text(
			check->interval_us, interval, sizeof(interval)));
	else
		check->timeout_us = check->interval_us;
}

void
conf_check_health(struct conf *c, struct conf_service *s, struct diag *d)
{
	struct health_check hc = { c, d, s };

	if (!conf_given(&conf_block_service, s, "passive"))
		s->passive = (struct conf_passive){ 0 };
	if (!conf_given(&conf_block_service, s, "health_check")) {
		s->check = (struct conf_health_check){ 0 };
		return;
	}
	if (strcmp(s->check.type, "tcp") == 0) {
		s->check.kind = IMG_CHECK_TCP;
		check_tcp(&hc);
	} else if (strcmp(s->check.type, "grpc") == 0) {
		s->check.kind = IMG_CHECK_GRPC;
		check_grpc(&hc);
	} else {
		s->check.kind = IMG_CHECK_HTTP;
		check_http(&hc);
	}
	check_times(&hc);
}
