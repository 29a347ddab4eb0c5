/*
 * io_input.h - what io.c needs of io_input.c.
 */
#ifndef COMMON_NET_IO_INPUT_H
#define COMMON_NET_IO_INPUT_H

#include <stdbool.h>

#define IO_TURN_BYTES 262144 /* of one io before others have their turn */

struct io;

/* io_scratch_init was called. */
bool io_input_ready(void);

/*
 * Offers the stash, if that was asked for; reads and offers until the socket is
 * empty, the owner pauses, or its turn is over (then a task goes on); tells the
 * end. The owner may have closed afterwards.
 */
void io_input_run(struct io *io);

/* Gives the stash back. */
void io_input_drop(struct io *io);

#endif
