/*
 * audit_verify.c - see audit_verify.h.
 *
 * After a line that does not follow, the next one may follow it (it was
 * changed, or those before it are missing), or may follow the last good one (it
 * was put in): both are tried, so that one fault is told once.
 */
#include "tools/audit_verify.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tools/audit_lines.h"
#include "tools/audit_state.h"

#define GROW_US 200000 /* somebody may be writing the last line right now */

/* A line that has to be somewhere. */
struct wanted {
	char hash[AUDIT_HASH];
	bool wanted, seen;
};

struct verify {
	const struct audit_verify *ask;
	FILE *out;
	struct audit_chain chain;
	const char *path;
	uint64_t line;        /* of this file, from 1 */
	uint64_t lines;       /* of all files, good ones */
	uint64_t first;       /* seq of the first one */
	struct audit_at at;   /* behind the last line */
	struct audit_at good; /* behind the last one that was good */
	bool begun;           /* there was a line */
	bool wrong_key;       /* it was said */
	uint64_t faults;
	struct wanted last, state;
	uint64_t state_seq;
	bool state_moved; /* it is of a file that is beside the last one */
};

static void __attribute__((format(printf, 2, 3)))
fault(struct verify *v, const char *fmt, ...)
{
	va_list args;

	fprintf(v->out, "%s:%" PRIu64 ": ", v->path, v->line);
	va_start(args, fmt);
	(void)vfprintf(v->out, fmt, args);
	va_end(args);
	fputc('\n', v->out);
	v->faults++;
}

/* ---- lines ---- */

static void
wanted_look(struct wanted *w, const char *hash)
{
	w->seen |= w->wanted && memcmp(w->hash, hash, AUDIT_HASH) == 0;
}

static void
line_take(struct verify *v, const struct audit_line *l, bool good)
{
	if (!v->begun)
		v->first = l->seq;
	v->begun = true;
	v->at.seq = l->seq;
	memcpy(v->at.hash, l->hash, AUDIT_HASH);
	if (!good)
		return;
	v->good = v->at;
	v->lines++;
	wanted_look(&v->last, l->hash);
	wanted_look(&v->state, l->hash);
}

static bool
hash_follows(
    struct verify *v, const struct audit_at *at, const struct audit_line *l)
{
	char hash[AUDIT_HASH];

	if (l->prev != NULL && memcmp(l->prev, at->hash, AUDIT_HASH) != 0)
		return false;
	return audit_chain_hash(&v->chain, at->hash, l->body, hash) &&
	    memcmp(hash, l->hash, AUDIT_HASH) == 0;
}

static void
line_misfits(struct verify *v, const struct audit_line *l)
{
	uint64_t due = v->at.seq + 1;

	if (l->seq > due)
		fault(v,
		    "line %" PRIu64 " of the chain comes behind line %" PRIu64
		    ": %" PRIu64 " %s missing",
		    l->seq, v->at.seq, l->seq - due,
		    l->seq - due == 1 ? "is" : "are");
	else if (l->seq < due)
		fault(v,
		    "line %" PRIu64 " of the chain comes behind line %" PRIu64
		    ": it was moved, or put in",
		    l->seq, v->at.seq);
	else if (l->prev != NULL &&
	    memcmp(l->prev, v->at.hash, AUDIT_HASH) != 0)
		fault(v,
		    "it goes on behind a line that is not the one before it: "
		    "lines are missing, or were changed");
	else
		fault(v,
		    "its hash does not fit: it was changed, or the line before "
		    "it, or it was put in");
}

/* The first line of all. */
static void
line_begins(struct verify *v, const struct audit_line *l)
{
	if (l->prev == NULL) {
		fault(v,
		    "it is no line that begins a file: those before it are "
		    "missing");
		line_take(v, l, false);
		return;
	}
	audit_at_start(&v->at);
	if (l->seq != 1)
		memcpy(v->at.hash, l->prev, AUDIT_HASH);
	v->at.seq = l->seq - 1;
	if (!hash_follows(v, &v->at, l)) {
		line_misfits(v, l);
		line_take(v, l, false);
		return;
	}
	line_take(v, l, true);
}

static void
line_goes_on(struct verify *v, const struct audit_line *l)
{
	bool good = l->seq == v->at.seq + 1 && hash_follows(v, &v->at, l);
	bool again = !good && v->good.seq != v->at.seq + 1 &&
	    l->seq == v->good.seq + 1 && hash_follows(v, &v->good, l);

	if (!good && (!again || l->seq < v->at.seq))
		line_misfits(v, l);
	line_take(v, l, good || again);
}

static void
line_look(struct verify *v, struct slice text)
{
	struct audit_line l;

	if (!audit_line_read(text, &l)) {
		fault(v, "it is no line of an audit log");
		return;
	}
	if (l.prev != NULL && l.keyed != audit_chain_keyed(&v->chain) &&
	    !v->wrong_key) {
		fault(v, "%s",
		    l.keyed ? "it was written with a key, which --key has "
			      "to name"
			    : "it was written without a key");
		v->wrong_key = true;
	}
	if (v->begun)
		line_goes_on(v, &l);
	else
		line_begins(v, &l);
}

/* ---- files ---- */

