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

/* A listening stream socket at `path`, mode 0660; an unused old one goes. */
int sock_listen_unix(const char *path);

/*
 * Starts to connect. Returns the descriptor (*done: connected already) or -1
 * with errno.
 */
int sock_connect(const struct addr *a, bool *done);

/* Accepts with SOCK_NONBLOCK|SOCK_CLOEXEC and TCP_NODELAY. -1 with errno. */
int sock_accept(int fd, struct addr *peer);

/* SO_ERROR of a socket whose connect ended; 0 when it succeeded. */
int sock_error(int fd);

/* close() that resets the connection (SO_LINGER 0). */
void sock_reset(int fd);

/* Sends or receives one message of n bytes with up to one descriptor (-1:
 * none) over a SOCK_SEQPACKET pair. True when whole. */
bool sock_send_fd(int fd, const void *msg, size_t n, int passed_fd);
ssize_t sock_recv_fd(int fd, void *msg, size_t n, int *passed_fd);

#endif
