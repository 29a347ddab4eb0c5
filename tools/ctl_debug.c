/*
 * ctl_debug.c - see ctl_debug.h.
 */
#include "tools/ctl_debug.h"

#include <stdio.h>
#include <unistd.h>

#include "common/base/must.h"
#include "tools/ctl_value.h"

/* The token alone, so that a shell can use it; people are told more. */
static void
show_token(const json_t *doc)
{
	char buf[64];

	printf("%s\n", ctl_word(doc, "token"));
	(void)fflush(stdout);
	if (isatty(STDERR_FILENO))
		(void)fprintf(stderr,
		    "send it as %s; the answer says %s; good until %s\n",
		    ctl_word(doc, "field"), "Penstock-Trace",
		    ctl_when(ctl_number(doc, "expires"), buf, sizeof(buf)));
}

enum ctl_exit
ctl_debug_token(const struct ctl_call *c)
{
	const char *lasts = ctl_given_value(c, CTL_FOR);
	json_t *doc = json_object();

	MUST(doc != NULL);
	if (lasts != NULL)
		(void)json_object_set_new(doc, "for", json_string(lasts));
	return ctl_submit(
	    c, "POST", SLICE_LIT("/v1/debug-token"), doc, show_token);
}
