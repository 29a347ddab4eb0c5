/*
 * h1_parse.c - start lines and field lines, byte by byte as RFC 9112 draws
 * them. What the fields mean together is left to h1_rules.
 *
 * A head that comes in pieces is read from its start each time. An error
 * depends on the bytes up to its place only, so that where a peer cuts its
 * segments never changes the verdict.
 */
#include <limits.h>

#include "common/http/h1_parse.h"
#include "common/http/h1_rules.h"
#include "common/http/h1_scan.h"

#define METHOD_BYTES_MAX 32
#define VERSION_BYTES 8 /* "HTTP/1.1" */

enum step { STEP_OK, STEP_MORE, STEP_BAD };

struct parse {
	const char *at, *end;
	const char *begin; /* from here on bytes may be read */
	const struct codec_limits *limits;
	struct head *head;
	uint64_t repeated; /* bit i: field_id i came again */
	enum codec_error error;
};

static inline enum step
parse_fail(struct parse *s, enum codec_error error)
{
	s->error = error;
	return STEP_BAD;
}

/* CR LF must stand here; `other` if neither CR nor LF does. */
static inline enum step
parse_line_end(struct parse *s, enum codec_error other)
{
	if (s->at == s->end)
		return STEP_MORE;
	if (*s->at != '\r')
		return parse_fail(
		    s, *s->at == '\n' ? CODEC_BAD_LINE_END : other);
	if (s->end - s->at < 2)
		return STEP_MORE;
	if (s->at[1] != '\n')
		return parse_fail(s, CODEC_BAD_LINE_END);
	s->at += 2;
	return STEP_OK;
}

static enum step
parse_method(struct parse *s)
{
	const char *p = s->at;
	const char *e;
	struct slice text;

	/* Most of them. */
	if (s->end - p >= 4 && memcmp(p, "GET ", 4) == 0) {
		s->head->method_text = slice_make(p, 3);
		s->head->method = METHOD_GET;
		s->at = p + 4;
		return STEP_OK;
	}
	e = scan_token(p, s->end, s->begin);
	text = slice_make(p, (size_t)(e - p));
	if (text.n > METHOD_BYTES_MAX)
		return parse_fail(s, CODEC_METHOD_TOO_LONG);
	if (e == s->end)
		return STEP_MORE;
	if (*e != ' ')
		return parse_fail(s,
		    *e == '\r' || *e == '\n' ? CODEC_BAD_START_LINE
					     : CODEC_BAD_METHOD);
	if (text.n == 0)
		return parse_fail(s, CODEC_BAD_START_LINE);
	s->head->method_text = text;
	s->head->method = (uint8_t)http_method_find(text);
	s->at = e + 1;
	return STEP_OK;
}

static enum step
parse_target(struct parse *s)
{
	const char *p = s->at;
	const char *e = scan_target(p, s->end, s->begin);
	struct slice text = { p, (size_t)(e - p) };

	s->head->target = text; /* as far as it is one */
	if (text.n > s->limits->uri_bytes)
		return parse_fail(s, CODEC_URI_TOO_LONG);
	if (e == s->end)
		return STEP_MORE;
	/* A line that ends here is HTTP/0.9. */
	if (*e == '\r' || *e == '\n' || (*e == ' ' && text.n == 0))
		return parse_fail(s, CODEC_BAD_START_LINE);
	if (*e != ' ')
		return parse_fail(s, CODEC_BAD_TARGET);
	s->at = e + 1;
	return STEP_OK;
}

static inline bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* How far p[0..n) is the beginning of a version. */
static size_t
version_span(const char *p, size_t n)
{
	static const char form[] = "HTTP/0.0"; /* "0": any digit */
	size_t i = 0;

	while (i < n && i < VERSION_BYTES &&
	    (form[i] == '0' ? is_digit(p[i]) : p[i] == form[i]))
		i++;
	return i;
}

/* RFC 9110 2.5: a higher minor version is read as the highest one known. */
static __attribute__((noinline)) enum step
parse_other_version(struct parse *s)
{
	const char *p = s->at;
	size_t n = (size_t)(s->end - p);
	size_t good = version_span(p, n);

	if (good < VERSION_BYTES)
		return good == n ? STEP_MORE
				 : parse_fail(s, CODEC_BAD_START_LINE);
	if (p[5] != '1')
		return parse_fail(s, CODEC_BAD_VERSION);
	s->head->version = p[7] == '0' ? HTTP_1_0 : HTTP_1_1;
	s->at = p + VERSION_BYTES;
	return STEP_OK;
}