/* The line has no end: maybe not yet. True: it has now. */
static bool
lines_grow(struct audit_lines *lines)
{
	struct slice text;
	uint64_t read = lines->read;

	(void)usleep(GROW_US);
	(void)audit_lines_next(lines, &text);
	return lines->read != read;
}

static void
file_lines(struct verify *v, struct audit_lines *lines)
{
	struct slice text;

	for (;;) {
		v->line++;
		switch (audit_lines_next(lines, &text)) {
		case AUDIT_LINES_ONE:
			line_look(v, text);
			break;
		case AUDIT_LINES_LONG:
			fault(v, "it is longer than any line of an audit log");
			break;
		case AUDIT_LINES_TORN:
			if (lines_grow(lines)) {
				v->line--;
				break;
			}
			fault(v, "it is cut off");
			return;
		case AUDIT_LINES_END:
			return;
		case AUDIT_LINES_FAILED:
			fault(v, "cannot read: %s", strerror(errno));
			return;
		}
	}
}

static void
file_look(struct verify *v, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct audit_lines lines;

	v->path = path;
	v->line = 0;
	if (fd < 0 || !audit_lines_init(&lines, fd, 0)) {
		fprintf(v->out, "%s: cannot read: %s\n", path, strerror(errno));
		v->faults++;
	} else {
		file_lines(v, &lines);
		audit_lines_fini(&lines);
	}
	if (fd >= 0)
		(void)close(fd);
}

/* ---- the end ---- */

/* The file has another name now, in the folder of the log. */
static bool
file_moved(const char *path, const struct audit_state *s)
{
	const char *name = strrchr(path, '/');
	size_t n = name != NULL ? (size_t)(name - path) + 1 : 0;
	char folder[4096];
	struct dirent *e;
	struct stat st;
	bool found = false;
	DIR *dir;

	(void)snprintf(folder, sizeof(folder), "%.*s.", (int)n, path);
	dir = opendir(folder);
	while (!found && dir != NULL && (e = readdir(dir)) != NULL)
		found = strcmp(e->d_name, path + n) != 0 &&
		    fstatat(dirfd(dir), e->d_name, &st, 0) == 0 &&
		    (uint64_t)st.st_ino == s->ino &&
		    (uint64_t)st.st_dev == s->dev;
	if (dir != NULL)
		(void)closedir(dir);
	return found;
}

/* What is known of the last file, before it is read. */
static void
state_look(struct verify *v, const char *path)
{
	char name[4096];
	struct audit_state s;
	int fd;

	(void)snprintf(name, sizeof(name), "%s" AUDIT_STATE_SUFFIX, path);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return;
	audit_state_read(fd, &s);
	(void)close(fd);
	/* Offset 0: it was just begun, and what is known is of another. */
	if (s.turn == 0 || s.at.seq == 0 || s.offset == 0)
		return;
	v->state.wanted = true;
	v->state_moved = file_moved(path, &s);
	v->state_seq = s.at.seq;
	memcpy(v->state.hash, s.at.hash, AUDIT_HASH);
}

/* An empty log whose lines are in a file beside it is being rotated. */
static void
end_look(struct verify *v)
{
	bool rotated = !v->begun && v->state_moved;

	if (v->state.wanted && !v->state.seen && !rotated) {
		fprintf(v->out,
		    "%s: line %" PRIu64 " of the chain is missing, which was "
		    "written: the end is cut off, or all of it was written "
		    "anew\n",
		    v->path, v->state_seq);
		v->faults++;
	}
	if (v->last.wanted && !v->last.seen) {
		fprintf(v->out, "%s: no good line has the hash %.*s\n", v->path,
		    AUDIT_HASH, v->last.hash);
		v->faults++;
	}
}

static void
end_say(const struct verify *v)
{
	if (v->ask->quiet)
		return;
	if (!v->begun) {
		fprintf(v->out, "%s: no line\n", v->path);
		return;
	}
	fprintf(v->out,
	    "%s: %" PRIu64 " lines that are good, of %" PRIu64 " to %" PRIu64
	    " of the chain; the last hash is %.*s\n",
	    v->path, v->lines, v->first, v->at.seq, AUDIT_HASH, v->at.hash);
	if (!v->state.wanted && !v->last.wanted)
		fprintf(v->out,
		    "%s: nothing says whether there were lines behind it\n",
		    v->path);
}

bool
audit_verify(const struct audit_verify *ask, FILE *out)
{
	struct verify v = { .ask = ask, .out = out };
	const char *why;

	if (!audit_chain_init(&v.chain, ask->key_file, &why)) {
		fprintf(out, "%s: cannot use it as a key: %s\n",
		    ask->key_file != NULL ? ask->key_file : "-", why);
		return false;
	}
	if (ask->last != NULL) {
		v.last.wanted = true;
		memcpy(v.last.hash, ask->last, strnlen(ask->last, AUDIT_HASH));
	}
	state_look(&v, ask->paths[ask->count - 1]);
	for (int i = 0; i < ask->count; i++)
		file_look(&v, ask->paths[i]);
	end_look(&v);
	end_say(&v);
	audit_chain_fini(&v.chain);
	return v.faults == 0;
}
