/*
 * tls_hello_fuzz.c - any bytes where a server expects a ClientHello, cut
 * anywhere: the handshake ends in one failure or waits for more, no input is
 * told before it is over, and what is sent back is records. The first byte
 * chooses the policy and what comes before, the second where to cut.
 *
 *	bytes -> socket pair -> io -> libssl -> hooks
 *	                        |-> events, counted
 *	                        \-> records, read back
 */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/pool.h"
#include "common/net/io.h"
#include "tests/unit/common/net/cert_kit.h"

#define SERVERS 4
#define LINE 4 /* bytes of another protocol, which come first */
#define FIRST_LINE 0x04
#define FIRST_END 0x08

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct loop loop;
static struct tls_server *servers[SERVERS];
static struct tls_identity *identities[2];

static struct owner {
	struct io io;
	struct tls *later; /* io_secure behind the line */
	unsigned failed, eof, secured;
} owner;

static size_t
on_input(struct io *io, const char *p, size_t n)
{
	(void)p;
	/* Nobody who has no keys gets this far. */
	MUST(owner.later != NULL);
	if (n < LINE)
		return 0;
	io_secure(io, owner.later);
	owner.later = NULL;
	return LINE;
}

static void
on_eof(struct io *io)
{
	(void)io;
	MUST(owner.later != NULL && owner.eof++ == 0);
}

static void
on_secured(struct io *io)
{
	(void)io;
	owner.secured++;
}

static void
on_failed(struct io *io, int error)
{
	MUST(owner.failed++ == 0);
	MUST(error != 0);
	MUST(error != EPROTO || tls_fault(io->tls)[0] != '\0');
	MUST(io->tls == NULL || !tls_fault_is_certificate(io->tls));
}

static const struct io_events events = {
	.input = on_input,
	.eof = on_eof,
	.secured = on_secured,
	.failed = on_failed,
};

/* ---- hooks ---- */

static size_t
choose(void *ctx, struct slice name, struct tls_identity **ids)
{
	(void)ctx;
	/* A host name in lower case, or none. */
	for (size_t i = 0; i < name.n; i++)
		MUST(name.p[i] > ' ' && name.p[i] < 0x7f &&
		    ascii_lower(name.p[i]) == name.p[i]);
	if (slice_eq(name, SLICE_LIT("nobody.test")))
		return 0;
	ids[0] = identities[0];
	ids[1] = identities[1];
	return 2;
}

static bool
ticket_key(void *ctx, struct tls_ticket_key *key)
{
	(void)ctx;
	memset(key, 'k', sizeof(*key));
	return true;
}

static bool
ticket_find(
    void *ctx, const uint8_t *name, struct tls_ticket_key *key, bool *current)
{
	*current = name[0] == 'k';
	return ticket_key(ctx, key) && (name[0] == 'k' || name[0] == 'o');
}

static const struct tls_hooks hooks = { choose, ticket_key, ticket_find };

static void
start(void)
{
	struct cert ca =
	    cert_make(&(struct cert_want){ .cn = "ca", .ca = true });
	struct cert ec = cert_make(&(struct cert_want){ .cn = "a", .by = &ca });
	struct cert rsa =
	    cert_make(&(struct cert_want){ .cn = "a", .by = &ca, .rsa = true });
	struct tls_trust *trust = cert_trust(&ca, NULL);

	identities[0] = cert_identity_stapled(&ec, &ca, SLICE_LIT("staple"));
	identities[1] = cert_identity(&rsa, NULL);
	for (unsigned i = 0; i < SERVERS; i++) {
		struct tls_server_want want = {
			.profile = i & 1 ? TLS_MODERN : TLS_INTERMEDIATE,
			.min_version = 0x0303,
			.alpn = SLICE_LIT("\2h2\10http/1.1"),
			.verify = i & 2 ? TLS_VERIFY_REQUIRE : TLS_VERIFY_NONE,
			.trust = trust,
		};

		servers[i] = tls_server_new(&want, &hooks);
		MUST(servers[i] != NULL);
	}
	tls_trust_free(trust);
	cert_free(&ca);
	cert_free(&ec);
	cert_free(&rsa);
}

/* Whole records: handshake, alert, change_cipher_spec, data that is sealed. */
static void
check_answer(int fd)
{
	static uint8_t raw[65536];
	ssize_t n = recv(fd, raw, sizeof(raw), MSG_DONTWAIT);
	ssize_t at = 0;

	while (n > 0 && at < n) {
		MUST(raw[at] >= 20 && raw[at] <= 23 && at + 5 <= n);
		at += 5 + raw[at + 3] * 256 + raw[at + 4];
	}
	MUST(n <= 0 || at == n);
}

static void
feed(int fd, const uint8_t *data, size_t n)
{
	if (n == 0)
		return;
	MUST(send(fd, data, n, MSG_NOSIGNAL) == (ssize_t)n);
	MUST(loop_turn(&loop, 0) && loop_turn(&loop, 0));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t cut;
	int fds[2];

	if (size < 2 || size > 32768)
		return 0;
	if (servers[0] == NULL) {
		tls_init();
		buf_pool_init(0);
		MUST(loop_init(&loop) && io_scratch_init());
		start();
	}
	memset(&owner, 0, sizeof(owner));
	MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
	MUST(io_open(&owner.io, &loop, fds[0], false, &events));
	owner.later = tls_accept(servers[data[0] % SERVERS], NULL);
	if (!(data[0] & FIRST_LINE)) {
		io_secure(&owner.io, owner.later);
		owner.later = NULL;
	}
	cut = data[1] % (size - 1);
	feed(fds[1], data + 2, cut);
	feed(fds[1], data + 2 + cut, size - 2 - cut);
	if (data[0] & FIRST_END) {
		shutdown(fds[1], SHUT_WR);
		MUST(loop_turn(&loop, 0) && loop_turn(&loop, 0));
		MUST(owner.failed + owner.eof == 1);
	}
	check_answer(fds[1]);
	MUST(owner.secured == 0);
	tls_free(owner.later);
	io_close(&owner.io, false);
	MUST(loop_turn(&loop, 0));
	close(fds[1]);
	MUST(buf_pool_state()->used == 0);
	return 0;
}
