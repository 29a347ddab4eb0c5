/*
 * footprint.c - see footprint.h.
 */
#include "master/footprint.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/log.h"
#include "master/reload.h"
#include "shm/slots.h"

#define FOOTPRINT_EVERY_US 500000u

uint64_t
footprint_read(pid_t pid)
{
	char path[48], text[256];
	unsigned long resident, shared;
	ssize_t n = 0;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/statm", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, text, sizeof(text) - 1);
		(void)close(fd);
	}
	text[n > 0 ? n : 0] = '\0';
	/* proc(5): size resident shared ... in pages; shared: file, shmem. */
	if (sscanf(text, "%*u %lu %lu", &resident, &shared) != 2 ||
	    shared > resident)
		return 0;
	return (uint64_t)(resident - shared) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void
footprint_publish(struct footprint *f, uint32_t w)
{
	struct slot_info i;
	uint64_t bytes;

	slot_info(f->region, w, &i);
	if (i.pid <= 0)
		return;
	bytes = footprint_read(i.pid);
	slot_set_memory(f->region, w, bytes);
	if (bytes != 0 || f->failed)
		return;
	f->failed = true;
	log_warnx("overload.memory: /proc does not say what a worker has");
}

static void
footprint_look(struct timer *t)
{
	struct footprint *f = CONTAINER_OF(t, struct footprint, timer);

	for (uint32_t w = 0; w < f->region->state->header.workers; w++)
		footprint_publish(f, w);
	timer_set(
	    &f->loop->timers, t, mono_add_us(clock_now(), FOOTPRINT_EVERY_US));
}

void
footprint_follow(struct footprint *f)
{
	const struct img_head *img = reload_current(f->region);

	if (img == NULL || img->protect.overload.memory_bytes == 0)
		timer_cancel(&f->timer);
	else if (!timer_armed(&f->timer))
		timer_set(&f->loop->timers, &f->timer, clock_now());
}

void
footprint_init(struct footprint *f, struct loop *l, struct region *r)
{
	*f = (struct footprint){ .region = r, .loop = l };
	timer_init(&f->timer, footprint_look);
}

void
footprint_fini(struct footprint *f)
{
	timer_fini(&f->loop->timers, &f->timer);
}
