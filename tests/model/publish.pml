/*
 * publish.pml - protocol A: publish, pin, reclaim of images, with kills of
 * workers and of the master at every step, also during recovery.
 *
 * The labels W, M, R and K are those of shm/epoch.c. Checked: a worker never
 * reads an image whose pages were given back (content), pages are never given
 * back twice, and nothing is lost once the workers have left (the end of the
 * master). Memory is sequentially consistent here, as the words in shm/epoch.c
 * are, except pins: those are ordered by W5 and R1.
 *
 * -DMUTATION=n breaks one rule; each must be found (run.sh):
 *	1 pins are read before epochs          2 epoch announced after pub is read
 *	3 recovery keeps the old stamp         4 the stamp is taken before M2
 *	5 pages are given before the slot      6 recovery does not sweep the pages
 *	7 recovery leaves what was being built 8 a worker is settled, but not dead
 */
#ifndef MUTATION
#define MUTATION 0
#endif

#define WORKERS 2
#ifndef IMAGES
#define IMAGES 3
#endif
#ifndef PUBLISHES
#define PUBLISHES 3
#endif
#ifndef MASTER_KILLS
#define MASTER_KILLS 2
#endif
#define NONE 15
#define IDLE 31

mtype = { FREE, BUILDING, READY, RETIRED }

byte G = 1;
byte pub = NONE;        /* image */
byte pub_gen = 0;       /* in the same word */
byte epoch[WORKERS] = IDLE;
byte pin[6];            /* [w * IMAGES + image] */
byte content[IMAGES];   /* generation that is readable there; 0: none */

byte left = 0;          /* workers that have ended */

/* ---- worker: any number of turns and deaths ---- */

/* Elsewhere a death leaves the same words behind as at one of these places. */
#define MAY_DIE if :: true :: goto dead fi

#define READ(img, gen) assert(img == NONE || content[img] == gen)

proctype worker(byte w)
{
	byte e, cur = NONE, gen, held = NONE, held_gen;

turn:
	if
	:: held == NONE -> goto leave
	:: true
	fi;
#if MUTATION == 2
	atomic { cur = pub; gen = pub_gen };
	e = G;
	atomic { epoch[w] = e; e = 0 };
	MAY_DIE;
#else
W1:	e = G;
W2:	atomic { epoch[w] = e; e = 0 };
	MAY_DIE;
W3:	atomic { cur = pub; gen = pub_gen };
#endif
	if
	:: cur != NONE && held == NONE ->
W4:		atomic { pin[w * IMAGES + cur]++; held = cur; held_gen = gen };
		MAY_DIE
	:: true
	fi;
	READ(cur, gen);	/* the last one: what is gone does not come back */
W5:	atomic { epoch[w] = IDLE; cur = NONE; gen = 0 };
	MAY_DIE;
	READ(held, held_gen);
	if
	:: held != NONE ->
W6:		atomic { pin[w * IMAGES + held]--; held = NONE; held_gen = 0 }
	:: true
	fi;
	goto turn;

	/* Reaped; the keeper settles the slot, a successor lives in it. */
dead:
#if MUTATION != 8
	atomic { cur = NONE; gen = 0; held = NONE; held_gen = 0 };
#endif
	atomic {
		pin[w * IMAGES] = 0;
		pin[w * IMAGES + 1] = 0;
#if IMAGES == 3
		pin[w * IMAGES + 2] = 0
#endif
	};
	epoch[w] = IDLE;
#if MUTATION == 8
	READ(held, held_gen);
#endif
	atomic { cur = NONE; gen = 0; held = NONE; held_gen = 0 };
	goto turn;

leave:
	left++
}

/* ---- master ---- */

#define STEP if :: true :: master_kills > 0 -> \
	atomic { master_kills--; goto killed } fi

#define STAMP atomic { G++; assert(G < IDLE); stamp = G }
#define NEXT_UNLESS(cond) if :: cond :: else -> goto next fi

#define PASSED(w, img) (epoch[w] == IDLE || epoch[w] >= retire[img])

