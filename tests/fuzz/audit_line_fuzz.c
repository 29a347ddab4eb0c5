/*
 * audit_line_fuzz.c - any bytes as a line of an audit log: what is read lies in
 * it, and what is hashed and the hash are all of it.
 */
#include <stdlib.h>

#include "common/base/must.h"
#include "tests/fuzz/lines.h"
#include "tools/audit_line.h"

static void
check_line(struct slice text)
{
	struct audit_line l;

	if (!audit_line_read(text, &l))
		return;
	MUST(l.seq != 0 && l.body.p == text.p);
	MUST(l.hash == text.p + l.body.n + 9);
	MUST(l.body.n + 9 + AUDIT_HASH + 2 == text.n);
	if (l.prev != NULL)
		MUST(
		    l.prev > text.p && l.prev + AUDIT_HASH < text.p + l.body.n);
	else
		MUST(l.id.number != 0 && l.id.ring <= WORKERS_MAX);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = malloc(size != 0 ? size : 1); /* its end is watched */

	if (size != 0)
		memcpy(copy, data, size);
	check_line(slice_make(copy, size));
	free(copy);
	return 0;
}
