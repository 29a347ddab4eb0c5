/*
 * limiter.pml - protocol D: one set of the limiter, whose places are claimed,
 * charged, taken away and claimed again by workers, with kills at every store.
 * The labels are those of shm/limiter.c.
 *
 * A place has two halves, which are loaded one by one and swapped at once. It is
 * a window's: `over` says when that ends, and the next charge after that begins
 * another one. (A bucket is a window without an end, for all that matters here.)
 *
 * Checked: no key has two places that are LIVE; never more than MAX are
 * admitted for a key in a window, but for what was forgotten with its place; who
 * has read both halves of a LIVE place has seen them as they were together,
 * unless the place has changed hands twice meanwhile.
 *
 * Time goes from window 0 to TIMES; each operation looks at the clock once, so
 * that workers are behind, by one window at most. A place that nothing was charged to is one whose time
 * is over, and the sweeper may empty it. Workers 0 and 1 want key 1, each
 * other one a key of its own, so that places change hands. Two workers could take one place from
 * each other for ever, each between K1 and C of the other: after CLAIMS claims
 * they give up. Memory is sequentially consistent.
 *
 * -DMUTATION=n breaks one rule; each must be found (run.sh):
 *	1 K1 makes the place LIVE at once      2 K3 looks at no other place
 *	3 a higher PENDING is left alone       4 a lower PENDING is left alone
 *	5 LIVE elsewhere is left alone         6 C is a load and a store
 *	7 K1 has no number of its own          8 C swaps the lower half alone
 *	9 hi is not loaded again               10 who is behind begins a window
 *	11 a refund goes to whatever window    12 what is just over is swept
 *	13 a refusal puts right by a store
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
#ifndef OCCUPIED
#define OCCUPIED 0      /* has somebody else the first place, uncharged? */
#endif
#ifndef SLEEPER
#define SLEEPER 0       /* did one stand still before K3 of claim 0? */
#endif
#ifndef TORN
#define TORN 0          /* are the halves loaded one by one? */
#endif
#ifndef TIMES
#define TIMES 0
#endif
#ifndef CLAIMS
#define CLAIMS 4
#endif
#define MAX 1

/* hi: {over, key, state}; lo: what was spent, or the number of the claim. */
#define EMPTY 0
#define PENDING 1
#define LIVE 2
#define STATE(h) ((h) & 3)
#define KEY(h) (((h) >> 2) & 3)
#define OVER(h) ((h) >> 4)
#define HI(over, key, state) ((over) << 4 | (key) << 2 | (state))
#define IS_OF(h, key) (KEY(h) == (key) && STATE(h) != EMPTY)

byte hi[WAYS], lo[WAYS];
byte now, claims;
byte clock[WORKERS] = TIMES; /* what each one takes for now */
byte admitted[4 * (TIMES + 1)]; /* by window and key, unless forgotten */
#if TORN
byte hands[WAYS]; /* how often it was claimed or swept */
#define TAKEN(i) hands[i]++
#else
#define TAKEN(i) skip
#endif

#define ALL_SEE(t) (clock[0] >= t && clock[1] >= t && \
	(WORKERS < 3 || clock[WORKERS - 1] >= t) && \
	(WORKERS < 4 || clock[WORKERS - 2] >= t))
#define ADMITTED(over, key) admitted[((over) - 1) * 4 + (key)]
#define LIVES(i, key) (KEY(hi[i]) == (key) && STATE(hi[i]) == LIVE)
#define UNIQUE(key) (LIVES(0, key) + LIVES(1, key) + \
	(WAYS > 2 && LIVES(WAYS - 1, key)) <= 1)

/* What may happen instead of a store. */
#define KILLED atomic { kills > 0 -> kills--; goto idle }

/* Loads a place into h and l; uses whole, hands_then. */
#if TORN
#define READ(place) \
	atomic { h = hi[place]; hands_then = hands[place] }; \
	do \
	:: atomic { true -> l = lo[place]; whole = (hi[place] == h) }; \
		if \
		:: atomic { h == hi[place] || MUTATION == 9 -> \
			assert(whole || STATE(h) != LIVE || OVER(h) == 0 || \
				hands[place] - hands_then >= 2); \
			whole = 0; hands_then = 0; break } \
		:: atomic { h != hi[place] && MUTATION != 9 -> \
			h = hi[place]; hands_then = hands[place] } \
		fi \
	od
