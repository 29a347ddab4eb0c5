/*
 * why.c - the reason table.
 */
#include "worker/flow/why.h"

const struct why_info why_table[WHY_COUNT] = {
#define WHY(id, word, status, code, grpc, fault, title, help)                 \
	[WHY_##id] = { word, status, code, GRPC_##grpc, FAULT_##fault, title, \
		help },
#include "worker/flow/why.def"
};

const char *
why_fault_name(enum why_fault f)
{
	static const char *const names[] = { [FAULT_NOBODY] = "nobody",
		[FAULT_CLIENT] = "client",
		[FAULT_UPSTREAM] = "upstream",
		[FAULT_GATEWAY] = "gateway" };

	return names[f];
}

enum why
why_of_codec(enum codec_error e)
{
	switch (e) {
	case CODEC_BAD_VERSION:
	case CODEC_H2_PREFACE:
		return WHY_BAD_VERSION;
	case CODEC_METHOD_TOO_LONG:
		return WHY_NOT_IMPLEMENTED;
	case CODEC_BAD_EXPECT:
		return WHY_BAD_EXPECT;
	case CODEC_HEAD_TOO_LARGE:
	case CODEC_TOO_MANY_FIELDS:
	case CODEC_TRAILERS_TOO_LARGE:
		return WHY_HEAD_TOO_LARGE;
	case CODEC_URI_TOO_LONG:
		return WHY_URI_TOO_LONG;
	case CODEC_OK:
	case CODEC_BAD_START_LINE:
	case CODEC_BAD_METHOD:
	case CODEC_BAD_TARGET:
	case CODEC_BAD_FIELD:
	case CODEC_BAD_LINE_END:
	case CODEC_OBS_FOLD:
	case CODEC_BAD_HOST:
	case CODEC_BAD_LENGTH:
	case CODEC_BAD_CODING:
	case CODEC_LENGTH_AND_CODING:
	case CODEC_BAD_CHUNK:
	case CODEC_BAD_STATUS:
	case CODEC_TRUNCATED:
	case CODEC_UNEXPECTED:
	case CODEC_BAD_PSEUDO:
	case CODEC_RESET:
	case CODEC_REFUSED:
		break;
	}
	return WHY_BAD_REQUEST;
}
