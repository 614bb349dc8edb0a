/*
 * insn_cache.c - decoded instructions in an array, found by a page map keyed
 * with the program counter.
 *
 * Dropping part of the cache empties it: mappings of code change rarely, and
 * decoding costs a hundredth of a step.
 */
#include "capture/insn_cache.h"

#include "base/array.h"
#include "base/assert.h"
#include "base/pagemap.h"

#define ENTRIES_MAX ((size_t)1 << 20)
#define ENTRIES_EXPECTED 4096

struct pw_insn_cache {
	struct pw_x86_decoder *decoder;
	struct pw_pagemap *index;
	struct pw_array entries;
};

enum pw_status pw_insn_cache_open(struct pw_insn_cache **out,
				  struct pw_error *err)
{
	struct pw_insn_cache *cache = calloc(1, sizeof(*cache));
	enum pw_status st;

	*out = NULL;
	if (!cache)
		return pw_fail_memory(err, "the instruction cache");
	cache->entries = (struct pw_array)PW_ARRAY(struct pw_insn_entry);
	st = pw_x86_decoder_open(&cache->decoder, err);
	if (st == PW_OK)
		st = pw_pagemap_open(&cache->index, ENTRIES_EXPECTED, err);
	if (st != PW_OK) {
		pw_insn_cache_close(cache);
		return st;
	}
	*out = cache;
	return PW_OK;
}

void pw_insn_cache_close(struct pw_insn_cache *cache)
{
	if (!cache)
		return;
	pw_array_free(&cache->entries);
	pw_pagemap_close(cache->index);
	pw_x86_decoder_close(cache->decoder);
	free(cache);
}

struct pw_insn_entry *pw_insn_cache_find(const struct pw_insn_cache *cache,
					 uint64_t pc)
{
	const uint64_t *at = pw_pagemap_find(cache->index, pc);

	if (!at)
		return NULL;
	PW_DEBUG_ASSERT(*at < cache->entries.count);
	return &PW_ARRAY_AT(&cache->entries, struct pw_insn_entry, *at);
}

static enum pw_status empty(struct pw_insn_cache *cache, struct pw_error *err)
{
	struct pw_pagemap *fresh;
	enum pw_status st = pw_pagemap_open(&fresh, ENTRIES_EXPECTED, err);

	PW_ASSERT(cache->entries.count <= ENTRIES_MAX);
	if (st != PW_OK)
		return st;
	pw_pagemap_close(cache->index);
	cache->index = fresh;
	cache->entries.count = 0;
	return PW_OK;
}

enum pw_status pw_insn_cache_insert(struct pw_insn_cache *cache, uint64_t pc,
				    const uint8_t *bytes, size_t byte_count,
				    struct pw_insn_entry **out,
				    struct pw_error *err)
{
	struct pw_insn_entry *entry = pw_insn_cache_find(cache, pc);
	enum pw_status st;
	uint64_t *at;
	bool added;

	PW_ASSERT(byte_count <= PW_X86_LENGTH_MAX);
	if (!entry) {
		if (cache->entries.count == ENTRIES_MAX) {
			st = empty(cache, err);
			if (st != PW_OK)
				return st;
		}
		st = pw_array_push(&cache->entries, NULL, err);
		if (st != PW_OK)
			return st;
		st = pw_pagemap_insert(cache->index, pc, &at, &added, err);
		if (st != PW_OK) {
			cache->entries.count--;
			return st;
		}
		PW_ASSERT(added);
		*at = cache->entries.count - 1;
		entry = &PW_ARRAY_AT(&cache->entries, struct pw_insn_entry,
				     *at);
	}
	*entry = (struct pw_insn_entry){.byte_count = (uint8_t)byte_count};
	memcpy(entry->bytes, bytes, byte_count);
	pw_x86_decode(cache->decoder, pc, bytes, byte_count, &entry->insn);
	*out = entry;
	return PW_OK;
}

enum pw_status pw_insn_cache_drop(struct pw_insn_cache *cache, uint64_t start,
				  uint64_t end, struct pw_error *err)
{
	PW_ASSERT(start <= end);
	for (size_t i = 0; i < cache->entries.count; i++) {
		const struct pw_x86_insn *insn =
			&PW_ARRAY_AT(&cache->entries, struct pw_insn_entry, i)
				 .insn;

		if (insn->pc < end && insn->pc + insn->length > start)
			return empty(cache, err);
	}
	return PW_OK;
}
