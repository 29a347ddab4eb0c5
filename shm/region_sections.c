/*
 * region_sections.c - the table of what is in the state memfd.
 */
#include <string.h>

#include "shm/img_ref.h"
#include "shm/region_inside.h"

#define STATE(field) (((struct shm_state *)NULL)->field)
#define SECTION_ONE(field, v)                            \
	{                                                \
#field, v, sizeof(STATE(field)),         \
		    offsetof(struct shm_state, field), 1 \
	}
#define SECTION(field, v)                                          \
	{                                                          \
#field, v, sizeof(STATE(field)[0]),                \
		    offsetof(struct shm_state, field),             \
		    sizeof(STATE(field)) / sizeof(STATE(field)[0]) \
	}

/*
 * In the order of struct shm_state; a changed section gets a new version, which
 * tests/lint/layout.py watches.
 */
static const struct shm_section sections[] = {
	SECTION_ONE(header, 2),
	SECTION_ONE(control, 4),
	SECTION(slots, 2),
	SECTION(pins, 1),
	SECTION(images, IMG_VERSION), /* with what they lead to */
	SECTION(meters, 1),
	SECTION_ONE(audits, 1),
	SECTION(extents, 1),
	SECTION(services, 1),
	SECTION(endpoints, 1),
	SECTION(texts, 1),
	SECTION(routes, 1),
	SECTION(names, 1),
	SECTION(limit_names, 1),
	SECTION(rows, 1),
	SECTION(vitals, 1),
	SECTION(histories, 1),
	SECTION(overrides, 1),
	SECTION(tallies, 1),
	SECTION(permits, 2),
	SECTION(keyed, 1),
	SECTION(ledgers, 1),
	SECTION(series, 3),
	SECTION(histos, 3),
	SECTION(histo_owners, 1),
	SECTION_ONE(exemplars, 1),
	SECTION(keysets, 1),
	SECTION(revoked, 1),
	SECTION(revocations, 1),
	SECTION_ONE(families, 1),
	SECTION(limiters, 3),
	SECTION(breakers, 1),
	SECTION(turns, 1),
	SECTION(windows, 1),
	SECTION_ONE(bans, 1),
	SECTION(requests, 1),
	SECTION(retries, 1),
	SECTION(waiters, 1),
};
#define SECTION_COUNT (sizeof(sections) / sizeof(sections[0]))
_Static_assert(SECTION_COUNT <= SHM_SECTIONS_MAX, "section table is full");

void
region_sections_write(struct shm_header *h)
{
	h->section_count = SECTION_COUNT;
	memcpy(h->sections, sections, sizeof(sections));
}

bool
region_sections_match(const struct shm_header *h)
{
	return h->section_count == SECTION_COUNT &&
	    memcmp(h->sections, sections, sizeof(sections)) == 0;
}
