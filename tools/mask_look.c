/*
 * mask_look.c - whether a text may hold anything to mask at all: most hold
 * nothing, and the look must cost next to nothing. First, whether the
 * characters that it takes are there. Then a stretch of 64 bytes becomes words
 * with a bit per byte, in which the shapes of numbers are looked for.
 */
#include "common/base/chunk.h"
#include "tools/mask_inside.h"

#define LOOK_WIDTH 64
/* Stretches overlap by more than what is looked for is long. */
#define LOOK_STEP 48
#define LOOK_DIGITS_MIN 6 /* of any number that is masked */

struct look {
	uint64_t digits, letters;
	uint64_t separators; /* of numbers */
	uint64_t dots;
};

#ifdef CHUNK_BYTES
static inline __m128i
look_below(__m128i x, char from, char count)
{
	__m128i y = _mm_sub_epi8(x, _mm_set1_epi8(from));

	return _mm_cmpeq_epi8(_mm_min_epu8(y, _mm_set1_epi8(count - 1)), y);
}

static inline uint64_t
look_equal(__m128i x, char c)
{
	return (uint64_t)_mm_movemask_epi8(_mm_cmpeq_epi8(x, _mm_set1_epi8(c)));
}

static inline uint64_t
look_digits(struct slice s)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < s.n; i += CHUNK_BYTES) {
		__m128i x = chunk_load(slice_skip(s, i));

		bits |= (uint64_t)_mm_movemask_epi8(look_below(x, '0', 10))
		    << i;
	}
	return bits;
}

static void
look_rest(struct slice s, struct look *l)
{
	for (size_t i = 0; i < s.n; i += CHUNK_BYTES) {
		__m128i x = chunk_load(slice_skip(s, i));
		__m128i lower = _mm_or_si128(x, _mm_set1_epi8(0x20));

		l->letters |=
		    (uint64_t)_mm_movemask_epi8(look_below(lower, 'a', 26))
		    << i;
		l->separators |= (look_equal(x, ' ') | look_equal(x, '-') |
				     look_equal(x, '+'))
		    << i;
		l->dots |= look_equal(x, '.') << i;
	}
}

/* Neither addresses nor escapes, and too few digits, wherever they are. */
static bool
look_is_harmless(struct slice s)
{
	const __m128i one = _mm_set1_epi8(1), none = _mm_setzero_si128();
	__m128i digits = none, signs = none;
	int count;

	for (size_t n = 0; n < s.n; n += CHUNK_BYTES) {
		__m128i x = chunk_load(slice_skip(s, n));

		/* Sums do not go beyond 255. */
		digits = _mm_adds_epu8(
		    digits, _mm_and_si128(look_below(x, '0', 10), one));
		signs = _mm_or_si128(signs,
		    _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('@')),
			_mm_cmpeq_epi8(x, _mm_set1_epi8('%'))));
	}
	digits = _mm_sad_epu8(digits, none);
	count = _mm_cvtsi128_si32(digits) + _mm_extract_epi16(digits, 4);
	return _mm_movemask_epi8(signs) == 0 && count < LOOK_DIGITS_MIN;
}
#else
static bool
look_is_harmless(struct slice s)
{
	int digits = 0;

	for (size_t i = 0; i < s.n; i++) {
		digits += mask_digit((uint8_t)s.p[i]);
		if (s.p[i] == '@' || s.p[i] == '%')
			return false;
	}
	return digits < LOOK_DIGITS_MIN;
}

static inline uint64_t
look_digits(struct slice s)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < s.n; i++)
		bits |= (uint64_t)mask_digit((uint8_t)s.p[i]) << i;
	return bits;
}

static void
look_rest(struct slice s, struct look *l)
{
	for (size_t i = 0; i < s.n; i++) {
		uint8_t c = (uint8_t)s.p[i];

		l->letters |= (uint64_t)mask_letter(c) << i;
		l->separators |= (uint64_t)mask_separator(c) << i;
		l->dots |= (uint64_t)(c == '.') << i;
	}
}
#endif

static inline bool
fewer_than(uint64_t bits, int min)
{
	while (bits != 0 && --min != 0)
		bits &= bits - 1;
	return bits == 0;
}

/*
 * Nine digits and separators that begin and end with a digit; six, behind which
 * a letter ends a word; 999.999.999-99.
 */
static bool
look_finds(const struct look *l)
{
	uint64_t d = l->digits, n = d | l->separators;
	uint64_t n2 = n & n >> 1, n4 = n2 & n2 >> 2, n6 = n4 & n2 >> 4;
	uint64_t n9 = n6 & n2 >> 6 & n >> 8;
	uint64_t last = l->letters & ~((d | l->letters) >> 1);

	return ((d & n9 & d >> 8) | (n6 << 6 & last) |
		   (l->dots & l->dots >> 4 & l->separators >> 8)) != 0;
}

/* No more than LOOK_WIDTH bytes. */
static bool
look_stretch(struct slice s)
{
	struct look l = { .digits = look_digits(s) };

	if (fewer_than(l.digits, LOOK_DIGITS_MIN))
		return false;
	look_rest(s, &l);
	return look_finds(&l);
}

static bool
look_numbers(struct slice s)
{
	while (s.n > LOOK_WIDTH) {
		if (look_stretch(slice_make(s.p, LOOK_WIDTH)))
			return true;
		s = slice_skip(s, LOOK_STEP);
	}
	return look_stretch(s);
}

/* Escapes tear shapes apart: here, some digits are enough. */
static bool
look_escaped(uint32_t kinds, struct slice s)
{
	unsigned digits = 0;

	if ((kinds & IMG_MASK_EMAIL) && memmem(s.p, s.n, "%40", 3) != NULL)
		return true;
	for (size_t i = 0; i < s.n; i++)
		digits += mask_digit((uint8_t)s.p[i]);
	return (kinds & ~IMG_MASK_EMAIL) && digits >= LOOK_DIGITS_MIN;
}

bool
mask_look(uint32_t kinds, struct slice s)
{
	if (kinds == 0 || s.n < MASK_TEXT_MIN || look_is_harmless(s))
		return false;
	if ((kinds & IMG_MASK_EMAIL) && memchr(s.p, '@', s.n) != NULL)
		return true;
	if (memchr(s.p, '%', s.n) != NULL)
		return look_escaped(kinds, s);
	return (kinds & ~IMG_MASK_EMAIL) && look_numbers(s);
}
