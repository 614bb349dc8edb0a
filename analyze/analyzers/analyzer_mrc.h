/*
 * analyzer_mrc.h - what the miss-ratio analysis can be told.
 */
#ifndef PW_ANALYZE_ANALYZERS_ANALYZER_MRC_H
#define PW_ANALYZE_ANALYZERS_ANALYZER_MRC_H

#include <stddef.h>
#include <stdint.h>

#include "analyze/analyzer.h"
#include "analyze/references.h"

struct pw_mrc_args {
	enum pw_side side;
	uint64_t page_bytes; /* 0: 4096 */
	uint64_t points;     /* rows of the curve at most; 0: every size */
	size_t pages_max;    /* distinct; 0: as half of the memory holds */
};

extern const struct pw_analyzer_ops pw_analyzer_mrc;

#endif
