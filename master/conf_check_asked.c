/*
 * conf_check_asked.c - authenticators that ask a service: introspection (RFC
 * 7662) and forward.
 */
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <string.h>

#include "common/base/must.h"
#include "common/base/text.h"
#include "common/http/http.h"
#include "common/http/uri.h"
#include "master/conf_check.h"
#include "master/conf_check_access.h"
#include "master/conf_secret.h"
#include "master/conf_suggest.h"

#define SUGGESTIONS_MAX 100

#define COMPLAIN(ac, a, path, ...) \
	ACCESS_COMPLAIN((ac), &conf_block_auth, (a), (path), __VA_ARGS__)

static bool
given(const struct conf_auth *a, const char *path)
{
	return conf_given(&conf_block_auth, a, path);
}

static void
dangling(struct access_check *ac, const struct conf_auth *a)
{
	struct conf_suggest near;
	char buf[96];

	conf_suggest_init(&near, a->service);
	if (ac->suggestions++ < SUGGESTIONS_MAX)
		for (size_t i = 0; i < ac->c->service_count; i++)
			conf_suggest_offer(&near, ac->c->services[i].name);
	COMPLAIN(ac, a, "service", "service: there is no service \"%s\"%s",
	    a->service, conf_suggest_text(&near, buf, sizeof(buf)));
}

static void
check_service(struct access_check *ac, struct conf_auth *a)
{
	const struct map_entry *e;

	a->service_index = SIZE_MAX;
	if (a->service == NULL) {
		if (!given(a, "service"))
			COMPLAIN(ac, a, "service",
			    "an authenticator of type \"%s\" needs a service",
			    a->type);
		return;
	}
	e = map_get(ac->services, slice_str(a->service));
	if (e != NULL)
		a->service_index = (size_t)e->value.num - 1;
	else
		dangling(ac, a);
}

static void
check_path(struct access_check *ac, const struct conf_auth *a)
{
	struct slice path = slice_str(a->path);
	struct uri uri;
	enum uri_error e;
	char *room;

	if (a->path == NULL) {
		if (!given(a, "path"))
			COMPLAIN(ac, a, "path",
			    "an authenticator of type \"%s\" needs a path",
			    a->type);
		return;
	}
	if (path.p[0] != '/') {
		COMPLAIN(ac, a, "path",
		    "path: \"%s\" does not start with \"/\"", a->path);
		return;
	}
	room = arena_alloc(&ac->c->arena, path.n + 1);
	MUST(room != NULL);
	e = uri_normalise(path, room, &uri);
	if (e != URI_OK)
		COMPLAIN(ac, a, "path", "path: \"%s\" is no path to send: %s",
		    a->path, uri_error_name(e));
}

/* RFC 6749 2.3.1: each of the two is encoded as in a form. */
static void
form_add(struct text *t, const char *s, size_t n)
{
	static const char plain[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789-._";

	for (size_t i = 0; i < n; i++) {
		if (s[i] == ' ')
			text_add_char(t, '+');
		else if (s[i] != '\0' && strchr(plain, s[i]) != NULL)
			text_add_char(t, s[i]);
		else
			text_printf(t, "%%%02X", (unsigned char)s[i]);
	}
}

/* "Basic ..." (RFC 7617 2). */
static void
client_make(struct conf_auth *a, const struct conf_secret *secret)
{
	static const char scheme[] = "Basic ";
	size_t at = sizeof(scheme) - 1;
	struct text pair = { 0 };

	form_add(&pair, a->client_id, strlen(a->client_id));
	text_add_char(&pair, ':');
	form_add(&pair, secret->p, secret->n);
	a->client.p = OPENSSL_malloc(at + (pair.n + 2) / 3 * 4 + 1);
	MUST(a->client.p != NULL);
	memcpy(a->client.p, scheme, at);
	a->client.n = at +
	    (size_t)EVP_EncodeBlock((unsigned char *)a->client.p + at,
		(const unsigned char *)pair.p, (int)pair.n);
	OPENSSL_cleanse(pair.p, pair.n);
	text_fini(&pair);
}

static void
check_client(struct access_check *ac, struct conf_auth *a)
{
	struct conf_secret_rows rows = { &conf_block_auth, a, "client_secret",
		"client_secret_file", a->client_secret, a->client_secret_file };
	bool by_file = given(a, "client_secret_file");
	bool secret = given(a, "client_secret") || by_file;
	struct conf_secret taken = { 0 };

	if (given(a, "client_id") != secret)
		COMPLAIN(ac, a,
		    !secret       ? "client_id"
			: by_file ? "client_secret_file"
				  : "client_secret",
		    "client_id and client_secret go together");
	else if (conf_secret_take(ac->c, &rows, &taken, ac->d) &&
	    a->client_id != NULL)
		client_make(a, &taken);
	conf_secret_fini(&taken);
}

/* What the gateway says itself: a client's copy beside it would be believed. */
static bool
is_own(struct slice name)
{
	static const char *const own[] = { "Forwarded", "X-Forwarded-For",
		"X-Forwarded-Host", "X-Forwarded-Method", "X-Forwarded-Port",
		"X-Forwarded-Proto", "X-Forwarded-Uri", "X-Request-ID" };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (slice_eq_nocase(name, slice_str(own[i])))
			return true;
	return false;
}

static const char *
forward_fault(struct slice name)
{
	if (!http_is_token(name))
		return "is not the name of a header field";
	if (is_own(name))
		return "is set by the gateway itself";
	return conf_field_fault(name);
}

static void
check_forward_headers(struct access_check *ac, const struct conf_auth *a)
{
	const struct conf_strings *h = &a->forward_headers;

	if (h->count == 0 && h->items != NULL)
		COMPLAIN(ac, a, "forward_headers",
		    "forward_headers: it must have one");
	for (size_t i = 0; i < h->count; i++) {
		const char *fault = forward_fault(slice_str(h->items[i]));

		if (fault != NULL)
			diag_error(ac->d, h->places[i].file, h->places[i].line,
			    "forward_headers: \"%s\" %s", h->items[i], fault);
	}
	conf_check_twice(h, "forward_headers", ac->d);
}

static void
check_answer(struct access_check *ac, const struct conf_auth *a)
{
	static const char *const paths[IMG_CLAIMS] = { "answer.user",
		"answer.email", "answer.roles", "answer.permissions",
		"answer.tenant", "answer.service" };

	for (unsigned i = 0; i < IMG_CLAIMS; i++)
		if (a->answer[i] != NULL && a->answer[i][0] != '\0' &&
		    !http_is_token(slice_str(a->answer[i])))
			COMPLAIN(ac, a, paths[i],
			    "%s: \"%s\" is not the name of a header field",
			    paths[i], a->answer[i]);
}

void
conf_check_asked(struct access_check *ac, struct conf_auth *a)
{
	check_service(ac, a);
	check_path(ac, a);
	if (a->kind == IMG_AUTH_INTROSPECTION) {
		check_client(ac, a);
		return;
	}
	check_forward_headers(ac, a);
	check_answer(ac, a);
}
