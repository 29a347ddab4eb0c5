/*
 * resolve_channel.h - c-ares on the master's loop: its sockets, its timeouts,
 * and the servers that it asks.
 */
#ifndef MASTER_RESOLVE_CHANNEL_H
#define MASTER_RESOLVE_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

#include "common/base/text.h"
#include "common/net/loop.h"
#include "shm/image.h"

struct ares_channeldata;

struct resolve_channel {
	struct loop *loop;
	/* An epoll instance with c-ares' sockets, each watched for just what
	 * it wants; readable itself when one of them is. */
	struct loop_watch sockets;
	struct timer timer;
	struct ares_channeldata *ares; /* NULL: closed */
	uint64_t timeout_us;           /* of one question to one server */
	struct text servers;           /* "a:53,b:53"; empty: the system's */
	struct stat system;            /* of resolv.conf, as it was read */
	struct mono looked;            /* when that was last compared */
};

/* False with errno. */
bool resolve_channel_init(struct resolve_channel *c, struct loop *loop);
void resolve_channel_fini(struct resolve_channel *c);

/*
 * Opens it with the servers and the timeout of s, anew if it was open. False
 * with a log line: it is closed.
 */
bool resolve_channel_open(struct resolve_channel *c, const struct img_head *img,
    const struct img_resolver *s);

/* True when what it was opened with is not what s says. */
bool resolve_channel_differs(const struct resolve_channel *c,
    const struct img_head *img, const struct img_resolver *s);

/*
 * Opens it anew when the system's servers are asked and their file has changed,
 * or when opening failed the last time. Looks once a second. True: it has.
 */
bool resolve_channel_refresh(struct resolve_channel *c);

/* How many servers there are, at most. */
uint32_t resolve_channel_servers(const struct resolve_channel *c);

/* Every question that runs is answered with ARES_EDESTRUCTION. */
void resolve_channel_close(struct resolve_channel *c);

/* After questions were asked: they may time out. */
void resolve_channel_arm(struct resolve_channel *c);

#endif
