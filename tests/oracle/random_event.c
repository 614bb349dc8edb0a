/*
 * random_event.c - random system calls on random areas.
 */
#include "base/bits.h"
#include "tests/oracle/random_trace.h"

#define PAGE PW_PAGE_BYTES
#define FAILED ((uint64_t)-12) /* ENOMEM */
#define WRONG ((uint64_t)-22)  /* EINVAL */

struct range {
	uint64_t address, bytes;
};

static uint64_t below(struct pw_random *random, uint64_t bound)
{
	return pw_random_below(random, bound);
}

/* Whether something happens that does once in @times. */
static bool once_in(struct pw_random *random, uint64_t times)
{
	return below(random, times) == 0;
}

/* Some pages of an area, sometimes all, seldom a little beyond. */
static struct range pick_range(struct pw_random *random,
			       const struct pw_random_area *area)
{
	const struct pw_random_area *a = &area[below(random, PW_RANDOM_AREAS)];
	uint64_t first = a->first, pages = a->pages;
	struct range range;

	if (!once_in(random, 4)) {
		first += below(random, a->pages);
		pages = 1 + below(random, a->first + a->pages - first);
	}
	pages += once_in(random, 6) ? below(random, 6) : 0;
	range.address = first * PAGE;
	range.bytes = pages * PAGE;
	if (once_in(random, 3))
		range.bytes -= below(random, PAGE);
	if (once_in(random, 40))
		range.bytes = 0;
	return range;
}

static uint64_t pick_prot(struct pw_random *random)
{
	static const uint64_t prot[] = {0, 1, 1, 3, 3, 3, 5, 7, 0x1000003};

	return prot[below(random, PW_COUNT(prot))];
}

/* Flags, offset, device, inode and file size of a mapping of any kind. */
static void describe_mapping(struct pw_random *random, struct pw_event *event,
			     size_t flags, size_t offset)
{
	static const char *const path[] = {"/lib/a", "/b", "", "memfd", "[x]"};
	uint64_t kind = below(random, 10);

	event->arg[flags] = once_in(random, 3) ? 1 + below(random, 3) : 2;
	event->text = "";
	if (kind < 4) {
		event->arg[flags] |= 0x20;
		event->arg[offset] = once_in(random, 4) ? 7 * PAGE : 0;
		return;
	}
	event->text = path[below(random, PW_COUNT(path))];
	event->arg[offset] = below(random, 30) * PAGE;
	event->arg[offset + 1] = 2049;
	event->arg[offset + 2] = once_in(random, 5) ? 0 : 1234;
	if (once_in(random, 8))
		event->arg[offset + 2] = 5678;
	event->arg[offset + 3] =
		once_in(random, 3) ? 0 : below(random, 90 * PAGE);
	if (once_in(random, 2))
		event->arg[offset + 3] &= ~(PAGE - 1);
}

static struct pw_event make_map(struct pw_random *random, struct range range)
{
	struct pw_event event = {.kind = PW_EVENT_map};

	event.arg[0] = range.address;
	event.arg[1] = range.bytes;
	event.arg[2] = pick_prot(random);
	describe_mapping(random, &event, 3, 4);
	return event;
}

static struct pw_event make_mmap(struct pw_random *random, struct range range)
{
	static const uint64_t size[] = {0, 16, 16, 16, 21, 14, 14, 13};
	struct pw_event event = {.kind = PW_EVENT_mmap};

