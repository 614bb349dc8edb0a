/*
 * random_walk.h - walkers of all kinds, for the replay and its oracle.
 */
#ifndef PW_TESTS_ORACLE_RANDOM_WALK_H
#define PW_TESTS_ORACLE_RANDOM_WALK_H

#include "base/random.h"
#include "replay/machine/machine.h"
#include "tests/oracle/oracle_walk.h"

/*
 * Which policy of the oracle a model has, by its name; false when none.
 */
bool pw_random_policy(const char *model, enum pw_oracle_policy *policy);

/*
 * Any TLB model, least-recently-used ones often, and its policy.
 *
 * Owns: static.
 */
const struct pw_tlb_ops *pw_random_model(struct pw_random *random,
					 enum pw_oracle_policy *policy);

/*
 * Give @machine, whose STLB and page-table geometry are chosen, page-walk
 * caches, line caches and nested paging, each or none; the same to @twin.
 *
 * Owns: nothing.
 */
void pw_random_walk(struct pw_random *random, struct pw_machine *machine,
		    struct pw_oracle_walk_machine *twin);

/*
 * Whether tables of @geometry fit into the memory of a guest.
 */
bool pw_random_is_tree(const struct pw_geometry *geometry);

/*
 * Choose a TLB of at most @largest sets and ways each, or, if @absence is set,
 * sometimes none; the same for its twin.
 */
void pw_random_small_tlb(struct pw_random *random, uint64_t largest,
			 bool absence, struct pw_tlb_choice *choice,
			 struct pw_oracle_geometry *twin);

#endif
