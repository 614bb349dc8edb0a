/*
 * call_witness.h - what the kernel does to memory in a real system call, and
 * what capture/call.h says that it does.
 *
 * A scene is one call. It is played in this process over an area of memory
 * that ends at a page that cannot be touched, with capture/call.h beside it.
 * The bytes that the kernel has changed are found by comparing; each scene is
 * played over two different fillings, so that no byte written escapes.
 */
#ifndef PW_TESTS_SUPPORT_CALL_WITNESS_H
#define PW_TESTS_SUPPORT_CALL_WITNESS_H

#include <stddef.h>
#include <stdint.h>

#include "capture/call.h"

#define WITNESS_AREA_BYTES (8 * 4096)

struct witness {
	uint8_t *area; /* of WITNESS_AREA_BYTES, and then nothing */
	uint64_t number;
	uint64_t arg[PW_CALL_ARGS];
	uint64_t result;
	uint8_t changed[WITNESS_AREA_BYTES]; /* by the kernel */
	uint8_t stored[WITNESS_AREA_BYTES];  /* said to be */
	uint8_t loaded[WITNESS_AREA_BYTES];
	unsigned outside; /* accesses said to be outside of the area */
	unsigned events;
	unsigned unseen; /* "unrecorded" events */
	struct pw_call_scratch scratch;
	void (*undo)(int id); /* set by a scene: called after it */
	int undo_id;
};

/* A scene sets the call, and puts what it reads into the area at @at. */
typedef void (*witness_scene)(struct witness *witness, uint64_t at);

/*
 * For scenes: the call to make, with at least PW_CALL_ARGS arguments.
 */
void witness_call(struct witness *witness, long number, const uint64_t *arg);

/*
 * For scenes: put bytes into the area, as far as they lie in it.
 */
void witness_put(struct witness *witness, uint64_t at, const void *from,
		 size_t bytes);

#define WITNESS_CALL(witness, number, ...) \
	witness_call(witness, number,      \
		     (const uint64_t[]){__VA_ARGS__, 0, 0, 0, 0, 0})

struct witness_case {
	const char *name;
	witness_scene scene;
	size_t bytes; /* of input, see witness_loads */
	size_t slack; /* bytes that may get the value that they had */
};

#define WITNESS_CASE(scene)         \
	{                           \
#scene, scene, 0, 0 \
	}
#define WITNESS_SLACK(scene, slack)     \
	{                               \
#scene, scene, 0, slack \
	}
#define WITNESS_INPUT(scene, bytes)     \
	{                               \
#scene, scene, bytes, 0 \
	}

/*
 * Play the scene over both fillings: the bytes changed must be those said to
 * be stored, but for some slack. Descriptors that a scene opens are closed.
 */
void witness_stores(const struct witness_case *test);

/*
 * Play the scene with its input at the very end of the area: all of it must be
 * said to be loaded, and nothing beside it in the last page. Then again one
 * byte further, over the end: the kernel must notice.
 */
void witness_loads(const struct witness_case *test);

#endif