#else
#define READ(place) atomic { h = hi[place]; l = lo[place] }
#endif

#define SWAP(place, h, l, to_h, to_l) \
	if \
	:: KILLED \
	:: atomic { \
		if \
		:: hi[place] == (h) && lo[place] == (l) -> \
			hi[place] = to_h; lo[place] = to_l; \
			assert(UNIQUE(1) && UNIQUE(2)) \
		:: else \
		fi } \
	fi

/* Settles what h and l say of a place; uses j, to, h2, l2. */
#define PROMOTE(place) \
	to = LIVE; j = 0; h2 = h; l2 = l; \
	do \
	:: j < WAYS && (j == place || MUTATION == 2) -> j++ \
	:: j < WAYS && j != place && MUTATION != 2 -> \
		READ(j); \
		if \
		:: !IS_OF(h, KEY(h2)) -> j++ \
		:: IS_OF(h, KEY(h2)) && MUTATION == 5 && STATE(h) == LIVE -> \
			j++ \
		:: IS_OF(h, KEY(h2)) && MUTATION == 4 && \
		    STATE(h) == PENDING && j < place -> j++ \
		:: IS_OF(h, KEY(h2)) && MUTATION == 3 && \
		    STATE(h) == PENDING && j > place -> j++ \
		:: IS_OF(h, KEY(h2)) && STATE(h) == PENDING && j > place && \
		    MUTATION != 3 -> \
			SWAP(j, h, l, 0, 0) \
		:: else -> to = EMPTY; break \
		fi \
	:: j == WAYS -> break \
	od; \
	if \
	:: to == LIVE -> SWAP(place, h2, l2, HI(0, KEY(h2), LIVE), 0) \
	:: else -> SWAP(place, h2, l2, 0, 0) \
	fi

