/*
 * lanes.h - threads that take operations to the machines of a replay.
 *
 * The machines that share a memory are dealt out to lanes. Without threads
 * there is one lane, and operations are taken where they are made; with
 * threads each lane takes them on its own, in order. What a machine counts
 * does not depend on it.
 */
#ifndef PW_REPLAY_LANES_H
#define PW_REPLAY_LANES_H

#include <stddef.h>

#include "base/arena.h"
#include "base/status.h"
#include "replay/memory/system.h"
#include "replay/run.h"

struct pw_lanes;

/*
 * Make lanes for @count runs, which outlive them, on @threads threads; below 2:
 * on none.
 *
 * Owns:   *out is the caller's; free it with pw_lanes_close. NULL on failure.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_lanes_open(struct pw_lanes **out, struct pw_run **runs,
			     size_t count, unsigned threads,
			     struct pw_arena *arena,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * End the threads and free the lanes; operations not taken are lost. NULL is
 * allowed.
 */
void pw_lanes_close(struct pw_lanes *lanes);

/*
 * Where the memory puts its operations.
 *
 * Owns: the lanes.
 */
struct pw_outlet *pw_lanes_outlet(struct pw_lanes *lanes);

/*
 * Have all operations taken by all runs.
 *
 * Errors: the first failure of a run.
 */
enum pw_status pw_lanes_settle(struct pw_lanes *lanes,
			       struct pw_error *err) PW_MUST_CHECK;

#endif
