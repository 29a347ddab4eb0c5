/*
 * log_out.h - where the lines of one access log go: what waits to be written,
 * and what becomes of it when that does not work.
 *
 *	log_out_begin, the line, log_out_end  ->  waiting  ->  log_out_flush
 *
 * Nothing here waits. What cannot be written is kept, as far as there is room;
 * then lines are lost, and counted. A file, a pipe or a stream gets whole lines
 * (log_file.c), a socket of datagrams a message for each (log_message.h).
 */
#ifndef TOOLS_LOG_OUT_H
#define TOOLS_LOG_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/text.h"
#include "common/net/loop.h"
#include "shm/image.h"
#include "shm/readers.h"
#include "shm/record.h"

#define LOG_OUT_WAITING_MAX (1u << 20) /* bytes; a line more */
#define LOG_OUT_RETRY_US 250000

struct log_out;

struct log_out_ops {
	/* Sets o->fd, or false with errno; o->doing says what failed. */
	bool (*open)(struct log_out *o);
	/* What stands before and behind a line in o->waiting, which ends in
	 * "\n". */
	void (*begin)(struct log_out *o, const struct record_view *v);
	void (*end)(struct log_out *o);
	/*
	 * Writes what waits: raises o->done, and lowers o->lines by those that
	 * are written. False with errno; EAGAIN: there is no room just now.
	 */
	bool (*write)(struct log_out *o);
	/* The rest of a line of which some is written goes. */
	void (*skip)(struct log_out *o);
};
extern const struct log_out_ops log_file_ops, log_syslog_ops, log_journal_ops;

struct log_out {
	struct loop_watch watch; /* of what may have no room */
	bool watched;
	struct loop *loop;
	const struct log_out_ops *ops;
	char *path;
	char host[65];         /* what this machine is called; "-": nothing */
	uint32_t to, facility; /* enum img_log_to */
	int fd;                /* -1: not open */
	bool regular;          /* a file on a disk */
	bool own;              /* and nobody else writes it */
	bool stream;           /* of syslog: not of datagrams */
	uint64_t dev, ino;     /* of the regular file, */
	uint64_t size;         /* which is so long, in whole lines */
	uint64_t marked;       /* and was when the last mark was made */
	struct text waiting;
	size_t done;    /* bytes of `waiting` that are written */
	size_t torn;    /* of those, the ones of a line that is not whole yet */
	size_t sent;    /* and of the message behind them (stream) */
	size_t message; /* where the one that is being made begins */
	uint64_t lines; /* that wait */
	/* Written and lost since the start. */
	uint64_t lines_out, bytes_out, lost;
	uint64_t left_out;    /* by sampling: the owner's */
	int error;            /* errno now; 0: all is well */
	const char *doing;    /* what failed */
	bool shut;            /* it was the opening */
	uint64_t lost_before; /* when that began */
	uint64_t retry_us;
	int64_t failed_wall_us;
	/* What a predecessor has told (readers.h): for log_file alone. */
	struct shm_reader_log *tell;
	uint64_t tell_size;
};

/* Opens nothing yet. */
struct log_out *log_out_new(
    struct loop *loop, const struct img_head *img, const struct img_log *log);
/* What still waits is lost. */
void log_out_free(struct log_out *o);

/* False: there is no room, and the line is counted as lost. */
bool log_out_begin(struct log_out *o, const struct record_view *v);
void log_out_end(struct log_out *o);

/* As far as it goes now. */
void log_out_flush(struct log_out *o);

/* Closed, and opened anew: it may have been moved. */
void log_out_reopen(struct log_out *o);

#endif
