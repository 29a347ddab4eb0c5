/* Tests of region.c: seals, modes, what attaching accepts, what it costs. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "shm/readers.h"
#include "shm/vault_layout.h"
#include "tests/unit/shm/fixture.h"

START_TEST(is_sealed_and_private)
{
	struct region r;
	struct stat st;

	fixture_region(&r, 2);
	int fds[] = { r.state_fd, r.images_fd, r.secrets_fd, r.vault_fd,
		r.records_fd, r.readers_fd };
	for (int i = 0; i < 6; i++) {
		ck_assert_int_eq(fstat(fds[i], &st), 0);
		ck_assert_uint_eq(st.st_mode & 07777, 0600);
		ck_assert_int_eq(ftruncate(fds[i], st.st_size - 4096), -1);
		ck_assert_int_eq(errno, EPERM);
		ck_assert_int_eq(ftruncate(fds[i], st.st_size + 4096), -1);
		ck_assert_int_eq(errno, EPERM);
		ck_assert_int_eq(fcntl(fds[i], F_ADD_SEALS, F_SEAL_WRITE), -1);
		ck_assert_int_ne(fcntl(fds[i], F_GETFD) & FD_CLOEXEC, 0);
	}
	region_fini(&r);
	ck_assert_int_eq(r.state_fd, -1);
	ck_assert_int_eq(r.secrets_fd, -1);
	ck_assert_int_eq(r.vault_fd, -1);
	ck_assert_int_eq(r.records_fd, -1);
	ck_assert_int_eq(r.readers_fd, -1);
	for (int i = 0; i < 6; i++)
		ck_assert_int_eq(fcntl(fds[i], F_GETFD), -1);
}
END_TEST

START_TEST(costs_little_at_first)
{
	struct region r;
	struct stat st;

	fixture_region(&r, 4);
	ck_assert_int_eq(fstat(r.state_fd, &st), 0);
	ck_assert_uint_le((uint64_t)st.st_blocks * 512, 160 * 1024);
	ck_assert_uint_eq(fixture_images_held(&r), 0);
	for (uint32_t w = 0; w < WORKERS_MAX; w++)
		ck_assert_uint_eq(
		    atomic_load(&r.state->slots[w].epoch), EPOCH_IDLE);
	region_fini(&r);
}
END_TEST

/* Nothing of it can fail later; what it takes is said before. */
START_TEST(the_vault_is_there)
{
	struct geometry g = { .workers = 3,
		.images_bytes = FIXTURE_IMAGES + 5,
		.ring_bytes = RING_BYTES_MIN };
	struct region r;
	struct stat st;
	struct diag d;

	diag_init(&d);
	ck_assert(region_create(&r, &g, &d));
	ck_assert_int_eq(fstat(r.vault_fd, &st), 0);
	ck_assert_uint_eq((uint64_t)st.st_blocks * 512, (uint64_t)st.st_size);
	ck_assert_uint_eq((uint64_t)st.st_size,
	    sizeof(struct shm_vault) + 3 * RING_BYTES_MIN);
	ck_assert_uint_eq(r.vault_bytes, (uint64_t)st.st_size);
	ck_assert_uint_eq(r.vault->workers, 3);
	ck_assert_uint_eq(r.vault->ring_bytes, RING_BYTES_MIN);
	ck_assert_uint_eq(geometry_bytes(&g),
	    r.state_bytes + 2 * r.images_bytes + r.vault_bytes +
		r.records_bytes + sizeof(struct shm_readers));
	ck_assert(region_protect_images(&r));
	memset(r.vault->rings, 1, 3 * RING_BYTES_MIN);
	region_fini(&r);
	geometry_defaults(&g, 2);
	ck_assert_uint_ge(g.ring_bytes, 1u << 20);
	diag_fini(&d);
}
END_TEST

/* Rings of 0 bytes are possible, too. */
START_TEST(the_records_are_there)
{
	static const uint32_t sizes[] = { 0, RECORDER_RING_MIN };
	struct geometry g;
	struct region r;
	struct stat st;
	struct diag d;

	diag_init(&d);
	for (size_t i = 0; i < 4; i++) {
		geometry_defaults(&g, 3);
		g.images_bytes = FIXTURE_IMAGES;
		g.record_bytes = sizes[i & 1];
		g.audit_bytes = sizes[i / 2];
		ck_assert(region_create(&r, &g, &d));
		ck_assert_int_eq(fstat(r.records_fd, &st), 0);
		ck_assert_uint_eq(
		    (uint64_t)st.st_blocks * 512, (uint64_t)st.st_size);
		ck_assert_uint_eq((uint64_t)st.st_size,
		    sizeof(struct shm_records) + 3 * g.record_bytes +
			4 * g.audit_bytes);
		ck_assert_int_eq(fstat(r.readers_fd, &st), 0);
		ck_assert_uint_ge(
		    (uint64_t)st.st_blocks * 512, (uint64_t)st.st_size);
		region_fini(&r);
	}
	diag_fini(&d);
}
END_TEST

