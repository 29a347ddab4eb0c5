/*
 * state_fuzz.c - any bytes as a file in state_dir: "k" API keys, "r"
 * revocations, "f" refresh families, "s" signing keys, "b" bans, "q" quotas, by
 * the first byte. What is taken is written and read again to the same bytes;
 * what is refused has a complaint.
 */
#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/must.h"
#include "master/ban_list.h"
#include "master/keyring.h"
#include "master/lineage.h"
#include "master/quotas.h"
#include "master/revocations.h"
#include "master/signer.h"
#include "tests/fuzz/lines.h"

#define REGION_INPUTS 200 /* then it is made anew: its slots are used up */

static const struct kind {
	char letter;
	void (*write)(const struct region *r, struct text *out);
	bool (*load)(struct region *r, struct slice text, struct diag *d);
} kinds[] = {
	{ 'k', keyring_write, keyring_load },
	{ 'r', revocations_write, revocations_load },
	{ 'f', lineage_write, lineage_load },
	{ 's', signer_write, signer_load },
	{ 'b', ban_list_write, ban_list_load },
	{ 'q', quotas_write, quotas_load },
};

static void
region_new(struct region *r)
{
	struct geometry g;
	struct diag d;

	if (r->state != NULL)
		region_fini(r);
	diag_init(&d);
	geometry_defaults(&g, 1);
	g.images_bytes = 64u << 20;
	MUST(region_create(r, &g, &d));
	diag_fini(&d);
}

/* What a gateway that starts anew would make of it. */
static void
check_again(const struct kind *k, const struct region *r)
{
	struct region other = { 0 };
	struct text text = { 0 }, again = { 0 };
	struct diag d;

	diag_init(&d);
	region_new(&other);
	k->write(r, &text);
	MUST(k->load(&other, text_slice(&text), &d));
	k->write(&other, &again);
	MUST(text.n == again.n);
	text_fini(&text);
	text_fini(&again);
	region_fini(&other);
	diag_fini(&d);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct region region;
	static unsigned inputs;
	const struct kind *k = NULL;
	struct slice file;
	struct diag d;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (size != 0 && data[0] == (uint8_t)kinds[i].letter)
			k = &kinds[i];
	if (k == NULL)
		return 0;
	if (inputs++ % REGION_INPUTS == 0)
		region_new(&region);
	(void)clock_update();
	file = slice_make((const char *)data + 1, size - 1);
	diag_init(&d);
	if (!k->load(&region, file, &d))
		MUST(d.errors != 0);
	else if (inputs % 8 == 0)
		check_again(k, &region);
	diag_fini(&d);
	return 0;
}
