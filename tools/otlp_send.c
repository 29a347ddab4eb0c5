/*
 * otlp_send.c - batches on their way to the receiver, by libcurl. Several at
 * once while it takes them, one at a time while it does not.
 */
#include "tools/otlp_inside.h"

#include <curl/curl.h>

#include "common/base/hash.h"
#include "common/base/log.h"
#include "common/base/must.h"
#include "tools/otlp_retry.h"

#define AGENT "penstock/" PENSTOCK_VERSION

/* ---- one export ---- */

static size_t
send_on_body(char *p, size_t one, size_t n, void *owner)
{
	struct otlp_batch *b = owner;

	(void)one;
	/* What is too long is read, and then not understood. */
	if (n <= OTLP_ANSWER_MAX - b->answer.n)
		text_add(&b->answer, slice_make(p, n));
	return n;
}

static void
send_set_way(struct otlp_batch *b, CURL *e)
{
	const struct otlp_settings *s = &b->otlp->settings;

	curl_easy_setopt(e, CURLOPT_URL, s->endpoint);
	curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(e, CURLOPT_PROXY, "");
	curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(e, CURLOPT_USERAGENT, AGENT);
	curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (s->ca_file != NULL) {
		curl_easy_setopt(e, CURLOPT_CAINFO, s->ca_file);
		curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
	}
	curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)(s->timeout_us / 1000));
}

static void
send_set_body(struct otlp_batch *b, CURL *e)
{
	curl_easy_setopt(e, CURLOPT_POST, 1L);
	curl_easy_setopt(e, CURLOPT_POSTFIELDS, &b->body[0]);
	curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)b->bytes);
	curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, send_on_body);
	curl_easy_setopt(e, CURLOPT_WRITEDATA, b);
	curl_easy_setopt(e, CURLOPT_PRIVATE, b);
}

static void
send_set_fields(struct otlp_batch *b, CURL *e)
{
	const struct otlp_settings *s = &b->otlp->settings;
	struct curl_slist *fields;
	char type[64];

	(void)snprintf(
	    type, sizeof(type), "Content-Type: %s", b->encoding->content_type);
	fields = curl_slist_append(NULL, type);
	/* There is no point in asking first. */
	fields = curl_slist_append(fields, "Expect:");
	for (uint32_t i = 0; i < s->header_count; i++)
		fields = curl_slist_append(fields, s->headers[i]);
	b->fields = fields;
	curl_easy_setopt(e, CURLOPT_HTTPHEADER, fields);
}

/* It waits again, before all others. */
static void
send_leave(struct otlp *o, struct otlp_batch *b)
{
	fetch_multi_drop(&o->multi, b->easy);
	curl_slist_free_all(b->fields);
	b->easy = b->fields = NULL;
	o->flying_count--;
	list_remove(&b->link);
	list_push_front(&o->waiting, &b->link);
}

/* False: it still waits. */
static bool
send_begin(struct otlp *o, struct otlp_batch *b)
{
	b->easy = fetch_multi_new(&o->multi);
	if (b->easy == NULL)
		return false;
	text_clear(&b->answer);
	send_set_way(b, b->easy);
	send_set_body(b, b->easy);
	send_set_fields(b, b->easy);
	o->flying_count++;
	list_remove(&b->link);
	list_push_back(&o->flying, &b->link);
	if (fetch_multi_add(&o->multi, b->easy))
		return true;
	send_leave(o, b);
	return false;
}

/* ---- how it went ---- */

static void
send_count(_Atomic uint64_t *word, uint64_t by)
{
	atomic_fetch_add_explicit(word, by, memory_order_relaxed);
}

static void
send_taken(struct otlp *o, struct otlp_batch *b)
{
	struct otlp_answer answer;

	if (!b->encoding->answer(text_slice(&b->answer), &answer))
		answer = (struct otlp_answer){ 0 };
	if (answer.rejected > b->spans)
		answer.rejected = b->spans;
	if (answer.rejected != 0)
		log_warnx("tracing: the receiver rejected %llu of %u spans: %s",
		    (unsigned long long)answer.rejected, b->spans,
		    answer.message);
	if (o->failing)
		log_info("tracing: the receiver takes spans again; %llu were "
			 "lost meanwhile",
		    (unsigned long long)o->lost_since);
	o->failing = false;
	o->delay_us = o->lost_since = 0;
	otlp_lose(o, answer.rejected);
	send_count(&o->tell->spans, b->spans - answer.rejected);
	send_count(&o->tell->exports, 1);
	otlp_batch_free(b);
}

