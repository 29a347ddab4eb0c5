/*
 * boot.c - see boot.h.
 */
#include "master/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/log_program.h"
#include "master/title.h"

/* Descriptors of a worker that are not a client's or an endpoint's. */
#define BOOT_FILES_RESERVE (64 + 2 * 256)

static uint32_t
boot_cpus(void)
{
	cpu_set_t set;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return 1;
	return (uint32_t)CPU_COUNT(&set);
}

uint64_t
boot_raise_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return 1024;
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		(void)getrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur;
}

/* A client needs a descriptor, and one more towards an endpoint. */
static void
boot_fit_connections(struct boot *b, struct diag *d)
{
	uint64_t files = boot_raise_files(), fit = 1;

	if (files > BOOT_FILES_RESERVE + 2)
		fit = (files - BOOT_FILES_RESERVE) / 2;
	if (fit > b->connections_wanted)
		fit = b->connections_wanted;
	else if (fit < b->connections_wanted)
		diag_warn(d, NULL, 0,
		    "worker_connections is lowered from %llu to %llu: the file "
		    "limit is %llu, and a connection takes two",
		    (unsigned long long)b->connections_wanted,
		    (unsigned long long)fit, (unsigned long long)files);
	b->worker_connections = (uint32_t)fit;
}

/* A NULL is copied as "". */
static bool
boot_copy(
    char *to, size_t room, const char *from, const char *what, struct diag *d)
{
	size_t n = from != NULL ? strlen(from) : 0;

	if (n >= room) {
		diag_error(
		    d, NULL, 0, "%s is longer than %zu bytes", what, room - 1);
		return false;
	}
	if (n != 0)
		memcpy(to, from, n);
	return true;
}

bool
boot_take(struct boot *b, const struct conf *c, struct diag *d)
{
	bool ok = true;

	memset(b, 0, sizeof(*b));
	b->workers_wanted = c->workers;
	b->connections_wanted = c->worker_connections;
	b->record_bytes = c->telemetry.recorder.ring;
	b->audit_bytes = c->telemetry.recorder.audit_ring;
	b->cpu_affinity = c->cpu_affinity;
	b->helpers = (uint32_t)c->helpers;
	b->log_level = c->log_level;
	b->drain_us = c->timeouts.drain;
	ok &= boot_copy(b->user, sizeof(b->user), c->user, "user", d);
	ok &= boot_copy(b->group, sizeof(b->group), c->group, "group", d);
	ok &= boot_copy(b->log_target, sizeof(b->log_target), c->log_target,
	    "log.target", d);
	ok &= boot_copy(
	    b->pid_file, sizeof(b->pid_file), c->pid_file, "pid_file", d);
	ok &= boot_copy(b->admin_socket, sizeof(b->admin_socket),
	    c->admin_socket, "admin.socket", d);
	b->admin_address = c->admin_addr;
	ok &= boot_copy(
	    b->state_dir, sizeof(b->state_dir), c->state_dir, "state_dir", d);
	return ok;
}

bool
boot_resolve(struct boot *b, const struct conf *c, struct diag *d)
{
	uint64_t workers = c->workers != 0 ? c->workers : boot_cpus();

	if (!boot_take(b, c, d))
		return false;
	if (workers > WORKERS_MAX)
		workers = WORKERS_MAX;
	geometry_defaults(&b->geometry, (uint32_t)workers);
	b->geometry.record_bytes = (uint32_t)b->record_bytes;
	b->geometry.audit_bytes = (uint32_t)b->audit_bytes;
	boot_fit_connections(b, d);
	if (geteuid() == 0)
		return privs_resolve(&b->privs, c->user, c->group, d);
	if (c->user_given)
		diag_warn(d, NULL, 0,
		    "user and group are ignored: not started as root");
	return true;
}

void
boot_compare(
    const struct boot *running, const struct boot *wanted, struct diag *d)
{
	const struct {
		const char *name;
		bool same;
	} options[] = {
		{ "workers",
		    running->workers_wanted == wanted->workers_wanted },
		{ "worker_connections",
		    running->connections_wanted == wanted->connections_wanted },
		{ "cpu_affinity",
		    running->cpu_affinity == wanted->cpu_affinity },
		{ "helpers", running->helpers == wanted->helpers },
		{ "recorder.ring",
		    running->record_bytes == wanted->record_bytes },
		{ "recorder.audit_ring",
		    running->audit_bytes == wanted->audit_bytes },
		{ "user", strcmp(running->user, wanted->user) == 0 },
		{ "group", strcmp(running->group, wanted->group) == 0 },
		{ "pid_file",
		    strcmp(running->pid_file, wanted->pid_file) == 0 },
		{ "log.target",
		    strcmp(running->log_target, wanted->log_target) == 0 },
		{ "admin.socket",
		    strcmp(running->admin_socket, wanted->admin_socket) == 0 },
		{ "admin.address",
		    addr_eq(&running->admin_address, &wanted->admin_address) },
		{ "state_dir",
		    strcmp(running->state_dir, wanted->state_dir) == 0 },
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
		if (!options[i].same)
			diag_warn(d, NULL, 0,
			    "%s has changed and needs a restart",
			    options[i].name);
}

void
boot_complain(struct diag *d)
{
	char line[2048];

	diag_sort(d);
	for (size_t i = 0; i < d->count; i++) {
		(void)diag_format(d, i, line, sizeof(line));
		(void)fprintf(stderr, "%s%s\n",
		    d->items[i].file == NULL ? "penstock: " : "", line);
	}
}

/* The child: reads, complains, answers. */
static bool
boot_read(int answer_fd, const char *path)
{
	struct boot b = { 0 };
	struct conf c;
	struct diag d;
	bool ok;

	title_set("loader");
	diag_init(&d);
	ok = conf_load(&c, path, &d) && log_program_check(&c, &d) &&
	    boot_resolve(&b, &c, &d);
	boot_complain(&d);
	conf_free(&c);
	diag_fini(&d);
	return ok && write(answer_fd, &b, sizeof(b)) == (ssize_t)sizeof(b);
}

/* The whole struct, or nothing. */
static bool
boot_receive(struct boot *b, int fd)
{
	size_t have = 0;
	ssize_t n;

	while (have < sizeof(*b)) {
		n = read(fd, (char *)b + have, sizeof(*b) - have);
		if (n > 0)
			have += (size_t)n;
		else if (n == 0 || errno != EINTR)
			return false;
	}
	return true;
}

bool
boot_load(struct boot *b, const char *path)
{
	int ends[2], status;
	pid_t pid;
	bool ok;

	if (pipe2(ends, O_CLOEXEC) != 0)
		return false;
	pid = fork();
	if (pid == 0) {
		(void)close(ends[0]);
		_exit(boot_read(ends[1], path) ? 0 : 1);
	}
	(void)close(ends[1]);
	ok = pid > 0 && boot_receive(b, ends[0]);
	(void)close(ends[0]);
	if (pid > 0 && (waitpid(pid, &status, 0) != pid || status != 0)) {
		ok = false;
		if (WIFSIGNALED(status))
			(void)fprintf(stderr,
			    "penstock: the loader was killed by signal %d\n",
			    WTERMSIG(status));
	}
	return ok;
}
