/*
 * chunk.c - the chunked coding, a state per byte of its size lines.
 *
 * Extensions mean nothing here and are dropped, but only when they are
 * well-formed: a line that could end in two places is how requests get
 * smuggled.
 */
#include "common/http/chunk.h"
#include "common/http/http.h"

#define DIGITS_MAX 16
#define EXTRA_MAX 256

enum chunk_state {
	CHUNK_SIZE,
	CHUNK_EXT,        /* a space was read, ";" must come */
	CHUNK_NAME_START, /* behind ";" */
	CHUNK_NAME,
	CHUNK_NAME_END,    /* a space behind a name: "=" or ";" must come */
	CHUNK_VALUE_START, /* behind "=" */
	CHUNK_VALUE,
	CHUNK_QUOTED,
	CHUNK_QUOTED_PAIR, /* behind "\" */
	CHUNK_QUOTED_END,
	CHUNK_SIZE_LF,
	CHUNK_BODY,
	CHUNK_BODY_CR,
	CHUNK_BODY_LF,
	CHUNK_ENDED,
	CHUNK_FAILED,
};

static inline void
chunk_set_state(struct chunk_reader *r, enum chunk_state state)
{
	r->state = (uint8_t)state;
}

void
chunk_init(struct chunk_reader *r)
{
	*r = (struct chunk_reader){ .state = CHUNK_SIZE };
}

static int
hex_value(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
is_space(unsigned char c)
{
	return c == ' ' || c == '\t';
}

/* What may follow a whole name, value or size. */
static enum chunk_state
after_item(unsigned char c, enum chunk_state space)
{
	if (c == '\r')
		return CHUNK_SIZE_LF;
	if (c == ';')
		return CHUNK_NAME_START;
	return is_space(c) ? space : CHUNK_FAILED;
}

static enum chunk_state
size_step(struct chunk_reader *r, unsigned char c)
{
	int digit = hex_value(c);

	if (digit < 0)
		return r->digits != 0 ? after_item(c, CHUNK_EXT) : CHUNK_FAILED;
	if (r->digits == DIGITS_MAX || r->left > (uint64_t)INT64_MAX >> 4)
		return CHUNK_FAILED;
	r->digits++;
	r->left = r->left << 4 | (unsigned)digit;
	return CHUNK_SIZE;
}

static enum chunk_state
name_step(enum chunk_state state, unsigned char c)
{
	if (state == CHUNK_NAME_START && is_space(c))
		return state;
	if (state != CHUNK_NAME_END && http_token_char[c])
		return CHUNK_NAME;
	if (state == CHUNK_NAME_START)
		return CHUNK_FAILED;
	if (c == '=')
		return CHUNK_VALUE_START;
	if (state == CHUNK_NAME_END && c == '\r')
		return CHUNK_FAILED;
	return after_item(c, CHUNK_NAME_END);
}

static enum chunk_state
value_step(enum chunk_state state, unsigned char c)
{
	if (http_token_char[c])
		return CHUNK_VALUE;
	if (state == CHUNK_VALUE)
		return after_item(c, CHUNK_EXT);
	if (c == '"')
		return CHUNK_QUOTED;
	return is_space(c) ? state : CHUNK_FAILED;
}

static enum chunk_state
quoted_step(enum chunk_state state, unsigned char c)
{
	if ((c < 0x20 && c != '\t') || c == 0x7f)
		return CHUNK_FAILED;
	if (state == CHUNK_QUOTED_PAIR)
		return CHUNK_QUOTED;
	if (c == '\\')
		return CHUNK_QUOTED_PAIR;
	return c == '"' ? CHUNK_QUOTED_END : CHUNK_QUOTED;
}

static enum chunk_state
space_step(unsigned char c)
{
	if (c == ';')
		return CHUNK_NAME_START;
	return is_space(c) ? CHUNK_EXT : CHUNK_FAILED;
}

/* The state behind one more byte of a size line. */
static enum chunk_state
line_step(struct chunk_reader *r, enum chunk_state state, unsigned char c)
{
	if (state == CHUNK_SIZE)
		return size_step(r, c);
	if (state == CHUNK_SIZE_LF) {
		if (c != '\n')
			return CHUNK_FAILED;
		return r->left != 0 ? CHUNK_BODY : CHUNK_ENDED;
	}
	if (++r->extra > EXTRA_MAX)
		return CHUNK_FAILED;
	if (state == CHUNK_EXT)
		return space_step(c);
	if (state <= CHUNK_NAME_END)
		return name_step(state, c);
	if (state <= CHUNK_VALUE)
		return value_step(state, c);
	if (state == CHUNK_QUOTED_END)
		return after_item(c, CHUNK_EXT);
	return quoted_step(state, c);
}

static enum chunk_state
body_end_step(struct chunk_reader *r, enum chunk_state state, unsigned char c)
{
	if (state == CHUNK_BODY_CR)
		return c == '\r' ? CHUNK_BODY_LF : CHUNK_FAILED;
	if (c != '\n')
		return CHUNK_FAILED;
	chunk_init(r);
	return CHUNK_SIZE;
}

static struct slice
body_take(struct chunk_reader *r, const char *p, size_t n)
{
	if (n > r->left)
		n = (size_t)r->left;
	r->left -= n;
	if (r->left == 0)
		chunk_set_state(r, CHUNK_BODY_CR);
	return slice_make(p, n);
}

enum chunk_result
chunk_read(struct chunk_reader *r, const char *p, size_t n, size_t *at,
    struct slice *data)
{
	while (*at < n) {
		enum chunk_state state = r->state;
		unsigned char c = (unsigned char)p[*at];

		if (state == CHUNK_BODY) {
			*data = body_take(r, p + *at, n - *at);
			*at += data->n;
			return CHUNK_DATA;
		}
		if (state == CHUNK_ENDED || state == CHUNK_FAILED)
			return CHUNK_BAD;
		if (state == CHUNK_BODY_CR || state == CHUNK_BODY_LF)
			state = body_end_step(r, state, c);
		else
			state = line_step(r, state, c);
		chunk_set_state(r, state);
		if (state == CHUNK_FAILED)
			return CHUNK_BAD;
		++*at;
		if (state == CHUNK_ENDED)
			return CHUNK_LAST;
	}
	return CHUNK_MORE;
}

size_t
chunk_head(uint64_t n, char *buf)
{
	size_t digits = 1;

	while (digits < DIGITS_MAX && n >> (4 * digits) != 0)
		digits++;
	for (size_t i = digits; i-- != 0; n >>= 4)
		buf[i] = "0123456789abcdef"[n & 15];
	buf[digits] = '\r';
	buf[digits + 1] = '\n';
	return digits + 2;
}
