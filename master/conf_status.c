/*
 * conf_status.c - see conf_status.h.
 */
#include "master/conf_status.h"

#include "common/base/must.h"

/* Three digits at *p, which moves behind them; 0: there are none. */
static uint16_t
status_read(const char **p)
{
	const char *s = *p;
	unsigned n = 0;

	for (int i = 0; i < 3; i++, s++) {
		if (*s < '0' || *s > '9')
			return 0;
		n = n * 10 + (unsigned)(*s - '0');
	}
	*p = s;
	return (uint16_t)n;
}

bool
conf_status_add(struct conf_statuses *s, const char *word, const char **why)
{
	struct img_range r;

	*why = "is no status and no range of them, such as \"200-299\"";
	r.from = status_read(&word);
	r.to = r.from;
	if (*word == '-') {
		word++;
		r.to = status_read(&word);
	}
	if (r.from == 0 || r.to == 0 || *word != '\0')
		return false;
	*why = "goes beyond the statuses that there are, 100 to 599";
	if (r.from < 100 || r.from > 599 || r.to < 100 || r.to > 599)
		return false;
	*why = "is a range that ends before it begins";
	if (r.from > r.to)
		return false;
	s->items[s->count++] = r;
	return true;
}

struct conf_statuses
conf_statuses_new(struct conf *c, size_t n)
{
	struct conf_statuses s = { 0 };

	s.items = arena_alloc(&c->arena, (n + 1) * sizeof(*s.items));
	MUST(s.items != NULL);
	return s;
}
