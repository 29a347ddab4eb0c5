/*
 * fetch_url.c - see fetch_url.h.
 */
#include "master/fetch_url.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "common/base/text.h"
#include "common/net/addr.h"

#define ADDRESSES_MAX 16

/* ---- reading ---- */

/* Letters that libcurl would not turn into others before it resolves. */
static bool
host_is_plain(const char *host)
{
	size_t n = strlen(host);

	return n != 0 && n < RESOLVE_HOST_MAX && host[n - 1] != '.' &&
	    strspn(host,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789.-_") == n;
}

static const char *
url_take_host(struct fetch_url *u, const char *host)
{
	struct addr a;

	if (addr_parse_ip(slice_str(host), &a))
		return NULL;
	if (!host_is_plain(host))
		return "the url has no host that can be resolved";
	u->host = strdup(host);
	MUST(u->host != NULL);
	return NULL;
}

const char *
fetch_url_read(struct fetch_url *u, struct slice url)
{
	char *text = strndup(url.p != NULL ? url.p : "", url.n);
	char *host = NULL, *user = NULL, *scheme = NULL;
	const char *why = "the url cannot be read";

	*u = (struct fetch_url){ .curl = curl_url() };
	MUST(text != NULL && u->curl != NULL);
	if (curl_url_set(u->curl, CURLUPART_URL, text, 0) == CURLUE_OK &&
	    curl_url_get(u->curl, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
	    curl_url_get(u->curl, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK)
		why = url_take_host(u, host);
	if (why == NULL && strcmp(scheme, "http") != 0 &&
	    strcmp(scheme, "https") != 0)
		why = "the url is not one of http or https";
	if (curl_url_get(u->curl, CURLUPART_USER, &user, 0) == CURLUE_OK)
		why = "the url has a user";
	curl_free(host);
	curl_free(user);
	curl_free(scheme);
	free(text);
	return why;
}

void
fetch_url_fini(struct fetch_url *u)
{
	curl_url_cleanup(u->curl);
	free(u->host);
}

/* ---- addresses ---- */

static void
addresses_add(struct text *t, uint32_t *count, const struct resolve_reply *r)
{
	char ip[ADDR_TEXT_MAX];

	for (uint32_t i = 0; i < r->answer.addr_count; i++) {
		const struct addr *a = &r->answer.addrs[i];
		size_t n = addr_ip_text(a, ip);

		if (*count == ADDRESSES_MAX)
			return;
		text_printf(t, a->is_v6 ? "%s[%.*s]" : "%s%.*s",
		    *count != 0 ? "," : "", (int)n, ip);
		(*count)++;
	}
}

/* "host:port:address,address", which libcurl takes for the truth. */
void *
fetch_url_addresses(const struct fetch_url *u,
    const struct resolve_question ask[RESOLVE_FAMILIES])
{
	struct curl_slist *list = NULL;
	char *port = NULL;
	uint32_t count = 0;
	struct text t;

	text_init(&t);
	(void)curl_url_get(u->curl, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);
	text_printf(&t, "%s:%s:", u->host, port != NULL ? port : "");
	addresses_add(&t, &count, &ask[RESOLVE_V4].reply);
	addresses_add(&t, &count, &ask[RESOLVE_V6].reply);
	text_add_char(&t, '\0');
	if (count != 0)
		list = curl_slist_append(NULL, t.p);
	curl_free(port);
	text_fini(&t);
	return list;
}
