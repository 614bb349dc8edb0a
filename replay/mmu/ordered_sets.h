/*
 * ordered_sets.h - sets that hold their keys in an order, newest first.
 *
 * What makes a key the newest is the model's choice: being put in, or being
 * looked up too. The victim is always the oldest one. Sets of up to 4 ways are
 * quad_set.h's, those of few few_set.h's, and those of many wide_set.c's.
 *
 * Cost: O(1); 32 bytes of state a set with up to 4 ways, 8 bytes an entry and
 *       24 a set with few, 24 to 32 bytes an entry with many.
 */
#ifndef PW_REPLAY_ORDERED_SETS_H
#define PW_REPLAY_ORDERED_SETS_H

#include "base/assert.h"
#include "replay/mmu/few_set.h"
#include "replay/mmu/quad_set.h"
#include "replay/mmu/tlb_sets.h"
#include "replay/mmu/wide_set.h"

#define PW_ORDERED_FREE PW_WIDE_SET_FREE

/* What a set is, by its ways. */
enum pw_ordered_form { PW_ORDERED_QUAD, PW_ORDERED_FEW, PW_ORDERED_WIDE };

struct pw_ordered_sets {
	struct pw_tlb_sets sets;
	enum pw_ordered_form form;
	size_t set_words; /* 64-bit words of a set's state */
	uint64_t words[];
};

/*
 * Memory for the sets of @config.
 *
 * Units: bytes.
 */
size_t pw_ordered_sets_bytes(const struct pw_tlb_config *config);

/*
 * Make @state the empty sets of @config.
 */
void pw_ordered_sets_init(void *state, const struct pw_tlb_config *config);

/*
 * Remove all keys.
 */
void pw_ordered_sets_flush(void *state);

/*
 * Whether @key is there. Nothing changes.
 */
bool pw_ordered_sets_hold(const void *state, uint64_t key);

/*
 * Remove keys [first, first + count), those that are there.
 */
void pw_ordered_sets_invalidate(void *state, uint64_t first, uint64_t count);

/*
 * The words of set @number.
 */
static inline uint64_t *pw_ordered_set(struct pw_ordered_sets *sets,
				       uint64_t number)
{
	return sets->words + number * sets->set_words;
}

/*
 * A set of many ways; words are aligned for it.
 */
static inline struct pw_wide_set *pw_ordered_wide(uint64_t *set)
{
	return (struct pw_wide_set *)(void *)set;
}

/*
 * A set of up to 4 ways; likewise.
 */
static inline struct pw_quad_set *pw_ordered_quad(uint64_t *set)
{
	return (struct pw_quad_set *)(void *)set;
}

/*
 * A set of few ways; likewise.
 */
static inline struct pw_few_set *pw_ordered_few(uint64_t *set)
{
	return (struct pw_few_set *)(void *)set;
}

/*
 * Put in @key, which is not there, as the newest, and drop the oldest of a full
 * set.
 */
static inline void pw_ordered_sets_insert(struct pw_ordered_sets *sets,
					  uint64_t key)
{
	uint64_t *set = pw_ordered_set(sets, pw_tlb_set_of(&sets->sets, key));

	PW_DEBUG_ASSERT(key != PW_ORDERED_FREE);
	if (sets->form == PW_ORDERED_QUAD)
		pw_quad_set_insert(pw_ordered_quad(set), sets->sets.ways, key);
	else if (sets->form == PW_ORDERED_FEW)
		pw_few_set_insert(pw_ordered_few(set), sets->sets.ways, key);
	else
		pw_wide_set_insert(pw_ordered_wide(set), key);
}

#endif
