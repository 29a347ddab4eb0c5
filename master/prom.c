/*
 * prom.c - see prom.h.
 */
#include "master/prom.h"

/* ---- values and labels ---- */

/* HELP escapes quotes in OpenMetrics alone. */
static void
escaped_add(struct text *out, struct slice value, bool quotes)
{
	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];

		if (c == '\n') {
			text_add(out, SLICE_LIT("\\n"));
			continue;
		}
		if ((c == '"' && quotes) || c == '\\')
			text_add_char(out, '\\');
		text_add_char(out, c);
	}
}

static bool
is_plain(struct slice value)
{
	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] == '"' || value.p[i] == '\\' ||
		    value.p[i] == '\n')
			return false;
	return true;
}

void
prom_add_label(struct text *out, const char *key, struct slice value)
{
	text_add(out, slice_str(key));
	text_add(out, SLICE_LIT("=\""));
	if (is_plain(value))
		text_add(out, value);
	else
		escaped_add(out, value, true);
	text_add_char(out, '"');
}

void
prom_add_fixed(struct text *out, int64_t value, unsigned digits)
{
	uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
	char text[24];
	size_t at = sizeof(text);

	for (unsigned i = 0; i < digits; i++, left /= 10)
		text[--at] = (char)('0' + left % 10);
	if (digits != 0)
		text[--at] = '.';
	do {
		text[--at] = (char)('0' + left % 10);
		left /= 10;
	} while (left != 0);
	if (value < 0)
		text[--at] = '-';
	text_add(out, slice_make(text + at, sizeof(text) - at));
}

/* ---- families ---- */

/* What stands behind the name of a family in the names of its samples. */
static struct slice
name_end(const struct metric_info *i)
{
	if (i->type == METRIC_TYPE_COUNTER)
		return SLICE_LIT("_total");
	return i->type == METRIC_TYPE_INFO ? SLICE_LIT("_info") : SLICE_NONE;
}

static void
about_add(struct prom *p, const char *what, const struct metric_info *i)
{
	struct slice name = i->name;

	if (p->open)
		name.n -= name_end(i).n;
	text_add(p->out, SLICE_LIT("# "));
	text_add(p->out, slice_str(what));
	text_add(p->out, SLICE_LIT(" " PROM_PREFIX));
	text_add(p->out, name);
	text_add_char(p->out, ' ');
}

static void
family_begin(struct prom *p, const struct metric_info *i)
{
	const char *type = metric_type_word(i->type);

	about_add(p, "HELP", i);
	escaped_add(p->out, slice_str(i->help), p->open);
	text_add_char(p->out, '\n');
	about_add(p, "TYPE", i);
	if (!p->open && i->type == METRIC_TYPE_INFO)
		type = "gauge";
	text_add(p->out, slice_str(type));
	text_add_char(p->out, '\n');
	if (!p->open || i->unit.n == 0)
		return;
	about_add(p, "UNIT", i);
	text_add(p->out, i->unit);
	text_add_char(p->out, '\n');
}

void
prom_family(struct prom *p, enum metric m)
{
	struct metric_info i;

	metric_info(m, &i);
	p->name = i.name;
	family_begin(p, &i);
}

bool
prom_counter_family(struct prom *p, enum counter c)
{
	struct metric_info i;

	metric_counter_info(c, &i);
	p->name = i.name;
	if (i.help[0] == '\0')
		return false;
	family_begin(p, &i);
	return true;
}

/* ---- samples ---- */

void
prom_sample(struct prom *p)
{
	text_add(p->out, SLICE_LIT(PROM_PREFIX));
	text_add(p->out, p->name);
	p->labelled = false;
}

void
prom_label(struct prom *p, const char *key, struct slice value)
{
	text_add_char(p->out, p->labelled ? ',' : '{');
	p->labelled = true;
	prom_add_label(p->out, key, value);
}

static void
labels_end(struct prom *p)
{
	text_add(p->out, p->labelled ? SLICE_LIT("} ") : SLICE_LIT(" "));
}

void
prom_u64(struct prom *p, uint64_t value)
{
	labels_end(p);
	text_add_u64(p->out, value);
	text_add_char(p->out, '\n');
}

void
prom_fixed(struct prom *p, int64_t value, unsigned digits)
{
	labels_end(p);
	prom_add_fixed(p->out, value, digits);
	text_add_char(p->out, '\n');
}

void
prom_single(struct prom *p, enum metric m, uint64_t value)
{
	prom_family(p, m);
	prom_sample(p);
	prom_u64(p, value);
}

void
prom_pair(struct prom *p, const char *key, const char *value, uint64_t count)
{
	prom_sample(p);
	prom_label(p, key, slice_str(value));
	prom_u64(p, count);
}

void
prom_end(struct prom *p)
{
	if (p->open)
		text_add(p->out, SLICE_LIT("# EOF\n"));
}
