/*
 * conf_host.c - see conf_host.h.
 */
#include "master/conf_host.h"

#include <string.h>

#include "common/base/must.h"

#define NAME_MAX_BYTES 253 /* RFC 1035 2.3.4, as text */
#define LABEL_MAX_BYTES 63

static const char *
label_fault(struct slice label)
{
	static const char good[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";

	if (label.n == 0)
		return "has an empty label";
	if (label.n > LABEL_MAX_BYTES)
		return "has a label of more than 63 characters";
	for (size_t i = 0; i < label.n; i++)
		if (memchr(good, ascii_lower(label.p[i]), sizeof(good) - 1) ==
		    NULL)
			return "has a character that no host name has";
	return NULL;
}

const char *
conf_host_fault(struct slice name)
{
	const char *fault = NULL;
	struct slice label;

	if (name.n > NAME_MAX_BYTES)
		return "has more than 253 characters";
	for (bool last = false; !last && fault == NULL;
	     name = slice_skip(name, label.n + !last)) {
		const char *dot = memchr(name.p, '.', name.n);

		last = dot == NULL;
		label = name;
		if (!last)
			label.n = (size_t)(dot - name.p);
		fault = label_fault(label);
	}
	return fault;
}

const char *
conf_host_lower(struct conf *c, struct slice name)
{
	char *lower = arena_alloc(&c->arena, name.n + 1);

	MUST(lower != NULL);
	for (size_t i = 0; i < name.n; i++)
		lower[i] = ascii_lower(name.p[i]);
	lower[name.n] = '\0';
	return lower;
}
