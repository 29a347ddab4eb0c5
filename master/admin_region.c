/*
 * admin_region.c - see admin_region.h.
 */
#include "master/admin_region.h"

#include <unistd.h>

#include "common/base/json.h"

/* Says what comes along, in that order; a descriptor that lacks is said, too.
 */
static void
region_give(struct admin_reply *r, const char *const *names, const int *fds,
    unsigned count)
{
	struct json j;

	for (unsigned i = 0; i < count; i++) {
		if (fds[i] < 0) {
			admin_reply_problem(
			    r, 503, SLICE_LIT("without /proc there are none"));
			return;
		}
		r->fds[i] = fds[i];
	}
	r->fd_count = count;
	json_init(&j, &r->body);
	json_object_begin(&j, NULL);
	json_array_begin(&j, "descriptors");
	for (unsigned i = 0; i < count; i++)
		json_add_string(&j, NULL, slice_str(names[i]));
	json_array_end(&j);
	json_object_end(&j);
}

/* Descriptors ride on a unix socket only. */
static bool
region_refuses(const struct admin_request *q, struct admin_reply *r)
{
	if (q->local)
		return false;
	admin_reply_problem(
	    r, 403, SLICE_LIT("only over the unix socket (admin.socket)"));
	return true;
}

void
admin_region_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	static const char *const names[] = { "state", "images", "records",
		"readers" };
	const struct region_fds *all = &a->in->region_fds;
	const int fds[] = { all->state, all->images, all->records,
		all->readers };

	if (!region_refuses(q, r))
		region_give(r, names, fds, sizeof(fds) / sizeof(fds[0]));
}

void
admin_secrets_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	static const char *const names[] = { "secrets" };

	if (region_refuses(q, r))
		return;
	if (q->uid != 0 && q->uid != geteuid())
		admin_reply_problem(r, 403,
		    SLICE_LIT("only for root and the gateway's own user"));
	else
		region_give(r, names, &a->in->region_fds.secrets, 1);
}
