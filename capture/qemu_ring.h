/*
 * qemu_ring.h - the memory that the recorder shares with the plugin inside
 * each emulated process.
 *
 * One region holds a control page and rings. Each thread of each process fills
 * a ring of its own with words: what blocks it executed, what they touched,
 * and events. Each process has one more ring for the blocks it translated. The
 * recorder empties them. Nothing is dropped: a thread whose ring is full waits.
 *
 * A ring is owned by the thread that claimed it; the recorder frees it when its
 * owner is gone and it is empty. Positions count words since the claim and
 * never wrap; a word is at its position modulo PW_RING_WORDS.
 *
 * Words:
 *
 *   bit 63 clear: a piece of memory that an instruction of the block touched.
 *     0..47 address, 48 store, 49..51 log2 of its size, 52..60 number of the
 *     instruction in the block.
 *   bit 63 set: 60..62 are an enum pw_word_type, 0..59 its operand.
 *
 * Order between rings: a thread writes a STAMP, nanoseconds of the monotonic
 * clock, before each stretch of words, and begins a new stretch after at most
 * PW_STRETCH_WORDS, after each system call, and as soon as another thread of
 * its process has changed the address space. The recorder takes stretches by
 * their stamps.
 */
#ifndef PW_CAPTURE_QEMU_RING_H
#define PW_CAPTURE_QEMU_RING_H

#include <stdatomic.h>
#include <stdint.h>

#define PW_REGION_MAGIC UINT64_C(0x31676e6952575000)
#define PW_RINGS 1024
/* Of these, for the first thread of a process, and for its blocks. */
#define PW_RINGS_VITAL 128
#define PW_RING_WORDS ((uint64_t)128 << 10)
#define PW_RING_HEAD_BYTES 4096
#define PW_RING_BYTES (PW_RING_HEAD_BYTES + PW_RING_WORDS * 8)
#define PW_REGION_BYTES (PW_RING_HEAD_BYTES + PW_RINGS * PW_RING_BYTES)

#define PW_STRETCH_WORDS 8192
/*
 * Room that is certain when a check of the ring has passed. Checks are made at
 * each block and then every PW_CHECK_INSTRUCTIONS; no instruction makes more
 * than 120 pieces (xsave), and an event with the longest text is 528 words.
 */
#define PW_RESERVE_WORDS ((uint64_t)16 << 10)
#define PW_CHECK_INSTRUCTIONS 128

#define PW_WORD_CONTROL (UINT64_C(1) << 63)
#define PW_WORD_TYPE_SHIFT 60
#define PW_WORD_OPERAND ((UINT64_C(1) << 60) - 1)
#define PW_PIECE_ADDRESS ((UINT64_C(1) << 48) - 1)
#define PW_PIECE_TAG_SHIFT 48
#define PW_PIECE_STORE (UINT64_C(1) << 48)
#define PW_PIECE_SIZE_SHIFT 49
#define PW_PIECE_INSN_SHIFT 52
#define PW_BLOCK_INSNS_MAX 512

enum pw_word_type {
	PW_WORD_BLOCK, /* operand: number of the block in its process */
	PW_WORD_STAMP, /* operand: nanoseconds */
	/*
	 * Operand: 0..15 kind, 16..31 words that follow: result, arguments as
	 * many as operand bits 32..39 say, and the text, padded with zeros.
	 * Kinds from PW_NOTE_FIRST on are notes to the recorder.
	 */
	PW_WORD_EVENT,
	PW_WORD_KERNEL, /* operand: 1 for a store; address and bytes follow */
	/*
	 * In the ring of translated blocks. Operand: number; then pc, a word
	 * of 0..15 instructions, 16..31 bytes before the last of them and
	 * 32..63 bytes of code, and the code padded with zeros.
	 */
	PW_WORD_CODE,
};

/* What the plugin tells the recorder, in the form of events. */
enum pw_note {
	PW_NOTE_FIRST = 0x8000,
	PW_NOTE_START, /* a new image: parent tid, floor; text: path */
	/* A new process: parent pid, parent tid, blocks, parent's image. */
	PW_NOTE_FORKED,
	PW_NOTE_THREAD,	 /* a new thread: parent tid */
	PW_NOTE_CPU,	 /* cpu */
	PW_NOTE_END,	 /* of the thread */
	PW_NOTE_HANDLER, /* signal, address of its handler */
	PW_NOTE_NATIVE,	 /* the process goes on unrecorded; text: why */
	PW_NOTE_STAYED,	 /* no: the exec has failed */
	PW_NOTE_MAPPED,	 /* a file was mapped: address */
};

enum pw_ring_state {
	PW_RING_FREE,
	PW_RING_CLAIMED, /* being set up by its owner */
	PW_RING_THREAD,
	PW_RING_CODE,
	PW_RING_DONE, /* no more will come */
};

struct pw_ring {
	/* Written by the owner; limit by other threads of the process too. */
	_Atomic uint64_t head;
	_Atomic uint64_t limit; /* at this position look before going on */
	uint64_t owner[6];
	/* Written by the recorder. */
	_Atomic uint64_t tail;
	_Atomic uint32_t space;	 /* futex: counts wakes of a waiting owner */
	_Atomic uint32_t answer; /* futex: 1 once a note has been answered */
	uint64_t recorder[6];
	/* Written seldom. */
	_Atomic uint32_t state;	  /* enum pw_ring_state */
	_Atomic uint32_t waiting; /* the owner waits for room */
	_Atomic uint32_t pid;
	_Atomic uint32_t tid;
	_Atomic uint64_t image; /* differs between images of one process */
	/*
	 * No words before this stamp will follow; UINT64_MAX while the owner is
	 * in a system call.
	 */
	_Atomic uint64_t open_stamp;
};

enum pw_region_off {
	PW_REGION_ON,
	PW_REGION_ENDED,  /* nothing is recorded any more */
	PW_REGION_KILLED, /* the recorder is gone: its targets end, too */
};

struct pw_region {
	uint64_t magic;
	uint32_t recorder_pid;
	uint64_t pid_namespace; /* inode of the one in which that is its pid */
	uint32_t follow_children; /* processes that fork are recorded too */
	_Atomic uint32_t off;	  /* enum pw_region_off */
	_Atomic uint32_t bell;	  /* futex: the recorder should look */
	_Atomic uint32_t claims;  /* rings claimed so far */
	/* What found no free ring and goes unrecorded. */
	_Atomic uint32_t threads_missed;
	_Atomic uint32_t processes_missed;
	_Atomic uint32_t processes_hidden; /* in another pid namespace */
};

_Static_assert(sizeof(struct pw_ring) <= PW_RING_HEAD_BYTES, "fits");
_Static_assert(sizeof(struct pw_region) <= PW_RING_HEAD_BYTES, "fits");

static inline struct pw_ring *pw_region_ring(void *region, unsigned number)
{
	return (struct pw_ring *)(void *)((uint8_t *)region +
					  PW_RING_HEAD_BYTES +
					  number * PW_RING_BYTES);
}

static inline uint64_t *pw_ring_words(struct pw_ring *ring)
{
	return (uint64_t *)(void *)((uint8_t *)ring + PW_RING_HEAD_BYTES);
}

static inline uint64_t pw_word(enum pw_word_type type, uint64_t operand)
{
	return PW_WORD_CONTROL | (uint64_t)type << PW_WORD_TYPE_SHIFT | operand;
}

#endif
