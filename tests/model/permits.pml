/*
 * permits.pml - protocol B: permits counted in one word per resource, a ledger
 * per worker, with kills of workers at every store, also during recovery.
 *
 * The labels are those of shm/permit.c. Checked: what a worker has out, as the
 * words count it, is what its ledger says whenever it is between operations,
 * and nothing once it is recovered; never more than MAX are out.
 *
 * Memory is sequentially consistent. Numbers are whole here, in tags too;
 * shm/permit.c says why 36 bits of them will do. That tags may be forgotten
 * (F1) is part of the model.
 *
 * -DMUTATION=n breaks one rule; each must be found (run.sh):
 *	1 P2 before P1                         2 tags are overwritten without H1
 *	3 A2 before A1                         4 a REL is not done again
 *	5 B2 after C1                          6 H1 after C1
 *	7 a successor counts from 0 again      8 T1 after C1
 *	9 P3 before P2                        10 P1 takes an ACQ for HELD unasked
 *	11 F1 while an operation is pending   12 H1 without comparing: done falls
 */
#ifndef MUTATION
#define MUTATION 0
#endif
#ifndef WORKERS
#define WORKERS 2
#endif
#ifndef RESOURCES
#define RESOURCES 1
#endif
#ifndef MAX
#define MAX 2
#endif
/* What the first worker, and each of the others, goes through. */
#ifndef OPS
#define OPS 2           /* besides those of its recovery */
#endif
#ifndef KILLS
#define KILLS 2
#endif
#ifndef OTHER_OPS
#define OTHER_OPS OPS
#endif
#ifndef OTHER_KILLS
#define OTHER_KILLS KILLS
#endif
#define ENTRIES 2       /* of a ledger */

/* A word: {count, worker + 1, seq}. */
#define WORD(count, w, seq) ((count) << 6 | ((w) + 1) << 4 | (seq))
#define COUNT(o) ((o) >> 6)
#define TAGGED(o) (((o) >> 4) & 3)
#define SEQ(o) ((o) & 15)
#define HAS_TAG(o, w, seq) (((o) & 63) == WORD(0, w, seq))

/* An entry: {seq, resource, state}. */
#define FREE 0
#define ACQ 1
#define HELD 2
#define REL 3
#define ENTRY(seq, res, state) ((seq) << 3 | (res) << 2 | (state))
#define STATE(e) ((e) & 3)
#define RES(e) (((e) >> 2) & 1)
#define ESEQ(e) ((e) >> 3)

byte word[RESOURCES];
byte done[WORKERS];

#define HOLDS(k, r) (STATE(entry[k]) == HELD && RES(entry[k]) == (r))
#define COUNTED(r) (out[r] == HOLDS(0, r) + HOLDS(1, r))

/* What may happen instead of a store. */
#define KILLED atomic { kills > 0 -> kills--; goto killed }

#define OTHERS(o) (TAGGED(o) != 0 && TAGGED(o) != w + 1)
#define TELL(o, cond) if :: cond -> done[TAGGED(o) - 1] = SEQ(o) :: else fi

#define FORGET(r) if :: TAGGED(word[r]) == w + 1 -> \
	word[r] = COUNT(word[r]) << 6 :: else fi

