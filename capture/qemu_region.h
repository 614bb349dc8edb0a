/*
 * qemu_region.h - the recorder's side of the rings of qemu_ring.h.
 */
#ifndef PW_CAPTURE_QEMU_REGION_H
#define PW_CAPTURE_QEMU_REGION_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/status.h"
#include "capture/qemu_ring.h"

struct pw_qemu_region {
	int fd;
	struct pw_region *control; /* and the rings behind it */
	/*
	 * The words of each ring twice in a row, so that PW_RING_WORDS from
	 * any position on lie side by side; NULL before the first use.
	 */
	uint64_t *words[PW_RINGS];
	pid_t guard; /* kills the targets when the recorder is killed */
	int guard_pipe;
	uint32_t bell; /* as it was when last looked at */
};

/*
 * Make an empty region.
 *
 * Owns:   @region holds memory and a process; free it with
 *         pw_qemu_region_free, also after a failure.
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_qemu_region_make(struct pw_qemu_region *region,
				   bool follow_children,
				   struct pw_error *err) PW_MUST_CHECK;

/*
 * Free the region. Processes that still use it keep their mapping.
 */
void pw_qemu_region_free(struct pw_qemu_region *region);

/*
 * Ring @number.
 *
 * Owns: the region.
 */
struct pw_ring *pw_qemu_region_at(const struct pw_qemu_region *region,
				  unsigned number);

/*
 * Where the words of ring @number can be read from any position on.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_qemu_region_words(struct pw_qemu_region *region,
				    unsigned number, const uint64_t **out,
				    struct pw_error *err) PW_MUST_CHECK;

/*
 * Give back the words before @position; wakes an owner that waits for room.
 */
void pw_qemu_ring_release(struct pw_ring *ring, uint64_t position);

/*
 * Answer a note that its owner waits for.
 */
void pw_qemu_ring_answer(struct pw_ring *ring);

/*
 * Make ring @number free for the next owner and give its memory back.
 */
void pw_qemu_ring_free(struct pw_qemu_region *region, unsigned number);

/*
 * End all recording: owners write on where nobody reads.
 */
void pw_qemu_region_off(struct pw_qemu_region *region);

/*
 * Sleep until somebody rings the bell, at most @milliseconds.
 */
void pw_qemu_region_sleep(struct pw_qemu_region *region, unsigned milliseconds);

#endif
