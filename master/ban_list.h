/*
 * ban_list.h - the banned addresses (shm/bans.h) as people and files name them,
 * and what is to be done for them now and then: the table is swept, and kept in
 * state_dir.
 */
#ifndef MASTER_BAN_LIST_H
#define MASTER_BAN_LIST_H

#include <stdbool.h>

#include "common/base/diag.h"
#include "common/base/text.h"
#include "common/net/loop.h"
#include "shm/bans.h"

#define BAN_LIST_FILE "bans"
#define BAN_ADDRESS_TEXT 72

struct saver;

struct ban_list {
	struct loop *loop;
	struct region *region;
	struct saver *saver;
	struct timer timer;
	uint64_t saved; /* version */
};

/* From now on it is tended, and saved when it is due; saver is to outlive it.
 */
void ban_list_init(struct ban_list *l, struct loop *loop, struct region *r,
    struct saver *saver);
/* Saves what has changed. */
void ban_list_fini(struct ban_list *l);

/* "192.0.2.1", "2001:db8:1:2::/64": NUL-terminated. */
void ban_address_text(const struct addr *a, char text[BAN_ADDRESS_TEXT]);
/* That, or any address of IPv6. */
bool ban_address_parse(struct slice text, struct addr *a);

/* An end as wall clock in seconds, rounded up; 0: there is none. */
int64_t ban_until_s(const struct ban *b);

/* ---- for saver.c ---- */

void ban_list_write(const struct region *r, struct text *out);
/* False with a complaint. */
bool ban_list_load(struct region *r, struct slice text, struct diag *d);

#endif
