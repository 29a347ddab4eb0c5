#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * load.h - the load generator: its options and its tally (load.c), and its
 * connections (load_conn.c).
 *
 *	DEAD -> CONNECTING -> [SHAKING] -> IDLE -> SENDING -> READING
 *	  ^                                 ^                    |
 *	  '------------ closed -------------'---- answered ------'
 */

#define LOAD_HEAD_MAX 4096

enum conn_state {
	CONN_DEAD,
	CONN_CONNECTING,
	CONN_SHAKING,
	CONN_IDLE,
	CONN_SENDING,
	CONN_READING,
};

enum load_failure {
	FAIL_CONNECT, /* no connection */
	FAIL_TLS,     /* no handshake */
	FAIL_CLOSED,  /* closed without an answer */
	FAIL_CUT,     /* closed within an answer, or it was no HTTP */
	FAIL_STATUS,  /* another status than the one expected */
	FAIL_MISSED,  /* due, and not answered when the time was over */
	FAIL_COUNT,
};

struct text {
	char *bytes;
	size_t length;
};

struct load;

struct conn {
	struct load *load;
	enum conn_state state;
	int fd;
	bool in_head;
	bool last; /* the answer says that the connection ends */
	int status;
	SSL *ssl;
	SSL_SESSION *session; /* of the connection before, to resume */
	const struct text *request;
	size_t sent;
	uint64_t body_left;
	uint64_t began_ns; /* when the request was due */
	size_t have;
	char head[LOAD_HEAD_MAX];
};

struct load {
	uint64_t port;
	uint64_t conns_max;
	uint64_t requests; /* how many in all */
	uint64_t rate;     /* of them in a second; 0: as fast as answered */
	uint64_t window;   /* at most so many at once */
	int status;        /* the one that is expected */
	bool close;        /* a connection for each request */
	bool resume;       /* TLS: with the ticket of the one before */
	bool refused;      /* connections are expected to be closed at once */
	int epoll;
	SSL_CTX *tls; /* NULL: none */
	struct conn *conns;
	struct text *texts; /* requests, one after another, and again */
	size_t text_count;
	size_t text_next;

	struct conn **idle; /* a ring of conns_max */
	uint64_t idle_first;
	uint64_t idle_count;
	uint64_t issued;
	uint64_t done;
	uint64_t good;
	uint64_t failures[FAIL_COUNT];
	uint64_t statuses[600];
	uint64_t opened;
	uint64_t idle_closes;
	uint64_t resumed;
	uint64_t tickets;
	uint64_t bytes;
	uint32_t *times_us; /* of good answers */
};

/* Called by connections. */
void load_is_idle(struct load *l, struct conn *c);
void load_was_idle(struct load *l, const struct conn *c);
void load_answered(struct load *l, const struct conn *c);
void load_failed(struct load *l, enum load_failure f);
void load_refused(struct load *l, const struct conn *c);

/* A connection is opened; what comes of it is told by the functions above. */
void conn_open(struct conn *c);
/* On an idle connection, or, with close, one that is dead. */
void conn_ask(struct conn *c, const struct text *request, uint64_t due_ns);
void conn_event(struct conn *c, uint32_t events);
void conn_close(struct conn *c);

#endif
