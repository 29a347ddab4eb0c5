/*
 * prom_process.c - what the processes themselves take, from /proc.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master/prom_gateway.h"
#include "shm/slots.h"

struct prom_process {
	char name[24];
	uint64_t cpu_ms, resident_bytes;
	int64_t started_ms; /* wall clock */
};

/* proc(5): utime and stime are fields 14 and 15 of stat, rss is 24. */
static bool
prom_process_read(struct prom_process *p, pid_t pid)
{
	char path[48], stat[1024];
	unsigned long utime, stime;
	const char *at;
	long rss;
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, stat, sizeof(stat) - 1);
	(void)close(fd);
	stat[n > 0 ? n : 0] = '\0';
	/* The name in parentheses may hold anything. */
	at = strrchr(stat, ')');
	if (at == NULL ||
	    sscanf(at + 1,
		" %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d "
		"%*d %*d %*d %*d %*u %*u %ld",
		&utime, &stime, &rss) != 3)
		return false;
	p->cpu_ms = (utime + stime) * 1000 / (uint64_t)sysconf(_SC_CLK_TCK);
	p->resident_bytes = (uint64_t)rss * (uint64_t)sysconf(_SC_PAGESIZE);
	return true;
}

/* Of whom lives in a slot, if anybody does. */
static bool
prom_process_slot(struct prom_process *p, const struct region *r, uint32_t slot,
    const char *role, uint32_t number)
{
	struct slot_info i;

	slot_info(r, slot, &i);
	if (slot == SLOT_MASTER || slot == SLOT_LOG)
		(void)snprintf(p->name, sizeof(p->name), "%s", role);
	else
		(void)snprintf(p->name, sizeof(p->name), "%s %u", role, number);
	p->started_ms =
	    (r->state->header.birth_wall_us + (int64_t)i.started_us) / 1000;
	return i.pid > 0 && prom_process_read(p, i.pid);
}

static uint32_t
prom_process_all(const struct region *r, struct prom_process *all)
{
	uint32_t n = 0;

	(void)snprintf(all[n].name, sizeof(all[n].name), "keeper");
	all[n].started_ms = r->state->header.birth_wall_us / 1000;
	n += prom_process_read(&all[n], getppid());
	n += prom_process_slot(&all[n], r, SLOT_MASTER, "master", 0);
	for (uint32_t w = 0; w < r->state->header.workers; w++)
		n += prom_process_slot(&all[n], r, w, "worker", w);
	for (uint32_t h = 0; h < HELPERS_MAX; h++)
		n +=
		    prom_process_slot(&all[n], r, SLOT_HELPER + h, "helper", h);
	n += prom_process_slot(&all[n], r, SLOT_LOG, "penstocklog", 0);
	return n;
}

static void
process_sample(struct prom *p, const struct prom_process *process)
{
	prom_sample(p);
	prom_label(p, "process", slice_str(process->name));
}

void
prom_process_write(const struct region *r, struct prom *p)
{
	struct prom_process all[SLOTS_MAX + 1];
	uint32_t n = prom_process_all(r, all);

	prom_family(p, METRIC_PROCESS_CPU);
	for (uint32_t i = 0; i < n; i++) {
		process_sample(p, &all[i]);
		prom_fixed(p, (int64_t)all[i].cpu_ms, 3);
	}
	prom_family(p, METRIC_PROCESS_MEMORY);
	for (uint32_t i = 0; i < n; i++) {
		process_sample(p, &all[i]);
		prom_u64(p, all[i].resident_bytes);
	}
	prom_family(p, METRIC_PROCESS_START_TIME);
	for (uint32_t i = 0; i < n; i++) {
		process_sample(p, &all[i]);
		prom_fixed(p, all[i].started_ms, 3);
	}
}