START_TEST(refuses_a_bad_number_of_workers)
{
	struct geometry g;
	struct region r;
	struct diag d;

	diag_init(&d);
	geometry_defaults(&g, 0);
	ck_assert(!region_create(&r, &g, &d));
	g.workers = WORKERS_MAX + 1;
	ck_assert(!region_create(&r, &g, &d));
	ck_assert_uint_eq(d.errors, 2);
	ck_assert_int_eq(r.state_fd, -1);
	g.workers = 1;
	g.images_bytes = 0;
	ck_assert(!region_create(&r, &g, &d));
	diag_fini(&d);
}
END_TEST

static bool
attach(struct region *tool, int state, int images, struct diag *d)
{
	struct region_fds fds = REGION_FDS_NONE;

	fds.state = state;
	fds.images = images;
	return region_attach(tool, &fds, d);
}

START_TEST(attaches_read_only)
{
	struct region r, tool;
	struct diag d;

	diag_init(&d);
	fixture_region(&r, 3);
	fixture_publish(&r, 5000);
	ck_assert(attach(&tool, dup(r.state_fd), dup(r.images_fd), &d));
	ck_assert_ptr_ne(tool.state, r.state);
	ck_assert_uint_eq(tool.state->header.workers, 3);
	ck_assert(fixture_image_whole(epoch_image(&tool, 0), 1));
	ck_assert_ptr_null(tool.secrets);
	ck_assert_int_eq(tool.secrets_fd, -1);
	ck_assert_ptr_null(tool.vault);
	ck_assert_ptr_null(tool.records);
	ck_assert_ptr_null(tool.readers);
	ck_assert_int_eq(tool.vault_fd, -1);
	ck_assert_int_eq(mprotect(tool.images, 4096, PROT_READ), 0);
	pid_t pid = fork();
	if (pid == 0) {
		*(volatile char *)tool.images = 1;
		_exit(0);
	}
	int status;
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(status != 0);
	region_fini(&tool);
	region_fini(&r);
	diag_fini(&d);
}
END_TEST

START_TEST(attach_checks_what_it_gets)
{
	struct region r, tool;
	struct diag d;

	diag_init(&d);
	fixture_region(&r, 1);
	int plain = memfd_create("plain", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	ck_assert_int_eq(ftruncate(plain, (off_t)r.state_bytes), 0);
	ck_assert(!attach(&tool, plain, r.images_fd, &d));
	ck_assert_int_eq(fcntl(plain, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	ck_assert(!attach(&tool, plain, r.images_fd, &d));
	ck_assert(!attach(&tool, r.images_fd, r.state_fd, &d));
	r.state->header.sections[3].entry_size++;
	ck_assert(!attach(&tool, r.state_fd, r.images_fd, &d));
	r.state->header.sections[3].entry_size--;
	r.state->header.images_bytes++;
	ck_assert(!attach(&tool, r.state_fd, r.images_fd, &d));
	r.state->header.images_bytes--;
	r.state->header.workers = WORKERS_MAX + 1;
	ck_assert(!attach(&tool, r.state_fd, r.images_fd, &d));
	r.state->header.workers = 1;
	ck_assert_uint_eq(d.errors, 6);
	ck_assert(attach(&tool, r.state_fd, r.images_fd, &d));
	diag_fini(&d);
}
END_TEST

static bool
is_writable(const void *at)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		(void)signal(SIGSEGV, SIG_DFL);
		*(volatile uint64_t *)(uintptr_t)at = 1;
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return status == 0;
}

/* What may read the readers' words and what may write them. */
START_TEST(attaches_all_there_is)
{
	struct region_fds fds;
	struct region r, tool;
	struct diag d;

	diag_init(&d);
	fixture_region(&r, 2);
	for (int pass = 0; pass < 2; pass++) {
		region_fds_read_only(&r, &fds);
		ck_assert_int_eq(
		    fcntl(fds.records, F_GETFL) & O_ACCMODE, O_RDONLY);
		if (pass == 1) {
			close(fds.readers);
			fds.readers = dup(r.readers_fd);
		}
		ck_assert(region_attach(&tool, &fds, &d));
		ck_assert_ptr_nonnull(tool.secrets);
		ck_assert_uint_eq(tool.record_bytes, FIXTURE_RECORDS);
		ck_assert_uint_eq(tool.audit_bytes, FIXTURE_RECORDS);
		ck_assert(!is_writable(tool.records));
		ck_assert(!is_writable(tool.secrets));
		ck_assert(is_writable(tool.readers) == (pass == 1));
		if (pass == 1)
			tool.readers->magic = READERS_MAGIC;
		region_fini(&tool);
	}
	region_fini(&r);
	diag_fini(&d);
}
END_TEST

START_TEST(attach_checks_records)
{
	struct region_fds fds;
	struct region r, tool;
	struct diag d;

	diag_init(&d);
	fixture_region(&r, 2);
	region_fds_read_only(&r, &fds);
	r.records->workers++;
	ck_assert(!region_attach(&tool, &fds, &d));
	r.records->workers--;
	r.records->audit_bytes += 8;
	ck_assert(!region_attach(&tool, &fds, &d));
	r.records->audit_bytes *= 2;
	ck_assert(!region_attach(&tool, &fds, &d));
	r.records->audit_bytes = FIXTURE_RECORDS;
	r.readers->magic++;
	ck_assert(!region_attach(&tool, &fds, &d));
	ck_assert_uint_eq(d.errors, 4);
	r.readers->magic--;
	ck_assert(region_attach(&tool, &fds, &d));
	region_fini(&tool);
	region_fini(&r);
	diag_fini(&d);
}
END_TEST

/* Of which nothing else in the region need differ. */
START_TEST(attach_knows_the_version_of_records)
{
	/* Before there was one, and the next. */
	static const uint64_t others[] = { 0x7364726f636572,
		RECORDS_MAGIC + 1 };
	struct region_fds fds;
	struct region r, tool;
	struct diag d;

	diag_init(&d);
	fixture_region(&r, 2);
	region_fds_read_only(&r, &fds);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		r.records->magic = others[i];
		ck_assert(!region_attach(&tool, &fds, &d));
		ck_assert_str_eq(d.items[i].text,
		    "the shared memory records is of another version");
	}
	r.records->magic = RECORDS_MAGIC;
	ck_assert(region_attach(&tool, &fds, &d));
	region_fini(&tool);
	region_fini(&r);
	diag_fini(&d);
}
END_TEST

START_TEST(protected_images_stay_so)
{
	struct region r;

	fixture_region(&r, 1);
	fixture_publish(&r, 5000);
	const char *before = r.images;
	ck_assert(region_protect_images(&r));
	ck_assert_ptr_eq(r.images, before);
	ck_assert_int_eq(r.images_fd, -1);
	ck_assert(fixture_image_whole(epoch_image(&r, 0), 1));
	ck_assert_int_eq(mprotect(r.images, 4096, PROT_READ | PROT_WRITE), -1);
	ck_assert_int_eq(errno, EACCES);
	ck_assert_int_eq(r.secrets_fd, -1);
	ck_assert(fixture_secrets_whole(&r, 0, 1));
	ck_assert_int_eq(mprotect(r.secrets, 4096, PROT_READ | PROT_WRITE), -1);
	ck_assert_int_eq(errno, EACCES);
	ck_assert_int_eq(mprotect(r.readers, 4096, PROT_READ | PROT_WRITE), -1);
	ck_assert_int_eq(errno, EACCES);
	ck_assert(is_writable(r.records));
	region_fini(&r);
}
END_TEST

/* "dd": left out of core dumps; see proc(5), VmFlags. */
static bool
is_left_out(const void *at)
{
	char line[512], flags[] = "VmFlags:";
	FILE *f = fopen("/proc/self/smaps", "re");
	bool inside = false, out = false;
	uintptr_t from, to;

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
			inside = from <= (uintptr_t)at && (uintptr_t)at < to;
		if (inside && strncmp(line, flags, sizeof(flags) - 1) == 0)
			out = strstr(line, " dd") != NULL;
	}
	fclose(f);
	return out;
}

