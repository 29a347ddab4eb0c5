/*
 * prom_process.c - what the processes themselves take, from /proc.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "master/prom.h"
#include "shm/slots.h"

struct prom_process {
	char name[24];
	uint64_t cpu_ms, resident_bytes;
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
	(void)snprintf(p->name, sizeof(p->name), "%s %u", role, number);
	return i.pid > 0 && prom_process_read(p, i.pid);
}

static uint32_t
prom_process_all(const struct region *r, struct prom_process *all)
{
	uint32_t n = 0;

	(void)snprintf(all[n].name, sizeof(all[n].name), "keeper");
	n += prom_process_read(&all[n], getppid());
	(void)snprintf(all[n].name, sizeof(all[n].name), "master");
	n += prom_process_read(&all[n], getpid());
	for (uint32_t w = 0; w < r->state->header.workers; w++)
		n += prom_process_slot(&all[n], r, w, "worker", w);
	for (uint32_t h = 0; h < HELPERS_MAX; h++)
		n +=
		    prom_process_slot(&all[n], r, SLOT_HELPER + h, "helper", h);
	return n;
}

void
prom_process_write(const struct region *r, struct text *out)
{
	struct prom_process all[SLOTS_MAX + 1];
	uint32_t n = prom_process_all(r, all);

	prom_help(out, "process_cpu_seconds_total", "counter",
	    "User and system time of a process.");
	for (uint32_t i = 0; i < n; i++)
		text_printf(out,
		    "penstock_process_cpu_seconds_total{process=\"%s\"} "
		    "%" PRIu64 ".%03u\n",
		    all[i].name, all[i].cpu_ms / 1000,
		    (unsigned)(all[i].cpu_ms % 1000));
	prom_help(out, "process_resident_memory_bytes", "gauge",
	    "Resident memory of a process, shared pages included.");
	for (uint32_t i = 0; i < n; i++)
		text_printf(out,
		    "penstock_process_resident_memory_bytes{process=\"%s\"} "
		    "%" PRIu64 "\n",
		    all[i].name, all[i].resident_bytes);
}
