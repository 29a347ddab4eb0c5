/*
 * grpc_health.h - grpc.health.v1.Health/Check in bytes: what is asked, and what
 * an answer says. Both messages are so small that they are written by hand:
 *
 *	body     {compressed:8, bytes:32, message}, one of it each way
 *	request  { string service = 1; }
 *	response { ServingStatus status = 1; }
 */
#ifndef MASTER_GRPC_HEALTH_H
#define MASTER_GRPC_HEALTH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/text.h"

#define GRPC_HEALTH_PATH "/grpc.health.v1.Health/Check"
#define GRPC_HEALTH_SERVICE_MAX 255 /* bytes of the service asked about */
#define GRPC_HEALTH_ASK_MAX (5 + 3 + GRPC_HEALTH_SERVICE_MAX)
/* Of an answer's body: what follows the status, if anything, is of versions to
 * come. */
#define GRPC_HEALTH_BODY_MAX 1024

enum grpc_health {
	GRPC_HEALTH_UNKNOWN,
	GRPC_HEALTH_SERVING,
	GRPC_HEALTH_NOT_SERVING,
	GRPC_HEALTH_SERVICE_UNKNOWN, /* Watch alone should say so */
};

/* Writes the body of a request into `to`; returns its bytes. */
size_t grpc_health_ask(char to[GRPC_HEALTH_ASK_MAX], struct slice service);

/*
 * The status in the whole body of an answer, which may be none of those above.
 * False: it is not one message of this kind.
 */
bool grpc_health_read(struct slice body, uint32_t *status);

/* The value of a grpc-status field. False: it is none. */
bool grpc_status_read(struct slice value, uint32_t *code);

/*
 * Why a probe was bad, as one number: a grpc-status other than 0, or a status
 * of health. And its words: "grpc-status 12 UNIMPLEMENTED, the server has
 * no health service", "NOT_SERVING".
 */
uint32_t grpc_health_detail(uint32_t code, uint32_t health);
void grpc_health_words(struct text *out, uint32_t detail);

#endif
