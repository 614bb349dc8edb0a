/*
 * random_machine.h - machines of all sizes, for the replay and its oracle.
 */
#ifndef PW_TESTS_ORACLE_RANDOM_MACHINE_H
#define PW_TESTS_ORACLE_RANDOM_MACHINE_H

#include "base/random.h"
#include "replay/machine.h"
#include "tests/oracle/oracle_replay.h"

/*
 * Make a machine twice: any number of sets and ways, with and without a second
 * level and page-walk caches, often tiny.
 *
 * Owns: nothing; *machine is not to be closed.
 */
void pw_random_machine(struct pw_random *random, struct pw_machine *machine,
		       struct pw_oracle_machine *twin);

#endif