	event.result = range.address;
	event.arg[0] = once_in(random, 2) ? range.address : 0;
	event.arg[1] = range.bytes;
	event.arg[2] = pick_prot(random);
	describe_mapping(random, &event, 3, 5);
	event.arg[3] |= once_in(random, 4) ? 0x8000 : 0;
	event.arg[3] |= once_in(random, 8) ? 0x2000 : 0;
	event.arg[3] |= once_in(random, 9) ? 0x10000 : 0;
	event.arg[3] |= once_in(random, 8) ? 0x100 : 0;
	event.arg[3] |= once_in(random, 6) ? 0x4000 : 0;
	event.arg[3] |= once_in(random, 9) ? 0x20000 : 0;
	event.arg[3] |= 0x10;
	if (once_in(random, 30))
		event.arg[3] = 0x38;
	if (once_in(random, 8)) {
		event.arg[3] |= 0x40020;
		event.arg[3] &= ~UINT64_C(0x8000);
		event.arg[3] |= size[below(random, PW_COUNT(size))] << 26;
	}
	if (event.arg[3] & 0x100)
		event.arg[3] |= 0x20;
	event.arg[4] = 3 + below(random, 2);
	return event;
}

static struct pw_event make_mremap(struct pw_random *random, struct range range,
				   const struct pw_random_area *area)
{
	struct pw_event event = {.kind = PW_EVENT_mremap};
	struct range target = pick_range(random, area);

	event.arg[0] = range.address;
	event.arg[1] = range.bytes;
	event.arg[2] =
		once_in(random, 3) ? range.bytes : 1 + below(random, 40 * PAGE);
	event.result = once_in(random, 3) ? range.address : target.address;
	event.arg[3] = 1;
	if (event.result != range.address) {
		event.arg[3] = 3;
		event.arg[4] = event.result;
		if (once_in(random, 3))
			event.arg[3] |= 4;
	}
	if (once_in(random, 12))
		event.arg[1] = 0;
	return event;
}

static struct pw_event make_brk(struct pw_random *random,
				const struct pw_random_area *area)
{
	struct pw_event event = {.kind = PW_EVENT_brk};

	event.result = area[1].first * PAGE +
		       below(random, (area[1].pages + 5) * PAGE);
	event.arg[0] = once_in(random, 4) ? 0 : event.result;
	return event;
}

static struct pw_event make_madvise(struct pw_random *random,
				    struct range range)
{
	static const uint64_t advice[] = {4,   4,   25, 22, 23, 22, 23, 8,  14,
					  14,  15,  21, 24, 10, 11, 18, 19, 0,
					  1,   2,   9,	12, 13, 16, 17, 20, 102,
					  102, 103, 3,	8,  20, 21, 21, 9,  8};
	struct pw_event event = {.kind = PW_EVENT_madvise};

	event.arg[0] = range.address;
	event.arg[1] = range.bytes;
	event.arg[2] = advice[below(random, PW_COUNT(advice))];
	return event;
}

/* Of a fault, or not. */
static struct pw_event make_signal(struct pw_random *random, struct range range)
{
	static const uint64_t number[] = {11, 11, 11, 7, 7, 0, 5};
	static const uint64_t code[] = {1, 2, 2, 128, 0, 4, UINT64_MAX - 5};
	struct pw_event event = {.kind = PW_EVENT_signal};

	event.arg[0] = number[below(random, PW_COUNT(number))];
	event.arg[1] = code[below(random, PW_COUNT(code))];
	event.arg[2] = range.address + below(random, PAGE);
	event.arg[3] = below(random, 4);
	if (once_in(random, 8))
		event.arg[2] |= UINT64_C(1) << 60;
	if (once_in(random, 8))
		event.arg[2] = 0;
	return event;
}

/* Events with address and length first, or none of both. */
static struct pw_event make_other(struct pw_random *random, struct range range)
{
	static const enum pw_event_kind kind[] = {
		PW_EVENT_present, PW_EVENT_munmap, PW_EVENT_mprotect,
		PW_EVENT_present, PW_EVENT_munmap, PW_EVENT_mprotect,
		PW_EVENT_mark,	  PW_EVENT_mark,   PW_EVENT_signal,
		PW_EVENT_shmdt,	  PW_EVENT_gap,	   PW_EVENT_unrecorded,
	};
	struct pw_event event = {.kind = kind[below(random, PW_COUNT(kind))]};

	if (event.kind == PW_EVENT_mark) {
		event.text = once_in(random, 2) ? "one" : "two";
		return event;
	}
	if (event.kind == PW_EVENT_signal)
		return make_signal(random, range);
	event.arg[0] = range.address;
	event.arg[1] = range.bytes;
	event.arg[2] = pick_prot(random);
	return event;
}

