/*
 * io_watch.h - what io.c needs of io_watch.c, which has io_watch, too.
 */
#ifndef COMMON_NET_IO_WATCH_H
#define COMMON_NET_IO_WATCH_H

struct io;

/*
 * The loop has to tell when the socket takes bytes again; while it is read for
 * the first time, io_watch will say so.
 */
void io_watch_room(struct io *io);

#endif
