/*
 * layout.c - where Linux on x86-64 puts the regions of one address space.
 *
 * Source: Linux 6.12 arch/x86/mm/mmap.c mmap_base, mm/mmap.c
 *         __get_unmapped_area, mm/huge_memory.c __thp_get_unmapped_area,
 *         fs/binfmt_elf.c load_elf_binary. QEMU 7.2 linux-user/elfload.c.
 */
#include "replay/memory/layout.h"

#include "base/assert.h"
#include "base/bits.h"
#include "replay/memory/event_call.h"

#define PIE_PAGE UINT64_C(0x555555554) /* DEFAULT_MAP_WINDOW / 3 * 2 */
#define STACK_TOP UINT64_C(0x7ffffffff)
#define MMAP_BASE UINT64_C(0x7ffff7fff) /* 128 MiB below the stack's top */
#define MMAP_LOWEST 16			/* vm.mmap_min_addr */
#define USER_END (UINT64_C(1) << 35)
#define QEMU_BASE UINT64_C(0x4000000) /* where qemu-user begins to map */
#define HUGE_PAGES 512

#define MAP_FLAG_SHARED 1
#define MAP_FLAG_FIXED 0x10
#define MAP_FLAG_ANONYMOUS 0x20
#define MAP_FLAG_FIXED_NOREPLACE 0x100000
#define ADVICE_DONTFORK 10
#define ADVICE_DOFORK 11
#define PRCTL_SET_VMA 0x53564d41 /* Linux include/uapi/linux/prctl.h */

static const uint64_t no_shift = 0;

void pw_layout_init(struct pw_layout *layout)
{
	*layout = (struct pw_layout){0};
	pw_shifts_init(&layout->shifts);
}

void pw_layout_free(struct pw_layout *layout)
{
	pw_shifts_free(&layout->shifts);
	pw_layout_init(layout);
}

enum pw_status pw_layout_copy(struct pw_layout *to,
			      const struct pw_layout *from,
			      struct pw_error *err)
{
	struct pw_shifts shifts = to->shifts;

	*to = *from;
	to->shifts = shifts;
	return pw_shifts_copy(&to->shifts, &from->shifts, err);
}

/* A place for a region that may be anywhere: as high as possible. */
static bool find_place(const struct pw_shifts *shifts,
		       const struct pw_layout_wish *wish, uint64_t *first)
{
	const struct pw_range area = {MMAP_LOWEST, MMAP_BASE};
	const struct pw_range all = {MMAP_LOWEST, PW_PAGE_END};
	uint64_t pages = wish->range.end - wish->range.first;

	PW_ASSERT(pages > 0 && pages <= PW_PAGE_END);
	if (wish->align &&
	    pw_shifts_gap(shifts, pages + HUGE_PAGES, area, first)) {
		uint64_t pad = (wish->offset_pages - *first) % HUGE_PAGES;

		*first += pad ? pad : HUGE_PAGES;
		return true;
	}
	return pw_shifts_gap(shifts, pages, area, first) ||
	       pw_shifts_gap(shifts, pages, all, first);
}

enum pw_status pw_layout_choose(const struct pw_layout *layout,
				const struct pw_layout_wish *wish,
				uint64_t *shift, struct pw_error *err)
{
	struct pw_range range = wish->range;
	uint64_t first;

	PW_ASSERT(range.first < range.end);
	for (size_t i = 0; i < wish->shift_count; i++) {
		struct pw_range target = {range.first + wish->shift[i],
					  range.end + wish->shift[i]};

		if (pw_shifts_is_free(&layout->shifts, target)) {
			*shift = wish->shift[i];
			return PW_OK;
		}
	}
	if (!find_place(&layout->shifts, wish, &first))
		return pw_fail(err, PW_ERR_FORMAT,
			       "relayout: no room for a region of %llu pages",
			       (unsigned long long)(range.end - range.first));
	*shift = first - range.first;
	return PW_OK;
}

enum pw_status pw_layout_each(struct pw_layout *layout,
			      const struct pw_event *like,
			      struct pw_range range, struct pw_array *out,
			      struct pw_error *err)
{
	struct pw_event event = *like;
	struct pw_shift run;
	enum pw_status st = PW_OK;

