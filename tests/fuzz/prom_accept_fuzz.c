/*
 * prom_accept_fuzz.c - any bytes as an Accept: who does not name OpenMetrics
 * does not get it, and who asks for it alone does, whatever stands behind it.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/must.h"
#include "common/base/text.h"
#include "master/prom.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool
names_it(struct slice s)
{
	const struct slice name = SLICE_LIT("openmetrics-text");

	for (size_t i = 0; i + name.n <= s.n; i++)
		if (strncasecmp(s.p + i, name.p, name.n) == 0)
			return true;
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size != 0 ? size : 1); /* its end is watched */
	struct slice accept = slice_make(copy, size);
	struct text t;

	if (size != 0)
		memcpy(copy, data, size);
	MUST(!prom_accept(accept) || names_it(accept));
	/* The best there is stands in front. */
	text_init(&t);
	text_add(&t, SLICE_LIT("application/openmetrics-text,"));
	text_add(&t, accept);
	MUST(prom_accept(text_slice(&t)));
	text_fini(&t);
	free(copy);
	return 0;
}
