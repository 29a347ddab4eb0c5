/*
 * build_template.c - the compiler of templates: names to operations, and a
 * complaint for each that means nothing.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "common/base/text.h"
#include "common/http/http.h"
#include "common/http/uri.h"
#include "master/build_names.h"
#include "master/build_table.h"
#include "master/build_template.h"
#include "master/conf_suggest.h"

struct compiler {
	const struct template_source *source;
	struct image *im;
	struct diag *d;
	struct img_tmpl_op *ops;
	size_t count, room;
	struct text literal; /* pending */
	struct text sample;  /* a target with "x" for every value */
	bool in_query, names_query, bad;
};

static void __attribute__((format(printf, 2, 3)))
complain(struct compiler *c, const char *fmt, ...)
{
	const struct template_source *s = c->source;
	va_list ap;
	char buf[512];

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	diag_error(c->d, s->place.file, s->place.line, "%s \"%s\" %s", s->what,
	    s->text, buf);
	c->bad = true;
}

static void
op_add(struct compiler *c, struct img_tmpl_op op)
{
	if (c->in_query)
		op.flags |= TMPL_IN_QUERY;
	build_grow(&c->ops, &c->room, c->count, sizeof(op));
	c->ops[c->count++] = op;
}

static void
literal_flush(struct compiler *c)
{
	struct slice s = text_slice(&c->literal);

	if (s.n == 0)
		return;
	op_add(c,
	    (struct img_tmpl_op){
		.kind = TMPL_LITERAL, .text = image_text(c->im, s) });
	text_clear(&c->literal);
}

static void
literal_add(struct compiler *c, char byte)
{
	bool target = c->source->use == TEMPLATE_IN_TARGET;

	if (target)
		text_add_char(&c->sample, byte);
	text_add_char(&c->literal, byte);
	/* The query begins behind its "?": what follows is encoded so. */
	if (target && byte == '?' && !c->in_query) {
		literal_flush(c);
		c->in_query = true;
	}
}

/* {1}: a group of the regular expression. */
static void
capture_add(struct compiler *c, struct slice name)
{
	const struct pattern *p = c->source->pattern;
	uint32_t n = 0;

	for (size_t i = 0; i < name.n && n <= IMG_PARAMS_MAX; i++)
		n = n * 10 + (uint32_t)(name.p[i] - '0');
	if (p->kind != PATTERN_REGEX) {
		complain(c,
		    "has {%.*s}, but the path is no regular "
		    "expression",
		    SLICE_FMT(name));
		return;
	}
	if (n == 0 || n > p->captures || n > IMG_PARAMS_MAX) {
		complain(c,
		    "has {%.*s}, but the expression's groups are 1 to "
		    "%u",
		    SLICE_FMT(name),
		    p->captures < IMG_PARAMS_MAX ? p->captures
						 : IMG_PARAMS_MAX);
		return;
	}
	op_add(c,
	    (struct img_tmpl_op){
		.kind = TMPL_PARAM, .flags = TMPL_ESCAPED, .arg = n - 1 });
}

static bool
param_add(struct compiler *c, struct slice name)
{
	const struct pattern *p = c->source->pattern;

	for (uint32_t i = 0; i < p->param_count; i++) {
		if (!slice_eq(p->params[i], name))
			continue;
		op_add(c,
		    (struct img_tmpl_op){
			.kind = TMPL_PARAM, .flags = TMPL_ESCAPED, .arg = i });
		return true;
	}
	return false;
}

static void
unknown_complain(struct compiler *c, struct slice name)
{
	const struct pattern *p = c->source->pattern;
	char word[64], near[128], params[IMG_PARAMS_MAX][64];
	struct conf_suggest suggest;

	for (size_t i = 0; i < name.n; i++) {
		if (template_name_char(name.p[i]) || name.p[i] == ':')
			continue;
		complain(c,
		    "has \"{%.*s}\", which is no name; braces are "
		    "written {{ and }}",
		    SLICE_FMT(name));
		return;
	}
	snprintf(word, sizeof(word), "%.*s", SLICE_FMT(name));
	conf_suggest_init(&suggest, word);
	template_names_offer(&suggest);
	for (uint32_t i = 0; i < p->param_count; i++) {
		snprintf(params[i], sizeof(params[i]), "%.*s",
		    SLICE_FMT(p->params[i]));
		conf_suggest_offer(&suggest, params[i]);
	}
	complain(c, "has the unknown name {%s}%s", word,
	    conf_suggest_text(&suggest, near, sizeof(near)));
}

/* Claims have any name; some are urls. */
static bool
argument_fits(const struct template_name *n, struct slice argument)
{
	return n->kind == TMPL_CLAIM ? argument.n != 0
				     : http_is_token(argument);
}

/* One of template_names, with its argument if it takes one. */
static void
named_add(
    struct compiler *c, const struct template_name *n, struct slice argument)
{
	struct img_tmpl_op op = { .kind = n->kind };

