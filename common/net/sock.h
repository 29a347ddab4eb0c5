/*
 * sock.h - sockets as the gateway wants them: non-blocking, close-on-exec, no
 * delay.
 */
#ifndef COMMON_NET_SOCK_H
#define COMMON_NET_SOCK_H

#include <stdbool.h>
#include <sys/types.h>

#include "common/net/addr.h"

/*
 * A listening TCP socket on a (SO_REUSEADDR; SO_REUSEPORT when `reuseport`;
 * IPV6_V6ONLY). -1 with errno.
 */
int sock_listen(const struct addr *a, bool reuseport, int backlog);

/*
 * Makes a listening socket drop every SYN (or take them again), so that its
 * queue can be emptied while handshakes that have begun still end in it. The
 * client that is not heard tries again after a second. False with errno.
 */
bool sock_deafen(int fd, bool deaf);

/* A listening stream socket at `path`, mode 0660; an unused old one goes. */
int sock_listen_unix(const char *path);

/*
 * Starts to connect. Returns the descriptor (*done: connected already) or -1
 * with errno.
 */
int sock_connect(const struct addr *a, bool *done);

/*
 * Accepts with SOCK_NONBLOCK|SOCK_CLOEXEC; TCP_NODELAY comes from sock_listen,
 * whose sockets hand it down. `peer` may be NULL. -1 with errno.
 */
int sock_accept(int fd, struct addr *peer);

/* The address that a socket is bound to. False with errno. */
bool sock_local(int fd, struct addr *a);

/* SO_ERROR of a socket whose connect ended; 0 when it succeeded. */
int sock_error(int fd);

/*
 * A connection failed with this errno for what lacks here: memory, descriptors,
 * local ports. It says nothing of the peer.
 */
bool sock_error_is_ours(int error);

/* close() that resets the connection (SO_LINGER 0). */
void sock_reset(int fd);

/*
 * Sends one message of n bytes with up to one descriptor (-1: none) over a
 * SOCK_SEQPACKET pair. False with errno.
 */
bool sock_send_fd(int fd, const void *msg, size_t n, int passed_fd);

/*
 * Receives one: its length, 0 at the end, -1 with errno. *passed_fd is the
 * descriptor (the caller's now, close-on-exec) or -1. A message that is longer
 * than n, or that brings more than one descriptor, is dropped whole: EMSGSIZE.
 */
ssize_t sock_recv_fd(int fd, void *msg, size_t n, int *passed_fd);

#endif
