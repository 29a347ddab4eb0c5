/*
 * conf_check_trace.c - the recorder, what is masked, and tracing.
 */
#include <string.h>

#include "common/http/http.h"
#include "master/conf_check.h"
#include "master/conf_check_access.h"
#include "master/conf_may.h"
#include "master/conf_source.h"
#include "master/conf_suggest.h"
#include "master/conf_table.h"
#include "master/conf_trust.h"
#include "master/conf_url.h"

#define COMPLAIN(c, d, path, ...)                                  \
	do {                                                       \
		struct conf_place at_ =                            \
		    conf_where((c), &conf_block_top, (c), (path)); \
		diag_error((d), at_.file, at_.line, __VA_ARGS__);  \
	} while (0)

/* ---- the recorder ---- */

static void
check_ring(
    const struct conf *c, const char *path, uint64_t bytes, struct diag *d)
{
	if ((bytes & (bytes - 1)) != 0)
		COMPLAIN(c, d, path, "%s: it must be a power of two", path);
}

/* Who reads what is not written down? */
static void
check_readers(const struct conf *c, struct diag *d)
{
	const struct conf_telemetry *t = &c->telemetry;

	if (t->recorder.ring == 0 && t->access_count != 0)
		COMPLAIN(c, d, "recorder.ring",
		    "recorder.ring: without it there is nothing for "
		    "access_log");
	if (t->recorder.ring == 0 && t->tracing.endpoint != NULL)
		COMPLAIN(c, d, "recorder.ring",
		    "recorder.ring: without it there is nothing for "
		    "tracing.endpoint");
	if (t->recorder.audit_ring == 0 && t->audit_count != 0)
		COMPLAIN(c, d, "recorder.audit_ring",
		    "recorder.audit_ring: without it there is nothing for "
		    "audit_log");
}

/* ---- words and names ---- */

struct word_bit {
	const char *word;
	uint32_t bit;
};

static uint32_t
words_read(const struct conf_strings *names, const char *option,
    const struct word_bit *words, size_t count, struct diag *d)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < names->count; i++) {
		const struct conf_place *at = &names->places[i];
		struct conf_suggest near;
		char buf[96];
		size_t k = 0;

		conf_suggest_init(&near, names->items[i]);
		for (; k < count; k++) {
			if (strcmp(words[k].word, names->items[i]) == 0)
				break;
			conf_suggest_offer(&near, words[k].word);
		}
		if (k < count)
			bits |= words[k].bit;
		else
			diag_error(d, at->file, at->line,
			    "%s: there is no \"%s\"%s", option, names->items[i],
			    conf_suggest_text(&near, buf, sizeof(buf)));
	}
	conf_check_twice(names, option, d);
	return bits;
}

static void
check_mask(struct conf *c, struct diag *d)
{
	static const struct word_bit texts[] = {
		{ "email", IMG_MASK_EMAIL },
		{ "card", IMG_MASK_CARD },
		{ "national_id", IMG_MASK_NATIONAL_ID },
		{ "iban", IMG_MASK_IBAN },
	};
	struct conf_mask *m = &c->telemetry.mask;

	m->bits = words_read(
	    &m->text, "mask.text", texts, sizeof(texts) / sizeof(texts[0]), d);
	for (size_t i = 0; i < m->headers.count; i++)
		if (!http_is_token(slice_str(m->headers.items[i])))
			diag_error(d, m->headers.places[i].file,
			    m->headers.places[i].line,
			    "mask.headers: \"%s\" is not the name of a header "
			    "field",
			    m->headers.items[i]);
	conf_check_twice(&m->headers, "mask.headers", d);
	conf_check_twice(&m->query, "mask.query", d);
}

/* ---- tracing ---- */

/* True when there is one that is asked by TLS. */
static bool
check_endpoint(const struct conf *c, struct diag *d)
{
	const struct conf_tracing *t = &c->telemetry.tracing;
	static const char path[] = "tracing.endpoint";
	const char *fault;
	bool secure = false;

	if (t->endpoint == NULL) {
		if (t->ca != NULL && !conf_given(&conf_block_top, c, path))
			COMPLAIN(c, d, "tracing.ca",
			    "tracing.ca: it has no effect without "
			    "tracing.endpoint");
		return false;
	}
	fault = conf_url_fault(t->endpoint, &secure);
	if (fault != NULL)
		COMPLAIN(c, d, path, "%s: \"%s\" %s", path, t->endpoint, fault);
	else if (t->ca != NULL && !secure)
		COMPLAIN(c, d, "tracing.ca",
		    "tracing.ca: it has no effect, since tracing.endpoint is "
		    "not https");
	return fault == NULL && secure;
}

