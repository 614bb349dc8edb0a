/*
 * verify_touches.h - the touches of segments that have accesses too.
 */
#ifndef PW_FORMATS_VERIFY_TOUCHES_H
#define PW_FORMATS_VERIFY_TOUCHES_H

#include <stdbool.h>

#include "base/status.h"
#include "formats/pwt_segment.h"
#include "formats/verify.h"
#include "formats/verify_look.h"

struct pw_verify_touches {
	struct pw_verify *verify;
	struct pw_segment_decoder decoder;
	struct pw_segment segment;
	struct pw_look look;
};

/*
 * Whether a trace has touches only, so that its segments are those of touches.
 */
bool pw_verify_only_touches(const struct pw_verify *verify);

/*
 * Prepare to check touches of @verify, whose declarations have been read.
 *
 * Owns:   @touches holds memory and must stay where it is; free it with
 *         pw_verify_touches_free, also after a failure.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_verify_touches_init(struct pw_verify_touches *touches,
				      struct pw_verify *verify,
				      struct pw_error *err) PW_MUST_CHECK;

/*
 * Decode the touches of the segment at @place, whose accesses came to
 * @accesses, and note what is wrong with them or does not fit these. *right
 * says whether nothing is.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_verify_touches_check(struct pw_verify_touches *touches,
				       const struct pw_segment_place *place,
				       const struct pw_look *accesses,
				       bool *right,
				       struct pw_error *err) PW_MUST_CHECK;

/*
 * Free what it holds.
 */
void pw_verify_touches_free(struct pw_verify_touches *touches);

#endif