static struct pw_event make_shmat(struct pw_random *random, struct range range)
{
	struct pw_event event = {.kind = PW_EVENT_shmat,
				 .result = range.address};

	event.arg[0] = 1;
	event.arg[2] = once_in(random, 3) ? 0x1000 : 0;
	event.arg[2] |= once_in(random, 5) ? 0x8000 : 0;
	event.arg[3] = range.bytes;
	event.arg[5] = below(random, 2);
	return event;
}

static struct pw_event make_lock(struct pw_random *random, struct range range)
{
	static const enum pw_event_kind kind[] = {
		PW_EVENT_mlock,	    PW_EVENT_mlock,    PW_EVENT_munlock,
		PW_EVENT_mlockall,  PW_EVENT_mlockall, PW_EVENT_munlockall,
		PW_EVENT_munlockall};
	struct pw_event event = {.kind = kind[below(random, PW_COUNT(kind))]};

	if (event.kind == PW_EVENT_mlockall) {
		event.arg[0] = 1 + below(random, 7);
	} else if (event.kind != PW_EVENT_munlockall) {
		event.arg[0] = range.address +
			       (once_in(random, 3) ? below(random, PAGE) : 0);
		event.arg[1] = range.bytes;
		event.arg[2] = once_in(random, 3);
	}
	return event;
}

static struct pw_event make_policy(struct pw_random *random, struct range range)
{
	static const uint64_t mode[] = {0, 0x8000, 1, 2, 2, 3, 4, 5, 0x4002};
	struct pw_event event = {
		.kind = once_in(random, 3) ? PW_EVENT_home_node
					   : PW_EVENT_mbind,
		.arg = {range.address, range.bytes, below(random, 2)}};

	if (event.kind == PW_EVENT_mbind) {
		event.arg[2] = mode[below(random, PW_COUNT(mode))];
		event.arg[3] = below(random, 4);
	} else if (once_in(random, 3)) {
		event.result = (uint64_t)-95; /* EOPNOTSUPP */
	}
	return event;
}

/* Names, policies, limits, and what tells that a file is writable. */
static struct pw_event make_setting(struct pw_random *random,
				    struct range range)
{
	static const char *const name[] = {"", "a", "b"};
	static const uint64_t resource[] = {2, 3, 3, 8, 9};
	struct pw_event event = {.text = ""};

	switch (below(random, 6)) {
	case 0:
		event = make_policy(random, range);
		break;
	case 1:
	case 2:
		event.kind = PW_EVENT_prctl;
		event.arg[0] = once_in(random, 8) ? 41 : 0x53564d41;
		if (event.arg[0] == 41) {
			event.arg[1] = below(random, 2);
			event.arg[2] = 2 * below(random, 2);
		}
		event.arg[2] = range.address;
		event.arg[3] = range.bytes;
		event.text = name[below(random, PW_COUNT(name))];
		break;
	case 3:
		event.kind = once_in(random, 2) ? PW_EVENT_limit
						: PW_EVENT_setrlimit;
		event.arg[0] = resource[below(random, PW_COUNT(resource))];
		event.arg[1] = below(random, 1024) * PAGE;
		if (event.arg[0] == 8)
			event.arg[1] /= 16;
		if (event.arg[0] == 9 && once_in(random, 2))
			event.arg[1] = UINT64_MAX;
		if (event.arg[0] == 2 && once_in(random, 4))
			event.arg[1] = 0;
		event.arg[2] = event.arg[1];
		if (event.arg[0] == 2 && once_in(random, 2))
			event.arg[2] = below(random, 2048) * PAGE;
		if (event.kind == PW_EVENT_setrlimit && once_in(random, 4))
			event.arg[3] = 99 + below(random, 5); /* or nobody */
		break;
	case 4:
		event.kind = PW_EVENT_personality;
		event.arg[0] = once_in(random, 3) ? UINT32_MAX
						  : below(random, 2) * 0x400000;
		break;
	default:
		event.kind = PW_EVENT_memfd_create;
		event.arg[1] = 2049;
		event.arg[2] = 5678;
		event.result = 3 + below(random, 2);
		event.text = "m";
		break;
	}
	return event;
}