proctype master()
{
	/*
	 * Shared words, too, that survive the master; but no worker looks at
	 * them, and as locals they need no interleaving.
	 */
	mtype state[IMAGES] = FREE;
	byte retire[IMAGES];
	bool page[IMAGES]; /* the image has its extent */

	byte master_kills = MASTER_KILLS, published;
	byte i, new = NONE, old = NONE, stamp;
	bool last;

	/* K: recovery, also at the first start. */
recover:
	do
	:: i < IMAGES ->
		if
#if MUTATION != 7
		:: state[i] == BUILDING ->
			STEP;
K1:			atomic { state[i] = FREE; retire[i] = 0 }
#endif
		:: (state[i] == READY || state[i] == RETIRED) && pub != i ->
			STEP;
K2:			state[i] = RETIRED;
#if MUTATION != 3
			STEP;
			STAMP;
			STEP;
K3:			retire[i] = stamp
#endif
		:: else
		fi;
		atomic { i++; stamp = 0 }
	:: i == IMAGES -> break
	od;
	i = 0;
#if MUTATION != 6
	do
	:: i < IMAGES ->
		if
		:: page[i] && state[i] == FREE ->
			STEP;
K4:			atomic { page[i] = false; content[i] = 0 }
		:: else
		fi;
		i++
	:: i == IMAGES -> break
	od;
	i = 0;
#endif

reclaim:
	last = (left == WORKERS);
	do
	:: i < IMAGES ->
		if
		:: state[i] != RETIRED -> goto next
		:: else
		fi;
#if MUTATION == 1
		NEXT_UNLESS(pin[i] == 0);
		NEXT_UNLESS(pin[IMAGES + i] == 0);
		NEXT_UNLESS(PASSED(0, i));
		NEXT_UNLESS(PASSED(1, i));
#else
R1:		NEXT_UNLESS(PASSED(0, i));
		NEXT_UNLESS(PASSED(1, i));
R2:		NEXT_UNLESS(pin[i] == 0);
		NEXT_UNLESS(pin[IMAGES + i] == 0);
#endif
		STEP;
#if MUTATION == 5
		atomic { assert(page[i]); page[i] = false; content[i] = 0 };
		STEP;
		state[i] = FREE;
#else
R3:		atomic { state[i] = FREE; retire[i] = 0 };
		STEP;
R4:		atomic { assert(page[i]); page[i] = false; content[i] = 0 };
#endif
next:		i++
	:: i == IMAGES -> break
	od;
	i = 0;
	if
	:: published == PUBLISHES -> goto finish
	:: published < PUBLISHES
	fi;

	/* Build, when there is a slot; else reclaim again. */
	if
	:: state[0] == FREE -> new = 0
	:: state[0] != FREE && state[1] == FREE -> new = 1
#if IMAGES == 3
	:: state[0] != FREE && state[1] != FREE && state[2] == FREE -> new = 2
#endif
	:: else -> goto reclaim
	fi;
	STEP;
	atomic { assert(!page[new]); page[new] = true };
	STEP;
	state[new] = BUILDING;
	STEP;
	content[new] = pub_gen + 1;
	STEP;
M1:	state[new] = READY;
	STEP;
	old = pub;
#if MUTATION == 4
	STAMP;
	STEP;
#endif
M2:	atomic { pub = new; pub_gen = pub_gen + 1; published++ };
	if
	:: old != NONE ->
		STEP;
M3:		state[old] = RETIRED;
		STEP;
#if MUTATION != 4
		STAMP;
		STEP;
#endif
M4:		retire[old] = stamp
	:: else
	fi;
	atomic { new = NONE; old = NONE; stamp = 0 };
	goto reclaim;

killed:
	atomic { i = 0; new = NONE; old = NONE; stamp = 0;
		last = false };
	goto recover;

	/* A reclaim after all workers have left: nothing may be lost. */
finish:
	if
	:: !last ->
		left == WORKERS;
		goto reclaim
	:: last
	fi;
	do
	:: i < IMAGES ->
		assert(i == pub || (state[i] == FREE && !page[i]));
		assert(i != pub || (state[i] == READY && page[i]));
		i++
	:: i == IMAGES -> break
	od
}

init
{
	atomic { run worker(0); run worker(1); run master() }
}
