/*
 * saver.c - see saver.h.
 */
#include "master/saver.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <string.h>

#include "common/base/log.h"
#include "master/ban_list.h"
#include "master/keyring.h"
#include "master/lineage.h"
#include "master/prom.h"
#include "master/quotas.h"
#include "master/revocations.h"
#include "master/signer.h"
#include "master/state.h"

static const struct saver_kind {
	const char *name;
	void (*write)(const struct region *r, struct text *out);
	bool (*load)(struct region *r, struct slice text, struct diag *d);
	/* It outlives a fall of the machine, and is not done without. */
	bool lasting;
} kinds[SAVER_FILES] = {
	[SAVER_KEYS] = { KEYRING_FILE, keyring_write, keyring_load, true },
	[SAVER_REVOCATIONS] = { REVOCATIONS_FILE, revocations_write,
	    revocations_load, true },
	[SAVER_SIGNING] = { SIGNER_FILE, signer_write, signer_load, true },
	[SAVER_LINEAGE] = { LINEAGE_FILE, lineage_write, lineage_load, false },
	[SAVER_BANS] = { BAN_LIST_FILE, ban_list_write, ban_list_load, false },
	[SAVER_QUOTAS] = { QUOTAS_FILE, quotas_write, quotas_load, false },
};

void
saver_init(struct saver *s, struct region *r, int dir)
{
	*s = (struct saver){ .region = r, .dir = dir };
}

static void
text_wipe(struct text *t)
{
	if (t->n != 0)
		OPENSSL_cleanse(t->p, t->n);
	text_fini(t);
}

/* *cut: there is more than was written. */
static bool
kind_write(const struct saver *s, const struct saver_kind *k, bool *cut)
{
	struct text text;
	bool ok;

	text_init(&text);
	k->write(s->region, &text);
	*cut = !k->lasting && state_cut(&text);
	ok = state_write(s->dir, k->name, &text, k->lasting);
	text_wipe(&text);
	return ok;
}

bool
saver_write(struct saver *s, enum saver_file file)
{
	const struct saver_kind *k = &kinds[file];
	uint64_t began_us = clock_raw_us(), end_us;
	bool ok, cut;

	if (!saver_keeps(s))
		return true;
	ok = kind_write(s, k, &cut);
	end_us = clock_raw_us();
	s->due_us[file] = end_us + (end_us - began_us) * SAVER_SHARE;
	if (!ok && !s->failing[file])
		log_err("state_dir: cannot write %s", k->name);
	else if (cut && !s->failing[file])
		log_warnx("state_dir: %s: a part is left out, since it would "
			  "be larger than 64 MiB",
		    k->name);
	ok = ok && !cut;
	if (ok && s->failing[file])
		log_info("state_dir: %s is written again", k->name);
	s->failing[file] = !ok;
	s->failed[file] += !ok;
	return ok;
}

bool
saver_write_due(struct saver *s, enum saver_file file)
{
	return saver_is_due(s, file) ? saver_write(s, file) : !s->failing[file];
}

static bool
kind_load(const struct saver *s, const struct saver_kind *k, struct diag *d)
{
	struct text text;
	bool ok = true;

	text_init(&text);
	if (!state_read(s->dir, k->name, &text)) {
		diag_error(d, k->name, 0, "%s", strerror(errno));
		ok = false;
	} else if (text.n != 0) {
		ok = k->load(s->region, text_slice(&text), d);
	}
	text_wipe(&text);
	return ok;
}

/* What it complains about is only a warning. */
static void
kind_forgive(const struct saver *s, const struct saver_kind *k)
{
	char line[512];
	struct diag d;

	diag_init(&d);
	if (!kind_load(s, k, &d) && d.count != 0) {
		(void)diag_format(&d, 0, line, sizeof(line));
		log_warnx("state_dir: %s: what is in it is forgotten", line);
	}
	diag_fini(&d);
}

bool
saver_load(struct saver *s, struct diag *d)
{
	bool ok = true;

	for (int i = 0; i < SAVER_FILES && saver_keeps(s); i++)
		if (kinds[i].lasting)
			ok = kind_load(s, &kinds[i], d) && ok;
		else
			kind_forgive(s, &kinds[i]);
	return ok;
}

void
saver_prom(const struct saver *s, struct prom *p)
{
	prom_family(p, METRIC_STATE_SAVED);
	for (int i = 0; i < SAVER_FILES && saver_keeps(s); i++)
		prom_pair(p, "file", kinds[i].name, !s->failing[i]);
	prom_family(p, METRIC_STATE_SAVE_FAILURES);
	for (int i = 0; i < SAVER_FILES && saver_keeps(s); i++)
		prom_pair(p, "file", kinds[i].name, s->failed[i]);
}
