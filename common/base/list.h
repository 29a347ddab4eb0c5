/*
 * list.h - an intrusive doubly linked ring. An element that is in no list
 * points to itself.
 */
#ifndef COMMON_BASE_LIST_H
#define COMMON_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

/* The object around a member. */
#define CONTAINER_OF(ptr, type, member) \
	((type *)(void *)((char *)(ptr)-offsetof(type, member)))

static inline void
list_init(struct list *l)
{
	l->next = l;
	l->prev = l;
}

static inline bool
list_empty(const struct list *l)
{
	return l->next == l;
}

static inline void
list_insert_between(struct list *e, struct list *prev, struct list *next)
{
	e->prev = prev;
	e->next = next;
	prev->next = e;
	next->prev = e;
}

static inline void
list_push_front(struct list *l, struct list *e)
{
	list_insert_between(e, l, l->next);
}

static inline void
list_push_back(struct list *l, struct list *e)
{
	list_insert_between(e, l->prev, l);
}

/* Takes e out of whatever list it is in; harmless when it is in none. */
static inline void
list_remove(struct list *e)
{
	e->prev->next = e->next;
	e->next->prev = e->prev;
	list_init(e);
}

#endif
