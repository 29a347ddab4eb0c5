/*
 * child.c - see child.h.
 */
#include "master/child.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "common/base/log.h"
#include "master/privs.h"
#include "master/seccomp.h"
#include "master/title.h"

#define CHILD_KEEP_MAX (2 * WORKERS_MAX + LISTENERS_MAX + 16)
#define CHILD_NICE 10 /* of helpers: traffic comes first */

static int
child_fd_compare(const void *a, const void *b)
{
	int x = *(const int *)a, y = *(const int *)b;

	return (x > y) - (x < y);
}

void
child_keep_fds(int *keep, size_t n)
{
	unsigned from = STDERR_FILENO + 1;

	qsort(keep, n, sizeof(*keep), child_fd_compare);
	for (size_t i = 0; i < n; i++) {
		if (keep[i] < (int)from)
			continue;
		if (keep[i] > (int)from)
			(void)close_range(from, (unsigned)keep[i] - 1, 0);
		from = (unsigned)keep[i] + 1;
	}
	(void)close_range(from, ~0u, 0);
}

void
child_signals(void)
{
	static const int ignored[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM,
		SIGUSR1, SIGUSR2, SIGPIPE };
	sigset_t none;

	for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
		(void)signal(ignored[i], SIG_IGN);
	(void)signal(SIGCHLD, SIG_DFL);
	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

static void
child_name(const char *role, const struct boot *b)
{
	title_set(role);
	/* The log's clock reads a file once: not behind the filter. */
	tzset();
	/* The connection to syslog was closed with the other descriptors. */
	if (strcmp(b->log_target, "syslog") == 0)
		(void)log_open("syslog", b->log_level, role);
	log_set_process(role);
}

/* What both keep; returns how many. Vault and records stay mapped, no more. */
static size_t
child_common_fds(struct inherit *in, int *keep)
{
	size_t n = 0;

	in->region.vault_fd = in->region.records_fd = -1;
	keep[n++] = in->region.readers_fd; /* until it is protected */
	keep[n++] = in->region.state_fd;
	keep[n++] = in->region.images_fd;
	keep[n++] = in->region.secrets_fd;
	keep[n++] = in->log_fd;
	keep[n++] = in->master_wake_fd;
	for (uint32_t w = 0; w < in->workers; w++)
		keep[n++] = in->wake_fds[w];
	return n;
}

static void
child_worker_fds(struct inherit *in, uint32_t slot)
{
	int keep[CHILD_KEEP_MAX];
	size_t n = child_common_fds(in, keep);

	in->master_fd = -1;
	in->admin_fd = in->admin_tcp_fd = -1;
	in->files_fd = -1;
	in->state_dir_fd = -1;
	keep[n++] = in->helpers_wake_fd;
	for (uint32_t w = 0; w < in->workers; w++) {
		keep[n++] = in->handover_out[w];
		if (w == slot)
			continue;
		in->control_fds[w] = -1;
		in->handover_in[w] = -1;
	}
	keep[n++] = in->control_fds[slot];
	keep[n++] = in->handover_in[slot];
	for (size_t i = 0; i < LISTENERS_MAX; i++) {
		struct inherit_listener *l = &in->listeners[i];

		if (l->id == 0)
			continue;
		for (uint32_t w = 0; w < in->workers; w++)
			if (w != slot)
				l->fds[w] = -1;
		keep[n++] = l->fds[slot];
	}
	child_keep_fds(keep, n);
}

static void
child_forget_traffic(struct inherit *in)
{
	for (uint32_t w = 0; w < in->workers; w++) {
		in->control_fds[w] = -1;
		in->handover_in[w] = in->handover_out[w] = -1;
	}
	for (size_t i = 0; i < LISTENERS_MAX; i++)
		for (uint32_t w = 0; w < in->workers; w++)
			in->listeners[i].fds[w] = -1;
}

static void
child_master_fds(struct inherit *in)
{
	int keep[CHILD_KEEP_MAX];
	size_t n = child_common_fds(in, keep);

	keep[n++] = in->master_fd;
	keep[n++] = in->state_dir_fd;
	keep[n++] = in->admin_fd;
	keep[n++] = in->admin_tcp_fd;
	keep[n++] = in->files_fd;
	keep[n++] = in->region_fds.state;
	keep[n++] = in->region_fds.images;
	keep[n++] = in->region_fds.secrets;
	keep[n++] = in->region_fds.records;
	keep[n++] = in->region_fds.readers;
	in->helpers_wake_fd = -1;
	child_forget_traffic(in);
	child_keep_fds(keep, n);
}

/* What it needs of the region is mapped already. */
static void
child_helper_fds(struct inherit *in)
{
	int keep[CHILD_KEEP_MAX];
	size_t n = 0;

	in->master_fd = -1;
	in->admin_fd = in->admin_tcp_fd = -1;
	in->files_fd = -1;
	in->state_dir_fd = -1;
	in->master_wake_fd = -1;
	child_forget_traffic(in);
	keep[n++] = in->log_fd;
	keep[n++] = in->helpers_wake_fd;
	for (uint32_t w = 0; w < in->workers; w++)
		keep[n++] = in->wake_fds[w];
	child_keep_fds(keep, n);
}

static bool
child_confine(const struct boot *b, pid_t keeper, bool (*filter)(void))
{
	if (!privs_drop(&b->privs, keeper)) {
		log_err("cannot give up privileges");
		return false;
	}
	if (!filter()) {
		log_errx("cannot install the system call filter");
		return false;
	}
	return true;
}

bool
child_become_worker(
    struct inherit *in, const struct boot *b, uint32_t slot, pid_t keeper)
{
	char role[24];

	(void)snprintf(role, sizeof(role), "worker %u", slot);
	child_signals();
	child_worker_fds(in, slot);
	child_name(role, b);
	if (!region_protect_images(&in->region)) {
		log_err("cannot make the images read-only");
		return false;
	}
	return child_confine(b, keeper, seccomp_worker);
}

bool
child_become_master(struct inherit *in, const struct boot *b, pid_t keeper)
{
	child_signals();
	region_fds_read_only(&in->region, &in->region_fds);
	child_master_fds(in);
	child_name("master", b);
	if (!region_protect_readers(&in->region)) {
		log_err("cannot make the readers' words read-only");
		return false;
	}
	return child_confine(b, keeper, seccomp_master);
}

bool
child_become_helper(
    struct inherit *in, const struct boot *b, uint32_t helper, pid_t keeper)
{
	char role[24];

	(void)snprintf(role, sizeof(role), "helper");
	if (in->helpers > 1)
		(void)snprintf(role, sizeof(role), "helper %u", helper);
	child_signals();
	region_keep_jobs(&in->region);
	child_helper_fds(in);
	child_name(role, b);
	if (setpriority(PRIO_PROCESS, 0, CHILD_NICE) != 0)
		log_warn("nice");
	return child_confine(b, keeper, seccomp_helper);
}
