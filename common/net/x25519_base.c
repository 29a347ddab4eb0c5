/*
 * x25519_base.c - see x25519_base.h.
 *
 * The product is made on the twisted Edwards curve -x^2 + y^2 = 1 + d x^2 y^2
 * that is birationally equivalent (RFC 7748 4.1), whose law of addition has no
 * exceptions: u = (1 + y) / (1 - y). The key is 64 digits of -8 to 8,
 *
 *	k B = sum of k[2i] 256^i B + 16 * sum of k[2i+1] 256^i B
 *
 * and row i of the table has 1 to 8 times 256^i B.
 *
 * Elements of the field are five limbs of 51 bits, and a bit more: below 2^52
 * where a product or fe_carry gave them, below 2^54.6 after the one addition or
 * subtraction, or two, that may follow. So a product's sums stay below 2^115.
 */
#include "common/net/x25519_base.h"

#include <openssl/crypto.h>
#include <string.h>

#define LIMB_BITS 51
#define LIMB_MAX ((UINT64_C(1) << LIMB_BITS) - 1)
#define ROWS 32
#define ROW 8
#define DIGITS 64

typedef unsigned __int128 u128;

/* ---- the field of 2^255 - 19 ---- */

/* No array, of which compilers keep less in registers. */
struct fe {
	uint64_t a, b, c, d, e;
};

static const struct fe fe_zero = { 0, 0, 0, 0, 0 }, fe_one = { 1, 0, 0, 0, 0 };

static inline struct fe
fe_add(struct fe x, struct fe y)
{
	return (
	    struct fe){ x.a + y.a, x.b + y.b, x.c + y.c, x.d + y.d, x.e + y.e };
}

/* x - y + 4 p; y is below 2^52. */
static inline struct fe
fe_sub(struct fe x, struct fe y)
{
	const uint64_t first = 4 * (LIMB_MAX - 18), other = 4 * LIMB_MAX;

	return (struct fe){ x.a + first - y.a, x.b + other - y.b,
		x.c + other - y.c, x.d + other - y.d, x.e + other - y.e };
}

static inline struct fe
fe_reduce(u128 a, u128 b, u128 c, u128 d, u128 e)
{
	b += a >> LIMB_BITS;
	c += b >> LIMB_BITS;
	d += c >> LIMB_BITS;
	e += d >> LIMB_BITS;
	a = (a & LIMB_MAX) + (e >> LIMB_BITS) * 19;
	return (struct fe){ (uint64_t)a & LIMB_MAX,
		((uint64_t)b & LIMB_MAX) + (uint64_t)(a >> LIMB_BITS),
		(uint64_t)c & LIMB_MAX, (uint64_t)d & LIMB_MAX,
		(uint64_t)e & LIMB_MAX };
}

static inline struct fe
fe_mul(struct fe x, struct fe y)
{
	uint64_t b = y.b * 19, c = y.c * 19, d = y.d * 19, e = y.e * 19;

	return fe_reduce((u128)x.a * y.a + (u128)x.b * e + (u128)x.c * d +
		(u128)x.d * c + (u128)x.e * b,
	    (u128)x.a * y.b + (u128)x.b * y.a + (u128)x.c * e + (u128)x.d * d +
		(u128)x.e * c,
	    (u128)x.a * y.c + (u128)x.b * y.b + (u128)x.c * y.a +
		(u128)x.d * e + (u128)x.e * d,
	    (u128)x.a * y.d + (u128)x.b * y.c + (u128)x.c * y.b +
		(u128)x.d * y.a + (u128)x.e * e,
	    (u128)x.a * y.e + (u128)x.b * y.d + (u128)x.c * y.c +
		(u128)x.d * y.b + (u128)x.e * y.a);
}

static inline struct fe
fe_square(struct fe x)
{
	uint64_t a2 = x.a * 2, b2 = x.b * 2, c2 = x.c * 2, d2 = x.d * 2;
	uint64_t d = x.d * 19, e = x.e * 19;

	return fe_reduce((u128)x.a * x.a + (u128)b2 * e + (u128)c2 * d,
	    (u128)a2 * x.b + (u128)c2 * e + (u128)x.d * d,
	    (u128)a2 * x.c + (u128)x.b * x.b + (u128)d2 * e,
	    (u128)a2 * x.d + (u128)b2 * x.c + (u128)x.e * e,
	    (u128)a2 * x.e + (u128)b2 * x.d + (u128)x.c * x.c);
}

static struct fe
fe_squares(struct fe x, int count)
{
	while (count-- != 0)
		x = fe_square(x);
	return x;
}