/* Once, until it does better, and again when it fails otherwise. */
static void
send_complain(struct otlp *o, unsigned status, int result)
{
	if (o->failing && status == o->failed_status &&
	    result == o->failed_result)
		return;
	o->failing = true;
	o->failed_status = status;
	o->failed_result = result;
	if (status != 0)
		log_warnx("tracing: %s answers with %u", o->settings.endpoint,
		    status);
	else
		log_warnx("tracing: no answer of %s: %s", o->settings.endpoint,
		    curl_easy_strerror((CURLcode)result));
}

static void
send_postpone(struct otlp *o, uint64_t asked_us)
{
	if (timer_armed(&o->again))
		return; /* several have failed together */
	o->delay_us = otlp_delay_us(o->delay_us);
	timer_set(&o->loop->timers, &o->again,
	    mono_add_us(clock_now(),
		otlp_wait_us(o->delay_us, asked_us, hash_u64(++o->randoms))));
}

static bool
send_is_too_old(const struct otlp *o, const struct otlp_batch *b)
{
	return o->stopping || o->settings.encoding == NULL ||
	    mono_diff_us(clock_now(), b->made) >= OTLP_AGE_MAX_US;
}

static void
send_failed(struct otlp *o, struct otlp_batch *b, enum otlp_fate fate,
    uint64_t asked_us)
{
	send_count(&o->tell->exports_failed, 1);
	if (fate == OTLP_AGAIN)
		send_postpone(o, asked_us);
	if (fate == OTLP_AGAIN && !send_is_too_old(o, b))
		return;
	otlp_lose(o, b->spans);
	otlp_batch_free(b);
}

static void
send_done(void *owner, int result)
{
	struct otlp_batch *b = owner;
	struct otlp *o = b->otlp;
	curl_off_t asked_s = 0;
	enum otlp_fate fate;
	long status = 0;

	if (result == CURLE_OK)
		(void)curl_easy_getinfo(
		    b->easy, CURLINFO_RESPONSE_CODE, &status);
	(void)curl_easy_getinfo(b->easy, CURLINFO_RETRY_AFTER, &asked_s);
	send_leave(o, b);
	fate = otlp_fate((unsigned)status);
	if (fate == OTLP_TAKEN) {
		send_taken(o, b);
	} else {
		send_complain(o, (unsigned)status, result);
		send_failed(o, b, fate, (uint64_t)asked_s * 1000000);
	}
	otlp_send(o);
}

/* ---- which, and when ---- */

static uint32_t
send_most(const struct otlp *o)
{
	return o->delay_us != 0 ? 1 : OTLP_FLYING_MAX;
}

void
otlp_send(struct otlp *o)
{
	if (o->settings.encoding == NULL ||
	    (timer_armed(&o->again) && !o->stopping))
		return;
	while (!list_empty(&o->waiting) && o->flying_count < send_most(o)) {
		struct otlp_batch *b =
		    CONTAINER_OF(o->waiting.next, struct otlp_batch, link);

		if (!send_begin(o, b))
			return;
	}
}

void
otlp_send_anew(struct otlp *o)
{
	timer_cancel(&o->again);
	o->delay_us = 0;
	o->failing = false;
	otlp_send(o);
}

static void
send_on_again(struct timer *t)
{
	otlp_send(CONTAINER_OF(t, struct otlp, again));
}

bool
otlp_send_init(struct otlp *o)
{
	timer_init(&o->again, send_on_again);
	return fetch_multi_init(&o->multi, o->loop, send_done);
}

void
otlp_send_fini(struct otlp *o)
{
	while (!list_empty(&o->flying))
		send_leave(
		    o, CONTAINER_OF(o->flying.next, struct otlp_batch, link));
	fetch_multi_fini(&o->multi);
	timer_fini(&o->loop->timers, &o->again);
}
