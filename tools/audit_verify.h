/*
 * audit_verify.h - whether an audit log is as it was written: one file of it,
 * or several in their order.
 *
 * What can be found out: a line that was changed, removed, put in or moved, and
 * an end that was cut off where PATH.state, or whoever asks, knows the hash of
 * a line near it. Not: that somebody has written all of it anew, unless there
 * is a key that he does not have.
 */
#ifndef TOOLS_AUDIT_VERIFY_H
#define TOOLS_AUDIT_VERIFY_H

#include <stdbool.h>
#include <stdio.h>

struct audit_verify {
	const char *const *paths; /* in order; one at least */
	int count;
	const char *key_file; /* NULL: none */
	const char *last; /* the hash of a line that must be there, or NULL */
	bool quiet;       /* only what is wrong is said */
};

/*
 * Says what it finds in `out`: what is wrong as "PATH:LINE: sentence". True:
 * nothing is.
 */
bool audit_verify(const struct audit_verify *v, FILE *out);

#endif
