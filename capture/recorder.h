/*
 * recorder.h - what an engine saw, on its way to the trace.
 *
 * Accesses gather in a buffer that goes to the writer when it is full, before
 * each event, and when another thread goes on. About once a second everything
 * goes into the file, so that a kill loses little.
 */
#ifndef PW_CAPTURE_RECORDER_H
#define PW_CAPTURE_RECORDER_H

#include <stdint.h>

#include "base/status.h"
#include "capture/evaluate_x86.h"
#include "capture/maps.h"
#include "formats/writer.h"

struct pw_recorder;

/* What has been recorded. */
struct pw_recorded {
	uint64_t instructions;
	uint64_t accesses;
	uint64_t events;
	uint64_t file_bytes; /* as of the last flush */
};

/*
 * Make a recorder that writes to @writer.
 *
 * Owns:   *out is the caller's; free it with pw_recorder_close.
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_recorder_open(struct pw_recorder **out,
				struct pw_writer *writer,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * Free the recorder without flushing it. NULL is allowed.
 */
void pw_recorder_close(struct pw_recorder *recorder);

/*
 * Declare a thread; *index is how many were declared before it. The first
 * thread of a process knows the modules of its parent's process.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_recorder_thread(struct pw_recorder *recorder,
				  const struct pw_thread *thread,
				  uint32_t *index,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * Append accesses of @thread, made by the instruction at @pc.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_recorder_accesses(struct pw_recorder *recorder,
				    uint32_t thread, uint64_t pc,
				    const struct pw_x86_access *access,
				    size_t count,
				    struct pw_error *err) PW_MUST_CHECK;

/*
 * Append an event of @thread, after all accesses so far.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_recorder_event(struct pw_recorder *recorder, uint32_t thread,
				 const struct pw_event *event,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * Declare the file mapped at @map as a module of the process of @thread, once
 * for each path and base; what is no ELF file is no module and no error.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_recorder_module(struct pw_recorder *recorder, uint32_t thread,
				  const struct pw_maps *maps,
				  const struct pw_map *map,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * Hand everything to the writer.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_recorder_flush(struct pw_recorder *recorder,
				 struct pw_error *err) PW_MUST_CHECK;

/*
 * About once a second, put into the file what a kill would take. Engines that
 * also use the writer themselves call this often.
 *
 * Errors: PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_recorder_keep(struct pw_recorder *recorder,
				struct pw_error *err) PW_MUST_CHECK;

/*
 * What has been recorded so far.
 *
 * Owns: the recorder.
 */
const struct pw_recorded *
pw_recorder_recorded(const struct pw_recorder *recorder);

#endif
