#ifndef BENCH_NET_H
#define BENCH_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

/*
 * net.h - what the programs of the benchmark share: sockets of 127.0.0.1,
 * epoll, time. They end, with a sentence, where a system call fails that
 * cannot.
 */

#define NET_EVENTS 512
#define NET_ET (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)

/* Ends the program with what was being done and errno. */
_Noreturn void net_die(const char *doing);

/* A number of the command line, or the program ends. */
uint64_t net_number(const char *text);

uint64_t net_now_ns(void);

/* Raises the limit of open files as far as it goes. */
void net_raise_files(void);

int net_epoll(void);
void net_watch(int epoll, int fd, uint32_t events, void *what);

/* A non-blocking socket that listens on a port. */
int net_listen(uint64_t port);

/* The next connection, non-blocking, without delay; -1 when there is none. */
int net_accept(int listener);

/* A connection to a port, non-blocking and without delay, whose handshake may
 * still be under way; -1 when it was refused at once. */
int net_connect(uint64_t port);

#endif
