/*
 * limiter.pml - protocol D: one set of the limiter, whose places are claimed,
 * charged, taken away and claimed again by workers, with kills at every store.
 * The labels are those of shm/limiter.c.
 *
 * Checked: no key has two places that are LIVE; never more than MAX are
 * admitted for a key, but for what was forgotten with its place.
 *
 * Time stands still; a place that nothing was charged to is one whose time is
 * over, and the sweeper may empty it. Workers 0 and 1 want key 1, the others
 * key 2, so that places change hands. Two workers could take one place from
 * each other for ever, each between K1 and C of the other: a place is claimed
 * VERSIONS times, then they give up. Memory is sequentially consistent;
 * versions are whole.
 *
 * -DMUTATION=n breaks one rule; each must be found (run.sh):
 *	1 K1 makes the place LIVE at once      2 K3 looks at no other place
 *	3 a higher PENDING is left alone       4 a lower PENDING is left alone
 *	5 LIVE elsewhere is left alone         6 C is a load and a store
 *	7 K1 has no version of its own
 */
#ifndef MUTATION
#define MUTATION 0
#endif
#ifndef WORKERS
#define WORKERS 3
#endif
#ifndef WAYS
#define WAYS 2
#endif
#ifndef OPS
#define OPS 1           /* of each worker */
#endif
#ifndef KILLS
#define KILLS 0         /* of worker 0 */
#endif
#ifndef SWEEPS
#define SWEEPS 0
#endif
#ifndef REFUNDS
#define REFUNDS 0       /* may a charge be given back? */
#endif
#ifndef VERSIONS
#define VERSIONS 3
#endif
#define MAX 1

/* A place's word: {version, spent, key, state}. */
#define EMPTY 0
#define PENDING 1
#define LIVE 2
#define STATE(o) ((o) & 3)
#define KEY(o) (((o) >> 2) & 3)
#define SPENT(o) (((o) >> 4) & 3)
#define VERSION(o) ((o) >> 6)
#define WORD(version, key, state) ((version) << 6 | (key) << 2 | (state))
#define OLD(o) (VERSION(o) >= VERSIONS)
#define IS_OF(o, key) (KEY(o) == (key) && STATE(o) != EMPTY)

short word[WAYS];
byte admitted[3]; /* by key, since its place was last taken away */

#define LIVES(i, key) (KEY(word[i]) == (key) && STATE(word[i]) == LIVE)
#define UNIQUE(key) (LIVES(0, key) + LIVES(1, key) + \
	(WAYS > 2 && LIVES(WAYS - 1, key)) <= 1)

/* What may happen instead of a store. */
#define KILLED atomic { kills > 0 -> kills--; goto idle }

/* What is forgotten with a place of the old word, which was LIVE. */
#define FORGET(o) \
	if \
	:: STATE(o) == LIVE -> admitted[KEY(o)] = 0 \
	:: else \
	fi

#define SWAP(place, from, to) \
	if \
	:: KILLED \
	:: atomic { \
		if \
		:: word[place] == (from) -> word[place] = to; \
			assert(UNIQUE(1) && UNIQUE(2)) \
		:: else \
		fi } \
	fi

/* Uses p, j, to. */
#define PROMOTE(place, o) \
	to = LIVE; j = 0; \
	do \
	:: j < WAYS && (j == place || MUTATION == 2) -> j++ \
	:: j < WAYS && j != place && MUTATION != 2 -> \
		p = word[j]; \
		if \
		:: !IS_OF(p, KEY(o)) -> j++ \
		:: IS_OF(p, KEY(o)) && MUTATION == 5 && STATE(p) == LIVE -> \
			j++ \
		:: IS_OF(p, KEY(o)) && MUTATION == 4 && \
		    STATE(p) == PENDING && j < place -> j++ \
		:: IS_OF(p, KEY(o)) && MUTATION == 3 && \
		    STATE(p) == PENDING && j > place -> j++ \
		:: IS_OF(p, KEY(o)) && STATE(p) == PENDING && j > place && \
		    MUTATION != 3 -> \
			SWAP(j, p, WORD(VERSION(p), 0, EMPTY)) \
		:: else -> to = EMPTY; break \
		fi \
	:: j == WAYS -> break \
	od; \
	if \
	:: to == LIVE -> SWAP(place, o, WORD(VERSION(o), KEY(o), LIVE)) \
	:: else -> SWAP(place, o, WORD(VERSION(o), 0, EMPTY)) \
	fi

