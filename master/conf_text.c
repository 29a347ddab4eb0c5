/*
 * conf_text.c - reads files and expands "@include" lines.
 */
#include "master/conf_text.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "master/conf_file.h"

#define NESTING_MAX 10
#define TEXT_MAX (UINT64_C(512) << 20) /* bytes, of all files together */

/* A file being expanded, and the one that includes it. */
struct nest {
	const struct nest *outer;
	const char *file;
	dev_t dev;
	ino_t ino;
	unsigned depth;
};

struct expander {
	struct conf_text *t;
	struct conf *c;
	struct diag *d;
	const char *folder; /* NULL: nothing may be included */
	bool ok;
};

const char *
conf_text_join(struct conf *c, const char *folder, const char *path)
{
	struct slice joined;

	if (path[0] == '/' || strcmp(folder, ".") == 0)
		joined = arena_printf(&c->arena, "%s", path);
	else
		joined = arena_printf(&c->arena, "%s/%s",
		    strcmp(folder, "/") == 0 ? "" : folder, path);
	MUST(joined.p != NULL);
	return joined.p;
}

/* From here on, lines of the text are those of `file` from `line` on. */
static void
run_begin(struct conf *c, const char *file, int line)
{
	/* Room is the count rounded up to a power of two. */
	if ((c->run_count & (c->run_count - 1)) == 0) {
		size_t room = c->run_count != 0 ? c->run_count * 2 : 1;
		struct conf_run *runs;

		runs = arena_alloc(&c->arena, room * sizeof(*runs));
		MUST(runs != NULL);
		if (c->run_count != 0)
			memcpy(runs, c->runs, c->run_count * sizeof(*runs));
		c->runs = runs;
	}
	c->runs[c->run_count++] =
	    (struct conf_run){ c->line_count + 1, line, file };
}

static void
refuse(struct expander *x, const char *file, int line, const char *sentence)
{
	diag_error(x->d, file, line, "%s", sentence);
	x->ok = false;
}

static void
expand(struct expander *x, const struct nest *in, struct slice content);

/* Reads `path`, wanted by `outer` (NULL: the outermost), and expands it. */
static void
expand_file(
    struct expander *x, const struct nest *outer, const char *path, int line)
{
	const char *from = outer != NULL ? outer->file : NULL, *why = NULL;
	struct nest in = { .outer = outer, .file = path };
	struct stat st;
	char *content;
	size_t n;

	in.depth = outer != NULL ? outer->depth + 1 : 0;
	content = conf_file_read(path, TEXT_MAX, &st, &n, &why);
	if (content == NULL) {
		diag_error(
		    x->d, from, line, "cannot read \"%s\": %s", path, why);
		x->ok = false;
		return;
	}
	in.dev = st.st_dev;
	in.ino = st.st_ino;
	for (const struct nest *o = outer; o != NULL; o = o->outer) {
		if (o->dev != in.dev || o->ino != in.ino)
			continue;
		diag_error(x->d, from, line, "\"%s\" includes itself", path);
		x->ok = false;
		break;
	}
	if (in.depth > NESTING_MAX)
		refuse(x, from, line, "files are included more than 10 deep");
	if (x->ok)
		expand(x, &in, slice_make(content, n));
	free(content);
}

static void
expand_include(
    struct expander *x, const struct nest *in, struct slice named, int line)
{
	const char *path;

	if (x->folder == NULL) {
		refuse(x, in->file, line, "nothing can be included here");
		return;
	}
	path = arena_printf(&x->c->arena, "%.*s", SLICE_FMT(named)).p;
	MUST(path != NULL);
	expand_file(x, in, conf_text_join(x->c, x->folder, path), line);
}

/* A comment or string may not go on in the file that includes this one. */
static void
expand_end(struct expander *x)
{
	struct conf_scan *scan = &x->t->scan;

	switch (scan->state) {
	case CONF_SCAN_PLAIN:
		break;
	case CONF_SCAN_COMMENT:
		refuse(x, scan->began.file, scan->began.line,
		    "the comment that begins here has no end");
		break;
	case CONF_SCAN_STRING:
		/* A quote that lacks turns all later strings inside out. */
		refuse(x, scan->first_long.file, scan->first_long.line,
		    "the string that begins here has no end on its line: a "
		    "quote is missing, here or below");
		break;
	}
}

static void
expand(struct expander *x, const struct nest *in, struct slice content)
{
	int line = 0;

	if (memchr(content.p, '\0', content.n) != NULL)
		refuse(x, in->file, 0, "the file holds a NUL byte");
	if (x->t->text.n + content.n > TEXT_MAX)
		refuse(x, in->file, 0, "the files are too large together");
	run_begin(x->c, in->file, 1);
	while (x->ok && content.n != 0) {
		const char *end = memchr(content.p, '\n', content.n);
		size_t n = end != NULL ? (size_t)(end - content.p) : content.n;
		struct slice text = slice_make(content.p, n), named;

		line++;
		content = slice_skip(content, end != NULL ? n + 1 : n);
		if (conf_scan_include(&x->t->scan, text, &named)) {
			expand_include(x, in, named, line);
			run_begin(x->c, in->file, line + 1);
			continue;
		}
		conf_scan_line(&x->t->scan,
		    (struct conf_place){ in->file, line }, text, x->d);
		text_add(&x->t->text, text);
		text_add_char(&x->t->text, '\n');
		x->c->line_count++;
	}
	if (x->ok)
		expand_end(x);
}

static void
text_begin(struct conf_text *t, struct conf *c)
{
	*t = (struct conf_text){ .base = c->line_count };
	text_init(&t->text);
}

static bool
text_end(struct conf_text *t, const struct expander *x)
{
	text_add_char(&t->text, '\0');
	t->text.n--;
	return x->ok;
}

bool
conf_text_read(struct conf_text *t, struct conf *c, const char *path,
    const char *folder, struct diag *d)
{
	struct expander x = { t, c, d, folder, true };

	text_begin(t, c);
	t->file = conf_text_join(c, ".", path);
	expand_file(&x, NULL, t->file, 0);
	return text_end(t, &x);
}

bool
conf_text_take(struct conf_text *t, struct conf *c, const char *name,
    struct slice content, struct diag *d)
{
	struct expander x = { t, c, d, NULL, true };
	struct nest in = { 0 };

	text_begin(t, c);
	t->file = conf_text_join(c, ".", name);
	in.file = t->file;
	if (content.n != 0)
		expand(&x, &in, content);
	return text_end(t, &x);
}

void
conf_text_fini(struct conf_text *t)
{
	text_fini(&t->text);
}