proctype worker(byte w)
{
	/*
	 * Shared words, too, that survive the worker; but nobody else looks at
	 * them, and as locals they need no interleaving.
	 */
	byte entry[ENTRIES];
	byte high, opseq;

	byte out[RESOURCES]; /* as the words count it */
	byte ops = (w == 0 -> 0 : OPS - OTHER_OPS);
	byte kills = (w == 0 -> KILLS : OTHER_KILLS);

	byte k, res, o, d;
	bool up;        /* the operation is a take */
	bool applied;
	bool dead;      /* the keeper runs as w */
	bool second;    /* it is in P2 */

idle:
	atomic {
		k = 0; res = 0; o = 0; d = 0; up = false;
		assert(COUNTED(0));
#if RESOURCES == 2
		assert(COUNTED(1))
#endif
	};
	if
	:: atomic { ops < OPS -> ops++ }
	:: atomic { ops == OPS -> goto recover }
	fi;
	atomic {
		if
		:: STATE(entry[0]) == FREE -> up = true
		:: STATE(entry[0]) == HELD && STATE(entry[1]) == FREE ->
			k = 1; up = true
		:: STATE(entry[0]) == HELD -> res = RES(entry[0])
		:: STATE(entry[1]) == HELD -> k = 1; res = RES(entry[1])
		fi;
		if
		:: !up
		:: up && COUNT(word[0]) < MAX
		:: up && COUNT(word[0]) >= MAX -> goto idle
#if RESOURCES == 2
		:: up && COUNT(word[1]) < MAX -> res = 1
#endif
		fi
	};
#if MUTATION != 8
	if
	:: up && k >= high ->
T1:		if
		:: KILLED
		:: high = k + 1
		fi
	:: else
	fi;
#endif

operate:
	if
	:: true
	:: TAGGED(word[0]) == w + 1 ->
F1:		atomic { FORGET(0) }
	fi;
B1:	if
	:: KILLED
	:: opseq = opseq + 1
	fi;
	assert(opseq < 16);
#if MUTATION != 5
B2:	if
	:: KILLED
	:: entry[k] = ENTRY(opseq, res, (up -> ACQ : REL))
	fi;
#endif
	o = word[res];

replace:
	if
	:: up && COUNT(o) >= MAX -> goto ended
	:: else
	fi;
#if MUTATION != 2 && MUTATION != 6
	if
	:: OTHERS(o) -> d = done[TAGGED(o) - 1]
	:: else -> d = 15
	fi;
	do
	:: d >= SEQ(o) -> break
	:: d < SEQ(o) ->
H1:		if
		:: KILLED
		:: atomic {
			TELL(o, (MUTATION == 12 || done[TAGGED(o) - 1] == d));
			d = done[TAGGED(o) - 1] }
		fi
	od;
#endif
C1:	if
	:: KILLED
	:: atomic {
		d = 0;
		if
		:: word[res] != o -> o = word[res]; goto replace
		:: word[res] == o && up ->
			word[res] = WORD(COUNT(o) + 1, w, opseq);
			out[res] = out[res] + 1
		:: word[res] == o && !up ->
			assert(out[res] > 0);
			word[res] = WORD(COUNT(o) - 1, w, opseq);
			out[res] = out[res] - 1
		fi;
		assert(COUNT(word[res]) <= MAX) }
	fi;
#if MUTATION == 6
	if
	:: KILLED
	:: atomic { TELL(o, (OTHERS(o) && done[TAGGED(o) - 1] < SEQ(o))) }
	fi;
#endif
#if MUTATION == 5
	if
	:: KILLED
	:: entry[k] = ENTRY(opseq, res, (up -> ACQ : REL))
	fi;
#endif
#if MUTATION == 8
	if
	:: KILLED
	:: up && k >= high -> high = k + 1
	:: else
	fi;
#endif
#if MUTATION == 11
	atomic { FORGET(0) };
#endif
	if
	:: up ->
E1:		if
		:: KILLED
		:: atomic { entry[k] = ENTRY(0, res, HELD); goto idle }
		fi
	:: else
	fi;
	/* Dropped, or refused. */
ended:
	if
	:: KILLED
	:: atomic { entry[k] = FREE;
		if
		:: dead -> goto scan
		:: else -> goto idle
		fi }
	fi;

	/* Reaped; the keeper runs as w. */
killed:
recover:
	atomic { dead = true; second = (MUTATION == 1); k = 0 };
scan:
	atomic { res = 0; o = 0; d = 0; up = false };
	do
	:: k < high && !second && (STATE(entry[k]) == ACQ ||
	    STATE(entry[k]) == REL) -> break
	:: k < high && second && STATE(entry[k]) == HELD ->
P2:		atomic { res = RES(entry[k]); goto operate }
	:: k >= high && second == (MUTATION != 1) -> goto recovered
	:: k >= high && second == (MUTATION == 1) ->
		atomic { second = !second; k = 0 }
#if MUTATION == 9
		if
		:: KILLED
		:: high = 0
		fi
#endif
	:: else -> k++
	od;

	/* The pending one. */
	res = RES(entry[k]);
#if MUTATION == 3
	d = done[w];
#endif
A1:	o = word[res];
#if MUTATION != 3
A2:	d = done[w];
#endif
	atomic {
		applied = HAS_TAG(o, w, ESEQ(entry[k])) || d >= ESEQ(entry[k]);
#if MUTATION == 10
		applied = applied || STATE(entry[k]) == ACQ;
#endif
		o = 0; d = 0;
#if MUTATION != 4
		if
		:: STATE(entry[k]) == REL && !applied -> goto operate
		:: else
		fi
#endif
	};
P1:	if
	:: KILLED
	:: STATE(entry[k]) == ACQ && applied ->
		entry[k] = ENTRY(0, res, HELD)
	:: STATE(entry[k]) != ACQ || !applied ->
		entry[k] = FREE
	fi;
	atomic { applied = false; goto scan };

recovered:
	atomic {
		k = 0;
		assert(out[0] == 0);
#if RESOURCES == 2
		assert(out[1] == 0);
#endif
		assert(STATE(entry[0]) == FREE && STATE(entry[1]) == FREE)
	};
P3:	if
	:: KILLED
	:: high = 0
	fi;
	/* A successor; or it had left by itself. */
	atomic {
		dead = false; second = false;
#if MUTATION == 7
		opseq = 0;
#endif
		if
		:: ops < OPS -> goto idle
		:: ops == OPS
		fi
	}
}

init {
	atomic {
		run worker(0);
		run worker(1);
#if WORKERS == 3
		run worker(2)
#endif
	}
}