/* Some bytes of a file, most of them whole pages. */
static struct range pick_bytes(struct pw_random *random)
{
	struct range range = {
		.address = below(random, 60) * PAGE,
		.bytes = below(random, once_in(random, 3) ? 80 : 8) * PAGE,
	};

	range.address += once_in(random, 4) ? below(random, PAGE) : 0;
	range.bytes += once_in(random, 4) ? below(random, PAGE) : 0;
	return range;
}

/* What the recording says of files at its start. */
static struct pw_event tell_file(struct pw_random *random, uint64_t inode)
{
	struct pw_event event = {.text = "",
				 .arg = {2049, inode, below(random, 90)}};

	event.arg[3] = 1 + below(random, 30);
	if (once_in(random, 3)) {
		event.kind = PW_EVENT_file;
		event.text = "/lib/a";
		event.arg[2] = event.arg[2] * PAGE + below(random, 2);
		event.arg[3] = once_in(random, 5) ? UINT64_MAX : 7;
		event.arg[4] = below(random, 3) << 15;
		event.result = once_in(random, 3) ? below(random, 40) : 0;
		return event;
	}
	event.kind = PW_EVENT_resident;
	if (once_in(random, 2)) {
		event.kind = PW_EVENT_folio;
		event.arg[4] = below(random, 4);
		event.arg[2] &= ~UINT64_C(7);
		event.arg[3] = 8 * (1 + below(random, 4));
	}
	return event;
}

/* A call on a file that is mapped somewhere. */
static struct pw_event make_file(struct pw_random *random, struct range range)
{
	static const enum pw_event_kind kind[] = {
		PW_EVENT_file_read,  PW_EVENT_file_read, PW_EVENT_file_write,
		PW_EVENT_file_write, PW_EVENT_fsync,	 PW_EVENT_fadvise,
		PW_EVENT_fadvise,    PW_EVENT_ftruncate, PW_EVENT_fallocate,
		PW_EVENT_msync,	     PW_EVENT_msync,	 PW_EVENT_file,
	};
	static const uint64_t mode[] = {0, 1, 3, 3, 3, 0x10, 0x11, 8, 0x20};
	struct range bytes = pick_bytes(random);
	struct pw_event event = {.text = "/lib/a"};
	uint64_t inode = once_in(random, 6) ? 5678 : 1234;
	size_t name = 3;

	event.kind = kind[below(random, PW_COUNT(kind))];
	if (event.kind == PW_EVENT_file)
		return tell_file(random, inode);
	event.arg[0] = 3 + below(random, 2);
	event.arg[1] = bytes.address;
	event.arg[2] = bytes.bytes;
	switch ((unsigned)event.kind) {
	case PW_EVENT_fsync:
		event.arg[1] = 0;
		name = 2;
		break;
	case PW_EVENT_ftruncate:
		name = 2;
		break;
	case PW_EVENT_fadvise:
		event.arg[3] = below(random, 6);
		name = 4;
		break;
	case PW_EVENT_fallocate:
		event.arg[1] = mode[below(random, PW_COUNT(mode))];
		event.arg[2] = bytes.address;
		event.arg[3] = bytes.bytes;
		name = 4;
		break;
	case PW_EVENT_msync:
		event.arg[0] = range.address;
		event.arg[1] = range.bytes;
		event.arg[2] = once_in(random, 3) ? 1 : 4;
		return event;
	default:
		break;
	}
	if (event.kind == PW_EVENT_ftruncate && once_in(random, 3))
		event.arg[0] = UINT64_MAX; /* by its path */
	event.arg[name] = 2049;
	event.arg[name + 1] = once_in(random, 20) ? 0 : inode;
	return event;
}

