/*
 * insn_cache.h - decoded instructions by address.
 *
 * Code that may change under its mapping (writable or shared pages) keeps its
 * bytes for comparison; the rest is dropped when its mapping changes.
 */
#ifndef PW_CAPTURE_INSN_CACHE_H
#define PW_CAPTURE_INSN_CACHE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "capture/decode_x86.h"

struct pw_insn_entry {
	struct pw_x86_insn insn;
	bool may_change; /* compare the bytes before each use */
	uint8_t byte_count;
	uint8_t bytes[PW_X86_LENGTH_MAX];
};

struct pw_insn_cache;

/*
 * Make an empty cache.
 *
 * Owns:   *out is the caller's; free it with pw_insn_cache_close.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_insn_cache_open(struct pw_insn_cache **out,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * Free the cache. NULL is allowed.
 */
void pw_insn_cache_close(struct pw_insn_cache *cache);

/*
 * The entry at @pc, or NULL.
 *
 * Owns: the cache; good until the next insertion or drop.
 */
struct pw_insn_entry *pw_insn_cache_find(const struct pw_insn_cache *cache,
					 uint64_t pc);

/*
 * Decode @bytes as the instruction at @pc and keep it, replacing what was
 * there. Old entries may go to make room.
 *
 * Owns:   *out is the cache's; good until the next insertion or drop.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_insn_cache_insert(struct pw_insn_cache *cache, uint64_t pc,
				    const uint8_t *bytes, size_t byte_count,
				    struct pw_insn_entry **out,
				    struct pw_error *err) PW_MUST_CHECK;

/*
 * Forget what overlaps [@start, @end): the mapping there has changed.
 *
 * Errors: PW_ERR_SYSTEM.
 * Cost:   O(entries).
 */
enum pw_status pw_insn_cache_drop(struct pw_insn_cache *cache, uint64_t start,
				  uint64_t end,
				  struct pw_error *err) PW_MUST_CHECK;

#endif
