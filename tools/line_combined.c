/*
 * line_combined.c - the formats of web servers, as nginx writes them: common,
 * and combined, which has two fields more.
 */
#include "tools/line_inside.h"

#define COMBINED_GONE 499

static void
combined_value(struct line *l, struct slice s)
{
	line_add_hex(l, s.n != 0 ? s : SLICE_LIT("-"));
}

/* Nor does it hold what its readers take for its end. */
static void
combined_word(struct line *l, struct slice s, const char *ends)
{
	if (s.n == 0)
		combined_value(l, s);
	while (s.n != 0) {
		size_t n = 0;

		while (n < s.n && (s.p[n] == '\0' || !strchr(ends, s.p[n])))
			n++;
		line_add_hex(l, slice_make(s.p, n));
		s = slice_skip(s, n);
		if (s.n == 0)
			return;
		line_add(
		    l, s.p[0] == ' ' ? SLICE_LIT("\\x20") : SLICE_LIT("\\x5B"));
		s = slice_skip(s, 1);
	}
}

/* The request line; "-": there was none. */
static void
combined_request(struct line *l)
{
	struct slice method = line_field(l, LOG_METHOD);
	struct slice query;

	combined_word(l, method, " ");
	if (method.n == 0)
		return;
	line_add(l, SLICE_LIT(" "));
	combined_word(l, line_field(l, LOG_PATH), " ");
	query = line_field(l, LOG_QUERY);
	if (query.n != 0) {
		line_add(l, SLICE_LIT("?"));
		combined_word(l, query, " ");
	}
	line_add(l, SLICE_LIT(" "));
	combined_value(l, line_field(l, LOG_PROTOCOL));
}

static void
combined_header(struct line *l, struct slice name)
{
	struct slice value = SLICE_NONE;

	line_add(l, SLICE_LIT(" \""));
	(void)line_header(l, name, false, &value);
	combined_value(l, value);
	line_add(l, SLICE_LIT("\""));
}

/* Readers know no status of an answer that there was not, but one of nginx: the
 * client was gone. */
static void
combined_status(struct line *l)
{
	unsigned status = l->v->request->status;

	line_add(l, line_number(l, status != 0 ? status : COMBINED_GONE));
}

void
line_combined(struct line *l)
{
	line_add(l, line_field(l, LOG_CLIENT));
	line_add(l, SLICE_LIT(" - "));
	combined_word(l, line_field(l, LOG_USER_ID), " [");
	line_add(l, SLICE_LIT(" ["));
	line_add(l, line_time_local(l));
	line_add(l, SLICE_LIT("] \""));
	combined_request(l);
	line_add(l, SLICE_LIT("\" "));
	combined_status(l);
	line_add(l, SLICE_LIT(" "));
	line_add(l, line_field(l, LOG_BYTES_OUT));
	if (l->f->format == IMG_LOG_COMMON)
		return;
	combined_header(l, SLICE_LIT("referer"));
	combined_header(l, SLICE_LIT("user-agent"));
}
