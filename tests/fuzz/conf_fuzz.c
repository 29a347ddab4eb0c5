/*
 * Any bytes as a configuration file. What loads must also print, read back and
 * amount to the same.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "master/conf.h"
#include "master/conf_field.h"
#include "master/conf_show.h"

/* libFuzzer's entry point. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * Up to 1.8, libconfig does not free the string that it was collecting when it
 * meets a syntax error.
 */
const char *__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:libconfig.so\n";
}

static void
read_back(const struct conf *c)
{
	struct conf again;
	struct diag d;
	char *text;
	size_t n;
	FILE *f = open_memstream(&text, &n);

	MUST(f != NULL);
	conf_show(f, c);
	MUST(fclose(f) == 0);
	diag_init(&d);
	/* A secret that is not shown is not read back. */
	if (strstr(text, CONF_SECRET_SHOWN "\"") == NULL) {
		MUST(conf_load_text(&again, "shown", slice_make(text, n), &d));
		MUST(memcmp(c->digest, again.digest, sizeof(c->digest)) == 0);
		conf_free(&again);
	}
	diag_fini(&d);
	free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf c;
	struct diag d;

	diag_init(&d);
	if (conf_load_text(
		&c, "fuzz", slice_make((const char *)data, size), &d))
		read_back(&c);
	conf_free(&c);
	diag_fini(&d);
	return 0;
}
