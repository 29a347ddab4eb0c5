/*
 * fetch.c - see fetch.h.
 *
 *	start --a name--> resolving --addresses--+
 *	  |                                      v
 *	  +--an address----------------------> asking --> ended
 *
 * libcurl has a resolver of its own, which would start a thread: it is given
 * the addresses beforehand, and stopped if it should want to resolve anything
 * all the same.
 */
#include "master/fetch.h"

#include <curl/curl.h>
#include <openssl/pem.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "common/net/tls.h"

#define HEAD_BYTES_MAX 65536
#define AGENT "penstock/" PENSTOCK_VERSION

/* ---- the end of one ---- */

static void
fetch_free(struct fetch *f)
{
	list_remove(&f->link);
	loop_task_cancel(&f->tell);
	timer_fini(&f->fetcher->loop->timers, &f->limit);
	curl_slist_free_all(f->addresses);
	curl_slist_free_all(f->fields);
	fetch_url_fini(&f->url);
	text_fini(&f->body);
	text_fini(&f->cas);
	free(f);
}

/* What the resolver still owes an answer for stays until it has come. */
static void
fetch_leave(struct fetch *f)
{
	f->dead = true;
	timer_cancel(&f->limit);
	loop_task_cancel(&f->tell);
	if (f->easy != NULL)
		fetch_multi_drop(&f->fetcher->multi, f->easy);
	f->easy = NULL;
	if (f->round.pending == 0)
		fetch_free(f);
}

void
fetch_cancel(struct fetch *f)
{
	fetch_leave(f);
}

static void
fetch_tell(struct loop_task *t)
{
	struct fetch *f = CONTAINER_OF(t, struct fetch, tell);

	f->ended(f);
	fetch_leave(f);
}

/* Not before the end of the turn: its owner may not know it yet. The first
 * reason counts. */
static void __attribute__((format(printf, 2, 3)))
fetch_end(struct fetch *f, const char *fmt, ...)
{
	va_list ap;

	if (f->settled)
		return;
	f->settled = true;
	va_start(ap, fmt);
	(void)vsnprintf(f->why, sizeof(f->why), fmt, ap);
	va_end(ap);
	for (char *p = f->why; *p != '\0'; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
	f->ok = f->why[0] == '\0';
	timer_cancel(&f->limit);
	loop_defer(f->fetcher->loop, &f->tell);
}

static void
fetch_late(struct timer *t)
{
	struct fetch *f = CONTAINER_OF(t, struct fetch, limit);

	fetch_end(f, "no answer within %llu ms",
	    (unsigned long long)f->want.timeout_us / 1000);
}

static void
fetch_done(void *owner, int result)
{
	struct fetch *f = owner;
	long status = 0;

	(void)curl_easy_getinfo(f->easy, CURLINFO_RESPONSE_CODE, &status);
	if (f->over)
		fetch_end(
		    f, "the answer has more than %zu bytes", f->want.bytes_max);
	else if (result != CURLE_OK)
		fetch_end(f, "%s",
		    f->said[0] != '\0' ? f->said
				       : curl_easy_strerror((CURLcode)result));
	else if (status != 200)
		fetch_end(f, "the answer is a %ld", status);
	else
		fetch_end(f, "%s", "");
}

/* ---- asking ---- */

static size_t
fetch_on_body(char *p, size_t one, size_t n, void *owner)
{
	struct fetch *f = owner;

	(void)one;
	if (n > f->want.bytes_max - f->body.n) {
		f->over = true;
		return 0;
	}
	text_add(&f->body, slice_make(p, n));
	return n;
}

static size_t
fetch_on_head(char *p, size_t one, size_t n, void *owner)
{
	struct fetch *f = owner;

	(void)p;
	(void)one;
	f->head_bytes += n;
	return f->head_bytes <= HEAD_BYTES_MAX ? n : 0;
}

/* The addresses are known: this would be the start of a thread. */
static int
fetch_on_resolver(void *state, void *reserved, void *owner)
{
	(void)state;
	(void)reserved;
	(void)owner;
	return 1;
}

static void
fetch_set_answer(struct fetch *f, CURL *e)
{
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, fetch_on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, f);
	curl_easy_setopt(e, CURLOPT_HEADERFUNCTION, fetch_on_head);
	curl_easy_setopt(e, CURLOPT_HEADERDATA, f);
	curl_easy_setopt(e, CURLOPT_ERRORBUFFER, f->said);
	curl_easy_setopt(e, CURLOPT_PRIVATE, f);
}

/* Of all ways to say whom to believe, libcurl does not cache this one. */
static void
fetch_set_tls(struct fetch *f, CURL *e)
{
	struct curl_blob blob = {
		.data = f->cas.p, .len = f->cas.n, .flags = CURL_BLOB_NOCOPY
	};

	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	/* Whom to believe may have changed since an earlier session. */
	curl_easy_setopt(e, CURLOPT_SSL_SESSIONID_CACHE, 0L);
	if (f->cas.n == 0)
		return;
	curl_easy_setopt(e, CURLOPT_CAINFO, NULL);
	curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
	curl_easy_setopt(e, CURLOPT_CAINFO_BLOB, &blob);
}