	while (st == PW_OK && pw_shifts_run(&layout->shifts, &range, &run)) {
		PW_ASSERT(run.range.first < run.range.end);
		event.arg[0] = (run.range.first + run.shift) * PW_PAGE_BYTES;
		event.arg[1] =
			(run.range.end - run.range.first) * PW_PAGE_BYTES;
		st = pw_array_push(out, &event, err);
	}
	return st;
}

enum pw_status pw_layout_vacate(struct pw_layout *layout, struct pw_range range,
				struct pw_array *out, struct pw_error *err)
{
	const struct pw_event like = {.kind = PW_EVENT_munmap};
	enum pw_status st = pw_layout_each(layout, &like, range, out, err);

	PW_ASSERT(range.first <= range.end);
	return st == PW_OK ? pw_shifts_clear(&layout->shifts, range, err) : st;
}

enum pw_status pw_layout_stray(struct pw_layout *layout, uint64_t page,
			       struct pw_error *err)
{
	const struct pw_layout_wish wish = {.range = {page, page + 1},
					    .shift = &no_shift,
					    .shift_count = 1};
	struct pw_shift stray = {.range = wish.range, .stray = true};
	enum pw_status st = pw_layout_choose(layout, &wish, &stray.shift, err);

	PW_ASSERT(page < PW_PAGE_END);
	if (st != PW_OK)
		return st;
	return pw_shifts_set(&layout->shifts, &stray, err);
}

/* Let a region begin: what was there goes, and @event follows it. */
static enum pw_status place(struct pw_layout *layout,
			    const struct pw_layout_wish *wish,
			    struct pw_event event, struct pw_array *out,
			    struct pw_error *err)
{
	struct pw_shift region = {.range = wish->range};
	uint64_t address;
	enum pw_status st;

	if (wish->range.first == wish->range.end)
		return PW_OK;
	st = pw_layout_vacate(layout, wish->range, out, err);
	if (st == PW_OK)
		st = pw_layout_choose(layout, wish, &region.shift, err);
	if (st == PW_OK)
		st = pw_shifts_set(&layout->shifts, &region, err);
	if (st != PW_OK)
		return st;
	address = (wish->range.first + region.shift) * PW_PAGE_BYTES;
	if (event.kind == PW_EVENT_map)
		event.arg[0] = address;
	else
		event.result = address;
	/* What ended with the address space does so no more. */
	if (wish->range.end == PW_PAGE_END)
		event.arg[event.kind == PW_EVENT_shmat ? 3 : 1] =
			(wish->range.end - wish->range.first) * PW_PAGE_BYTES;
	return pw_array_push(out, &event, err);
}

/* The shift of the region that @page lies in, or that ends there. */
static bool find_region(const struct pw_layout *layout, uint64_t page,
			uint64_t *shift)
{
	struct pw_shift found;

	if (!pw_shifts_find(&layout->shifts, page, &found) &&
	    (page == 0 || !pw_shifts_find(&layout->shifts, page - 1, &found)))
		return false;
	*shift = found.shift;
	return true;
}

/* ---- what was there at the start ---- */

/* Let the image have the pages of the module mapped from @range on, or these.
 */
static void find_module(struct pw_layout_image *image,
			const struct pw_layout_call *call,
			struct pw_range range)
{
	image->range = range;
	image->has_module = false;
	for (size_t i = 0; i < call->info->module_count; i++) {
		const struct pw_module *module = &call->info->modules[i];
		struct pw_range span =
			pw_range_of(module->base, module->span_bytes);

		if (module->process == call->process &&
		    span.first == range.first && span.end >= image->range.end) {
			image->range = span;
			image->has_module = true;
		}
	}
}

/* Whether a map event goes on with the segments of the present image. */
static bool continues_image(const struct pw_layout_image *image,
			    struct pw_range range)
{
	if (image->range.first == image->range.end)
		return false;
	return (!image->has_module && range.first == image->mapped_end) ||
	       (range.first >= image->range.first &&
		range.first < image->range.end);
}

