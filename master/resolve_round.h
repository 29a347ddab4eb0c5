/*
 * resolve_round.h - everything that is asked to resolve one name, once: the
 * hosts file, then A and AAAA side by side; or SRV.
 */
#ifndef MASTER_RESOLVE_ROUND_H
#define MASTER_RESOLVE_ROUND_H

#include "master/resolve_answer.h"
#include "master/resolve_channel.h"

enum resolve_verdict {
	RESOLVE_FAILED, /* no answer, or none that says anything */
	RESOLVE_NONE,   /* there is none, says who must know */
	RESOLVE_SOME,
};

struct resolve_reply {
	enum resolve_verdict verdict;
	const char *why; /* static; nothing when SOME */
	struct resolve_answer answer;
};

/* By question: A and AAAA, or SRV in the first place. */
enum resolve_which { RESOLVE_V4, RESOLVE_V6 };
#define RESOLVE_SRV RESOLVE_V4
#define RESOLVE_FAMILIES 2

struct resolve_round;

struct resolve_question {
	struct resolve_round *round;
	uint16_t type;
	uint32_t left; /* attempts */
	struct resolve_reply reply;
};

struct resolve_round {
	struct resolve_channel *channel;
	const char *host;
	uint32_t attempts;
	uint32_t pending; /* answers; 0: no round is under way */
	bool aborted;     /* the channel was closed: the replies say nothing */
	struct resolve_question ask[RESOLVE_FAMILIES];
	/* Told once, and owns the answers then; it may free r. */
	void (*ended)(struct resolve_round *r);
};

/*
 * Asks for `host`, which must live until the round has ended, SRV or A and
 * AAAA. May end before it returns.
 */
void resolve_round_start(struct resolve_round *r, struct resolve_channel *c,
    const char *host, bool srv, uint32_t attempts);

#endif
