/*
 * prom_accept.c - which format a client wants: OpenMetrics where Accept (RFC
 * 9110, 12.5.1) likes it as much as plain text, or more.
 */
#include "master/prom.h"

#define QUALITY_FULL 1000

/* "0.75" in thousandths; anything else is 0. */
static unsigned
quality_read(struct slice s)
{
	unsigned quality = 0, unit = QUALITY_FULL;

	for (size_t i = 0; i < s.n && i < 5; i++) {
		if (s.p[i] == '.' && i == 1)
			continue;
		if (s.p[i] < '0' || s.p[i] > '9')
			return 0;
		quality += (unsigned)(s.p[i] - '0') * unit;
		unit /= 10;
	}
	return quality < QUALITY_FULL ? quality : QUALITY_FULL;
}

/* False: it is another version than the one that there is. */
static bool
params_read(struct slice params, struct slice version, unsigned *quality)
{
	struct slice part, key;

	*quality = QUALITY_FULL;
	while (slice_cut(&params, ';', &part)) {
		part = slice_trim(part);
		if (!slice_cut(&part, '=', &key))
			continue;
		if (slice_eq_nocase(key, SLICE_LIT("q")))
			*quality = quality_read(part);
		else if (slice_eq_nocase(key, SLICE_LIT("version")) &&
		    !slice_eq(part, version))
			return false;
	}
	return true;
}

bool
prom_accept(struct slice accept)
{
	unsigned open = 0, plain = 0, quality;
	struct slice item, type;

	while (slice_cut(&accept, ',', &item)) {
		item = slice_trim(item);
		if (!slice_cut(&item, ';', &type))
			continue;
		type = slice_trim(type);
		if (slice_eq_nocase(
			type, SLICE_LIT("application/openmetrics-text"))) {
			if (params_read(item, SLICE_LIT("1.0.0"), &quality) &&
			    quality > open)
				open = quality;
		} else if (slice_eq_nocase(type, SLICE_LIT("text/plain"))) {
			if (params_read(item, SLICE_LIT("0.0.4"), &quality) &&
			    quality > plain)
				plain = quality;
		}
	}
	return open != 0 && open >= plain;
}