/* Begin with the segments of a further ELF file. */
static enum pw_status begin_image(struct pw_layout *layout,
				  const struct pw_layout_call *call,
				  struct pw_range range, struct pw_error *err)
{
	struct pw_layout_image *image = &layout->image;
	struct pw_layout_wish wish = {0};

	find_module(image, call, range);
	image->is_main = !layout->main_seen;
	layout->main_seen = true;
	image->shift = 0;
	if (range.first < QEMU_BASE)
		return PW_OK;
	if (image->is_main) {
		image->shift = PIE_PAGE - range.first;
		return PW_OK;
	}
	wish.range = image->range;
	return pw_layout_choose(layout, &wish, &image->shift, err);
}

static enum pw_status place_segment(struct pw_layout *layout,
				    const struct pw_layout_call *call,
				    struct pw_range range, struct pw_error *err)
{
	struct pw_layout_image *image = &layout->image;
	const uint64_t shift = image->shift;
	const struct pw_layout_wish wish = {
		.range = range, .shift = &shift, .shift_count = 1};

	PW_ASSERT(range.first < range.end);
	image->mapped_end = range.end;
	if (image->is_main && range.end + image->shift > layout->main_end)
		layout->main_end = range.end + image->shift;
	return place(layout, &wish, *call->event, call->out, err);
}

/* The first break seen: the heap begins behind the main program. */
static void begin_heap(struct pw_layout *layout, uint64_t break_page)
{
	layout->break_known = true;
	layout->break_page = break_page;
	layout->heap_shift =
		layout->main_end ? layout->main_end - break_page : 0;
}

static enum pw_status apply_map(struct pw_layout *layout,
				const struct pw_layout_call *call,
				struct pw_error *err)
{
	const uint64_t *arg = call->event->arg;
	const char *text = call->event->text ? call->event->text : "";
	struct pw_range range = pw_range_of(arg[0], arg[1]);
	struct pw_layout_wish wish = {.range = range};
	uint64_t shift = 0;
	enum pw_status st;

	if (range.first == range.end)
		return PW_OK;
	if (text[0] == '[') {
		if (strcmp(text, "[heap]") == 0) {
			begin_heap(layout, range.first);
			layout->break_page = range.end;
			shift = layout->heap_shift;
		} else if (strcmp(text, "[stack]") == 0) {
			shift = STACK_TOP - range.end;
		}
	} else if (range.first < USER_END) {
		if (continues_image(&layout->image, range))
			return place_segment(layout, call, range, err);
		if (text[0] == '/') {
			st = begin_image(layout, call, range, err);
			return st == PW_OK
				       ? place_segment(layout, call, range, err)
				       : st;
		}
	}
	/* Guard pages of the recorder stay; other memory is mapped anew. */
	if (text[0] == '[' || arg[2] == 0 || range.first < QEMU_BASE ||
	    range.first >= USER_END) {
		wish.shift = &shift;
		wish.shift_count = 1;
	}
	return place(layout, &wish, *call->event, call->out, err);
}

/* ---- calls ---- */

/* Whether the kernel aligns such a mapping to 2 MiB. */
static bool is_aligned(const struct pw_event *event, uint64_t pages)
{
	static const char *const shmem[] = {"/memfd:", "/dev/", "/SYSV"};
	const char *text = event->text ? event->text : "";
	uint64_t offset = (event->arg[5] >> PW_PAGE_SHIFT) % HUGE_PAGES;

	if (event->arg[3] & MAP_FLAG_ANONYMOUS)
		return event->arg[0] == 0 &&
		       !(event->arg[3] & MAP_FLAG_SHARED) &&
		       pages % HUGE_PAGES == 0;
	for (size_t i = 0; i < PW_COUNT(shmem); i++) {
		if (strncmp(text, shmem[i], strlen(shmem[i])) == 0)
			return false;
	}
	return text[0] == '/' &&
	       pages >= (HUGE_PAGES - offset) % HUGE_PAGES + HUGE_PAGES;
}

static enum pw_status apply_mmap(struct pw_layout *layout,
				 const struct pw_layout_call *call,
				 struct pw_error *err)
{
	const struct pw_event *event = call->event;
	struct pw_range range =
		pw_range_of(event->result, pw_call_mmap_bytes(event));
	uint64_t shift[2] = {0, 0};
	struct pw_layout_wish wish = {.range = range, .shift = shift};
	bool is_near = find_region(layout, range.first, &shift[0]);

