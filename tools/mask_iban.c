/*
 * mask_iban.c - numbers of accounts (ISO 13616): of a country's length, with
 * the right check digits. Country and the last four characters stay.
 */
#include "tools/mask_inside.h"

#define IBAN_MAX 34
#define IBAN_SHOWN 4
#define IBAN_DIGITS 9 /* in a row, at least: all but made-up ones have them */

/* Countries and lengths, as of the registry. */
static const char ibans[][5] = { "AD24", "AE23", "AL28", "AT20", "AZ28", "BA20",
	"BE16", "BG22", "BH22", "BI27", "BR29", "BY28", "CH21", "CR22", "CY28",
	"CZ24", "DE22", "DJ27", "DK18", "DO28", "EE20", "EG29", "ES24", "FI18",
	"FK18", "FO18", "FR27", "GB22", "GE22", "GI23", "GL18", "GR27", "GT28",
	"HN28", "HR21", "HU28", "IE22", "IL23", "IQ23", "IS26", "IT27", "JO30",
	"KW30", "KZ20", "LB28", "LC32", "LI21", "LT20", "LU20", "LV21", "LY25",
	"MC27", "MD24", "ME22", "MK19", "MN20", "MR27", "MT31", "MU30", "NI28",
	"NL18", "NO15", "OM23", "PK24", "PL28", "PS29", "PT25", "QA29", "RO24",
	"RS22", "RU33", "SA24", "SC31", "SD18", "SE24", "SI19", "SK24", "SM27",
	"SO23", "ST25", "SV28", "TL23", "TN24", "TR26", "UA29", "VA22", "VG24",
	"XK20", "YE30" };

static uint8_t
upper(uint8_t c)
{
	return mask_letter(c) ? (uint8_t)(c & ~0x20) : c;
}

/* 0: no country of this name has such numbers. */
static uint32_t
iban_length(uint8_t a, uint8_t b)
{
	for (size_t i = 0; i < sizeof(ibans) / sizeof(ibans[0]); i++)
		if (ibans[i][0] == (char)upper(a) &&
		    ibans[i][1] == (char)upper(b))
			return (uint32_t)(ibans[i][2] - '0') * 10 +
			    (uint32_t)(ibans[i][3] - '0');
	return 0;
}

/* `count` letters and digits from unit i on, as one word. */
static bool
iban_read(const struct mask_units *u, uint32_t i, uint32_t count, uint32_t *at)
{
	uint32_t digits = 0, most = 0;

	for (uint32_t n = 0; n < count; i++) {
		if (n >= 4 && mask_separator(u->c[i]))
			i++;
		if (!mask_alnum(u->c[i]))
			return false;
		digits = mask_digit(u->c[i]) ? digits + 1 : 0;
		most = digits > most ? digits : most;
		at[n++] = i;
	}
	return most >= IBAN_DIGITS && !mask_alnum(u->c[i]);
}

/* ISO 7064, MOD 97-10, of the text with its first four characters at its end;
 * letters are 10 to 35. */
static bool
iban_checks(const struct mask_units *u, uint32_t count, const uint32_t *at)
{
	unsigned rest = 0;

	for (uint32_t n = 0; n < count; n++) {
		uint8_t c = upper(u->c[at[(n + 4) % count]]);

		if (mask_digit(c))
			rest = (rest * 10 + c - '0') % 97;
		else
			rest = (rest * 100 + c - 'A' + 10) % 97;
	}
	return rest == 1;
}

void
mask_ibans(struct mask_units *u)
{
	uint32_t at[IBAN_MAX], count;

	for (uint32_t i = 0; i + 4 < u->n; i++) {
		if (!mask_digit(u->c[i + 2]) || !mask_digit(u->c[i + 3]) ||
		    !mask_letter(u->c[i]) || !mask_letter(u->c[i + 1]) ||
		    !mask_word_begins(u, i))
			continue;
		count = iban_length(u->c[i], u->c[i + 1]);
		if (count == 0 || !iban_read(u, i, count, at) ||
		    !iban_checks(u, count, at))
			continue;
		for (uint32_t n = 2; n < count - IBAN_SHOWN; n++)
			mask_set(u, at[n], MASK_STAR);
	}
}
