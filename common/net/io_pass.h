/*
 * io_pass.h - what io.c and io_input.c need of io_pass.c. Between plain sockets
 * alone; bytes that wait in a duct are those of the io they go to, and counted
 * in its wire_bytes.
 */
#ifndef COMMON_NET_IO_PASS_H
#define COMMON_NET_IO_PASS_H

#include <stdbool.h>
#include <stddef.h>

struct io;

/*
 * What can be read next moves on as the owner of io says, without being looked
 * at, and the owner is told. Returns how much; 0 where io->passes is false
 * afterwards: it is to be read, or else there was nothing. The owner may have
 * closed.
 */
size_t io_pass_run(struct io *io);

/* Sends what is in the duct to io; true when all of it went. */
bool io_duct_flush(struct io *io);

/* io is closing. */
void io_duct_drop(struct io *io);

#endif
