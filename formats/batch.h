/*
 * batch.h - what flows out of a trace: accesses or touches, and events.
 *
 * Everything comes in batches, each a structure of arrays. A batch is a
 * stretch of one thread in the global order of the recording: its accesses
 * (or touches), and then the events that came after them. A consumer handles
 * the accesses first and the events second, and so sees the recorded order.
 */
#ifndef PW_FORMATS_BATCH_H
#define PW_FORMATS_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/event.h"

/* What an access did: a set of bits, the wire format's own. */
enum pw_access_kind {
	PW_ACCESS_LOAD = 1,
	PW_ACCESS_STORE = 2,
	PW_ACCESS_MODIFY = 3, /* read-modify-write of the same bytes */
	PW_ACCESS_FETCH = 4,
	PW_ACCESS_KERNEL = 8, /* flag: by the kernel for the program */
	PW_ACCESS_FIRST = 16, /* flag: the first access of its instruction */
};

/* The kind without its flags. */
#define PW_ACCESS_KIND(bits) ((bits)&7)

/*
 * Accesses in order. An access may cross pages; a size of 0 is unknown and
 * counts as one byte. A pc of 0 is unknown.
 */
struct pw_accesses {
	size_t count;
	const uint64_t *address;
	const uint64_t *pc;
	const uint32_t *size_bytes;
	const uint8_t *kind; /* enum pw_access_kind bits */
};

/*
 * The last byte of an access: the first one for a size of 0, and the end of
 * the address space for one that would pass it.
 */
static inline uint64_t pw_access_last_byte(uint64_t address,
					   uint32_t size_bytes)
{
	const uint64_t last = address + (size_bytes ? size_bytes - 1 : 0);

	return last < address ? UINT64_MAX : last;
}

/*
 * Flags of a touch record. A record with any of CONTINUED, ORDER and UPGRADE
 * is not a touch of its own: it repairs or refines an earlier one of the same
 * page and side, and is not counted as a touch.
 */
enum pw_touch_flag {
	PW_TOUCH_FETCH = 1,	 /* instruction side; else data side */
	PW_TOUCH_LOAD_FIRST = 2, /* a load came before the first store */
	PW_TOUCH_CONTINUED = 4,	 /* the run goes on in a new batch */
	PW_TOUCH_ORDER = 8,	 /* keeps the order of I and D pages exact */
	PW_TOUCH_UPGRADE = 16,	 /* a run's first store in a batch, not in all;
				    with LOAD_FIRST the first load after it */
};

#define PW_TOUCH_NOT_COUNTED \
	(PW_TOUCH_CONTINUED | PW_TOUCH_ORDER | PW_TOUCH_UPGRADE)

/*
 * Touches: maximal runs of one thread, on one side, in one 4 KiB page, in the
 * order of their first accesses. An access that crosses pages is one
 * reference in each. A read-modify-write counts once, as a store.
 *
 * loads, stores and fetches of a record are those from it until the next
 * record of its side, of whatever kind: added up they are all references.
 */
struct pw_touches {
	size_t count;
	const uint64_t *page;	     /* address >> 12 */
	const uint64_t *instruction; /* thread's clock at the first access */
	const uint32_t *loads;
	const uint32_t *stores;
	const uint32_t *fetches;
	const uint8_t *flags; /* enum pw_touch_flag */
};

/* How many accesses of each kind there are. */
struct pw_tally {
	uint64_t loads; /* read-modify-writes included */
	uint64_t stores;
	uint64_t modifies;
	uint64_t fetches;
	uint64_t instructions; /* PW_ACCESS_FIRST bits */
};

/* Events in order, all of the batch's thread; see event.h. */
struct pw_events {
	size_t count;
	const uint16_t *kind;	/* enum pw_event_kind */
	const uint64_t *result; /* as the kernel returned it */
	const uint64_t (*arg)[PW_EVENT_ARGS];
	const char *const *text; /* a path, a name, or "" */
};

/*
 * A page is one page only in its address space. Spaces are numbered from 0 as
 * they begin, and no number comes again: a process begins with a new one, made
 * by fork or not, and so does each program that it executes. Threads share the
 * space of their process, and a child of vfork that of its parent until it
 * executes a program. What follows the end of a process is in its last space.
 */
struct pw_batch {
	uint32_t thread;	     /* index into the trace's threads */
	uint64_t space;		     /* address space of the accesses */
	uint64_t first_access;	     /* global number of the first access */
	uint64_t first_instruction;  /* thread's clock before the batch */
	uint64_t instruction_count;  /* instructions begun in the batch */
	uint64_t access_count;	     /* what it stands for, asked for or not */
	struct pw_tally tally;	     /* of these accesses */
	struct pw_accesses accesses; /* empty unless asked for */
	struct pw_touches touches;   /* likewise */
	struct pw_events events;
	bool goes_on; /* between readers and trace.c: the run is not over */
};

#endif
