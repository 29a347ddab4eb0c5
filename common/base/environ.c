/*
 * environ.c - see environ.h.
 */
#include "common/base/environ.h"

#include <stdlib.h>
#include <string.h>

#define NAME_CHARS \
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

/* `inner` is what stands between the braces. */
static bool
env_add(struct text *out, struct slice inner, const char *option,
    const char *file, int line, struct diag *d)
{
	struct text name = { 0 };
	size_t n = 0;
	const char *value;
	bool has_default, ok = true;

	while (n < inner.n && strchr(NAME_CHARS, inner.p[n]) != NULL)
		n++;
	has_default = slice_starts(slice_skip(inner, n), SLICE_LIT(":-"));
	if (n == 0 || (n != inner.n && !has_default)) {
		diag_error(d, file, line,
		    "%s: expected ${NAME} or ${NAME:-default}, got ${%.*s} "
		    "(a literal ${ is written $${)",
		    option, SLICE_FMT(inner));
		return false;
	}
	text_add(&name, slice_make(inner.p, n));
	text_add_char(&name, '\0');
	value = getenv(name.p);
	if (value != NULL && (*value != '\0' || !has_default)) {
		text_add(out, slice_str(value));
	} else if (has_default) {
		text_add(out, slice_skip(inner, n + 2));
	} else {
		diag_error(d, file, line,
		    "%s: the environment variable %s is not set", option,
		    name.p);
		ok = false;
	}
	text_fini(&name);
	return ok;
}

bool
environ_expand(struct text *out, const char *text, const char *option,
    const char *file, int line, struct diag *d)
{
	const char *mark, *end;
	bool ok = true;

	while ((mark = strstr(text, "${")) != NULL) {
		if (mark > text && mark[-1] == '$') {
			text_add(
			    out, slice_make(text, (size_t)(mark - 1 - text)));
			text_add(out, SLICE_LIT("${"));
			text = mark + 2;
			continue;
		}
		text_add(out, slice_make(text, (size_t)(mark - text)));
		end = strchr(mark, '}');
		if (end == NULL) {
			diag_error(d, file, line,
			    "%s: a ${ without its } (a literal ${ is written "
			    "$${)",
			    option);
			return false;
		}
		ok &=
		    env_add(out, slice_make(mark + 2, (size_t)(end - mark - 2)),
			option, file, line, d);
		text = end + 1;
	}
	text_add(out, slice_str(text));
	return ok;
}

void
environ_protect(struct text *out, const char *text)
{
	for (; *text != '\0'; text++) {
		if (text[0] == '$' && text[1] == '{')
			text_add_char(out, '$');
		text_add_char(out, *text);
	}
}