	if (event->arg[3] & (MAP_FLAG_FIXED | MAP_FLAG_FIXED_NOREPLACE)) {
		wish.shift_count = is_near ? 2 : 1;
	} else if (event->arg[0] &&
		   event->arg[0] >> PW_PAGE_SHIFT == range.first) {
		/* A hint beside a region that moved would be another one. */
		wish.shift_count = shift[0] == 0;
	} else {
		wish.align = is_aligned(event, range.end - range.first);
	}
	if (!(event->arg[3] & MAP_FLAG_ANONYMOUS))
		wish.offset_pages = event->arg[5] >> PW_PAGE_SHIFT;
	return place(layout, &wish, *event, call->out, err);
}

static enum pw_status apply_shmat(struct pw_layout *layout,
				  const struct pw_layout_call *call,
				  struct pw_error *err)
{
	const struct pw_event *event = call->event;
	uint64_t shift = 0;
	struct pw_layout_wish wish = {
		.range = pw_range_of(event->result, event->arg[3]),
		.shift = &shift,
	};

	if (event->arg[1]) {
		(void)find_region(layout, wish.range.first, &shift);
		wish.shift_count = 1;
	}
	return place(layout, &wish, *event, call->out, err);
}

/* The heap grows by mappings, so that the machine needs to know no break. */
static enum pw_status apply_brk(struct pw_layout *layout,
				const struct pw_layout_call *call,
				struct pw_error *err)
{
	uint64_t old = layout->break_page;
	uint64_t wanted = pw_range_of(0, call->event->result).end;
	const struct pw_event growth = {
		.kind = PW_EVENT_mmap,
		.arg = {0, (wanted - old) * PW_PAGE_BYTES, 3, 0x32},
		.text = "",
	};
	uint64_t shift[2] = {layout->heap_shift, layout->heap_shift};
	const struct pw_layout_wish wish = {
		.range = {old, wanted}, .shift = shift, .shift_count = 2};
	struct pw_shift below;

	if (!layout->break_known) {
		begin_heap(layout, wanted);
		return PW_OK;
	}
	layout->break_page = wanted;
	if (wanted < old)
		return pw_layout_vacate(layout, (struct pw_range){wanted, old},
					call->out, err);
	if (old > 0 && pw_shifts_find(&layout->shifts, old - 1, &below))
		shift[0] = below.shift;
	return place(layout, &wish, growth, call->out, err);
}

/* mlock and munlock are for all pages that have a byte of the arguments. */
static struct pw_range lock_range(const uint64_t *arg)
{
	uint64_t offset = arg[0] & (PW_PAGE_BYTES - 1);

	if (arg[1] == 0 || arg[1] > UINT64_MAX - offset)
		return pw_range_of(arg[0], 0);
	return pw_range_of(arg[0] - offset, arg[1] + offset);
}

/* A fault goes with the pages that it lies in; its address is in @argument. */
static enum pw_status apply_fault(struct pw_layout *layout,
				  const struct pw_layout_call *call,
				  size_t argument, struct pw_error *err)
{
	struct pw_event moved = *call->event;
	uint64_t *address = &moved.arg[argument];
	struct pw_shift found;

	if (pw_shifts_find(&layout->shifts,
			   pw_page_fold(*address >> PW_PAGE_SHIFT), &found))
		*address += found.shift * PW_PAGE_BYTES;
	return pw_array_push(call->out, &moved, err);
}

/* The name of a range, whose arguments are behind the operation. */
static enum pw_status apply_prctl(struct pw_layout *layout,
				  const struct pw_layout_call *call,
				  struct pw_error *err)
{
	const uint64_t *arg = call->event->arg;
	size_t first = call->out->count;
	enum pw_status st;

	if (arg[0] != PRCTL_SET_VMA)
		return pw_array_push(call->out, call->event, err);
	st = pw_layout_each(layout, call->event, pw_range_of(arg[2], arg[3]),
			    call->out, err);
	for (size_t i = first; st == PW_OK && i < call->out->count; i++) {
		struct pw_event *moved =
			&PW_ARRAY_AT(call->out, struct pw_event, i);

		moved->arg[2] = moved->arg[0];
		moved->arg[3] = moved->arg[1];
		moved->arg[0] = arg[0];
		moved->arg[1] = arg[1];
	}
	return st;
}

