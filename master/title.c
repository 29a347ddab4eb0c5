/*
 * title.c - see title.h.
 */
#include "master/title.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/base/must.h"

static struct {
	char *at;
	size_t room;
} title_area;

/* The strings of argv and environ lie one behind the other. */
static char *
title_extend(char *end, char **strings, int count)
{
	for (int i = 0; i < count; i++)
		if (strings[i] == end)
			end += strlen(strings[i]) + 1;
	return end;
}

void
title_init(int argc, char **argv)
{
	char *end, **copy;
	int count = 0;

	while (environ[count] != NULL)
		count++;
	end = title_extend(argv[0], argv, argc);
	end = title_extend(end, environ, count);
	copy = calloc((size_t)count + 1, sizeof(*copy));
	MUST(copy != NULL);
	for (int i = 0; i < count; i++) {
		copy[i] = strdup(environ[i]);
		MUST(copy[i] != NULL);
	}
	environ = copy;
	title_area.at = argv[0];
	title_area.room = (size_t)(end - argv[0]);
}

void
title_set(const char *role)
{
	(void)prctl(PR_SET_NAME, role, 0, 0, 0);
	if (title_area.room == 0)
		return;
	memset(title_area.at, 0, title_area.room);
	(void)snprintf(title_area.at, title_area.room, "penstock: %s", role);
}