	if (n->argument && !argument_fits(n, argument)) {
		complain(c,
		    "has {%s:...} without a proper name, such as "
		    "{%s:X-Name}",
		    n->name, n->name);
		return;
	}
	if (n->argument)
		op.text = image_text(c->im, argument);
	if (n->kind == TMPL_HEADER)
		op.arg = http_field_find(argument);
	if (n->kind == TMPL_PATH)
		op.flags = TMPL_ESCAPED;
	c->names_query |= n->kind == TMPL_QUERY;
	op_add(c, op);
}

static bool
all_digits(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n != 0;
}

static void
name_add(struct compiler *c, struct slice name)
{
	const char *colon = memchr(name.p, ':', name.n);
	struct slice word = name, argument = SLICE_NONE;
	const struct template_name *n;

	literal_flush(c);
	text_add_char(&c->sample, 'x');
	if (all_digits(name)) {
		capture_add(c, name);
		return;
	}
	if (colon != NULL) {
		word.n = (size_t)(colon - name.p);
		argument = slice_skip(name, word.n + 1);
	}
	n = template_name_find(word);
	if (n != NULL && (n->argument || colon == NULL))
		named_add(c, n, argument);
	else if (colon != NULL || !param_add(c, name))
		unknown_complain(c, name);
}

static void
text_compile(struct compiler *c)
{
	const char *p = c->source->text;

	while (*p != '\0') {
		const char *end;

		if ((p[0] == '{' || p[0] == '}') && p[1] == p[0]) {
			literal_add(c, *p);
			p += 2;
			continue;
		}
		if (*p == '}') {
			complain(c,
			    "has a \"}\" alone; braces are written "
			    "{{ and }}");
			return;
		}
		if (*p != '{') {
			literal_add(c, *p++);
			continue;
		}
		end = strchr(p, '}');
		if (end == NULL) {
			complain(c,
			    "has a \"{\" that is not closed; braces "
			    "are written {{ and }}");
			return;
		}
		name_add(c, slice_make(p + 1, (size_t)(end - p - 1)));
		p = end + 1;
	}
}

/* A value first: good only where it brings the "/" along. */
static bool
target_starts(const struct compiler *c)
{
	const struct img_tmpl_op *op = &c->ops[0];

	if (c->count == 0)
		return false;
	if (op->kind == TMPL_LITERAL)
		return image_slice(c->im, op->text).p[0] == '/';
	return op->kind == TMPL_PATH ||
	    (op->kind == TMPL_PARAM &&
		c->source->pattern->kind == PATTERN_REGEX);
}

static struct slice
path_part(struct slice target)
{
	const char *mark = memchr(target.p, '?', target.n);

	if (mark != NULL)
		target.n = (size_t)(mark - target.p);
	return target;
}

/* With "x" for the values the target must be a normal one. */
static void
target_check(struct compiler *c)
{
	struct slice sample = text_slice(&c->sample);
	char *room, *slashed;
	struct uri uri;
	enum uri_error e;

	if (!target_starts(c)) {
		complain(c, "does not start with \"/\"");
		return;
	}
	room = malloc(2 * sample.n + 2);
	MUST(room != NULL);
	slashed = room + sample.n + 1;
	slashed[0] = '/';
	memcpy(slashed + 1, sample.p, sample.n);
	if (sample.p[0] != '/')
		sample = slice_make(slashed, sample.n + 1);
	e = uri_normalise(sample, room, &uri);
	if (e != URI_OK)
		complain(c, "is no path to send: %s", uri_error_name(e));
	else if (!slice_eq(path_part(sample), uri.path))
		complain(c, "has \".\" or empty segments, or needless escapes");
	free(room);
}

/* The request's query goes on, unless the template says otherwise. */
static void
query_append(struct compiler *c)
{
	struct slice sample = text_slice(&c->sample);
	struct img_tmpl_op *last = &c->ops[c->count - 1];

	if (sample.p[sample.n - 1] == '?' && last->kind == TMPL_LITERAL) {
		if (--last->text.len == 0)
			c->count--;
		return;
	}
	if (c->names_query)
		return;
	op_add(c,
	    (struct img_tmpl_op){
		.kind = TMPL_QUERY_APPEND, .arg = c->in_query ? '&' : '?' });
}

/* RFC 9110 5.5: no control characters but HTAB. */
static void
header_check(struct compiler *c)
{
	for (const char *p = c->source->text; *p != '\0'; p++) {
		if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f) {
			complain(c, "has a control character");
			return;
		}
	}
}

struct img_span
template_compile(
    struct image *im, const struct template_source *source, struct diag *d)
{
	struct compiler c = { .source = source, .im = im, .d = d };
	struct img_span span = { 0, 0 };

	if (source->use == TEMPLATE_IN_HEADER)
		header_check(&c);
	text_compile(&c);
	literal_flush(&c);
	if (source->use == TEMPLATE_IN_TARGET && !c.bad)
		target_check(&c);
	if (source->use == TEMPLATE_IN_TARGET && !c.bad)
		query_append(&c);
	if (!c.bad)
		span = image_span(im, c.ops, c.count, sizeof(*c.ops));
	free(c.ops);
	text_fini(&c.literal);
	text_fini(&c.sample);
	return span;
}
