/*
 * auth_question.h - questions to other services about credentials: those that
 * ask the same at the same time share one, and get the same answer.
 *
 *	join, else begin -> (inquiry) -> read, by each -> authenticate_answer
 */
#ifndef WORKER_FILTER_AUTH_QUESTION_H
#define WORKER_FILTER_AUTH_QUESTION_H

#include "worker/filter/authenticate.h"
#include "worker/origin/inquiry.h"

/* Of a worker at once, so that neither services that hang nor clients that make
 * up tokens keep others waiting. A client is an address, or a /64. */
#define AUTH_QUESTIONS_MAX 2048u
#define AUTH_QUESTIONS_PER_SERVICE 1024u
#define AUTH_QUESTIONS_PER_CLIENT 128u

struct auth_question;
struct auth_questions;

/* In env.auth_questions. NULL: no memory. */
struct auth_questions *auth_questions_new(struct env *e);
/* When nobody waits any more. */
void auth_questions_free(struct auth_questions *all);

/* One request that waits; in its arena, as t->work. */
struct auth_wait {
	struct auth_try *t;
	/*
	 * Sets t->identity, or says why not: WHY_AUTH_UNAVAILABLE where that is
	 * no answer.
	 */
	enum why (*read)(struct auth_wait *w, const struct inquiry_answer *a);
	/* its own */
	struct list link;
	struct auth_question *question;
};

/*
 * With t and read set. False: nobody asks t->auth about this text at the
 * moment, in the same image.
 */
bool auth_question_join(struct auth_wait *w, struct slice text);

/*
 * The same with a question of its own: AUTH_WAIT, or AUTH_BAD with t->why. With
 * an empty text nobody joins it.
 */
enum auth_verdict auth_question_begin(struct auth_wait *w, struct slice text,
    const struct head *head, struct slice body);

/* As `forget` of auth_ops. */
void auth_question_forget(struct auth_try *t);

#endif