proctype worker(byte w)
{
	byte ops, i, j, to, time, over;
	byte h, l, h2, l2, hands_then;
	bool whole;
	byte key = (w < 2 -> 1 : w);
	byte kills = (w == 0 -> KILLS : 0);

idle:
	atomic {
		i = 0; j = 0; to = 0; over = 0; h = 0; l = 0; h2 = 0; l2 = 0;
		whole = 0; hands_then = 0;
		clock[w] = TIMES;
		if
		:: ops == OPS -> goto ended
		:: ops < OPS -> ops++; time = now; clock[w] = now
		fi
	};
again:
	/* limit_find */
	atomic { i = 0; j = 0; to = 0; over = 0; h = 0; l = 0; h2 = 0; l2 = 0 };
	do
	:: atomic { i < WAYS && !IS_OF(hi[i], key) -> i++ }
	:: i < WAYS && IS_OF(hi[i], key) ->
		READ(i);
		if
		:: IS_OF(h, key) -> goto found
		:: else -> i++
		fi
	:: i == WAYS -> break
	od;
	/* limit_victim: an empty place; settles who is PENDING; else any, but
	 * not the one that somebody else has claimed for the key meanwhile. */
	i = 0;
	do
	:: i < WAYS ->
		READ(i);
		if
		:: STATE(h) == EMPTY -> goto claim
		:: STATE(h) == PENDING -> PROMOTE(i); goto again
		:: STATE(h) == LIVE && KEY(h) == key -> goto again
		:: else -> i++
		fi
	:: i == WAYS -> break
	od;
	if
	:: i = 0
	:: i = WAYS - 1
	fi;
	READ(i);
	if
	:: STATE(h) != LIVE || KEY(h) == key -> goto again
	:: else
	fi;
claim:
	atomic {
		if
		:: claims == CLAIMS -> goto idle
		:: claims < CLAIMS ->
#if MUTATION != 7
			l2 = claims;
#endif
			claims++
		fi;
#if MUTATION == 1
		h2 = HI(0, key, LIVE)
#else
		h2 = HI(0, key, PENDING)
#endif
	};
K1:	if
	:: KILLED
	:: atomic {
		if
		:: hi[i] == h && lo[i] == l ->
			if
			:: STATE(h) == LIVE && OVER(h) != 0 ->
				ADMITTED(OVER(h), KEY(h)) = 0
			:: else
			fi;
			hi[i] = h2; lo[i] = l2; TAKEN(i);
			assert(UNIQUE(1) && UNIQUE(2))
		:: else
		fi }
	fi;
	goto again;

found:
	/* limiter_take */
	if
	:: STATE(h) == PENDING -> PROMOTE(i); goto again
	:: else
	fi;
	atomic {
		l2 = l; over = OVER(h);
		if
		:: over <= time || (MUTATION == 10 && over != time + 1) ->
			l2 = 0; over = time + 1 /* another window */
		:: else
		fi;
		if
		:: l2 >= MAX -> goto refused
		:: else
		fi
	};
C:	if
	:: KILLED
	:: atomic { (hi[i] != h || lo[i] != l) && MUTATION != 6 &&
		(MUTATION != 8 || lo[i] != l) -> goto again }
	:: atomic { (hi[i] == h && lo[i] == l) || MUTATION == 6 ->
		hi[i] = HI(over, key, LIVE);
		lo[i] = l2 + 1;
		ADMITTED(over, key)++;
		assert(ADMITTED(over, key) <= MAX) }
#if MUTATION == 8
	:: atomic { hi[i] != h && lo[i] == l ->
		lo[i] = l2 + 1;
		ADMITTED(over, key)++;
		assert(STATE(hi[i]) != EMPTY && IS_OF(hi[i], key)) }
#endif
	fi;
	if
	:: goto idle
	:: REFUNDS != 0 -> skip /* something else refuses: it gives it back */
	fi;
	/* limiter_refund, if its place is there still, in that window */
	atomic { i = 0; h = 0; l = 0; l2 = 0 };
	do
	:: atomic { i < WAYS && !IS_OF(hi[i], key) -> i++ }
	:: i < WAYS && IS_OF(hi[i], key) ->
		READ(i);
		if
		:: IS_OF(h, key) && STATE(h) == LIVE && l != 0 &&
		    (OVER(h) == over || MUTATION == 11) -> break
		:: else -> i++
		fi
	:: i == WAYS -> goto idle
	od;
	if
	:: KILLED
	:: atomic {
		if
		:: hi[i] == h && lo[i] == l -> lo[i] = l - 1;
			ADMITTED(over, key)--
		:: else
		fi }
	fi;
	goto idle;
refused:
	/* What another rate has left is put right: a charge of nothing. */
	if
	:: goto idle
	:: MUTATION != 13 -> SWAP(i, h, l, HI(over, key, LIVE), l2)
	:: atomic { MUTATION == 13 ->
		hi[i] = HI(over, key, LIVE); lo[i] = l2;
		assert(UNIQUE(1) && UNIQUE(2)) }
	fi;
	goto idle;
ended:
	skip
}

proctype sweeper()
{
	byte sweeps, i, h, l, hands_then;
	bool whole;

	do
	:: sweeps < SWEEPS ->
		sweeps++;
		i = 0;
		do
		:: i < WAYS ->
			READ(i);
			if
			:: STATE(h) == LIVE && (OVER(h) == 0 ||
			    OVER(h) < now ||
			    (MUTATION == 12 && OVER(h) <= now)) ->
				atomic {
					if
					:: hi[i] == h && lo[i] == l ->
						hi[i] = 0; lo[i] = 0; TAKEN(i)
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

/* It looked round for the last place, which was emptied since. */
proctype sleeper()
{
	byte kills;

	if
	:: SLEEPER -> SWAP(WAYS - 1, HI(0, 1, PENDING), 0, HI(0, 1, LIVE), 0)
	:: else
	fi;
idle:
	skip
}

proctype ticker()
{
	do
	:: atomic { now < TIMES && ALL_SEE(now) -> now++ }
	:: now == TIMES -> break
	od
}

init {
	atomic {
		byte n = 0;
		claims = SLEEPER;
		hi[0] = (OCCUPIED -> HI(0, 3, LIVE) : 0);
		do
		:: n < WORKERS -> run worker(n); n++
		:: n == WORKERS -> break
		od;
		run sweeper();
		run sleeper();
		run ticker()
	}
}
