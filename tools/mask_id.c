/*
 * mask_id.c - numbers that states give to persons, of those kinds that can be
 * told from other numbers by their shape and check digits. The last two
 * characters stay.
 */
#include "tools/mask_inside.h"

#define ID_MAX 20
#define ID_SHOWN 2

/* Its characters without separators, letters in upper case, and their units. */
struct id {
	uint32_t count;
	char c[ID_MAX];
	uint32_t at[ID_MAX];
};

static unsigned
id_digit(const struct id *id, uint32_t i)
{
	return (unsigned)(id->c[i] - '0');
}

static unsigned long
id_number(const struct id *id, uint32_t from, uint32_t to)
{
	unsigned long n = 0;

	while (from < to)
		n = n * 10 + id_digit(id, from++);
	return n;
}

/* No area 000, 666 or 9xx, no group 00, no serial 0000. */
static bool
ssn_checks(const struct id *id)
{
	unsigned long area = id_number(id, 0, 3);

	return area != 0 && area != 666 && area < 900 &&
	    id_number(id, 3, 5) != 0 && id_number(id, 5, 9) != 0;
}

/* Prefixes that are given out, suffix A to D. */
static bool
nino_checks(const struct id *id)
{
	static const char never[] = "BGGBKNNKNTTNZZ";

	if (strchr("DFIQUV", id->c[0]) != NULL ||
	    strchr("DFIQUVO", id->c[1]) != NULL || id->c[8] > 'D')
		return false;
	for (size_t i = 0; never[i] != '\0'; i += 2)
		if (never[i] == id->c[0] && never[i + 1] == id->c[1])
			return false;
	return true;
}

/*
 * Of the first ten digits one occurs twice or three times and the others once
 * at most; the last one is by ISO 7064, MOD 11,10.
 */
static bool
steuer_checks(const struct id *id)
{
	unsigned seen[10] = { 0 }, twice = 0, product = 10;

	for (uint32_t i = 0; i < 10; i++) {
		unsigned sum = (id_digit(id, i) + product) % 10;

		seen[id_digit(id, i)]++;
		product = (sum != 0 ? sum : 10) * 2 % 11;
	}
	for (unsigned d = 0; d < 10; d++) {
		if (seen[d] > 3)
			return false;
		twice += seen[d] > 1;
	}
	return id->c[0] != '0' && twice == 1 &&
	    (11 - product) % 10 == id_digit(id, 10);
}

/* Sex, month of birth, and what is left of 97. */
static bool
nir_number_checks(const struct id *id, unsigned long corsica)
{
	unsigned long month = id_number(id, 3, 5);

	if (strchr("123478", id->c[0]) == NULL || month == 0 ||
	    (month > 12 && month < 20) || (month > 42 && month < 50))
		return false;
	return 97 - (id_number(id, 0, 13) - corsica) % 97 ==
	    id_number(id, 13, 15);
}

static bool
nir_checks(const struct id *id)
{
	return nir_number_checks(id, 0);
}

/* 2A counts as 19, 2B as 18. */
static bool
nir_corsica_checks(const struct id *id)
{
	struct id plain = *id;

	plain.c[6] = '0';
	return id->c[5] == '2' && id->c[6] <= 'B' &&
	    nir_number_checks(&plain, id->c[6] == 'A' ? 1000000 : 2000000);
}

static bool
dni_letter(unsigned long number, char letter)
{
	return "TRWAGMYFPDXBNJZSQVHLCKE"[number % 23] == letter;
}

static bool
dni_checks(const struct id *id)
{
	return dni_letter(id_number(id, 0, 8), id->c[8]);
}

/* X, Y and Z are 0, 1 and 2. */
static bool
nie_checks(const struct id *id)
{
	if (id->c[0] < 'X')
		return false;
	return dni_letter(
	    (unsigned long)(id->c[0] - 'X') * 10000000 + id_number(id, 1, 8),
	    id->c[8]);
}

