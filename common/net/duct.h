/*
 * duct.h - pipes through which bytes pass from one socket to another without
 * being copied. A few that are empty are kept for the next who wants one.
 */
#ifndef COMMON_NET_DUCT_H
#define COMMON_NET_DUCT_H

#include <stdbool.h>
#include <stdint.h>

#define DUCT_BYTES 1048576u /* that one holds, or fewer in small packets */
#define DUCTS_MAX 64u       /* of a process */

/*
 * The number of an empty one, from 1, or 0: then bytes are copied. It lacks
 * descriptors, or the user has as much in pipes as the system allows; that is
 * tried again only after a while.
 */
uint8_t duct_take(void);

/* Gives it back; one that is not `empty` is closed. */
void duct_give(uint8_t duct, bool empty);

/* The descriptors of its two ends: to write to, and to read from. */
int duct_in(uint8_t duct);
int duct_out(uint8_t duct);

/* Closes those that are kept. */
void ducts_fini(void);

#endif
