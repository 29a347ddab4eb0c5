/*
 * ctl_explain.c - see ctl_explain.h. `penstock --explain` does it, by the
 * descriptors of the shared memory that it gets from here.
 */
#include "tools/ctl_explain.h"

#include <fcntl.h>
#include <stdio.h>

#include "tools/attach.h"
#include "tools/ctl_exec.h"

/* "--address=A" */
#define EXPLAIN_ARG_MAX 16384
#define EXPLAIN_ARGS_MAX (CTL_GIVEN_MAX + 12)

struct explain_words {
	const char *argv[EXPLAIN_ARGS_MAX];
	size_t count;
	char region[64];
	char text[CTL_GIVEN_MAX][EXPLAIN_ARG_MAX];
};

/* The secrets, too, for those who may have them. */
static bool
explain_attach(const struct ctl_call *c, struct region *r)
{
	struct diag d;
	char said[512];
	bool ok;

	diag_init(&d);
	ok = attach_region(r, c->socket, ATTACH_SECRETS, &d);
	if (!ok) {
		diag_fini(&d);
		diag_init(&d);
		ok = attach_region(r, c->socket, 0, &d);
	}
	if (!ok && diag_format(&d, 0, said, sizeof(said)) > 0)
		(void)fprintf(stderr, "penstockctl: %s\n", said);
	diag_fini(&d);
	return ok;
}

/* Descriptors that the next program has, too. */
static void
explain_region(struct explain_words *w, const struct region *r)
{
	int n;

	(void)fcntl(r->state_fd, F_SETFD, 0);
	(void)fcntl(r->images_fd, F_SETFD, 0);
	n = snprintf(w->region, sizeof(w->region), "--region=%d,%d",
	    r->state_fd, r->images_fd);
	if (r->secrets_fd >= 0) {
		(void)fcntl(r->secrets_fd, F_SETFD, 0);
		(void)snprintf(w->region + n, sizeof(w->region) - (size_t)n,
		    ",%d", r->secrets_fd);
	}
	w->argv[w->count++] = w->region;
}

/* As penstock takes it. False: it is too long. */
static bool
explain_option(char *text, const struct ctl_given *g)
{
	const char *name = ctl_option_name(g->option);
	const char *value = g->value != NULL ? g->value : "";
	int n;

	if (g->option == CTL_HEADER)
		n = snprintf(text, EXPLAIN_ARG_MAX, "-H%s", value);
	else
		n = snprintf(text, EXPLAIN_ARG_MAX, "--%s%s%s", name,
		    g->value != NULL ? "=" : "", value);
	if (n < EXPLAIN_ARG_MAX)
		return true;
	(void)fprintf(stderr, "penstockctl: --%s is longer than 16k\n", name);
	return false;
}

static bool
explain_options(struct explain_words *w, const struct ctl_call *c)
{
	for (size_t i = 0; i < c->given_count; i++) {
		if (!explain_option(w->text[i], &c->given[i]))
			return false;
		w->argv[w->count++] = w->text[i];
	}
	return true;
}

enum ctl_exit
ctl_explain(const struct ctl_call *c)
{
	static struct explain_words w;
	struct region r;

	if (!explain_attach(c, &r))
		return CTL_REFUSED;
	w.argv[w.count++] = "penstock";
	w.argv[w.count++] = "--explain";
	if (c->json)
		w.argv[w.count++] = "--json";
	explain_region(&w, &r);
	if (!explain_options(&w, c))
		return CTL_MISUSE;
	w.argv[w.count++] = "--";
	for (size_t i = 0; i < 2 && c->args[i] != NULL; i++)
		w.argv[w.count++] = c->args[i];
	ctl_exec_penstock(w.argv);
	return CTL_REFUSED;
}
