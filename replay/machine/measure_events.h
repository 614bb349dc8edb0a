/*
 * measure_events.h - what calls and forks cost on the machine that runs this.
 */
#ifndef PW_REPLAY_MEASURE_EVENTS_H
#define PW_REPLAY_MEASURE_EVENTS_H

#include "base/status.h"

/* Units: ns of one; 0: it could not be measured. */
struct pw_measured_events {
	double call;	      /* of mmap and munmap, of no page */
	double unmap_page;    /* more for a page that munmap finds there */
	double fork_page;     /* more for a page that a fork copies the entry
				 of */
	double file_fault;    /* a read of a file in memory, of 16 pages */
	double cow_fault;     /* a write to a page of a private file mapping */
	double shootdown_ipi; /* more for mprotect if another CPU runs in the
				 same space */
};

/*
 * Measure events, in CPU time of the calling thread.
 *
 * Errors: PW_ERR_SYSTEM no memory.
 */
enum pw_status pw_measure_events(struct pw_measured_events *out,
				 struct pw_error *err) PW_MUST_CHECK;

#endif
