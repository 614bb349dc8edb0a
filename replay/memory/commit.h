/*
 * commit.h - memory that is promised: what mappings are charged, and what a
 * machine's limits would have refused.
 */
#ifndef PW_REPLAY_COMMIT_H
#define PW_REPLAY_COMMIT_H

#include <stdint.h>

#include "replay/memory/event_call.h"

/*
 * A call is about to make @pages more pages of @mapping: charge shared memory,
 * and count the call as refused if the machine's limits are below what it asks
 * for.
 *
 * Units:  pages of the machine.
 * Source: Linux mm/util.c __vm_enough_memory; mm/vma.c may_expand_vm;
 *         Documentation/mm/overcommit-accounting.rst.
 */
void pw_commit_check(const struct pw_call_context *ctx,
		     const struct pw_mapping *mapping, uint64_t pages);

#endif
