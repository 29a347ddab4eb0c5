/*
 * conf_nets.c - see conf_nets.h.
 */
#include "master/conf_nets.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "common/base/text.h"
#include "master/conf_check.h"

#define NET_TEXT_MAX 64
#define COMPLAINTS_MAX 20 /* about one file */
#define FOUND_FIRST 64

void
conf_nets_init(struct conf_nets_reader *r, struct conf *c, struct diag *d)
{
	*r = (struct conf_nets_reader){ .c = c, .d = d };
	map_init(&r->lists);
	map_init(&r->sets);
}

void
conf_nets_fini(struct conf_nets_reader *r)
{
	map_fini(&r->lists);
	map_fini(&r->sets);
}

static void
found_add(struct conf_nets_found *f, const struct addr_net *n)
{
	if (f->count == f->room) {
		f->room = f->room != 0 ? 2 * f->room : FOUND_FIRST;
		f->items = reallocarray(f->items, f->room, sizeof(*f->items));
		MUST(f->items != NULL);
	}
	f->items[f->count++] = *n;
}

/* ---- files ---- */

/* NULL, or what is wrong with it, as half a sentence. */
static const char *
net_take(struct slice text, struct conf_nets_found *out)
{
	char buf[NET_TEXT_MAX];
	const char *why = "";
	struct addr_net n;

	if (text.n >= sizeof(buf) || memchr(text.p, '\0', text.n) != NULL)
		return "is not a numeric address or network";
	memcpy(buf, text.p, text.n);
	buf[text.n] = '\0';
	if (!addr_net_parse(buf, &n, &why))
		return why;
	found_add(out, &n);
	return NULL;
}

/* As much of it as a complaint has room for, and no control character. */
static int
text_shown(struct slice text)
{
	size_t n = 0;

	while (n < text.n && n < NET_TEXT_MAX &&
	    (unsigned char)text.p[n] >= ' ' && text.p[n] != 0x7f)
		n++;
	return (int)n;
}

static struct slice
line_content(struct slice line)
{
	const char *hash = line.n != 0 ? memchr(line.p, '#', line.n) : NULL;

	if (hash != NULL)
		line.n = (size_t)(hash - line.p);
	if (line.n != 0 && line.p[line.n - 1] == '\r')
		line.n--;
	return slice_trim(line);
}

void
conf_nets_text(
    const struct conf_source *s, struct slice text, struct conf_nets_found *out)
{
	struct slice line;
	size_t wrong = 0;

	for (int number = 1; slice_cut(&text, '\n', &line); number++) {
		const char *fault = NULL;

		line = line_content(line);
		if (line.n != 0)
			fault = net_take(line, out);
		if (fault != NULL && wrong++ < COMPLAINTS_MAX)
			diag_error(s->d, s->path, number, "\"%.*s\" %s",
			    text_shown(line), line.p, fault);
	}
	if (wrong > COMPLAINTS_MAX)
		diag_error(s->d, s->path, 0, "and %zu more lines like these",
		    wrong - COMPLAINTS_MAX);
}

static void
file_read(struct conf_nets_reader *r, const struct conf_strings *files,
    size_t i, const char *option, struct conf_nets_found *out)
{
	struct conf_source s = conf_source_make(
	    r->c, r->d, files->places[i], option, files->items[i]);
	size_t n;
	char *text = conf_source_read(&s, &n);

	if (text != NULL)
		conf_nets_text(&s, slice_make(text, n), out);
	free(text);
}

/* ---- arrays ---- */

static void
array_read(struct conf_nets_reader *r, const struct conf_strings *nets,
    const char *option, struct conf_nets_found *out)
{
	for (size_t i = 0; i < nets->count; i++) {
		const char *why = "";
		struct addr_net n;

		if (addr_net_parse(nets->items[i], &n, &why))
			found_add(out, &n);
		else
			diag_error(r->d, nets->places[i].file,
			    nets->places[i].line,
			    "%s: \"%s\" %s; it must be one such as "
			    "\"10.0.0.1\" or \"10.0.0.0/8\"",
			    option, nets->items[i], why);
	}
	conf_check_twice(nets, option, r->d);
}

/* ---- sets ---- */

/* What is listed, as the key of a map. */
static void
list_key(const struct conf_strings *nets, const struct conf_strings *files,
    struct text *key)
{
	for (size_t i = 0; i < nets->count; i++) {
		text_add(key, slice_str(nets->items[i]));
		text_add_char(key, '\0');
	}
	text_add_char(key, '\0');
	for (size_t i = 0; i < files->count; i++) {
		text_add(key, slice_str(files->items[i]));
		text_add_char(key, '\0');
	}
}

static uint32_t
set_keep(struct conf_nets_reader *r, const struct conf_nets_found *f)
{
	struct conf *c = r->c;
	struct addr_range *ranges =
	    arena_zalloc(&c->arena, (2 * f->count + 1) * sizeof(*ranges));
	struct map_entry *e;
	size_t count;
	bool added;

	MUST(ranges != NULL);
	count = ranges_of_nets(f->items, f->count, ranges);
	e = map_put(&r->sets,
	    slice_make((const char *)ranges, count * sizeof(*ranges)), &added);
	if (!added)
		return (uint32_t)e->value.num - 1;
	c->nets = reallocarray(c->nets, c->nets_count + 1, sizeof(*c->nets));
	MUST(c->nets != NULL);
	c->nets[c->nets_count++] = (struct conf_nets){ ranges, count };
	e->value.num = c->nets_count;
	return (uint32_t)c->nets_count - 1;
}

/* False: they are to be read. Those in the array are complained about again. */
static bool
list_known(struct conf_nets_reader *r, const struct conf_strings *nets,
    const char *option, struct slice key, uint32_t *index)
{
	const struct map_entry *e = map_get(&r->lists, key);
	struct conf_nets_found again = { 0 };

	if (e == NULL)
		return false;
	*index = (uint32_t)e->value.num - 1;
	array_read(r, nets, option, &again);
	free(again.items);
	return true;
}

uint32_t
conf_nets_take(struct conf_nets_reader *r, const struct conf_strings *nets,
    const char *option, const struct conf_strings *files,
    const char *file_option)
{
	struct conf_nets_found found = { 0 };
	struct text key = { 0 };
	uint32_t index;
	bool added;

	if (nets->count == 0 && files->count == 0)
		return IMG_NONE;
	list_key(nets, files, &key);
	if (!list_known(r, nets, option, text_slice(&key), &index)) {
		array_read(r, nets, option, &found);
		conf_check_twice(files, file_option, r->d);
		for (size_t i = 0; i < files->count; i++)
			file_read(r, files, i, file_option, &found);
		index = set_keep(r, &found);
		map_put(&r->lists, text_slice(&key), &added)->value.num =
		    (uint64_t)index + 1;
	}
	text_fini(&key);
	free(found.items);
	return index;
}