/* To the power of p - 2 = 2^255 - 21; n5 is x to the power of 2^5 - 1. */
static struct fe
fe_invert(struct fe x)
{
	struct fe x2 = fe_square(x);
	struct fe x9 = fe_mul(fe_squares(x2, 2), x);
	struct fe x11 = fe_mul(x9, x2);
	struct fe n5 = fe_mul(fe_square(x11), x9);
	struct fe n10 = fe_mul(fe_squares(n5, 5), n5);
	struct fe n20 = fe_mul(fe_squares(n10, 10), n10);
	struct fe n40 = fe_mul(fe_squares(n20, 20), n20);
	struct fe n50 = fe_mul(fe_squares(n40, 10), n10);
	struct fe n100 = fe_mul(fe_squares(n50, 50), n50);
	struct fe n200 = fe_mul(fe_squares(n100, 100), n100);
	struct fe n250 = fe_mul(fe_squares(n200, 50), n50);

	return fe_mul(fe_squares(n250, 5), x11);
}

/* Of a sum, or a difference. */
static struct fe
fe_carry(struct fe x)
{
	return fe_reduce(x.a, x.b, x.c, x.d, x.e);
}

/* The least residue, little endian. */
static void
fe_bytes(uint8_t out[X25519_BYTES], struct fe x)
{
	uint64_t over = 19, words[4];

	x = fe_carry(fe_carry(x));
	/* Bit 255 of x + 19 says whether x is p or more. */
	over = (x.a + over) >> LIMB_BITS;
	over = (x.b + over) >> LIMB_BITS;
	over = (x.c + over) >> LIMB_BITS;
	over = (x.d + over) >> LIMB_BITS;
	over = (x.e + over) >> LIMB_BITS;
	x.a += 19 * over;
	x.b += x.a >> LIMB_BITS;
	x.c += x.b >> LIMB_BITS;
	x.d += x.c >> LIMB_BITS;
	x.e += x.d >> LIMB_BITS;
	x.a &= LIMB_MAX;
	x.b &= LIMB_MAX;
	x.c &= LIMB_MAX;
	x.d &= LIMB_MAX;
	x.e &= LIMB_MAX;
	words[0] = x.a | x.b << 51;
	words[1] = x.b >> 13 | x.c << 38;
	words[2] = x.c >> 26 | x.d << 25;
	words[3] = x.d >> 39 | x.e << 12;
	for (unsigned i = 0; i < X25519_BYTES; i++)
		out[i] = (uint8_t)(words[i / 8] >> 8 * (i % 8));
}

/* y where mask is all ones, x where it is 0. */
static inline struct fe
fe_choose(struct fe x, struct fe y, uint64_t mask)
{
	return (struct fe){ x.a ^ ((x.a ^ y.a) & mask),
		x.b ^ ((x.b ^ y.b) & mask), x.c ^ ((x.c ^ y.c) & mask),
		x.d ^ ((x.d ^ y.d) & mask), x.e ^ ((x.e ^ y.e) & mask) };
}

/* ---- the curve ---- */

/* x = X / Z, y = Y / Z, x y = T / Z */
struct point {
	struct fe x, y, z, t;
};

/* A point of the table: y + x, y - x, 2 d x y. */
struct entry {
	struct fe sum, difference, product;
	uint64_t spare;
};

/* The same, to be gone through quickly. */
typedef uint64_t lanes __attribute__((vector_size(16)));
#define LANES (sizeof(struct entry) / sizeof(lanes))
union packed {
	struct entry entry;
	lanes lanes[LANES];
};

static const struct fe base_x = { 0x62d608f25d51a, 0x412a4b4f6592a,
	0x75b7171a4b31d, 0x1ff60527118fe, 0x216936d3cd6e5 };
static const struct fe base_y = { 0x6666666666658, 0x4cccccccccccc,
	0x1999999999999, 0x3333333333333, 0x6666666666666 };
static const struct fe twice_d = { 0x69b9426b2f159, 0x35050762add7a,
	0x3cf44c0038052, 0x6738cc7407977, 0x2406d9dc56dff };

static union packed table[ROWS][ROW];

static inline struct point
point_make(struct fe e, struct fe f, struct fe g, struct fe h)
{
	return (struct point){ .x = fe_mul(e, f),
		.y = fe_mul(g, h),
		.z = fe_mul(f, g),
		.t = fe_mul(e, h) };
}

static inline struct point
point_add(const struct point *p, const struct entry *q)
{
	struct fe a = fe_mul(fe_sub(p->y, p->x), q->difference);
	struct fe b = fe_mul(fe_add(p->y, p->x), q->sum);
	struct fe c = fe_mul(p->t, q->product);
	struct fe d = fe_add(p->z, p->z);

	return point_make(
	    fe_sub(b, a), fe_sub(d, c), fe_add(d, c), fe_add(b, a));
}

