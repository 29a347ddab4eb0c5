/*
 * label.c - see label.h.
 */
#include "shm/label.h"

/* "_service._proto." in front: RFC 2782. */
static struct slice
name_skip_srv(struct slice name)
{
	for (int i = 0; i < 2; i++) {
		const char *dot = memchr(name.p, '.', name.n);

		if (name.n == 0 || name.p[0] != '_' || dot == NULL)
			return name;
		name = slice_skip(name, (size_t)(dot + 1 - name.p));
	}
	return name;
}

struct slice
label_name(struct slice label, char *text)
{
	const char *end = memchr(label.p, ']', label.n);

	if (end != NULL) /* "[::1]:443" */
		label = slice_make(label.p + 1, (size_t)(end - label.p) - 1);
	else if ((end = memchr(label.p, ':', label.n)) != NULL)
		label.n = (size_t)(end - label.p);
	label = name_skip_srv(label);
	for (size_t i = 0; i < label.n; i++)
		text[i] = ascii_lower(label.p[i]);
	return slice_make(text, label.n);
}
