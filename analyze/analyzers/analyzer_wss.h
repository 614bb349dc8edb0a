/*
 * analyzer_wss.h - what the working-set analysis can be told.
 */
#ifndef PW_ANALYZE_ANALYZERS_ANALYZER_WSS_H
#define PW_ANALYZE_ANALYZERS_ANALYZER_WSS_H

#include <stddef.h>
#include <stdint.h>

#include "analyze/analyzer.h"
#include "analyze/references.h"

struct pw_wss_args {
	enum pw_side side;
	uint64_t interval;	/* references a row of the series; 0: 65..128
				   rows whatever the length */
	const uint64_t *window; /* besides powers of two; copied */
	size_t window_count;
	size_t pages_max; /* distinct; 0: as half of the memory holds */
};

extern const struct pw_analyzer_ops pw_analyzer_wss;

#endif
