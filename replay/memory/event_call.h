/*
 * event_call.h - between the files that carry out system calls: a call, and
 * what they have in common.
 */
#ifndef PW_REPLAY_EVENT_CALL_H
#define PW_REPLAY_EVENT_CALL_H

#include "base/status.h"
#include "formats/event.h"
#include "replay/memory/system.h"

/* Results of calls, as 64-bit numbers. */
#define PW_CALL_ENOMEM ((uint64_t)-12)
#define PW_CALL_EACCES ((uint64_t)-13)
#define PW_CALL_EINVAL ((uint64_t)-22)

struct pw_call_context {
	struct pw_system *system;
	struct pw_space *space;
	const struct pw_event *event;
	const char *text; /* never NULL */
};

/*
 * The pages that have a byte of the range, as all calls are taken here.
 */
static inline struct pw_range pw_call_range(const struct pw_call_context *ctx,
					    uint64_t address, uint64_t length)
{
	return pw_space_range(ctx->space, address, length);
}

/*
 * The bytes that the mmap @event maps: with MAP_HUGETLB whole pages of the size
 * that is asked for.
 *
 * Source: Linux mm/mmap.c ksys_mmap_pgoff.
 */
uint64_t pw_call_mmap_bytes(const struct pw_event *event);

/*
 * Unmap @range: its pages, mappings and guards go.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_call_unmap(const struct pw_call_context *ctx,
			     struct pw_range range,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * Give @part, which lies in one mapping, the description @mapping, and cut
 * large pages at its ends.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_call_modify(const struct pw_call_context *ctx,
			      struct pw_range part,
			      const struct pw_mapping *mapping,
			      struct pw_error *err) PW_MUST_CHECK;

/*
 * Note that a call succeeded that the rules forbid. What it does is done as far
 * as it makes sense.
 */
void pw_call_forbidden(const struct pw_call_context *ctx);

/*
 * Take whole pages of @length bytes at @offset out of the file @object, as a
 * hole.
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_call_punch(const struct pw_call_context *ctx, uint32_t object,
			     uint64_t offset, uint64_t length,
			     struct pw_error *err) PW_MUST_CHECK;

/*
 * mmap, remap_file_pages, shmat, brk and mappings that were there: map.c.
 * mprotect: protect.c. madvise: advice.c, page_advice.c. Names: label.c.
 * Policies: mbind.c. Files and what is told of them: file_calls.c.
 *
 * Each carries out the event of @ctx, by MODEL.md, "Address space".
 *
 * Errors: PW_ERR_SYSTEM.
 */
enum pw_status pw_call_map(const struct pw_call_context *ctx,
			   struct pw_error *err) PW_MUST_CHECK;
enum pw_status pw_call_mmap(const struct pw_call_context *ctx,
			    struct pw_error *err) PW_MUST_CHECK;
enum pw_status pw_call_remap_pages(const struct pw_call_context *ctx,
				   struct pw_error *err) PW_MUST_CHECK;
enum pw_status pw_call_shmat(const struct pw_call_context *ctx,
			     struct pw_error *err) PW_MUST_CHECK;
enum pw_status pw_call_brk(const struct pw_call_context *ctx,
			   struct pw_error *err) PW_MUST_CHECK;
enum pw_status pw_call_mprotect(const struct pw_call_context *ctx,
				struct pw_error *err) PW_MUST_CHECK;
enum pw_status pw_call_madvise(const struct pw_call_context *ctx,
			       struct pw_error *err) PW_MUST_CHECK;
enum pw_status pw_call_file(const struct pw_call_context *ctx,
			    struct pw_error *err) PW_MUST_CHECK;
enum pw_status pw_call_mbind(const struct pw_call_context *ctx,
			     struct pw_error *err) PW_MUST_CHECK;
enum pw_status pw_call_home_node(const struct pw_call_context *ctx,
				 struct pw_error *err) PW_MUST_CHECK;
enum pw_status pw_call_prctl(const struct pw_call_context *ctx,
			     struct pw_error *err) PW_MUST_CHECK;

#endif