/* What fork leaves out has no place in the child. */
static enum pw_status apply_madvise(struct pw_layout *layout,
				    const struct pw_layout_call *call,
				    struct pw_error *err)
{
	const uint64_t *arg = call->event->arg;
	struct pw_range range = pw_range_of(arg[0], arg[1]);
	enum pw_status st =
		pw_layout_each(layout, call->event, range, call->out, err);

	if (st == PW_OK &&
	    (arg[2] == ADVICE_DONTFORK || arg[2] == ADVICE_DOFORK))
		st = pw_shifts_leave(&layout->shifts, range,
				     arg[2] == ADVICE_DONTFORK, err);
	return st;
}

/* Each row begins where in the file it is. */
static enum pw_status apply_remap_pages(struct pw_layout *layout,
					const struct pw_layout_call *call,
					struct pw_error *err)
{
	const uint64_t *arg = call->event->arg;
	size_t first = call->out->count;
	struct pw_range range = pw_range_of(arg[0], arg[1]);
	uint64_t offset = arg[3];
	enum pw_status st =
		pw_layout_each(layout, call->event, range, call->out, err);

	for (size_t i = first; st == PW_OK && i < call->out->count; i++) {
		struct pw_event *moved =
			&PW_ARRAY_AT(call->out, struct pw_event, i);

		moved->arg[3] = offset;
		offset += moved->arg[1] / PW_PAGE_BYTES;
	}
	return st == PW_OK ? pw_shifts_leave(&layout->shifts, range, false, err)
			   : st;
}

/* A call that failed may have done a part; of how much is not known here. */
static enum pw_status apply_failed(const struct pw_layout_call *call,
				   struct pw_error *err)
{
	struct pw_event nothing = *call->event;

	switch ((unsigned)nothing.kind) {
	case PW_EVENT_mprotect:
	case PW_EVENT_madvise:
	case PW_EVENT_mlock:
	case PW_EVENT_munlock:
		nothing.arg[1] = 0;
		break;
	default:
		break;
	}
	return pw_array_push(call->out, &nothing, err);
}

enum pw_status pw_layout_event(struct pw_layout *layout,
			       const struct pw_layout_call *call,
			       struct pw_error *err)
{
	const struct pw_event *event = call->event;
	struct pw_range range = pw_range_of(event->arg[0], event->arg[1]);

	if (pw_event_failed(event))
		return apply_failed(call, err);
	switch ((unsigned)event->kind) {
	case PW_EVENT_map:
		return apply_map(layout, call, err);
	case PW_EVENT_mmap:
		return apply_mmap(layout, call, err);
	case PW_EVENT_shmat:
		return apply_shmat(layout, call, err);
	case PW_EVENT_brk:
		return apply_brk(layout, call, err);
	case PW_EVENT_signal:
		return apply_fault(layout, call, 2, err);
	case PW_EVENT_unreached:
		return apply_fault(layout, call, 0, err);
	case PW_EVENT_prctl:
		return apply_prctl(layout, call, err);
	case PW_EVENT_madvise:
		return apply_madvise(layout, call, err);
	case PW_EVENT_remap_file_pages:
		return apply_remap_pages(layout, call, err);
	case PW_EVENT_mremap:
		return pw_layout_remap(layout, event, call->out, err);
	case PW_EVENT_munmap:
	case PW_EVENT_shmdt:
		return pw_layout_vacate(layout, range, call->out, err);
	case PW_EVENT_mlock:
	case PW_EVENT_munlock:
		range = lock_range(event->arg);
		return pw_layout_each(layout, event, range, call->out, err);
	case PW_EVENT_present:
	case PW_EVENT_mprotect:
	case PW_EVENT_mbind:
	case PW_EVENT_home_node:
	case PW_EVENT_msync:
		return pw_layout_each(layout, event, range, call->out, err);
	default:
		return pw_array_push(call->out, event, err);
	}
}
