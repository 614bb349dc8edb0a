/*
 * repair.h - a whole trace of what is whole of a damaged one.
 */
#ifndef PW_FORMATS_REPAIR_H
#define PW_FORMATS_REPAIR_H

#include "base/status.h"
#include "formats/event.h"
#include "formats/verify.h"

/* What becomes of a trace on the way, accesses excepted. */
struct pw_repair_change {
	const char *metadata;
	void *state;
	/* Errors of both: PW_ERR_SYSTEM. */
	enum pw_status (*module)(void *state, struct pw_module *module,
				 struct pw_error *err);
	enum pw_status (*event)(void *state, struct pw_event *event,
				struct pw_error *err);
};

/*
 * Write the segments that @verify kept, as they are but for their place, and
 * all declarations to @path, which appears when it is whole. Metadata say what
 * is lost; when accesses are lost between those that are kept, the trace says
 * that it leaves accesses out. With @change, which may be NULL, metadata are
 * those of it, and modules and events are changed.
 *
 * Units:  *file_bytes: of the new file.
 * Touches behind lost accesses are left out, since they are cut by their place.
 *
 * Errors: PW_ERR_FORMAT there is nothing but touches, and some would have to
 *         be left out; PW_ERR_OUTPUT, PW_ERR_SYSTEM.
 */
enum pw_status pw_repair_write(const struct pw_verify *verify, const char *path,
			       const struct pw_repair_change *change,
			       uint64_t *file_bytes,
			       struct pw_error *err) PW_MUST_CHECK;

/*
 * Whether accesses are lost before others that are kept.
 */
bool pw_repair_leaves_out(const struct pw_verify *verify);

#endif
