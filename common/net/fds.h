/*
 * fds.h - descriptors over a unix socket of type stream: they ride on the
 * first byte of what is sent.
 */
#ifndef COMMON_NET_FDS_H
#define COMMON_NET_FDS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define FDS_PASSED_MAX 8

/* Sends one byte with `count` descriptors, at most FDS_PASSED_MAX. False with
 * errno.
 */
bool fds_send(int fd, char byte, const int *fds, unsigned count);

/*
 * As recv(2), and the descriptors that came along are fds[0..*count), the
 * caller's now and close-on-exec: `fds` has room for FDS_PASSED_MAX, and *count
 * may be more than 0 before. What there is no room for is closed.
 */
ssize_t fds_recv(int fd, void *buf, size_t n, int *fds, unsigned *count);

#endif