static inline enum step
parse_version(struct parse *s)
{
	const char *p = s->at;

	if (s->end - p < VERSION_BYTES ||
	    memcmp(p, "HTTP/1.1", VERSION_BYTES) != 0)
		return parse_other_version(s);
	s->head->version = HTTP_1_1;
	s->at = p + VERSION_BYTES;
	return STEP_OK;
}

/* RFC 9113 3.4: how a client opens HTTP/2 without asking. */
static bool
is_h2_preface(const struct parse *s)
{
	return memcmp(s->at, "HTTP/2.0", VERSION_BYTES) == 0 &&
	    slice_eq(s->head->method_text, SLICE_LIT("PRI")) &&
	    slice_eq(s->head->target, SLICE_LIT("*"));
}

static enum step
parse_request_line(struct parse *s)
{
	enum step step;

	/* RFC 9112 2.2: one empty line before it is forgiven. */
	if (s->at != s->end && *s->at == '\r') {
		step = parse_line_end(s, CODEC_BAD_START_LINE);
		if (step != STEP_OK)
			return step;
	}
	step = parse_method(s);
	if (step == STEP_OK)
		step = parse_target(s);
	if (step == STEP_OK)
		step = parse_version(s);
	if (step == STEP_BAD && s->error == CODEC_BAD_VERSION &&
	    is_h2_preface(s))
		s->error = CODEC_H2_PREFACE;
	if (step == STEP_OK)
		step = parse_line_end(s, CODEC_BAD_START_LINE);
	return step;
}

static enum step
parse_status(struct parse *s)
{
	const char *p = s->at;

	if (s->end - p < 4)
		return STEP_MORE;
	if (p[0] != ' ')
		return parse_fail(s, CODEC_BAD_START_LINE);
	if (p[1] < '1' || p[1] > '5' || !is_digit(p[2]) || !is_digit(p[3]))
		return parse_fail(s, CODEC_BAD_STATUS);
	s->head->status =
	    (uint16_t)((p[1] - '0') * 100 + (p[2] - '0') * 10 + (p[3] - '0'));
	s->at = p + 4;
	return STEP_OK;
}

static enum step
parse_status_line(struct parse *s)
{
	const char *p;
	enum step step = parse_version(s);

	if (step == STEP_OK)
		step = parse_status(s);
	if (step != STEP_OK)
		return step;
	/* Many origins leave out the space before an empty reason. */
	if (s->at != s->end && *s->at == ' ') {
		p = s->at + 1;
		s->at = scan_value(p, s->end, s->begin);
		s->head->reason = slice_make(p, (size_t)(s->at - p));
		return parse_line_end(s, CODEC_BAD_START_LINE);
	}
	return parse_line_end(s, CODEC_BAD_STATUS);
}

/* Why no field name ended in a colon at e. */
static enum step
parse_bad_name(struct parse *s, const char *e)
{
	if (e == s->end)
		return STEP_MORE;
	if (*e == '\n')
		return parse_fail(s, CODEC_BAD_LINE_END);
	if (e == s->at && (*e == ' ' || *e == '\t'))
		return parse_fail(s, CODEC_OBS_FOLD);
	return parse_fail(s, CODEC_BAD_FIELD);
}

/*
 * The name at p, to its colon at *colon: what is a known one needs no closer
 * look.
 */
static inline bool
parse_name(const char *begin, const char *p, const char *end, struct field *f,
    const char **colon)
{
	const char *e = scan_colon(p, end, begin);
	size_t n = (size_t)(e - p);
	enum field_id id;

	if (e == end)
		return false;
	id = http_field_match(p, n);
	if (id == FIELD_OTHER && (n == 0 || scan_token(p, e, begin) != e))
		return false;
	f->name = slice_make(p, n);
	f->id = (uint16_t)id;
	*colon = e;
	return true;
}

