/*
 * conf_source.c - see conf_source.h.
 */
#include "master/conf_source.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master/conf_file.h"
#include "master/conf_text.h"

#define SOURCE_MAX (UINT64_C(16) << 20) /* bytes of one file */
#define SENTENCE_MAX 512

static const char *
main_folder(struct conf *c)
{
	const char *slash = strrchr(c->main_file, '/');

	if (slash == NULL)
		return ".";
	if (slash == c->main_file)
		return "/";
	return arena_printf(
	    &c->arena, "%.*s", (int)(slash - c->main_file), c->main_file)
	    .p;
}

struct conf_source
conf_source_make(struct conf *c, struct diag *d, struct conf_place at,
    const char *option, const char *path)
{
	return (struct conf_source){ c, d, at, option,
		conf_text_join(c, main_folder(c), path) };
}

void
conf_source_error(const struct conf_source *s, const char *fmt, ...)
{
	char sentence[SENTENCE_MAX];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(sentence, sizeof(sentence), fmt, args);
	va_end(args);
	diag_error(s->d, s->at.file, s->at.line, "%s: \"%s\" %s", s->option,
	    s->path, sentence);
}

void
conf_source_warn(const struct conf_source *s, const char *fmt, ...)
{
	char sentence[SENTENCE_MAX];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(sentence, sizeof(sentence), fmt, args);
	va_end(args);
	diag_warn(s->d, s->at.file, s->at.line, "%s: \"%s\" %s", s->option,
	    s->path, sentence);
}

char *
conf_source_read(const struct conf_source *s, size_t *n)
{
	const char *why = NULL;
	struct stat st;
	char *p;

	*n = 0;
	if (s->c->no_files) {
		conf_source_error(s, "is a file, and none is read here");
		return NULL;
	}
	p = conf_file_read(s->path, SOURCE_MAX, &st, n, &why);
	if (p == NULL)
		conf_source_error(s, "cannot be read: %s", why);
	return p;
}

const char *
conf_source_absolute(const struct conf_source *s)
{
	char here[PATH_MAX];

	if (s->path[0] == '/' || getcwd(here, sizeof(here)) == NULL)
		return s->path;
	return conf_text_join(s->c, here, s->path);
}

void
conf_source_wipe(char *p, size_t n)
{
	if (p != NULL)
		OPENSSL_cleanse(p, n);
	free(p);
}