proctype worker(byte w)
{
	byte ops, i, j, to;
	byte key = (w < 2 -> 1 : 2);
	byte kills = (w == 0 -> KILLS : 0);
	short o, p;

idle:
	atomic {
		if
		:: ops == OPS -> goto ended
		:: ops < OPS -> ops++
		fi
	};
again:
	/* set_find */
	atomic { i = 0; j = 0; to = 0; o = 0; p = 0 };
	do
	:: i < WAYS ->
		o = word[i];
		if
		:: IS_OF(o, key) -> goto found
		:: else -> i++
		fi
	:: i == WAYS -> break
	od;
	/* set_claim: an empty place; else settles who is PENDING; else any. */
	i = 0;
	do
	:: i < WAYS ->
		o = word[i];
		if
		:: STATE(o) == EMPTY -> goto claim
		:: else -> i++
		fi
	:: i == WAYS -> break
	od;
	i = 0;
	do
	:: i < WAYS ->
		o = word[i];
		if
		:: STATE(o) == PENDING -> PROMOTE(i, o); goto again
		:: else -> i++
		fi
	:: i == WAYS -> break
	od;
	if
	:: i = 0
	:: i = WAYS - 1
	fi;
	o = word[i];
	if
	:: STATE(o) != LIVE -> goto again
	:: else
	fi;
claim:
	if
	:: OLD(o) -> goto idle
	:: else
	fi;
#if MUTATION == 1
	p = WORD(VERSION(o) + 1, key, LIVE);
#elif MUTATION == 7
	p = WORD(VERSION(o), key, PENDING);
#else
	p = WORD(VERSION(o) + 1, key, PENDING);
#endif
K1:	if
	:: KILLED
	:: atomic {
		if
		:: word[i] == o -> FORGET(o); word[i] = p;
			assert(UNIQUE(1) && UNIQUE(2))
		:: else
		fi }
	fi;
	goto again;

found:
	if
	:: STATE(o) == PENDING -> PROMOTE(i, o); goto again
	:: STATE(o) == LIVE && SPENT(o) >= MAX -> goto idle /* refused */
	:: else
	fi;
C:	if
	:: KILLED
	:: atomic { word[i] != o && MUTATION != 6 -> goto again }
	:: atomic { word[i] == o || MUTATION == 6 ->
		word[i] = o + (1 << 4);
		admitted[key]++;
		assert(admitted[key] <= MAX) }
	fi;
	if
	:: goto idle
	:: REFUNDS != 0 -> skip /* something else refuses: it gives it back */
	fi;
	/* refund, if its place is there still */
	atomic { i = 0; o = 0 };
	do
	:: i < WAYS ->
		o = word[i];
		if
		:: IS_OF(o, key) && STATE(o) == LIVE && SPENT(o) != 0 -> break
		:: else -> i++
		fi
	:: i == WAYS -> goto idle
	od;
	if
	:: KILLED
	:: atomic {
		if
		:: word[i] == o -> word[i] = o - (1 << 4); admitted[key]--
		:: else
		fi }
	fi;
	goto idle;
ended:
	skip
}

proctype sweeper()
{
	byte sweeps, i;
	short o;

	do
	:: sweeps < SWEEPS ->
		sweeps++;
		i = 0;
		do
		:: i < WAYS ->
			o = word[i];
			if
			:: STATE(o) == LIVE && SPENT(o) == 0 ->
				atomic {
					if
					:: word[i] == o ->
						word[i] = WORD(VERSION(o), 0, EMPTY)
					:: else
					fi }
			:: else
			fi;
			i++
		:: i == WAYS -> break
		od
	:: sweeps == SWEEPS -> break
	od
}

init {
	atomic {
		byte n = 0;
		do
		:: n < WORKERS -> run worker(n); n++
		:: n == WORKERS -> break
		od;
		run sweeper()
	}
}
