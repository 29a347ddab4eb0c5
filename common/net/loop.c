/*
 * loop.c - the turn:
 *
 *   before_wait  epoll_wait  clock  after_wait  events  late  tasks  timers
 *   frees
 */
#include <errno.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/net/loop.h"

#define EVENTS_MAX 64
#define EVENTS_READING (EPOLLIN | EPOLLRDHUP | EPOLLET)
#define EVENTS_BOTH (EVENTS_READING | EPOLLOUT)
#define WAIT_MAX_MS 3600000

bool
loop_init(struct loop *l)
{
	*l = (struct loop){ .epoll_fd = epoll_create1(EPOLL_CLOEXEC),
		.nap_us = UINT64_MAX };
	list_init(&l->tasks);
	list_init(&l->dead);
	timer_wheel_init(&l->timers, clock_update());
	return l->epoll_fd >= 0;
}

/* Runs the queue until it is empty; entries may add others to it. */
static void
queue_run_all(struct list *queue)
{
	while (!list_empty(queue)) {
		struct loop_task *t =
		    CONTAINER_OF(queue->next, struct loop_task, link);

		list_remove(&t->link);
		t->fn(t);
	}
}

void
loop_fini(struct loop *l)
{
	queue_run_all(&l->dead);
	if (l->epoll_fd >= 0)
		close(l->epoll_fd);
	l->epoll_fd = -1;
}

static bool
loop_ctl(struct loop *l, int op, struct loop_watch *w, uint32_t events)
{
	struct epoll_event e = { .events = events, .data.ptr = w };

	return epoll_ctl(l->epoll_fd, op, w->fd, &e) == 0;
}

bool
loop_add(struct loop *l, struct loop_watch *w, bool level)
{
	return loop_ctl(l, EPOLL_CTL_ADD, w, level ? EPOLLIN : EVENTS_BOTH);
}

bool
loop_add_reading(struct loop *l, struct loop_watch *w)
{
	return loop_ctl(l, EPOLL_CTL_ADD, w, EVENTS_READING);
}

bool
loop_watch_both(struct loop *l, struct loop_watch *w)
{
	return loop_ctl(l, EPOLL_CTL_MOD, w, EVENTS_BOTH);
}

void
loop_remove(struct loop *l, struct loop_watch *w)
{
	loop_forget(w);
	epoll_ctl(l->epoll_fd, EPOLL_CTL_DEL, w->fd, NULL);
}

void
loop_level_pause(struct loop *l, struct loop_watch *w, bool pause)
{
	/* EPOLLHUP cannot be switched off: edge-triggered, it comes once. */
	MUST(loop_ctl(l, EPOLL_CTL_MOD, w, pause ? EPOLLET : EPOLLIN));
}

void
loop_task_init(struct loop_task *t, void (*fn)(struct loop_task *))
{
	list_init(&t->link);
	t->fn = fn;
}

void
loop_defer(struct loop *l, struct loop_task *t)
{
	if (list_empty(&t->link))
		list_push_back(&l->tasks, &t->link);
}

void
loop_task_cancel(struct loop_task *t)
{
	list_remove(&t->link);
}

void
loop_defer_free(struct loop *l, struct loop_task *t)
{
	list_remove(&t->link);
	list_push_back(&l->dead, &t->link);
}

static int
wait_ms(const struct loop *l, uint64_t max_wait_us)
{
	uint64_t us = timer_next_us(&l->timers, clock_now());

	if (!list_empty(&l->tasks))
		return 0;
	if (us > max_wait_us)
		us = max_wait_us;
	if (us > l->nap_us)
		us = l->nap_us;
	if (us > WAIT_MAX_MS * UINT64_C(1000))
		return WAIT_MAX_MS;
	return (int)((us + 999) / 1000);
}

static unsigned
event_bits(uint32_t epoll_bits)
{
	unsigned bits = epoll_bits & (LOOP_READ | LOOP_WRITE);

	if (epoll_bits & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
		bits |= LOOP_READ | LOOP_HANGUP;
	return bits;
}

/* Runs what is queued now; what is queued meanwhile waits for a turn. */
static void
loop_run_tasks(struct loop *l)
{
	struct list now;

	if (list_empty(&l->tasks))
		return;
	now = l->tasks;
	now.next->prev = &now;
	now.prev->next = &now;
	list_init(&l->tasks);
	queue_run_all(&now);
}

static inline void
loop_deliver(struct loop *l, const struct epoll_event *e)
{
	struct loop_watch *w = e->data.ptr;

	if (w == NULL)
		return;
	if (w->fn != NULL)
		w->fn(w, event_bits(e->events));
	l->left--;
}

/* Those that want to be first, then the others, then what they put off. */
static void
loop_deliver_all(struct loop *l, struct epoll_event *events, int n)
{
	l->left = n > 0 ? (unsigned)n : 0;
	for (int i = 0; i < n; i++) {
		const struct loop_watch *w = events[i].data.ptr;

		if (!w->first)
			continue;
		loop_deliver(l, &events[i]);
		events[i].data.ptr = NULL;
	}
	for (int i = 0; i < n; i++)
		loop_deliver(l, &events[i]);
	for (unsigned i = 0; i < l->late_count; i++)
		l->late[i].fn(l->late[i].w);
	l->late_count = 0;
}

bool
loop_turn(struct loop *l, uint64_t max_wait_us)
{
	struct epoll_event events[EVENTS_MAX];
	int ms, n;

	if (l->before_wait != NULL)
		l->before_wait(l->hook_ctx);
	ms = wait_ms(l, max_wait_us);
	n = epoll_wait(l->epoll_fd, events, EVENTS_MAX, ms);
	if (n < 0 && errno != EINTR)
		return false;
	clock_update();
	if (l->after_wait != NULL)
		l->after_wait(l->hook_ctx);
	l->turns++;
	l->waits += ms != 0;
	loop_deliver_all(l, events, n);
	l->events += n > 0 ? (uint64_t)n : 0;
	loop_run_tasks(l);
	timer_run(&l->timers, clock_now());
	queue_run_all(&l->dead);
	return true;
}

bool
loop_run(struct loop *l)
{
	while (!l->stop)
		if (!loop_turn(l, UINT64_MAX))
			return false;
	return true;
}
