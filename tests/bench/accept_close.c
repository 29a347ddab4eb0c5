/*
 * accept_close.c - the floor of an address that is banned: accepts, closes.
 *
 * usage: accept_close PORT
 */
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/net.h"

int
main(int argc, char **argv)
{
	struct epoll_event event;
	int epoll = net_epoll(), listener, fd;

	if (argc != 2) {
		fputs("usage: accept_close PORT\n", stderr);
		return 2;
	}
	listener = net_listen(net_number(argv[1]));
	net_watch(epoll, listener, EPOLLIN, NULL);
	for (;;) {
		(void)epoll_wait(epoll, &event, 1, -1);
		while ((fd = accept4(listener, NULL, NULL,
			    SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0)
			close(fd);
	}
}
