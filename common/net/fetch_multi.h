/*
 * fetch_multi.h - libcurl on a loop: its sockets, its timeouts, and
 * the requests that it works on.
 */
#ifndef COMMON_NET_FETCH_MULTI_H
#define COMMON_NET_FETCH_MULTI_H

#include <stdbool.h>

#include "common/net/loop.h"

struct fetch_multi {
	struct loop *loop;
	void *curl; /* NULL: nothing was fetched yet */
	/* An epoll instance with libcurl's sockets, each watched for just what
	 * it wants; readable itself when one of them is. */
	struct loop_watch sockets;
	struct timer timer;
	/* A request has ended with a CURLcode; `owner` is its CURLOPT_PRIVATE.
	 * It may be dropped from within, and others added. */
	void (*done)(void *owner, int result);
};

/* False with errno. */
bool fetch_multi_init(struct fetch_multi *m, struct loop *loop,
    void (*done)(void *owner, int result));
/* All requests have been dropped. */
void fetch_multi_fini(struct fetch_multi *m);

/* A CURL *; NULL: no memory. */
void *fetch_multi_new(struct fetch_multi *m);
/* It is ready to be sent. */
bool fetch_multi_add(struct fetch_multi *m, void *easy);
/* Ends it, if it was added, and frees it. */
void fetch_multi_drop(struct fetch_multi *m, void *easy);

#endif
