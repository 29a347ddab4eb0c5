/*
 * grpc_web_body.h - the bodies of gRPC-Web: base64 in a request of text becomes
 * bytes; an answer gets its trailers as a last message (flag 0x80), and base64
 * where text was asked for. What is kept between two pieces is a group of
 * base64 that is not whole, and the place in a message.
 */
#ifndef WORKER_FILTER_GRPC_WEB_BODY_H
#define WORKER_FILTER_GRPC_WEB_BODY_H

#include "common/base/base64.h"
#include "worker/flow/sink.h"

#define GRPC_WEB_TRAILERS 0x80 /* the flags of the message that holds them */
#define GRPC_MESSAGE_HEAD 5u   /* flags, and a length of 4 bytes */

struct grpc_web_up {
	struct sink sink;
	struct base64_reader reader;
};

struct grpc_web_down {
	struct sink sink;
	struct base64_writer writer;
	bool text;
	uint8_t head_bytes; /* of the present message, that have passed */
	uint32_t left;      /* bytes of it that have not */
};

/* Decodes a request of text. */
void grpc_web_up_init(struct grpc_web_up *u, struct req *q);

/*
 * Of an answer. Text is padded at the end of each message, so that a client can
 * read it as soon as it is there.
 */
void grpc_web_down_init(struct grpc_web_down *d, struct req *q, bool text);

#endif
