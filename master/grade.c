/*
 * grade.c - see grade.h.
 */
#include "master/grade.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/must.h"
#include "shm/registry.h"
#include "shm/vital.h"

const char *
grade_name(enum grade g)
{
	static const char *const names[] = { "healthy", "degraded",
		"unhealthy" };

	return names[g];
}

static void
grade_endpoint(const struct region *r, uint32_t index, struct service_grade *g)
{
	g->total++;
	switch (vital_look(r, index, clock_now().us)) {
	case VITAL_USABLE:
		g->usable++;
		break;
	case VITAL_DUE:
	case VITAL_SICK:
		g->sick++;
		break;
	case VITAL_CLOSED:
		if (vital_admin(r, index) == ADMIN_MAINT)
			g->maint++;
		else
			g->drained++;
		break;
	}
}

/* By its endpoints alone. */
static struct service_grade
grade_own(const struct region *r, const struct img_service *s)
{
	const struct eset *set = registry_set(r, s->slot);
	struct service_grade g = { .because = IMG_NONE };

	for (uint32_t i = 0; set != NULL && i < set->count; i++)
		grade_endpoint(r, set->members[i].handle.index, &g);
	if (g.usable == 0)
		g.grade = GRADE_UNHEALTHY;
	else if (g.sick != 0)
		g.grade = GRADE_DEGRADED;
	return g;
}

/* True when a dependency made it worse. */
static bool
grade_depend(const struct img_head *img, const struct img_service *s,
    struct service_grade *all, struct service_grade *g)
{
	const uint32_t *depends = img_at(img, s->depends.off);

	if (g->grade != GRADE_HEALTHY)
		return false;
	for (uint32_t i = 0; i < s->depends.count; i++) {
		if (depends[i] >= img->services.count ||
		    all[depends[i]].grade == GRADE_HEALTHY)
			continue;
		g->grade = GRADE_DEGRADED;
		g->because = depends[i];
		return true;
	}
	return false;
}

static enum grade
grade_whole(const struct service_grade *all, uint32_t count)
{
	uint32_t healthy = 0, unhealthy = 0;

	for (uint32_t i = 0; i < count; i++) {
		healthy += all[i].grade == GRADE_HEALTHY;
		unhealthy += all[i].grade == GRADE_UNHEALTHY;
	}
	if (healthy == count)
		return GRADE_HEALTHY;
	return unhealthy == count ? GRADE_UNHEALTHY : GRADE_DEGRADED;
}

struct service_grade *
grade_services(
    const struct region *r, const struct img_head *img, enum grade *whole)
{
	const struct img_service *s = img_at(img, img->services.off);
	uint32_t count = img->services.count;
	struct service_grade *all;
	bool worse;

	*whole = GRADE_HEALTHY;
	if (count == 0)
		return NULL;
	all = calloc(count, sizeof(*all));
	MUST(all != NULL);
	for (uint32_t i = 0; i < count; i++)
		all[i] = grade_own(r, &s[i]);
	/* Grades only fall, so this ends; without cycles after `depth` turns.
	 */
	do {
		worse = false;
		for (uint32_t i = 0; i < count; i++)
			worse |= grade_depend(img, &s[i], all, &all[i]);
	} while (worse);
	*whole = grade_whole(all, count);
	return all;
}