/* Mostly it is one. */
static inline const char *
skip_blanks(const char *p, const char *end)
{
	if (end - p >= 2 && *p == ' ' && p[1] > ' ')
		return p + 1;
	while (p != end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

/*
 * Reads the field line at *at, which moves behind it. The cursor and the ends
 * of s are passed by themselves so that they stay in registers.
 */
static inline enum step
parse_field(struct parse *s, const char **at, const char *begin,
    const char *end, struct field *f)
{
	const char *p = *at;
	const char *e;

	s->at = p;
	if (!parse_name(begin, p, end, f, &e))
		return parse_bad_name(s, scan_token(p, end, begin));
	p = skip_blanks(e + 1, end);
	e = scan_value(p, end, begin);
	if (end - e < 2 || memcmp(e, "\r\n", 2) != 0) {
		s->at = e;
		return parse_line_end(s, CODEC_BAD_FIELD);
	}
	*at = e + 2;
	/* Nothing else up to SP can stand in a value than SP and HTAB. */
	while (e != p && (unsigned char)e[-1] <= ' ')
		e--;
	f->value = slice_make(p, (size_t)(e - p));
	return STEP_OK;
}

/* Field lines up to the empty line. */
static enum step
parse_fields(struct parse *s, struct field *fields)
{
	struct field *f = fields;
	struct field *last = fields + s->limits->fields;
	const char *at = s->at;
	const char *begin = s->begin;
	const char *end = s->end;
	uint64_t present = 0;
	uint64_t repeated = 0;
	enum step step;

	while (at != end && *at != '\r') {
		uint64_t bit;

		if (f == last)
			return parse_fail(s, CODEC_TOO_MANY_FIELDS);
		step = parse_field(s, &at, begin, end, f);
		if (step != STEP_OK)
			return step;
		bit = (uint64_t)1 << f->id;
		repeated |= present & bit;
		present |= bit;
		f++;
	}
	s->at = at;
	s->repeated = repeated;
	s->head->present = present & ~(uint64_t)1; /* FIELD_OTHER has no bit */
	s->head->fields = fields;
	s->head->count = (uint32_t)(f - fields);
	step = parse_line_end(s, CODEC_BAD_FIELD);
	s->head->whole = slice_make(s->begin, (size_t)(s->at - s->begin));
	return step;
}

/* Looks at no more bytes than a head may have. */
static void
parse_init(struct parse *s, const char *p, size_t n,
    const struct codec_limits *limits, struct head *h)
{
	size_t most =
	    limits->head_bytes < INT_MAX ? limits->head_bytes : INT_MAX;

	*h = (struct head){ 0 };
	*s = (struct parse){ .at = p,
		.begin = p,
		.end = p + (n < most ? n : most),
		.limits = limits,
		.head = h };
}

/* The verdict on p[0..n) after `step`; too_large: no head may go on so long. */
static int
parse_result(struct parse *s, enum step step, const char *p, size_t n,
    enum codec_error too_large, enum codec_error *error)
{
	if (step == STEP_OK)
		return (int)(s->at - p);
	if (step == STEP_MORE && n < s->limits->head_bytes)
		return 0;
	*error = step == STEP_MORE ? too_large : s->error;
	return -1;
}

static enum step
parse_rules(struct parse *s, enum codec_error verdict)
{
	return verdict == CODEC_OK ? STEP_OK : parse_fail(s, verdict);
}

int
h1_parse_request(const char *p, size_t n, const struct codec_limits *limits,
    struct head *h, struct field *fields, enum codec_error *error)
{
	struct parse s;
	enum step step;

	parse_init(&s, p, n, limits, h);
	h->version = HTTP_1_1;
	step = parse_request_line(&s);
	if (step == STEP_OK)
		step = parse_fields(&s, fields);
	if (step == STEP_OK)
		step = parse_rules(&s, h1_rules_request(h, s.repeated));
	return parse_result(&s, step, p, n, CODEC_HEAD_TOO_LARGE, error);
}

void
h1_parse_glimpse(
    const char *p, size_t n, const struct codec_limits *limits, struct head *h)
{
	struct parse s;

	parse_init(&s, p, n, limits, h);
	h->version = HTTP_1_1;
	(void)parse_request_line(&s);
}

int
h1_parse_response(const char *p, size_t n, const struct codec_limits *limits,
    uint8_t method, struct head *h, struct field *fields,
    enum codec_error *error)
{
	struct parse s;
	enum step step;

	parse_init(&s, p, n, limits, h);
	h->method = method;
	step = parse_status_line(&s);
	if (step == STEP_OK)
		step = parse_fields(&s, fields);
	if (step == STEP_OK)
		step = parse_rules(&s, h1_rules_response(h, s.repeated));
	return parse_result(&s, step, p, n, CODEC_HEAD_TOO_LARGE, error);
}

int
h1_parse_trailers(const char *p, size_t n, const struct codec_limits *limits,
    struct head *h, struct field *fields, enum codec_error *error)
{
	struct parse s;
	enum step step;

	parse_init(&s, p, n, limits, h);
	step = parse_fields(&s, fields);
	if (step == STEP_OK)
		step = parse_rules(&s, h1_rules_trailers(h));
	return parse_result(&s, step, p, n, CODEC_TRAILERS_TOO_LARGE, error);
}
