/*
 * policy.h - memory policies: on which nodes pages shall be.
 *
 * Source: Linux 6.18 mm/mempolicy.c mpol_new, mpol_to_str.
 */
#ifndef PW_REPLAY_POLICY_H
#define PW_REPLAY_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "replay/memory/backing.h"

/* As the kernel keeps one. Mode 0: there is none, that of the thread counts. */
struct pw_policy {
	uint64_t mode;	/* MPOL_*, with its flags */
	uint64_t nodes; /* the first 64; all are taken as allowed */
	uint64_t home;	/* by set_mempolicy_home_node, plus 1; 0: none */
};

/*
 * What mbind or set_mempolicy with these arguments make: of preferred nodes
 * the first, and without one the local node.
 */
struct pw_policy pw_policy_of(uint64_t mode, uint64_t nodes);

/*
 * Whether set_mempolicy_home_node changes such a policy.
 */
bool pw_policy_may_have_home(const struct pw_policy *policy);

/*
 * The policy that mappings with this number have; of number 0 none.
 */
struct pw_policy pw_policy_at(const struct pw_backings *backings,
			      uint32_t number);

#define PW_POLICY_TEXT_BYTES 192

/*
 * The policy as numa_maps has it: "bind=static:0-1".
 */
void pw_policy_text(const struct pw_policy *policy,
		    char text[PW_POLICY_TEXT_BYTES]);

#endif
