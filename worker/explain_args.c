/*
 * explain_args.c - see explain_args.h.
 */
#include "worker/explain_args.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/units.h"

void
explain_args_init(struct explain_args *a)
{
	*a = (struct explain_args){ .fds = REGION_FDS_NONE };
}

static bool
args_wrong(const char *what, const char *value)
{
	(void)fprintf(stderr, "penstock: %s: \"%s\"\n", what, value);
	return false;
}

static bool
args_header(struct explain_args *a, const char *value)
{
	if (strchr(value, ':') == NULL)
		return args_wrong("-H takes \"Name: value\"", value);
	if (a->ask.header_count == EXPLAIN_HEADERS_MAX)
		return args_wrong("too many of -H", value);
	a->ask.headers[a->ask.header_count++] = slice_str(value);
	return true;
}

static bool
args_body(struct explain_args *a, const char *value)
{
	const char *why = "";

	return units_size(value, &a->ask.body_bytes, &why) ||
	    args_wrong("--body-size takes bytes, such as 16k", value);
}

/* "3,4" or "3,4,5": state, images and, with the right to them, secrets. */
static bool
args_region(struct explain_args *a, const char *value)
{
	int n = sscanf(
	    value, "%d,%d,%d", &a->fds.state, &a->fds.images, &a->fds.secrets);

	return n >= 2 || args_wrong("--region takes descriptors", value);
}

bool
explain_args_take(struct explain_args *a, int option, const char *value)
{
	a->some = true;
	switch (option) {
	case 'H':
		return args_header(a, value);
	case EXPLAIN_ADDRESS:
		a->ask.address = slice_str(value);
		return true;
	case EXPLAIN_BODY_SIZE:
		return args_body(a, value);
	case EXPLAIN_CLAIMS:
		a->ask.claims = slice_str(value);
		return true;
	case EXPLAIN_TLS:
		a->ask.tls = true;
		return true;
	case EXPLAIN_REGION:
		return args_region(a, value);
	default:
		return false;
	}
}

bool
explain_args_rest(struct explain_args *a, int argc, char **argv)
{
	a->lines = argc == 1 && strcmp(argv[0], "-") == 0;
	if (a->lines)
		return true;
	if (argc != 2)
		return false;
	a->ask.method = slice_str(argv[0]);
	a->ask.url = slice_str(argv[1]);
	return true;
}
