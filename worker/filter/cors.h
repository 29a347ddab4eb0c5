/*
 * cors.h - requests from pages of other origins (Fetch, 3.2): who may send
 * them, and read their answers.
 *
 *   browser --OPTIONS, Origin, Access-Control-Request-Method--> cors_request
 *           <--204, or 403 without a field that allows anything--
 *   browser --GET, Origin--> ... --> cors_answer: Access-Control-Allow-Origin
 *
 * A policy does not keep requests away, which need not come from a browser: it
 * says what a browser may show to a page.
 */
#ifndef WORKER_FILTER_CORS_H
#define WORKER_FILTER_CORS_H

#include "worker/flow/pipeline.h"

/* Answers preflights, before anybody asks for credentials. */
enum verdict cors_request(struct req *q);

/*
 * Replaces what the answer says about other origins, and tells caches that it
 * goes by Origin.
 */
void cors_answer(struct req *q, struct head *h);

#endif
