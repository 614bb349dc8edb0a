/*
 * call_target.h - a target of system calls that is not there: its memory is an
 * array, and what is told of its calls is written down as text.
 *
 * An access is " L100+5" or " S100+5": load or store, offset in the memory in
 * hexadecimal, bytes. An event is " name(arguments up to the last that is not
 * 0)=result text", numbers in hexadecimal, those in the memory as "@100".
 * A path leads to inode 200 and its length, and descriptor 3 stands for process
 * 503.
 */
#ifndef PW_TESTS_SUPPORT_CALL_TARGET_H
#define PW_TESTS_SUPPORT_CALL_TARGET_H

#include <stddef.h>
#include <stdint.h>

#include "capture/call.h"

#define TARGET_BASE UINT64_C(0x7000000000)
#define TARGET_BYTES 8192
#define AT(offset) (TARGET_BASE + (offset))

struct call_target {
	enum pw_call_machine machine;
	uint8_t memory[TARGET_BYTES];
	bool regular;
	bool open;	  /* whether the process has what it asks for open */
	uint64_t links;	  /* of files */
	bool discards;	  /* what descriptors are; inode 100 and the number */
	const char *path; /* of all descriptors, or NULL */
	uint64_t offset;  /* of descriptors */
	uint64_t mapping_bytes;
	struct pw_call_scratch scratch;
	size_t used;
	char told[4096];
};

/*
 * Enter the call @id and return from it, and give what was told. @arg has at
 * least PW_CALL_ARGS arguments. Errors are negative results.
 *
 * Owns: the target's, up to the next call.
 */
const char *call_target_make(struct call_target *target, unsigned id,
			     int64_t result, const uint64_t *arg);

/*
 * The same in two steps, for what changes in between.
 */
void call_target_enter(struct call_target *target, unsigned id,
		       const uint64_t *arg);
const char *call_target_leave(struct call_target *target, unsigned id,
			      int64_t result, const uint64_t *arg);

/*
 * Put numbers of 64 bits, or a text with its NUL, into the memory.
 */
void call_target_words(struct call_target *target, size_t offset,
		       const uint64_t *words, size_t count);
void call_target_text(struct call_target *target, size_t offset,
		      const char *text);

#define TARGET_ARGS(...) ((const uint64_t[]){__VA_ARGS__, 0, 0, 0, 0, 0, 0})
#define TARGET_MAKE(target, name, result, ...)              \
	call_target_make(target, PW_SYSCALL_##name, result, \
			 TARGET_ARGS(__VA_ARGS__))
#define TARGET_WORDS(target, offset, ...)                                  \
	call_target_words(target, offset, (const uint64_t[]){__VA_ARGS__}, \
			  sizeof((const uint64_t[]){__VA_ARGS__}) / 8)

#endif
