/*
 * duct.c - see duct.h.
 */
#include "common/net/duct.h"

#include <fcntl.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/must.h"

#define DUCT_LEAST_BYTES 65536 /* less is no better than copying */
#define DUCTS_KEPT 4u
#define DUCT_RETRY_US 1000000u

struct duct {
	int in, out; /* 0: not open */
};

static struct {
	struct duct all[DUCTS_MAX + 1];
	uint8_t kept[DUCTS_KEPT]; /* the last is taken next */
	unsigned kept_count;
	struct mono refused; /* .us 0: none was */
} ducts;

int
duct_in(uint8_t duct)
{
	return ducts.all[duct].in;
}

int
duct_out(uint8_t duct)
{
	return ducts.all[duct].out;
}

static void
duct_close(struct duct *d)
{
	close(d->in);
	close(d->out);
	*d = (struct duct){ 0, 0 };
}

/* As large as the system lets it be; false: too small. */
static bool
duct_set_size(const struct duct *d)
{
	int size = fcntl(d->in, F_GETPIPE_SZ);

	for (int want = DUCT_BYTES; want > size; want /= 2)
		if (fcntl(d->in, F_SETPIPE_SZ, want) >= 0)
			return true;
	return size >= DUCT_LEAST_BYTES;
}

static bool
duct_open(struct duct *d)
{
	int ends[2];

	if (pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0)
		return false;
	*d = (struct duct){ .in = ends[1], .out = ends[0] };
	if (duct_set_size(d))
		return true;
	duct_close(d);
	return false;
}

/* One more; 0: there are too many, or none is to be had. */
static uint8_t
duct_make(void)
{
	struct mono now = clock_now();
	uint8_t i = 1;

	while (i <= DUCTS_MAX && ducts.all[i].in != 0)
		i++;
	if (i > DUCTS_MAX ||
	    (ducts.refused.us != 0 &&
		mono_diff_us(now, ducts.refused) < DUCT_RETRY_US))
		return 0;
	if (duct_open(&ducts.all[i]))
		return i;
	ducts.refused = now;
	return 0;
}

uint8_t
duct_take(void)
{
	return ducts.kept_count != 0 ? ducts.kept[--ducts.kept_count]
				     : duct_make();
}

void
duct_give(uint8_t duct, bool empty)
{
	MUST(duct != 0 && ducts.all[duct].in != 0);
	if (empty && ducts.kept_count < DUCTS_KEPT)
		ducts.kept[ducts.kept_count++] = duct;
	else
		duct_close(&ducts.all[duct]);
}

void
ducts_fini(void)
{
	while (ducts.kept_count != 0)
		duct_close(&ducts.all[ducts.kept[--ducts.kept_count]]);
	ducts.refused = (struct mono){ 0 };
}
