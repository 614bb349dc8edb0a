/*
 * placement.h - on which CPU a thread runs.
 *
 * To add a policy: write replay/models/placement_<name>.c with a
 * "const struct pw_placement_ops pw_placement_<name>" and one line in
 * models.def.
 */
#ifndef PW_REPLAY_PLACEMENT_H
#define PW_REPLAY_PLACEMENT_H

#include <stddef.h>
#include <stdint.h>

#define PW_CPU_UNKNOWN UINT32_MAX

/* What is known of a thread that begins to run. */
struct pw_placed {
	uint32_t order;	  /* threads that ran before it, for the first time */
	uint32_t process; /* its process, counted from 0 */
	uint32_t seen_on; /* the CPU it was seen on last, or PW_CPU_UNKNOWN */
};

struct pw_placement_ops {
	const char *name;
	const char *summary;
	const char *source;
	/* The CPU, below @cpus, which is not 0. */
	uint32_t (*cpu)(const struct pw_placed *thread, uint32_t cpus);
};

/*
 * The policies of models.def, in order; NULL past the last one.
 */
const struct pw_placement_ops *pw_placement_at(size_t index);

/*
 * The policy called @name, or NULL.
 */
const struct pw_placement_ops *pw_placement_find(const char *name);

#endif
