/*
 * helper.c - see helper.h.
 *
 *	wait for a count  ->  take jobs until there is none  ->  wait
 *
 * A count that is lost does no harm: whoever waits looks at the jobs first.
 */
#include "helper/helper.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/log.h"
#include "common/base/must.h"
#include "helper/password.h"
#include "shm/control.h"
#include "shm/jobs.h"
#include "shm/slots.h"

/* It shows that it lives; and jobs of which nobody told it get done. */
#define HELPER_WAIT_MS 1000

struct helper {
	struct inherit *in;
	uint32_t number;
	struct password *password;
};

/* Whose last words must_fail keeps; one per process. */
static const struct helper *helper_dying;

static void
helper_last_words(const char *text)
{
	slot_last_words(&helper_dying->in->region,
	    SLOT_HELPER + helper_dying->number, text);
}

static void
helper_beat(const struct helper *h)
{
	slot_beat(&h->in->region, SLOT_HELPER + h->number, clock_update().us);
}

static enum job_result
helper_do(struct helper *h, const struct job *j)
{
	switch (j->kind) {
	case JOB_CRYPT:
		return password_check(h->password, j->a, j->b);
	}
	return JOB_FAILED; /* a word that another process wrote */
}

/* *worker had asked for it. */
static bool
helper_do_next(struct helper *h, struct region *r, uint32_t *worker)
{
	struct job j;
	bool some = jobs_take(r, h->number, &j);

	if (some) {
		jobs_done(r, &j, helper_do(h, &j));
		*worker = j.worker;
	}
	explicit_bzero(&j, sizeof(j));
	return some;
}

static bool
helper_do_one(struct helper *h)
{
	uint32_t worker = 0;
	bool some = helper_do_next(h, &h->in->region, &worker);

	if (some && worker < h->in->workers)
		control_wake(h->in->wake_fds[worker]);
	return some;
}

void
helper_do_all(struct region *r)
{
	struct helper h = { .password = password_new() };
	uint32_t worker = 0;

	while (h.password != NULL && helper_do_next(&h, r, &worker))
		continue;
	password_free(h.password);
}

static void
helper_work(struct helper *h)
{
	do {
		helper_beat(h);
	} while (helper_do_one(h));
}

static bool
helper_wait(const struct helper *h)
{
	struct pollfd p = { h->in->helpers_wake_fd, POLLIN, 0 };
	uint64_t n;

	if (poll(&p, 1, HELPER_WAIT_MS) < 0 && errno != EINTR)
		return false;
	/* Another helper may have been faster. */
	return read(p.fd, &n, sizeof(n)) == (ssize_t)sizeof(n) ||
	    errno == EAGAIN;
}

int
helper_main(struct inherit *in, uint32_t helper)
{
	struct helper h = { .in = in, .number = helper };

	h.password = password_new();
	if (h.password == NULL) {
		log_err("start");
		return 1;
	}
	helper_dying = &h;
	must_set_hook(helper_last_words);
	must_catch_signals();
	slot_set_state(&in->region, SLOT_HELPER + helper, SLOT_READY);
	do {
		helper_work(&h);
	} while (helper_wait(&h));
	log_err("wait");
	must_set_hook(NULL);
	helper_dying = NULL;
	password_free(h.password);
	return 1;
}
