/*
 * top_term.h - a terminal that is drawn into: taken over as a whole, and given
 * back whatever happens to the process but SIGKILL.
 */
#ifndef TOOLS_TOP_TERM_H
#define TOOLS_TOP_TERM_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/text.h"

struct top_term {
	int signals; /* descriptor */
};

/* False with errno. */
bool top_term_begin(struct top_term *t);
void top_term_end(struct top_term *t);

/* Columns and rows, of which there are always some. */
void top_term_size(unsigned *columns, unsigned *rows);

/* The text in place of what is there. */
void top_term_show(const struct text *t);

#define TOP_KEY_NONE 0    /* the time is over */
#define TOP_KEY_END (-1)  /* a signal says so, or the terminal has gone */
#define TOP_KEY_DRAW (-2) /* it has another size, or is there again */

/* A key, waited for up to so long. */
int top_term_key(struct top_term *t, uint64_t wait_us);

#endif