static struct point
point_double(const struct point *p)
{
	struct fe a = fe_square(p->x), b = fe_square(p->y);
	struct fe c = fe_square(p->z);
	struct fe h = fe_add(a, b), g = fe_sub(a, b);
	struct fe e = fe_sub(h, fe_square(fe_add(p->x, p->y)));

	return point_make(e, fe_add(fe_add(c, c), g), g, h);
}

/* The same up to 2^count times. */
static struct point
point_doubles(struct point p, int count)
{
	while (count-- != 0)
		p = point_double(&p);
	return p;
}

static const struct point nothing = { .y.a = 1, .z.a = 1 };

static struct entry
entry_of(const struct point *p)
{
	struct fe inverse = fe_invert(p->z);
	struct fe x = fe_mul(p->x, inverse), y = fe_mul(p->y, inverse);

	return (struct entry){ .sum = fe_carry(fe_add(y, x)),
		.difference = fe_carry(fe_sub(y, x)),
		.product = fe_mul(fe_mul(x, y), twice_d) };
}

void
x25519_base_init(void)
{
	struct point first = { base_x, base_y, fe_one, fe_mul(base_x, base_y) };

	for (int i = 0; i < ROWS; i++) {
		struct point p = first;

		table[i][0].entry = entry_of(&p);
		for (int k = 1; k < ROW; k++) {
			p = point_add(&p, &table[i][0].entry);
			table[i][k].entry = entry_of(&p);
		}
		first = point_doubles(first, 8);
	}
}

/* ---- the product ---- */

/* All ones where a is b; both are below 2^32. */
static inline uint64_t
is_same(uint32_t a, uint32_t b)
{
	return (uint64_t)0 - ((((uint64_t)(a ^ b)) - 1) >> 63);
}

/* `digit` times the first of the row, by reading all of it. */
static inline struct entry
row_take(const union packed row[ROW], int digit)
{
	uint64_t negative = (uint64_t)((int64_t)digit >> 63);
	uint32_t size = (uint32_t)((digit ^ (int)negative) - (int)negative);
	union packed sum = { .entry = { .spare = 0 } };
	struct entry e;

	for (uint32_t k = 0; k < ROW; k++) {
		uint64_t same = is_same(size, k + 1);
		lanes mask = { same, same };

		for (size_t i = 0; i < LANES; i++)
			sum.lanes[i] |= row[k].lanes[i] & mask;
	}
	e = sum.entry;
	/* Nothing: 1, 1, 0 */
	e.sum.a |= is_same(size, 0) & 1;
	e.difference.a |= is_same(size, 0) & 1;
	e.sum = fe_choose(e.sum, e.difference, negative);
	e.difference = fe_choose(e.difference, sum.entry.sum, negative);
	e.product = fe_choose(e.product, fe_sub(fe_zero, e.product), negative);
	return e;
}

/* Of a key that is clamped, as RFC 7748 5 says. */
static void
digits_of(int8_t digits[DIGITS], const uint8_t secret[X25519_BYTES])
{
	int carry = 0;

	for (unsigned i = 0; i < X25519_BYTES; i++) {
		unsigned byte = secret[i];

		if (i == 0)
			byte &= 248;
		if (i == X25519_BYTES - 1)
			byte = (byte & 127) | 64;
		digits[2 * i] = (int8_t)(byte & 15);
		digits[2 * i + 1] = (int8_t)(byte >> 4);
	}
	for (int i = 0; i < DIGITS - 1; i++) {
		int digit = digits[i] + carry;

		carry = (digit + 8) >> 4;
		digits[i] = (int8_t)(digit - carry * 16);
	}
	digits[DIGITS - 1] = (int8_t)(digits[DIGITS - 1] + carry);
}

static struct point
rows_add(struct point p, const int8_t digits[DIGITS], int from)
{
	for (int i = 0; i < ROWS; i++) {
		struct entry e = row_take(table[i], digits[2 * i + from]);

		p = point_add(&p, &e);
	}
	return p;
}

void
x25519_public(uint8_t out[X25519_BYTES], const uint8_t secret[X25519_BYTES])
{
	int8_t digits[DIGITS];
	struct point p;

	digits_of(digits, secret);
	p = point_doubles(rows_add(nothing, digits, 1), 4);
	p = rows_add(p, digits, 0);
	fe_bytes(out, fe_mul(fe_add(p.z, p.y), fe_invert(fe_sub(p.z, p.y))));
	OPENSSL_cleanse(digits, sizeof(digits));
	OPENSSL_cleanse(&p, sizeof(p));
}
