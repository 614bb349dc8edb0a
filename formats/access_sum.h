/*
 * access_sum.h - how many accesses there are of each kind, in one word.
 *
 * A word is four counts of 16 bits. They run over into each other, but the
 * difference of two sums is right as long as each of its counts fits.
 */
#ifndef PW_FORMATS_ACCESS_SUM_H
#define PW_FORMATS_ACCESS_SUM_H

#include <stdint.h>

#include "base/status.h"

#define PW_SUM_FETCH UINT64_C(1)
#define PW_SUM_LOAD (UINT64_C(1) << 16)
#define PW_SUM_STORE (UINT64_C(1) << 32) /* read-modify-writes included */
#define PW_SUM_FIRST (UINT64_C(1) << 48) /* of an instruction */
#define PW_SUM_ACCESSES_MAX ((1 << 16) - 1)

#define PW_SUM_KINDS(more)                                                 \
	(more) + PW_SUM_LOAD, (more) + PW_SUM_LOAD, (more) + PW_SUM_STORE, \
		(more) + PW_SUM_STORE, (more) + PW_SUM_FETCH,              \
		(more) + PW_SUM_FETCH, (more) + PW_SUM_FETCH,              \
		(more) + PW_SUM_FETCH

/*
 * What an access adds, by its enum pw_access_kind bits; none of them counts as
 * a load.
 */
static inline uint64_t pw_access_weight(unsigned kind)
{
	static const uint64_t weight[32] = {PW_SUM_KINDS(0), PW_SUM_KINDS(0),
					    PW_SUM_KINDS(PW_SUM_FIRST),
					    PW_SUM_KINDS(PW_SUM_FIRST)};

	return weight[kind % PW_COUNT(weight)];
}

#endif
