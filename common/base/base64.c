/*
 * base64.c - see base64.h.
 */
#include "common/base/base64.h"

#define NO_DIGIT 0xff

static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static uint8_t
digit_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (uint8_t)(c - 'A');
	if (c >= 'a' && c <= 'z')
		return (uint8_t)(c - 'a' + 26);
	if (c >= '0' && c <= '9')
		return (uint8_t)(c - '0' + 52);
	if (c == '+')
		return 62;
	return c == '/' ? 63 : NO_DIGIT;
}

/* The next character of a group: "xx==", "xxx=" or "xxxx". */
static bool
reader_take(struct base64_reader *r, char c)
{
	uint8_t value = digit_value(c);

	if (c == '=' && r->digits >= 2) {
		r->padding++;
		return true;
	}
	if (value == NO_DIGIT || r->padding != 0)
		return false;
	r->bits = r->bits << 6 | value;
	r->digits++;
	return true;
}

/* A group is whole: its bytes. */
static size_t
reader_give(struct base64_reader *r, char *out)
{
	uint32_t bits = r->bits << 6u * r->padding;
	size_t n = r->digits - 1u;

	out[0] = (char)(bits >> 16);
	if (n > 1)
		out[1] = (char)(bits >> 8);
	if (n > 2)
		out[2] = (char)bits;
	*r = (struct base64_reader){ 0 };
	return n;
}

bool
base64_read(struct base64_reader *r, struct slice *text, char *out, size_t room,
    size_t *n)
{
	*n = 0;
	while (text->n != 0 && room - *n >= 3) {
		if (!reader_take(r, text->p[0]))
			return false;
		*text = slice_skip(*text, 1);
		if (r->digits + r->padding == 4)
			*n += reader_give(r, out + *n);
	}
	return true;
}

static void
group_write(const uint8_t in[3], char out[4])
{
	uint32_t bits =
	    (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | (uint32_t)in[2];

	out[0] = base64_digits[bits >> 18];
	out[1] = base64_digits[bits >> 12 & 63];
	out[2] = base64_digits[bits >> 6 & 63];
	out[3] = base64_digits[bits & 63];
}

size_t
base64_write(
    struct base64_writer *w, struct slice *bytes, char *out, size_t room)
{
	size_t n = 0;

	while (bytes->n != 0 && room - n >= 4) {
		w->held[w->count++] = (uint8_t)bytes->p[0];
		*bytes = slice_skip(*bytes, 1);
		if (w->count != 3)
			continue;
		group_write(w->held, out + n);
		n += 4;
		w->count = 0;
	}
	return n;
}

size_t
base64_write_end(struct base64_writer *w, char out[4])
{
	uint8_t count = w->count;

	if (count == 0)
		return 0;
	for (uint8_t i = count; i < 3; i++)
		w->held[i] = 0;
	group_write(w->held, out);
	out[3] = '=';
	if (count == 1)
		out[2] = '=';
	w->count = 0;
	return 4;
}
