/*
 * shape_loader.h - the shapes of a native trace, read when they are needed.
 *
 * A program has more shapes than opening its trace has time for, and a segment
 * needs only those that are declared before it. All decoders share a loader.
 */
#ifndef PW_FORMATS_SHAPE_LOADER_H
#define PW_FORMATS_SHAPE_LOADER_H

#include <stddef.h>

#include "base/status.h"
#include "formats/damage.h"
#include "formats/pwt_file.h"
#include "formats/pwt_list.h"
#include "formats/pwt_shapes.h"

struct pw_shape_loader;

/*
 * Make a loader; nothing is read yet.
 *
 * Owns:   *out is the caller's; free it with pw_shape_loader_close. @file and
 *         @list stay the caller's and must outlive it.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_shape_loader_open(struct pw_shape_loader **out,
				    const struct pw_pwt_file *file,
				    const struct pw_pwt_list *list,
				    struct pw_error *err) PW_MUST_CHECK;

/*
 * Free the loader and all shapes. NULL is allowed.
 */
void pw_shape_loader_close(struct pw_shape_loader *loader);

/*
 * Read the SHAPES chunks before chunk @until of the list that were not read
 * yet, and show the shapes so far in @view. May be called by several threads at
 * once.
 *
 * Owns:   what @view shows is the loader's, and stays as it is.
 * Errors: PW_ERR_SYSTEM. Damaged chunks are left out.
 */
enum pw_status pw_shape_loader_load(struct pw_shape_loader *loader,
				    size_t until, struct pw_pwt_shapes *view,
				    struct pw_error *err) PW_MUST_CHECK;

/*
 * Add what was wrong with SHAPES chunks before chunk @until, which must have
 * been loaded, to @damage, unless it was added before.
 */
void pw_shape_loader_report(struct pw_shape_loader *loader, size_t until,
			    struct pw_damage *damage);

#endif