static void
fetch_set_way(struct fetch *f, CURL *e)
{
	curl_easy_setopt(e, CURLOPT_CURLU, f->url.curl);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_PROXY, "");
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_FORBID_REUSE, 1L);
	curl_easy_setopt(e, CURLOPT_USERAGENT, AGENT);
	curl_easy_setopt(
	    e, CURLOPT_TIMEOUT_MS, (long)(f->want.timeout_us / 1000) + 1000);
	if (f->url.host == NULL)
		return;
	curl_easy_setopt(e, CURLOPT_RESOLVE, f->addresses);
	curl_easy_setopt(e, CURLOPT_RESOLVER_START_FUNCTION, fetch_on_resolver);
}

static struct curl_slist *
fetch_fields(const struct fetch *f)
{
	char field[128];

	(void)snprintf(field, sizeof(field), "Accept: %s", f->want.accept);
	return curl_slist_append(NULL, field);
}

static void
fetch_ask(struct fetch *f)
{
	f->easy = fetch_multi_new(&f->fetcher->multi);
	if (f->easy == NULL) {
		fetch_end(f, "libcurl does not start");
		return;
	}
	fetch_set_way(f, f->easy);
	fetch_set_tls(f, f->easy);
	fetch_set_answer(f, f->easy);
	curl_easy_setopt(f->easy, CURLOPT_HTTPHEADER, f->fields);
	if (!fetch_multi_add(&f->fetcher->multi, f->easy))
		fetch_end(f, "libcurl does not take it");
}

/* ---- names ---- */

static void
fetch_resolved(struct resolve_round *r)
{
	struct fetch *f = CONTAINER_OF(r, struct fetch, round);
	const char *why = r->ask[RESOLVE_V4].reply.why;

	if (!f->dead && !f->settled && !r->aborted)
		f->addresses = fetch_url_addresses(&f->url, r->ask);
	for (int i = 0; i < RESOLVE_FAMILIES; i++)
		resolve_answer_fini(&r->ask[i].reply.answer);
	if (f->dead)
		fetch_free(f);
	else if (f->addresses != NULL)
		fetch_ask(f);
	else
		fetch_end(f, "%s: not resolved: %s", f->url.host,
		    why != NULL ? why : "no answer");
}

static void
fetch_resolve(struct fetch *f)
{
	struct fetcher *fr = f->fetcher;

	(void)resolve_channel_refresh(&fr->names);
	f->round.ended = fetch_resolved;
	resolve_round_start(
	    &f->round, &fr->names, f->url.host, false, fr->attempts);
}

/* As libcurl wants them: in PEM. */
static void
fetch_take_cas(struct fetch *f, struct slice cas)
{
	BIO *pem = BIO_new(BIO_s_mem());
	struct slice der;
	char *text;
	size_t at = 0;
	long n;

	MUST(pem != NULL);
	while (tls_der_next(cas, &at, &der))
		MUST(PEM_write_bio(pem, PEM_STRING_X509, "",
			 (const unsigned char *)der.p, (long)der.n) > 0);
	n = BIO_get_mem_data(pem, &text);
	if (n > 0)
		text_add(&f->cas, slice_make(text, (size_t)n));
	(void)BIO_free(pem);
}

struct fetch *
fetch_start(struct fetcher *fr, const struct fetch_want *want,
    void (*ended)(struct fetch *f), void *owner)
{
	struct fetch *f = calloc(1, sizeof(*f));
	const char *why;

	MUST(f != NULL);
	f->fetcher = fr;
	f->want = *want;
	f->want.url = f->want.cas = SLICE_NONE;
	fetch_take_cas(f, want->cas);
	f->ended = ended;
	f->owner = owner;
	timer_init(&f->limit, fetch_late);
	loop_task_init(&f->tell, fetch_tell);
	list_push_back(&fr->fetches, &f->link);
	f->fields = fetch_fields(f);
	why = fetch_url_read(&f->url, want->url);
	if (why != NULL) {
		fetch_end(f, "%s", why);
		return f;
	}
	timer_set(&fr->loop->timers, &f->limit,
	    mono_add_us(clock_now(), want->timeout_us));
	if (f->url.host != NULL)
		fetch_resolve(f);
	else
		fetch_ask(f);
	return f;
}

/* ---- life ---- */

void
fetcher_configure(struct fetcher *fr, const struct img_head *img)
{
	fr->attempts = img->resolver.attempts;
	if (resolve_channel_differs(&fr->names, img, &img->resolver))
		(void)resolve_channel_open(&fr->names, img, &img->resolver);
}

bool
fetcher_init(struct fetcher *fr, struct loop *loop)
{
	*fr = (struct fetcher){ .loop = loop, .attempts = 1 };
	list_init(&fr->fetches);
	return fetch_multi_init(&fr->multi, loop, fetch_done) &&
	    resolve_channel_init(&fr->names, loop);
}

void
fetcher_fini(struct fetcher *fr)
{
	struct list *l, *next;

	for (l = fr->fetches.next; l != &fr->fetches; l = next) {
		next = l->next;
		fetch_cancel(CONTAINER_OF(l, struct fetch, link));
	}
	resolve_channel_fini(&fr->names); /* ends the last rounds */
	fetch_multi_fini(&fr->multi);
}
