/*
 * h1_rules.c - request targets against Host (RFC 9112 3.2), message framing
 * (6.3), persistence (9.3). Whatever could be read in two ways is refused.
 */
#include "common/http/h1_rules.h"
#include "common/http/authority.h"

#define BIT(id) ((uint64_t)1 << (id))
#define DIGITS_SAFE 18 /* whatever they are, an int64_t holds the number */

static const uint64_t single_fields = 0
#define HTTP_FIELD(id, name, flags) \
	| (((flags)&FIELD_SINGLE) != 0 ? BIT(FIELD_##id) : 0)
#include "common/http/http.def"
    ;

/* Where a request goes, as far as its target says so itself. */
struct destination {
	struct slice text; /* empty: only Host can tell */
	struct authority authority;
	uint16_t default_port;
};

/* Takes the authority out of scheme "://" authority path ["?" query]. */
static bool
absolute_split(struct head *h, struct destination *d)
{
	static const struct {
		struct slice prefix;
		uint16_t port;
	} schemes[] = { { SLICE_LIT("http://"), 80 },
		{ SLICE_LIT("https://"), 443 } };
	struct slice rest = h->target;
	size_t n = 0;

	for (size_t i = 0; i < 2; i++) {
		struct slice prefix = schemes[i].prefix;

		if (h->target.n < prefix.n ||
		    !slice_eq_nocase(slice_make(h->target.p, prefix.n), prefix))
			continue;
		rest = slice_skip(h->target, prefix.n);
		d->default_port = schemes[i].port;
		h->https = i == 1;
	}
	if (d->default_port == 0)
		return false;
	while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?')
		n++;
	d->text = slice_make(rest.p, n);
	h->target = slice_skip(rest, n);
	/* RFC 9112 3.2.4: without a path, OPTIONS asks about the server. */
	if (h->target.n == 0)
		h->target = h->method == METHOD_OPTIONS ? SLICE_LIT("*")
							: SLICE_LIT("/");
	return authority_parse(d->text, &d->authority);
}

static bool
target_read(struct head *h, struct destination *d)
{
	if (h->method == METHOD_CONNECT) {
		d->text = h->target;
		return authority_parse(h->target, &d->authority) &&
		    d->authority.port != 0;
	}
	if (h->target.p[0] == '/')
		return true;
	if (slice_eq(h->target, SLICE_LIT("*")))
		return h->method == METHOD_OPTIONS;
	return absolute_split(h, d);
}

static bool
host_read(struct head *h, const struct destination *d, uint64_t repeated)
{
	const struct field *f = head_find(h, FIELD_HOST);
	struct authority host;

	h->host = d->text;
	if ((repeated & BIT(FIELD_HOST)) != 0)
		return false;
	if (f == NULL || (f->value.n == 0 && d->text.n == 0))
		return h->version == HTTP_1_0;
	if (!authority_parse(f->value, &host))
		return false;
	if (d->text.n == 0) {
		h->host = f->value;
		return true;
	}
	return authority_eq(&host, &d->authority, d->default_port);
}

static bool
length_parse(struct slice s, uint64_t *length)
{
	uint64_t value = 0;

	for (size_t i = 0; i < s.n; i++) {
		uint64_t digit = (uint64_t)(unsigned char)s.p[i] - '0';

		if (digit > 9 ||
		    (i >= DIGITS_SAFE && value > (INT64_MAX - digit) / 10))
			return false;
		value = value * 10 + digit;
	}
	*length = value;
	return s.n != 0;
}

/* Sets body to BODY_STREAM, BODY_LENGTH or, with no framing, BODY_NONE. */
static enum codec_error
framing_read(struct head *h, uint64_t repeated)
{
	const struct field *coding, *length;

	if ((h->present & http_framing_fields) == 0)
		return CODEC_OK;
	coding = head_find(h, FIELD_TRANSFER_ENCODING);
	length = head_find(h, FIELD_CONTENT_LENGTH);
	if (coding != NULL && length != NULL)
		return CODEC_LENGTH_AND_CODING;
	if (coding != NULL) {
		/* RFC 9112 6.1: in HTTP/1.0 its framing is faulty. */
		if ((repeated & BIT(FIELD_TRANSFER_ENCODING)) != 0 ||
		    h->version != HTTP_1_1 ||
		    !slice_eq_nocase(coding->value, SLICE_LIT("chunked")))
			return CODEC_BAD_CODING;
		h->body = BODY_STREAM;
	}
	if (length != NULL) {
		if ((repeated & BIT(FIELD_CONTENT_LENGTH)) != 0 ||
		    !length_parse(length->value, &h->length))
			return CODEC_BAD_LENGTH;
		h->body = BODY_LENGTH;
	}
	return CODEC_OK;
}

/* RFC 9112 9.3: "close" wins, and HTTP/1.0 closes unless it says otherwise. */
static void
persistence_read(struct head *h)
{
	h->close = h->version == HTTP_1_0;
	if (!head_has(h, FIELD_CONNECTION))
		return;
	if (h->close)
		h->close = !head_nominated(h, SLICE_LIT("keep-alive"));
	h->close = h->close || head_nominated(h, SLICE_LIT("close"));
}

bool
h1_nominates(const struct head *h)
{
	for (uint32_t i = 0; i < h->count; i++) {
		struct slice option;
		size_t at = 0;

		if (h->fields[i].id != FIELD_CONNECTION)
			continue;
		while (head_list_next(h->fields[i].value, &at, &option))
			if (!slice_eq_nocase(option, SLICE_LIT("close")) &&
			    (http_field_flags(http_field_find(option)) &
				FIELD_HOP) == 0)
				return true;
	}
	return false;
}

/* RFC 9110 10.1.1: only 100-continue, void in HTTP/1.0 and without a body. */
static bool
expect_read(struct head *h, uint64_t repeated)
{
	const struct field *f = head_find(h, FIELD_EXPECT);

	if (f == NULL)
		return true;
	h->expect_continue = h->version == HTTP_1_1 && h->body != BODY_NONE;
	return (repeated & BIT(FIELD_EXPECT)) == 0 &&
	    slice_eq_nocase(f->value, SLICE_LIT("100-continue"));
}

enum codec_error
h1_rules_request(struct head *h, uint64_t repeated)
{
	struct destination d = { .text = SLICE_NONE };
	enum codec_error error;

	if (!target_read(h, &d))
		return CODEC_BAD_TARGET;
	if (!host_read(h, &d, repeated))
		return CODEC_BAD_HOST;
	error = framing_read(h, repeated);
	if (error != CODEC_OK)
		return error;
	persistence_read(h);
	/* What a refused tunnel's client has sent on is not HTTP. */
	h->close = h->close || h->method == METHOD_CONNECT;
	if (!expect_read(h, repeated))
		return CODEC_BAD_EXPECT;
	return (repeated & single_fields) == 0 ? CODEC_OK : CODEC_BAD_FIELD;
}

enum codec_error
h1_rules_response(struct head *h, uint64_t repeated)
{
	enum codec_error error = framing_read(h, repeated);

	if (error != CODEC_OK)
		return error;
	persistence_read(h);
	if (h1_bodiless(h->method, h->status)) {
		/* RFC 9110 8.6, RFC 9112 6.1: who announces one may send it. */
		if (h->status < 200 || h->status == 204)
			h->close = h->close || h->body == BODY_STREAM ||
			    h->length != 0;
		h->body = BODY_NONE;
	} else if (h->body == BODY_NONE) {
		/* 205 has no content (RFC 9110 15.3.6), framed or not. */
		h->body = h->status == 205 ? BODY_NONE : BODY_STREAM;
		h->close = true;
	}
	return CODEC_OK;
}

enum codec_error
h1_rules_trailers(const struct head *h)
{
	uint64_t forbidden = BIT(FIELD_CONTENT_LENGTH) |
	    BIT(FIELD_TRANSFER_ENCODING) | BIT(FIELD_HOST);

	return (h->present & forbidden) == 0 ? CODEC_OK : CODEC_BAD_FIELD;
}
