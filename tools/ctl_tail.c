/*
 * ctl_tail.c - see ctl_tail.h.
 */
#include "tools/ctl_tail.h"

#include <stdlib.h>
#include <string.h>

#include "tools/ctl_exec.h"

/* Options of penstockctl whose value is the next word. */
static bool
has_value(const char *word)
{
	return strcmp(word, "-s") == 0 || strcmp(word, "-c") == 0;
}

int
ctl_tail_words(int argc, char *const *argv)
{
	for (int i = 1; i < argc; i++) {
		if (has_value(argv[i]))
			i++;
		else if (argv[i][0] != '-')
			return strcmp(argv[i], CTL_TAIL) == 0 ? i + 1 : argc;
	}
	return argc;
}

enum ctl_exit
ctl_tail(const struct ctl_call *c)
{
	size_t n = 0, at = 0;
	const char **argv;

	while (c->rest[n] != NULL)
		n++;
	argv = calloc(n + 6, sizeof(*argv));
	if (argv == NULL)
		return CTL_REFUSED;
	argv[at++] = "penstocklog";
	argv[at++] = "-s";
	argv[at++] = c->socket;
	if (c->json) {
		argv[at++] = "-f";
		argv[at++] = "json";
	}
	memcpy(argv + at, c->rest, n * sizeof(*argv));
	ctl_exec_penstocklog(argv);
	free(argv);
	return CTL_REFUSED;
}