/* penstocklog reads it, without anybody's help. */
static void
check_ca(struct conf *c, struct diag *d)
{
	struct conf_tracing *t = &c->telemetry.tracing;
	struct conf_source ca, none = { 0 };
	const char *fault;

	ca = conf_source_make(c, d,
	    conf_where(c, &conf_block_top, c, "tracing.ca"), "tracing.ca",
	    t->ca);
	t->ca_file = conf_source_absolute(&ca);
	t->trust = conf_trust_read(&ca, &none, false);
	fault = t->trust != IMG_NONE ? conf_may_read(c, ca.path) : NULL;
	if (fault != NULL)
		conf_source_error(&ca, "%s", fault);
}

/* NULL, or why no correlation id can be in a field of this name. */
static const char *
correlation_fault(const struct conf *c, const char *name)
{
	static const char *const taken[] = { "b3", "x-b3-traceid",
		"x-b3-spanid", "x-b3-parentspanid", "x-b3-sampled",
		"x-b3-flags" };
	struct slice s = slice_str(name);

	if (http_field_find(s) == FIELD_X_CORRELATION_ID)
		return NULL;
	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (slice_eq_nocase(s, slice_str(taken[i])))
			return "is a field with a meaning of its own";
	if (conf_told(c, name))
		return "is set by the gateway alone (identity_headers)";
	return conf_credential_fault(name);
}

static void
check_correlation(const struct conf *c, struct diag *d)
{
	static const char path[] = "tracing.correlation_id";
	const char *name = c->telemetry.tracing.correlation_id;
	const char *fault = name != NULL ? correlation_fault(c, name) : NULL;

	if (fault != NULL)
		COMPLAIN(c, d, path, "%s: \"%s\" %s", path, name, fault);
}

/* "key=value", each key once, and not what has an option of its own. */
static void
check_resource(const struct conf *c, struct diag *d)
{
	const struct conf_strings *s = &c->telemetry.tracing.resource;
	struct map keys;

	map_init(&keys);
	for (size_t i = 0; i < s->count; i++) {
		size_t n = strcspn(s->items[i], "=");
		struct slice key = slice_make(s->items[i], n);
		const char *fault = NULL;
		bool added = true;

		if (n == 0 || s->items[i][n] == '\0')
			fault = "is not of the form \"key=value\"";
		else if (slice_eq(key, SLICE_LIT("service.name")))
			fault = "is what tracing.service is for";
		else
			(void)map_put(&keys, key, &added);
		if (!added)
			fault = "has a key that is there already";
		if (fault != NULL)
			diag_error(d, s->places[i].file, s->places[i].line,
			    "tracing.resource: \"%s\" %s", s->items[i], fault);
	}
	map_fini(&keys);
}

/* NULL, or why the receiver cannot be sent it: half a sentence. */
static const char *
header_fault(const char *line)
{
	size_t n = strcspn(line, ":");
	struct slice name = slice_make(line, n);

	if (line[n] == '\0' || !http_is_token(name))
		return "is not of the form \"Name: value\"";
	if (slice_eq_nocase(name, SLICE_LIT("Content-Type")) ||
	    slice_eq_nocase(name, SLICE_LIT("Content-Encoding")))
		return "says what the gateway says itself";
	return conf_field_fault(name);
}

/* What stands behind the colon is nobody's to read. */
static void
check_headers(const struct conf *c, struct diag *d)
{
	const struct conf_strings *s = &c->telemetry.tracing.headers;

	for (size_t i = 0; i < s->count; i++) {
		const char *fault = header_fault(s->items[i]);

		if (fault != NULL)
			diag_error(d, s->places[i].file, s->places[i].line,
			    "tracing.headers: \"%.*s\" %s",
			    (int)strcspn(s->items[i], ":"), s->items[i], fault);
	}
}

static void
check_tracing(struct conf *c, struct diag *d)
{
	static const struct word_bit ways[] = {
		{ "w3c", IMG_TRACE_W3C },
		{ "b3", IMG_TRACE_B3 },
		{ "b3_multi", IMG_TRACE_B3_MULTI },
	};
	struct conf_tracing *t = &c->telemetry.tracing;

	t->on = conf_given(&conf_block_top, c, "tracing");
	t->propagate_bits = words_read(&t->propagate, "tracing.propagate", ways,
	    sizeof(ways) / sizeof(ways[0]), d);
	t->trust = IMG_NONE;
	if (check_endpoint(c, d) && t->ca != NULL)
		check_ca(c, d);
	check_correlation(c, d);
	check_resource(c, d);
	check_headers(c, d);
}

void
conf_check_telemetry(struct conf *c, struct diag *d)
{
	const struct conf_recorder *r = &c->telemetry.recorder;

	check_ring(c, "recorder.ring", r->ring, d);
	check_ring(c, "recorder.audit_ring", r->audit_ring, d);
	check_mask(c, d);
	check_tracing(c, d);
	conf_check_logs(c, d);
	check_readers(c, d);
}
