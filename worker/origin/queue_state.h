/*
 * queue_state.h - the queues of a worker, for their rooms: queue.c, who waits
 * and who is next; queue_share.c, which worker is.
 */
#ifndef WORKER_ORIGIN_QUEUE_STATE_H
#define WORKER_ORIGIN_QUEUE_STATE_H

#include "shm/image.h"
#include "shm/waiters.h"
#include "worker/origin/queue.h"

/* Of one service, in this worker. All zero before its first use. */
struct queue {
	struct list waiting[IMG_CLASS_COUNT]; /* oldest first */
	struct list busy;    /* in queues.busy while somebody waits */
	struct list due;     /* in queues.due: is to be looked at */
	uint64_t timeout_us; /* as the last that came says */
	/* Of each endpoint, and of which configuration that is; 0: no bound, or
	 * none is known. */
	uint32_t max_connections;
	uint64_t generation;
	uint32_t service;
	uint32_t left; /* so many have; to see whether one did */
	/* .us 0: the oldest of the class has not waited for long. */
	struct mono late[IMG_CLASS_COUNT];
	struct mono turn;      /* this worker's last one began then */
	struct mono turn_over; /* .us 0: none has begun since it gave one up */
	struct mono held;      /* permits are for others until then */
	bool hold;             /* the same, while one is looking */
	bool woken;            /* why it is due */
	bool anyway;           /* without regard to turns */
	bool room;             /* there was some the last time it ticked */
};

struct queues {
	struct env *env;
	struct loop_task task;
	struct timer tick;
	struct list busy, due;
	struct list unseated; /* waiters that are to be told */
	struct queue of[SERVICES_MAX];
};

/* Made on first use. */
struct queue *queue_at(struct queues *all, uint32_t service);

/* 1 + the highest class of those that wait in it; 0: nobody does. */
uint32_t queue_rank(const struct queue *q);

/* Of that class, whose turn it is: it looks. False: it still waits. */
bool queue_serve(struct queue *q, uint32_t rank);

/* It is looked at, at the end of the turn. */
void queue_set_due(struct queues *all, struct queue *q);
/* Does that. */
void queue_look(struct queues *all, struct queue *q);

/* Each queue looks now and then while somebody waits. */
void queues_keep_ticking(struct queues *all);
void queues_tick(struct timer *t);

#endif
