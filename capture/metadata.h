/*
 * metadata.h - how and where a trace was recorded, as JSON.
 */
#ifndef PW_CAPTURE_METADATA_H
#define PW_CAPTURE_METADATA_H

#include "base/arena.h"
#include "base/status.h"
#include "capture/engine.h"

/*
 * The metadata of a recording: command line, engine, host, settings of the
 * memory manager where they can be read.
 *
 * Owns:   *json is in @arena.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_capture_metadata(const struct pw_capture_request *request,
				   const struct pw_engine_ops *engine,
				   struct pw_arena *arena, const char **json,
				   struct pw_error *err) PW_MUST_CHECK;

#endif
