/*
 * random_machine.h - machines of all sizes, for the replay and its oracle.
 */
#ifndef PW_TESTS_ORACLE_RANDOM_MACHINE_H
#define PW_TESTS_ORACLE_RANDOM_MACHINE_H

#include "base/random.h"
#include "replay/machine/machine.h"
#include "tests/oracle/oracle_replay.h"

/*
 * Choose a TLB twice: any model, index, ways and sets, about @largest of both.
 */
struct pw_oracle_geometry pw_random_tlb(struct pw_random *random,
					uint64_t largest,
					struct pw_tlb_choice *choice);

/*
 * Choose the TLBs of @machine, whose geometry is set, twice: any arrays of all
 * kinds.
 */
void pw_random_tlbs(struct pw_random *random, struct pw_machine *machine,
		    struct pw_oracle_mmu_machine *twin);

/*
 * Make a machine twice: any number of sets and ways, with and without a second
 * level and page-walk caches, often tiny.
 *
 * Owns: nothing; *machine is not to be closed.
 */
void pw_random_machine(struct pw_random *random, struct pw_machine *machine,
		       struct pw_oracle_machine *twin);

/*
 * Give @machine CPUs, at most @count_max of at most @asids_max identifiers
 * each, any placement of threads and any sharing of cores.
 */
void pw_random_cpus(struct pw_random *random, struct pw_machine *machine,
		    uint64_t count_max, uint64_t asids_max);

/*
 * Give @machine, whose TLBs @tlbs are chosen, what walks go through, the same
 * to
 * @walks, and to @tlbs what a host leaves of large pages.
 *
 * Owns: nothing.
 */
void pw_random_walks(struct pw_random *random, struct pw_machine *machine,
		     struct pw_oracle_mmu_machine *tlbs,
		     struct pw_oracle_walk_machine *walks);

#endif
