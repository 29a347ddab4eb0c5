/*
 * admin_door.c - see admin_door.h.
 */
#include "master/admin_door.h"

#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"

/* Whether one more client may come in; otherwise the others wait outside. */
static bool
door_has_room(struct admin_door *d)
{
	if (d->count < ADMIN_CLIENTS_MAX || d->owner->make_room(d))
		return true;
	loop_level_pause(d->loop, &d->watch, true);
	timer_set(&d->loop->timers, &d->again,
	    mono_add_us(clock_now(), ADMIN_IDLE_US));
	return false;
}

static void
door_again(struct timer *t)
{
	struct admin_door *d = CONTAINER_OF(t, struct admin_door, again);

	loop_level_pause(d->loop, &d->watch, false);
}

static void
door_accept(struct loop_watch *w, unsigned events)
{
	struct admin_door *d = CONTAINER_OF(w, struct admin_door, watch);
	int fd;

	(void)events;
	if (!door_has_room(d))
		return;
	do {
		fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd < 0)
			return;
		d->owner->serve(d, fd);
	} while (d->count < ADMIN_CLIENTS_MAX);
}

bool
admin_door_init(struct admin_door *d, int fd)
{
	d->watch = (struct loop_watch){ .fn = door_accept, .fd = fd };
	d->count = 0;
	list_init(&d->clients);
	timer_init(&d->again, door_again);
	return fd < 0 || loop_add(d->loop, &d->watch, true);
}

void
admin_door_fini(struct admin_door *d)
{
	timer_fini(&d->loop->timers, &d->again);
	if (d->watch.fd < 0)
		return;
	loop_remove(d->loop, &d->watch);
	(void)close(d->watch.fd);
	d->watch.fd = -1;
}

void
admin_door_left(struct admin_door *d)
{
	d->count--;
	loop_level_pause(d->loop, &d->watch, false);
}
