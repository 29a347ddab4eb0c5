/*
 * boot.h - what the keeper has to know of the configuration before it can make
 * the region and the first children.
 *
 * The keeper itself parses nothing: a short-lived child reads the file and
 * hands back this struct of fixed size.
 */
#ifndef MASTER_BOOT_H
#define MASTER_BOOT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/un.h>

#include "common/base/diag.h"
#include "common/base/log.h"
#include "common/net/addr.h"
#include "master/conf.h"
#include "master/privs.h"
#include "shm/region.h"

#define BOOT_PATH_MAX 256

#define BOOT_NAME_MAX 64

struct boot {
	/* as configured */
	uint64_t workers_wanted, connections_wanted;
	uint64_t record_bytes, audit_bytes; /* of rings */
	char user[BOOT_NAME_MAX], group[BOOT_NAME_MAX];
	bool cpu_affinity;
	uint32_t helpers;
	enum log_level log_level;
	char log_target[BOOT_PATH_MAX];
	char pid_file[BOOT_PATH_MAX];
	char admin_socket[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	struct addr admin_address; /* port 0: none */
	char state_dir[BOOT_PATH_MAX];
	uint64_t drain_us;
	/* as resolved */
	struct geometry geometry;
	struct privs privs;
	uint32_t worker_connections; /* fitted to the file limit */
};

/* Copies what is configured; complains about what does not fit. */
bool boot_take(struct boot *b, const struct conf *c, struct diag *d);

/*
 * boot_take, then counts CPUs, looks up user and group, fits
 * worker_connections to the hard file limit (with a warning). False with
 * complaints.
 */
bool boot_resolve(struct boot *b, const struct conf *c, struct diag *d);

/* Warns of every option that differs and that only a restart changes. */
void boot_compare(
    const struct boot *running, const struct boot *wanted, struct diag *d);

/*
 * Reads the configuration file in a child of its own, whose complaints go to
 * stderr. False when it has errors, or the child failed.
 */
bool boot_load(struct boot *b, const char *path);

/* Writes every complaint of d to stderr, a line each. */
void boot_complain(struct diag *d);

/* Raises the file limit to the hard limit; returns it. */
uint64_t boot_raise_files(void);

#endif
