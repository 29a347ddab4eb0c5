/*
 * why.h - the closed list of reasons, generated from why.def.
 */
#ifndef WORKER_FLOW_WHY_H
#define WORKER_FLOW_WHY_H

#include <stdint.h>

#include "common/http/codec.h"
#include "common/http/grpc_text.h"

enum why {
#define WHY(id, word, status, code, grpc, fault, title, help) WHY_##id,
#include "worker/flow/why.def"
	WHY_COUNT
};

enum why_fault { FAULT_NOBODY, FAULT_CLIENT, FAULT_UPSTREAM, FAULT_GATEWAY };

struct why_info {
	const char *word;
	uint16_t status; /* 0: no answer of its own */
	const char *code;
	enum grpc_code grpc; /* what clients of gRPC get */
	enum why_fault fault;
	const char *title, *help;
};

/* The reason for refusing a request that the codec could not read. */
enum why why_of_codec(enum codec_error e);

/* "nobody" "client" "upstream" "gateway" */
const char *why_fault_name(enum why_fault f);

extern const struct why_info why_table[WHY_COUNT];

#endif
