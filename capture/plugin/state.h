/*
 * state.h - what the plugin knows inside one emulated process.
 *
 * The plugin keeps no file and no thread-local state: the program may close
 * any descriptor, be killed without notice, fork and exec. Everything a thread
 * has done is in the shared ring the moment it has happened.
 */
#ifndef PW_CAPTURE_PLUGIN_STATE_H
#define PW_CAPTURE_PLUGIN_STATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "capture/call.h"
#include "capture/qemu_ring.h"

/* More than a process can have: each needs several of its 65530 mappings. */
#define PW_VCPUS 65536
#define PW_PATH_BYTES 4096

/* One thread; QEMU uses the index again after the thread has ended. */
struct pw_vcpu {
	struct pw_ring *ring; /* NULL: not recorded */
	bool started;	      /* it has said who it is */
	bool first;	      /* the first of its image */
	bool in_call;
	bool locked; /* it holds pw_plugin.space_lock */
	uint32_t parent_tid;
	uint32_t cpu;
	uint64_t clear_tid; /* word that its end clears; 0: none */
	uint64_t set_tid;   /* word that its start has set; 0: none */
	struct pw_call call;
};

struct pw_plugin {
	void *region; /* struct pw_region and the rings */
	struct pw_ring *code;
	pid_t pid;	   /* of the process this belongs to */
	uint64_t image;	   /* when this image of it began */
	uint32_t blocks;   /* translated so far */
	uint32_t vcpu_end; /* indexes below it have been used */
	uint64_t floor;	   /* QEMU's own memory begins here */
	enum pw_call_machine machine;
	_Atomic uint32_t space_lock; /* order of address-space calls */
	bool started;		     /* the image has been announced */
	bool followed;		     /* it is recorded */
	_Atomic uint64_t ignored;    /* signals set to SIG_IGN; bit 0: 1 */
	uint64_t region_device;
	uint64_t region_inode;
	char program[PW_PATH_BYTES]; /* what QEMU runs; "" when unknown */
	char qemu[PW_PATH_BYTES];
	char self[PW_PATH_BYTES];
	char region_path[PW_PATH_BYTES];
	struct pw_vcpu vcpu[PW_VCPUS];
};

extern struct pw_plugin pw_plugin;

/* Where callbacks of a thread write; a private sink when unrecorded. */
extern struct pw_ring *pw_vcpu_ring[PW_VCPUS];

/*
 * Whether the recording has ended, or the recorder is gone.
 */
bool pw_plugin_off(void);

/*
 * Claim a free ring for this process, or NULL. The last ones are left to
 * @vital claims, without which nothing of a process is recorded.
 */
struct pw_ring *pw_ring_claim(bool vital);

/*
 * The recorder was killed: so is this process then, as if by its tracer.
 */
void pw_plugin_end_orphan(void);

/*
 * Threads, or processes, that go unrecorded because there is no ring.
 */
void pw_plugin_missed(bool process);

/*
 * Memory of the owner of @ring between the entry and the return of a call.
 */
struct pw_call_scratch *pw_ring_scratch(const struct pw_ring *ring);

/*
 * Let the recorder see a claimed ring.
 */
void pw_ring_publish(struct pw_ring *ring, enum pw_ring_state state);

/*
 * Begin a new image or process: what was claimed before belongs to another.
 */
void pw_plugin_new_image(void);

/*
 * Give the thread a ring, or the sink when there is none.
 */
void pw_vcpu_open(unsigned vcpu);

/*
 * Nothing more will come from the thread.
 */
void pw_vcpu_close(unsigned vcpu);

/*
 * The thread has reached the limit of its ring: make room, answer requests and
 * begin a stretch.
 */
void pw_vcpu_check(unsigned vcpu);

/*
 * Begin a stretch now.
 */
void pw_vcpu_stretch(unsigned vcpu);

/*
 * Make the other threads of the process begin a stretch at their next block.
 */
void pw_vcpus_bump(unsigned vcpu);

/*
 * Wait until @ring has room for PW_RESERVE_WORDS.
 */
void pw_ring_wait(struct pw_ring *ring);

/*
 * Put one word into @ring.
 */
static inline void pw_ring_put(struct pw_ring *ring, uint64_t word)
{
	uint64_t head = atomic_load_explicit(&ring->head, memory_order_relaxed);

	pw_ring_words(ring)[head & (PW_RING_WORDS - 1)] = word;
	atomic_store_explicit(&ring->head, head + 1, memory_order_release);
}

/*
 * Put an event, or a note to the recorder, of @args arguments.
 */
void pw_ring_event(struct pw_ring *ring, unsigned kind,
		   const struct pw_event *event, unsigned args);

/*
 * Put a note of two arguments.
 */
void pw_ring_note(struct pw_ring *ring, enum pw_note note, uint64_t first,
		  uint64_t second, const char *text);

/*
 * Wait until the recorder has dealt with the note put last.
 */
void pw_ring_await_answer(struct pw_ring *ring);

/*
 * This process is a copy, made by the thread @vcpu of @parent.
 */
void pw_plugin_forked(unsigned vcpu, pid_t parent, uint32_t parent_tid);

/*
 * Read memory of this process, up to the first byte that cannot be read.
 *
 * Units: bytes read.
 */
size_t pw_plugin_read(uint64_t address, void *buffer, size_t bytes);

/*
 * Call @each with every line of /proc/self/maps: start, end, and the line.
 */
void pw_plugin_maps(void (*each)(void *state, uint64_t start, uint64_t end),
		    void *state);

/*
 * The program is about to exec; on success this does not return. Otherwise
 * QEMU goes on with the call: it fails as it would, or runs the new program
 * unrecorded, which has been noted.
 */
void pw_plugin_exec(unsigned vcpu, const struct pw_call *call);

/*
 * The program has set a handler: an exec keeps what is ignored.
 */
void pw_plugin_handler(unsigned signal, uint64_t handler);

/*
 * Learn, at the start of an image, what is ignored and which program it is.
 */
void pw_plugin_exec_begin(void);

/*
 * The thread @maker_tid, which is in a clone, has made @vcpu: keep which words
 * its start sets and its end clears.
 */
void pw_plugin_thread_made(unsigned vcpu, uint32_t maker_tid);

/*
 * System calls, from QEMU's callbacks.
 */
void pw_plugin_call_enter(unsigned vcpu, int64_t number,
			  const uint64_t arg[PW_CALL_ARGS]);
void pw_plugin_call_leave(unsigned vcpu, int64_t number, int64_t result);

/*
 * What the kernel has written for a new thread, and will write at its end.
 */
void pw_plugin_kernel(struct pw_ring *ring, uint64_t address, uint64_t bytes,
		      bool store);

#endif
