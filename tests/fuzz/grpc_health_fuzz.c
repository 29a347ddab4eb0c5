/*
 * grpc_health_fuzz.c - the body of an answer of grpc.health.v1: what reads as
 * one message does so with a field behind it, whose status then counts, and in
 * no other length; a service that is asked about is in the question.
 */
#include <stdlib.h>

#include "common/base/must.h"
#include "master/grpc_health.h"
#include "tests/fuzz/lines.h"

#define HEAD 5

/* A frame around n bytes, which is then read. */
static bool
reads(const char *message, size_t n, const char *more, size_t more_n,
    uint32_t *status)
{
	size_t all = n + more_n;
	char *body = malloc(HEAD + all);
	bool ok;

	MUST(body != NULL);
	body[0] = 0;
	for (int i = 0; i < 4; i++)
		body[1 + i] = (char)(all >> (24 - 8 * i) & 0xff);
	if (n != 0)
		memcpy(body + HEAD, message, n);
	if (more_n != 0)
		memcpy(body + HEAD + n, more, more_n);
	ok = grpc_health_read(slice_make(body, HEAD + all), status);
	if (ok) {
		uint32_t other;

		MUST(!grpc_health_read(
		    slice_make(body, HEAD + all - 1), &other));
		body[0] = 1;
		MUST(!grpc_health_read(slice_make(body, HEAD + all), &other));
	}
	free(body);
	return ok;
}

static void
check_message(const char *p, size_t n)
{
	uint32_t status, again;
	bool ok = reads(p, n, NULL, 0, &status);

	/* A field that is not whole may swallow what comes behind it. */
	if (!ok)
		return;
	MUST(reads(p, n, "\x08\1", 2, &again) && again == GRPC_HEALTH_SERVING);
	MUST(reads(p, n, "\x12\1x", 3, &again) && again == status);
	MUST(!reads(p, n, "\x08", 1, &again));
}

static void
check_question(const char *p, size_t n)
{
	char to[GRPC_HEALTH_ASK_MAX];
	size_t bytes;
	uint32_t status;

	if (n > GRPC_HEALTH_SERVICE_MAX)
		n = GRPC_HEALTH_SERVICE_MAX;
	bytes = grpc_health_ask(to, slice_make(p, n));
	MUST(bytes >= HEAD + n && bytes <= sizeof(to));
	MUST(n == 0 || memcmp(to + bytes - n, p, n) == 0);
	/* Field 1 is a string there, so it is no answer, but for none. */
	MUST(grpc_health_read(slice_make(to, bytes), &status) == (n == 0));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *p = (const char *)data;
	struct slice body = { p, size };
	struct text words = { 0 };
	uint32_t status, code;

	if (size > GRPC_HEALTH_BODY_MAX)
		return 0;
	if (grpc_health_read(body, &status))
		grpc_health_words(&words, grpc_health_detail(0, status));
	if (grpc_status_read(body, &code) && code != 0)
		grpc_health_words(&words, grpc_health_detail(code, 0));
	text_fini(&words);
	check_message(p, size);
	check_question(p, size);
	return 0;
}
