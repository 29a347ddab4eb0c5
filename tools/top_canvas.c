/*
 * top_canvas.c - lines of a screen, and what stands in them.
 */
#include <stdarg.h>
#include <stdio.h>

#include "tools/top_inside.h"

#define LINE_MAX_BYTES 512

static const char *
look_begin(const struct canvas *c, enum look look)
{
	static const char *const codes[] = { [PLAIN] = "",
		[HEADING] = "\033[1m",
		[BAD] = "\033[31m",
		[DIM] = "\033[2m" };

	return c->s->colours ? codes[look] : "";
}

void
line_put(struct canvas *c, enum look look, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES];
	va_list args;
	int n;

	if (c->left == 0)
		return;
	c->left--;
	va_start(args, fmt);
	n = vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	if (n >= (int)sizeof(line))
		n = (int)sizeof(line) - 1;
	if (c->s->columns != 0 && n > (int)c->s->columns)
		n = (int)c->s->columns;
	while (n > 0 && line[n - 1] == ' ')
		n--;
	text_printf(c->out, "%s%.*s%s%s", look_begin(c, look), n, line,
	    c->s->colours && look != PLAIN ? "\033[0m" : "",
	    c->s->terminal ? "\033[K\r\n" : "\n");
}

const char *
name_text(struct slice name, unsigned columns, char buf[TOP_NAME_MAX])
{
	size_t n = name.n < columns ? name.n : columns;

	n = n < TOP_NAME_MAX ? n : TOP_NAME_MAX - 1;
	for (size_t i = 0; i < n; i++)
		buf[i] = name.p[i] >= ' ' && name.p[i] < 0x7f ? name.p[i] : '?';
	buf[n] = '\0';
	if (n < name.n && n > 0)
		buf[n - 1] = '>';
	return buf;
}

void
flow_write(const struct top_flow *f, struct flow_text *t)
{
	top_rate_text(f->rate, t->rate);
	top_share_text(f->refused, t->refused);
	top_share_text(f->failed, t->failed);
	top_time_text(f->p50, t->p50);
	top_time_text(f->p95, t->p95);
	top_time_text(f->p99, t->p99);
}
