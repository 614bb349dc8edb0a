/*
 * machine_memory.c - the parts of a machine that are memory and its manager.
 */
#include "base/assert.h"
#include "base/bits.h"
#include "base/units.h"
#include "replay/machine/machine_read.h"

#define NS_A_SECOND UINT64_C(1000000000)

/* "recorded", "warm", "cold" or a share of pages. */
static void read_cache(struct pw_reading *reading, const char *text,
		       struct pw_machine *machine)
{
	static const struct pw_bounds percent = {0, 100, "0% to 100%"};
	static const char *const words[] = {"recorded", "warm", "cold", NULL};
	char number[8] = "";
	size_t length = text ? strlen(text) : 0;

	machine->cache_recorded = false;
	if (length > 1 && length < sizeof(number) && text[length - 1] == '%') {
		memcpy(number, text, length - 1);
		machine->cache_percent =
			pw_read_value(reading, "memory.cache", number,
				      pw_parse_count, &percent);
		return;
	}
	switch (pw_read_word(reading, "memory.cache", text, words,
			     "\"recorded\", \"warm\", \"cold\" or a "
			     "percentage")) {
	case 0:
		machine->cache_recorded = true;
		machine->cache_percent = 100;
		break;
	case 1:
		machine->cache_percent = 100;
		break;
	default:
		machine->cache_percent = 0;
		break;
	}
}

static void read_overcommit(struct pw_reading *reading,
			    const struct pw_file_memory *file,
			    struct pw_machine *machine)
{
	static const char *const modes[] = {"recorded", "heuristic", "always",
					    "never", NULL};
	static const struct pw_bounds any = {0, UINT64_MAX, "a size"};

	machine->overcommit = pw_read_word(
		reading, "memory.overcommit", file->overcommit, modes,
		"\"recorded\", \"heuristic\", \"always\" or \"never\"");
	machine->commit_limit_bytes = UINT64_MAX;
	if (file->commit_limit)
		machine->commit_limit_bytes =
			pw_read_value(reading, "memory.commit_limit",
				      file->commit_limit, pw_parse_size, &any);
}

/* Linux mm/backing-dev.c bdi_init, and a common max_sectors_kb. */
static void read_reading(struct pw_reading *reading,
			 const struct pw_file_memory *file,
			 struct pw_machine *machine)
{
	static const struct pw_bounds bounds = {0, UINT64_C(1) << 30,
						"0 to 1G"};

	machine->read_ahead_bytes = UINT64_C(128) << 10;
	machine->read_request_bytes = UINT64_C(1280) << 10;
	if (file->read_ahead)
		machine->read_ahead_bytes =
			pw_read_value(reading, "memory.read_ahead",
				      file->read_ahead, pw_parse_size, &bounds);
	if (file->read_request)
		machine->read_request_bytes = pw_read_value(
			reading, "memory.read_request", file->read_request,
			pw_parse_size, &bounds);
}

static uint64_t read_ratio(struct pw_reading *reading, const char *key,
			   const char *text, uint64_t otherwise)
{
	static const struct pw_bounds percent = {0, 100, "0 to 100"};

	return text ? pw_read_value(reading, key, text, pw_parse_count,
				    &percent)
		    : otherwise;
}

static uint64_t read_time(struct pw_reading *reading, const char *key,
			  const char *text, uint64_t otherwise)
{
	static const struct pw_bounds times = {0, 86400 * NS_A_SECOND,
					       "0s to 86400s"};

	return text ? pw_read_value(reading, key, text, pw_parse_ns, &times)
		    : otherwise;
}

/* In place of a ratio; the kernel takes no less than @least, but for 0. */
static uint64_t read_bytes(struct pw_reading *reading, const char *key,
			   const char *text, uint64_t least)
{
	static const struct pw_bounds any = {0, UINT64_C(1) << 60, "a size"};
	uint64_t bytes =
		text ? pw_read_value(reading, key, text, pw_parse_size, &any)
		     : 0;

	if (reading->status == PW_OK && bytes > 0 && bytes < least)
		pw_read_refuse(reading, key, text, "0 or two pages at least");
	return bytes;
}

/* Linux mm/page-writeback.c. */
static void read_dirty(struct pw_reading *reading,
		       const struct pw_file_memory *file,
		       struct pw_machine *machine)
{
	machine->dirty_ratio = read_ratio(reading, "memory.dirty_ratio",
					  file->dirty_ratio, 20);
	machine->dirty_background_ratio =
		read_ratio(reading, "memory.dirty_background_ratio",
			   file->dirty_background_ratio, 10);
	machine->dirty_bytes =
		read_bytes(reading, "memory.dirty_bytes", file->dirty_bytes,
			   UINT64_C(2) << machine->geometry.page_shift);
	machine->dirty_background_bytes =
		read_bytes(reading, "memory.dirty_background_bytes",
			   file->dirty_background_bytes, 0);
	machine->dirty_expire_ns =
		read_time(reading, "memory.dirty_expire", file->dirty_expire,
			  30 * NS_A_SECOND);
	machine->dirty_writeback_ns =
		read_time(reading, "memory.dirty_writeback",
			  file->dirty_writeback, 5 * NS_A_SECOND);
}

void pw_read_memory(struct pw_reading *reading,
		    const struct pw_file_memory *file,
		    struct pw_machine *machine)
{
	static const char *const answers[] = {"yes", "no", NULL};
	static const struct pw_bounds around = {PW_PAGE_BYTES, 2 << 20,
						"4K to 2M"};
	static const struct pw_bounds sizes = {UINT64_C(64) << 20,
					       UINT64_C(8) << 40, "64M to 8T"};
	unsigned shift = machine->geometry.page_shift;
	uint64_t bytes =
		pw_read_value(reading, "memory.fault_around",
			      file->fault_around, pw_parse_size, &around);

	if (reading->status == PW_OK && !pw_is_pow2(bytes))
		pw_read_refuse(reading, "memory.fault_around",
			       file->fault_around, "a power of two");
	machine->fault_around_pages = bytes >> shift;
	if (machine->fault_around_pages == 0)
		machine->fault_around_pages = 1;
	machine->no_zero_page =
		pw_read_word(reading, "memory.zero_page", file->zero_page,
			     answers, "\"yes\" or \"no\"");
	machine->memory_frames = 0;
	if (file->size)
		machine->memory_frames =
			pw_read_value(reading, "memory.size", file->size,
				      pw_parse_size, &sizes) >>
			shift;
	read_cache(reading, file->cache, machine);
	read_reading(reading, file, machine);
	read_dirty(reading, file, machine);
	read_overcommit(reading, file, machine);
}

void pw_read_kernel(struct pw_reading *reading, const char *text,
		    struct pw_machine *machine)
{
	static const char *const kernels[] = {
		[PW_KERNEL_6_1] = "6.1",
		[PW_KERNEL_6_12] = "6.12",
		[PW_KERNEL_6_18] = "6.18",
		NULL,
	};

	machine->kernel = PW_KERNEL_6_18;
	if (text)
		machine->kernel = (enum pw_kernel)pw_read_word(
			reading, "kernel", text, kernels, "6.1, 6.12 or 6.18");
}
