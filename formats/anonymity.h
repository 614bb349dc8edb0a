/*
 * anonymity.h - events, modules and metadata without the names of things.
 *
 * What has a name gets a number instead, the same one wherever the name is:
 * "/usr/bin/sort" becomes "/file-1" in every event and module.
 */
#ifndef PW_FORMATS_ANONYMITY_H
#define PW_FORMATS_ANONYMITY_H

#include <stdbool.h>

#include "base/status.h"
#include "formats/event.h"
#include "formats/name_table.h"
#include "formats/trace.h"

#define PW_ANONYMITY_TEXT_BYTES 64

struct pw_anonymity {
	bool keep_marks;
	struct pw_name_table files;   /* by path */
	struct pw_name_table names;   /* of marks and threads */
	struct pw_name_table devices; /* by number */
	struct pw_name_table inodes;
	char text[PW_ANONYMITY_TEXT_BYTES]; /* of the event changed last */
};

/*
 * Begin, with nothing named.
 */
void pw_anonymity_init(struct pw_anonymity *anonymity, bool keep_marks);

/*
 * Free what it holds.
 */
void pw_anonymity_free(struct pw_anonymity *anonymity);

/*
 * Take the names out of an event: its text, device and inode, and users and
 * groups of auxv. What says how memory is managed stays: names in brackets
 * such as "[heap]", and "/memfd:", "/dev/" and "/SYSV" before the number.
 *
 * Owns:   event->text is the anonymity's; good until the next call.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_anonymity_event(struct pw_anonymity *anonymity,
				  struct pw_event *event,
				  struct pw_error *err) PW_MUST_CHECK;

/*
 * Take path and build id out of a module.
 *
 * Owns:   module->path is the anonymity's; good until the next call.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_anonymity_module(struct pw_anonymity *anonymity,
				   struct pw_module *module,
				   struct pw_error *err) PW_MUST_CHECK;

/*
 * The metadata @json with numbers and truth values alone, and those texts that
 * are words of pagewalk or of the kernel's settings; NULL without memory or
 * when it is no object.
 *
 * Owns: the caller frees it with free.
 */
char *pw_anonymity_metadata(const struct pw_anonymity *anonymity,
			    const char *json);

#endif