/* The advice of one process to another one, to itself or to nobody. */
static struct pw_event make_remote_advice(struct pw_random *random,
					  struct range range)
{
	struct pw_event advice = make_madvise(random, range);
	struct pw_event event = {.kind = PW_EVENT_process_madvise,
				 .arg = {5, range.address, range.bytes,
					 advice.arg[2], 99 + below(random, 5)}};

	if (once_in(random, 2))
		event.arg[3] = once_in(random, 2) ? 20 : 21;
	return event;
}

/* remap_file_pages, mostly within the file. */
static struct pw_event make_remap_pages(struct pw_random *random,
					struct range range)
{
	struct pw_event event = {
		.kind = PW_EVENT_remap_file_pages,
		.arg = {range.address, range.bytes, 0, below(random, 40)}};

	if (once_in(random, 3))
		event.arg[4] = 0x10000;
	return event;
}

/* A file, or a segment, without names. */
static struct pw_event make_unnamed(struct pw_random *random)
{
	struct pw_event event = {.kind = PW_EVENT_unnamed,
				 .arg = {2049, 1234, below(random, 2)}};

	if (once_in(random, 3))
		event.arg[1] = 5678;
	if (once_in(random, 4)) {
		event.arg[0] = 0;
		event.arg[1] = below(random, 2);
	}
	return event;
}

/* Kinds of which the model makes nothing yet. */
static struct pw_event make_ignored(struct pw_random *random,
				    struct range range)
{
	static const enum pw_event_kind kind[] = {
		PW_EVENT_sched_setaffinity, PW_EVENT_cpu, PW_EVENT_sigreturn,
		PW_EVENT_auxv};
	struct pw_event event = {.kind = kind[below(random, PW_COUNT(kind))]};

	event.arg[0] = range.address;
	event.arg[1] = range.bytes;
	event.arg[2] = 4;
	return event;
}

static struct pw_event make_rare(struct pw_random *random, struct range range)
{
	switch (below(random, 5)) {
	case 0:
		return make_remote_advice(random, range);
	case 3:
		return (struct pw_event){
			.kind = PW_EVENT_unreached,
			.arg = {range.address, 1 + below(random, 2)}};
	case 1:
		return make_remap_pages(random, range);
	case 2:
		return make_unnamed(random);
	default:
		return make_ignored(random, range);
	}
}

struct pw_event pw_random_event(struct pw_random *random,
				const struct pw_random_area *area)
{
	struct range range = pick_range(random, area);
	uint64_t dice = below(random, 100);
	struct pw_event event;

	if (dice < 6)
		event = make_map(random, range);
	else if (dice < 20)
		event = make_file(random, range);
	else if (dice < 32)
		event = make_mmap(random, range);
	else if (dice < 43)
		event = make_mremap(random, range, area);
	else if (dice < 50)
		event = make_brk(random, area);
	else if (dice < 68)
		event = make_madvise(random, range);
	else if (dice < 86)
		event = make_other(random, range);
	else if (dice < 90)
		event = make_shmat(random, range);
	else if (dice < 94)
		event = make_lock(random, range);
	else if (dice < 97)
		event = make_setting(random, range);
	else
		event = make_rare(random, range);
	if (once_in(random, 15))
		event.result = once_in(random, 3) ? WRONG : FAILED;
	return event;
}

struct pw_event pw_random_first_map(struct pw_random *random,
				    const struct pw_random_area *area,
				    size_t index)
{
	static const char *const name[] = {"/bin/x", "[heap]", "[stack]"};
	struct range whole = {area->first * PAGE, area->pages * PAGE};
	struct pw_event event = make_map(random, whole);

	if (index >= PW_COUNT(name))
		return event;
	event = (struct pw_event){.kind = PW_EVENT_map, .text = name[index]};
	event.arg[0] = whole.address;
	event.arg[1] = whole.bytes;
	event.arg[2] = index == 0 ? 5 : 3;
	event.arg[3] = 2;
	event.arg[6] = index == 0 ? 77 : 0;
	return event;
}
