/*
 * predict.h - what a machine would make of a chain of loads.
 */
#ifndef PW_REPLAY_PREDICT_H
#define PW_REPLAY_PREDICT_H

#include <stdint.h>

#include "base/status.h"
#include "replay/machine/machine.h"

/* What a load of the chain costs in translations, on the average. */
struct pw_prediction {
	double stlb_hits;
	double walk_references;
	double cycles; /* of both, by the costs of the machine */
};

/*
 * Replay a chain of loads that goes round @pages pages, in random order, until
 * it repeats itself, and say what a load costs.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_predict_chase(const struct pw_machine *machine,
				uint64_t pages, struct pw_prediction *out,
				struct pw_error *err) PW_MUST_CHECK;

#endif
