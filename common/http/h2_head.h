/*
 * h2_head.h - a header block of HTTP/2, field by field, as a head.
 *
 * Here is held what keeps a message of HTTP/2 from becoming another one, or
 * two, in HTTP/1.1: RFC 9113 8.1 to 8.3. A block is read to its end whatever
 * is in it, because HPACK's table must follow; what was wrong first is told
 * then.
 */
#ifndef COMMON_HTTP_H2_HEAD_H
#define COMMON_HTTP_H2_HEAD_H

#include "common/http/codec.h"

enum h2_block_kind { H2_REQUEST, H2_RESPONSE, H2_TRAILERS };

struct h2_block {
	struct h2_block *next;      /* of those that are not in use */
	struct codec_limits limits; /* a reload may change the owner's */
	struct head head;
	struct slice method, scheme, authority, path, protocol, status;
	uint64_t repeated;
	size_t bytes; /* as HTTP/1.1 would have written them */
	size_t used, room;
	char *text;
	struct field *fields;
	uint32_t fields_room, cookies;
	enum h2_block_kind kind;
	enum codec_error error; /* the first */
	bool regular;           /* a field that is no pseudo-header came */
};

/* One of the process's blocks, begun; NULL without memory. */
struct h2_block *
h2_block_take(enum h2_block_kind kind, const struct codec_limits *limits);
void h2_block_give(struct h2_block *b);

/* One more field. */
void h2_block_add(struct h2_block *b, struct slice name, struct slice value);

/*
 * The block has ended, and so did the message if `end`: CODEC_OK, and b->head
 * may be believed; its slices last until the block is given back. `method` is
 * that of the request, for an answer. b->head.method is always set.
 */
enum codec_error h2_block_end(struct h2_block *b, bool end, uint8_t method);

/* Of what HPACK has made of this block so far: more than anybody may send. */
bool h2_block_is_bomb(const struct h2_block *b);

#endif
