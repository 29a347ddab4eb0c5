/*
 * line_header.c - fields of requests and answers, as far as they are in the
 * record and may be shown.
 */
#include "tools/line_inside.h"

/* Several fields of one name are one list (RFC 9110 5.3). */
static bool
header_find(struct line *l, struct slice name, bool answer, struct slice *value)
{
	const struct record_view *v = l->v;
	struct text *joined = &l->f->joined;
	bool found = false;

	for (unsigned i = 0; i < v->request->fields; i++) {
		const struct record_field *f = &v->fields[i];

		if ((f->answer != 0) != answer ||
		    !slice_eq_nocase(record_str(v, f->name), name))
			continue;
		if (!found) {
			*value = record_str(v, f->value);
		} else {
			if (value->p != joined->p) {
				text_clear(joined);
				text_add(joined, *value);
			}
			text_add(joined, SLICE_LIT(", "));
			text_add(joined, record_str(v, f->value));
			*value = text_slice(joined);
		}
		found = true;
	}
	return found;
}

/* Two fields of requests have places of their own in the record. */
static bool
header_own(struct line *l, struct slice name, struct slice *value)
{
	if (slice_eq_nocase(name, SLICE_LIT("referer")))
		*value = record_text(l->v, RECORD_REFERER);
	else if (slice_eq_nocase(name, SLICE_LIT("user-agent")))
		*value = record_text(l->v, RECORD_AGENT);
	else
		return false;
	return value->n != 0;
}

static bool
header_is_url(struct slice name)
{
	return slice_eq_nocase(name, SLICE_LIT("referer")) ||
	    slice_eq_nocase(name, SLICE_LIT("location")) ||
	    slice_eq_nocase(name, SLICE_LIT("content-location"));
}

bool
line_header(struct line *l, struct slice name, bool answer, struct slice *value)
{
	const struct line_masks *m = &l->f->masks;

	if (!header_find(l, name, answer, value) &&
	    (answer || !header_own(l, name, value)))
		return false;
	if (names_hide(&m->headers, name)) {
		*value = LINE_HIDDEN;
		return true;
	}
	*value = mask_text(m->room, m->text, *value);
	if (header_is_url(name))
		*value = line_url(l, *value);
	return true;
}
