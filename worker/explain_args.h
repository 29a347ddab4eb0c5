/*
 * explain_args.h - the command line of `penstock --explain`.
 */
#ifndef WORKER_EXPLAIN_ARGS_H
#define WORKER_EXPLAIN_ARGS_H

#include <getopt.h>

#include "worker/explain.h"

enum explain_option {
	EXPLAIN_ADDRESS = 256,
	EXPLAIN_BODY_SIZE,
	EXPLAIN_CLAIMS,
	EXPLAIN_TLS,
	EXPLAIN_REGION, /* descriptors of one that was handed on */
};

/* For the table of getopt_long; -H is the short one. */
#define EXPLAIN_LONGS                                                    \
	{ "address", required_argument, NULL, EXPLAIN_ADDRESS },         \
	    { "body-size", required_argument, NULL, EXPLAIN_BODY_SIZE }, \
	    { "claims", required_argument, NULL, EXPLAIN_CLAIMS },       \
	    { "tls", no_argument, NULL, EXPLAIN_TLS },                   \
	{                                                                \
		"region", required_argument, NULL, EXPLAIN_REGION        \
	}

struct explain_args {
	struct explain_ask ask;
	struct region_fds fds; /* state -1: the configuration file is meant */
	bool some;             /* an option was given */
	bool lines;            /* "-" in place of method and URL */
};

void explain_args_init(struct explain_args *a);

static inline bool
explain_args_are(int option)
{
	return option == 'H' ||
	    (option >= EXPLAIN_ADDRESS && option <= EXPLAIN_REGION);
}

/* False: it is none of these options, or (with a sentence on stderr) what it is
 * given is wrong. */
bool explain_args_take(struct explain_args *a, int option, const char *value);

/* METHOD URL, or "-". False: that is not what there is. */
bool explain_args_rest(struct explain_args *a, int argc, char **argv);

#endif