START_TEST(is_left_out_of_core_dumps)
{
	struct region r;

	fixture_region(&r, 1);
	for (int pass = 0; pass < 2; pass++) {
		ck_assert(is_left_out(r.state));
		ck_assert(is_left_out(r.images));
		ck_assert(is_left_out(r.secrets));
		ck_assert(is_left_out(r.vault));
		ck_assert(is_left_out(r.records));
		ck_assert(is_left_out(r.readers));
		if (pass == 0)
			ck_assert(region_protect_images(&r));
	}
	region_fini(&r);
}
END_TEST

START_TEST(sections_cover_the_state_in_order)
{
	struct region r;

	fixture_region(&r, 1);
	const struct shm_header *h = &r.state->header;
	uint64_t end = 0;
	for (uint32_t i = 0; i < h->section_count; i++) {
		const struct shm_section *s = &h->sections[i];

		ck_assert_uint_ge(s->offset, end);
		ck_assert_uint_lt(s->offset - end, SHM_PAGE);
		ck_assert_uint_gt(s->version, 0);
		end = s->offset + s->count * s->entry_size;
	}
	ck_assert_uint_le(end, sizeof(struct shm_state));
	ck_assert_uint_lt(sizeof(struct shm_state) - end, SHM_PAGE);
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("region");

	tcase_add_test(tc, is_sealed_and_private);
	tcase_add_test(tc, costs_little_at_first);
	tcase_add_test(tc, the_vault_is_there);
	tcase_add_test(tc, the_records_are_there);
	tcase_add_test(tc, refuses_a_bad_number_of_workers);
	tcase_add_test(tc, attaches_read_only);
	tcase_add_test(tc, attach_checks_what_it_gets);
	tcase_add_test(tc, attaches_all_there_is);
	tcase_add_test(tc, attach_checks_records);
	tcase_add_test(tc, attach_knows_the_version_of_records);
	tcase_add_test(tc, is_left_out_of_core_dumps);
	tcase_add_test(tc, protected_images_stay_so);
	tcase_add_test(tc, sections_cover_the_state_in_order);
	return fixture_run(tc, "region");
}