static bool
cpf_digit(const struct id *id, uint32_t n)
{
	unsigned sum = 0;

	for (uint32_t i = 0; i < n; i++)
		sum += id_digit(id, i) * (n + 1 - i);
	return sum * 10 % 11 % 10 == id_digit(id, n);
}

static bool
cpf_checks(const struct id *id)
{
	bool same = true;

	for (uint32_t i = 1; i < 11; i++)
		same &= id->c[i] == id->c[0];
	return !same && cpf_digit(id, 9) && cpf_digit(id, 10);
}

/*
 * Shapes: 9 a digit, A a letter, "-" a separator, "." a dot. All begin with
 * `lead` digits, or letters, and then something else.
 */
static const struct id_kind {
	uint32_t lead;
	const char *shape;
	bool (*checks)(const struct id *id);
} id_kinds[] = {
	/* USA: SSN */
	{ 3, "999-99-9999", ssn_checks },
	/* United Kingdom: NINO */
	{ 2, "AA999999A", nino_checks },
	{ 2, "AA-99-99-99-A", nino_checks },
	/* Germany: Steuer-ID */
	{ 11, "99999999999", steuer_checks },
	{ 2, "99-999-999-999", steuer_checks },
	/* France: NIR */
	{ 15, "999999999999999", nir_checks },
	{ 1, "9-99-99-99-999-999-99", nir_checks },
	{ 1, "9-99-99-9A-999-999-99", nir_corsica_checks },
	/* Spain: DNI, NIE */
	{ 8, "99999999A", dni_checks },
	{ 8, "99999999-A", dni_checks },
	{ 1, "A9999999A", nie_checks },
	{ 1, "A-9999999-A", nie_checks },
	/* Brazil: CPF */
	{ 11, "99999999999", cpf_checks },
	{ 3, "999.999.999-99", cpf_checks },
};

static bool
shape_fits(char shape, uint8_t c)
{
	switch (shape) {
	case '9':
		return mask_digit(c);
	case 'A':
		return mask_letter(c);
	case '-':
		return mask_separator(c);
	default:
		return c == (uint8_t)shape;
	}
}

/* A word of this shape begins at unit i. */
static bool
shape_read(
    const struct mask_units *u, uint32_t i, const char *shape, struct id *id)
{
	id->count = 0;
	for (; *shape != '\0'; shape++, i++) {
		uint8_t c = u->c[i];

		if (!shape_fits(*shape, c))
			return false;
		if (*shape != '9' && *shape != 'A')
			continue;
		id->c[id->count] = (char)(mask_letter(c) ? c & ~0x20 : c);
		id->at[id->count++] = i;
	}
	return !mask_alnum(u->c[i]);
}

/* How many digits, or letters, stand together from unit i on. */
static uint32_t
id_lead(const struct mask_units *u, uint32_t i)
{
	uint32_t end = i;

	if (mask_digit(u->c[i]))
		while (mask_digit(u->c[end]))
			end++;
	else
		while (mask_letter(u->c[end]))
			end++;
	return end - i;
}

static bool
id_find(const struct mask_units *u, uint32_t i, struct id *id)
{
	uint32_t lead = id_lead(u, i);

	for (size_t k = 0; k < sizeof(id_kinds) / sizeof(id_kinds[0]); k++)
		if (id_kinds[k].lead == lead &&
		    shape_read(u, i, id_kinds[k].shape, id) &&
		    id_kinds[k].checks(id))
			return true;
	return false;
}

void
mask_national_ids(struct mask_units *u)
{
	struct id id;

	for (uint32_t i = 0; i < u->n; i++) {
		if (!mask_alnum(u->c[i]) || !mask_word_begins(u, i) ||
		    !id_find(u, i, &id))
			continue;
		for (uint32_t k = 0; k + ID_SHOWN < id.count; k++)
			mask_set(u, id.at[k], MASK_STAR);
	}
}
