/*
 * folder.c - see folder.h.
 */
#include "master/folder.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>

bool
folder_make_above(const char *path, const char *what, struct diag *d)
{
	char folder[PATH_MAX];
	size_t n = strlen(path);

	if (n >= sizeof(folder)) {
		diag_error(d, NULL, 0, "%s: the path is too long", what);
		return false;
	}
	memcpy(folder, path, n + 1);
	for (char *p = folder + 1; (p = strchr(p, '/')) != NULL; p++) {
		*p = '\0';
		if (mkdir(folder, 0755) != 0 && errno != EEXIST) {
			diag_error(d, NULL, 0, "%s: cannot make folder %s: %s",
			    what, folder, strerror(errno));
			return false;
		}
		*p = '/';
	}
	return true;
}
