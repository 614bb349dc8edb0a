/*
 * start_file.c - what the page cache holds of a file.
 *
 * mincore of an own mapping tells which pages are in the cache, without
 * touching any. For folios, resident pages are then mapped without being read
 * (MADV_POPULATE_READ), so that their frames and the flags of the frames can
 * be looked up. Both are done in windows: no file takes much address space.
 */
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/bits.h"
#include "capture/start.h"

#define WINDOW_PAGES 16384 /* a multiple of the largest folio */
#define FOLIO_PAGES_MAX 2048
#define FRAME_WORDS 512
#define FLAG_WORDS 64
#define FRAME_PRESENT (UINT64_C(1) << 63)
#define FRAME_MASK ((UINT64_C(1) << 55) - 1)
#define FLAG_HEAD (UINT64_C(1) << 15) /* KPF_COMPOUND_HEAD */
#define FLAG_TAIL (UINT64_C(1) << 16) /* KPF_COMPOUND_TAIL */

/* Pages in a row, all resident, or all in folios of one size. */
struct run {
	uint64_t first;
	uint64_t pages;
	uint64_t order;
};

/* A file while it is looked at. */
struct look {
	struct pw_start *start;
	int fd;
	uint64_t pages;	      /* of the file */
	uint64_t told;	      /* pages from the first one that are looked at */
	uint64_t resident;    /* found */
	uint64_t folio_pages; /* whose frames have been looked up */
	struct pw_array runs; /* struct run */
	struct pw_array folios;
	bool folios_end; /* a bound was reached, or they cannot be read */
};

void pw_start_open(struct pw_start *start, struct pw_start_sink sink)
{
	PW_ASSERT(sink.event != NULL);
	*start = (struct pw_start){
		.sink = sink,
		.files = PW_ARRAY(struct pw_start_id),
		.frames = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC),
		.flags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC),
	};
}

void pw_start_close(struct pw_start *start)
{
	pw_array_free(&start->files);
	if (start->frames >= 0)
		close(start->frames);
	if (start->flags >= 0)
		close(start->flags);
	start->frames = start->flags = -1;
}

/* What pagemap says of own pages from @address on; 0 of what it does not. */
static void read_frames(int frames, uintptr_t address, uint64_t *word,
			size_t pages)
{
	ssize_t got = pread(frames, word, pages * sizeof(*word),
			    (off_t)(address >> PW_PAGE_SHIFT) * 8);

	for (size_t i = 0; i < pages; i++)
		if (got < (ssize_t)((i + 1) * sizeof(*word)) ||
		    !(word[i] & FRAME_PRESENT))
			word[i] = 0;
		else
			word[i] &= FRAME_MASK;
}

bool pw_start_folios_readable(void)
{
	volatile char here = 1; /* a page that is present */
	int frames = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	int flags = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);
	uint64_t frame = 0, word;
	bool readable;

	if (frames >= 0)
		read_frames(frames, (uintptr_t)&here, &frame, 1);
	readable = frame != 0 && flags >= 0 &&
		   pread(flags, &word, sizeof(word), 0) == sizeof(word);
	if (frames >= 0)
		close(frames);
	if (flags >= 0)
		close(flags);
	return readable;
}

/* Lengthen the last run, or begin one; false when there may be no more. */
static bool add_run(struct pw_array *runs, struct run run)
{
	struct run *last =
		runs->count ? &PW_ARRAY_AT(runs, struct run, runs->count - 1)
			    : NULL;
	struct pw_error err;

	if (last && last->first + last->pages == run.first &&
	    last->order == run.order) {
		last->pages += run.pages;
		return true;
	}
	return runs->count < PW_START_RUNS_MAX &&
	       pw_array_push(runs, &run, &err) == PW_OK;
}

/* ---- folios ---- */

/*
 * Pages in the folio that begins at @frame; 0 when none begins there. Most
 * pages are single, so the first look is at one frame only.
 */
static uint64_t folio_pages(int flags, uint64_t frame)
{
	uint64_t word[FLAG_WORDS];
	uint64_t pages = 0;
	size_t step = 1;

	while (pages < FOLIO_PAGES_MAX) {
		ssize_t got = pread(flags, word, step * sizeof(*word),
				    (off_t)((frame + pages) * 8));

		for (size_t i = 0; i < step; i++, pages++) {
			uint64_t wanted = pages ? FLAG_TAIL : FLAG_HEAD;

			if (got < (ssize_t)((i + 1) * sizeof(*word)) ||
			    !(word[i] & wanted))
				return pages;
		}
		step = step * 4 < FLAG_WORDS ? step * 4 : FLAG_WORDS;
	}
	return pages;
}

static unsigned order_of(uint64_t pages)
{
	unsigned order = 0;

	while (pages >> (order + 1))
		order++;
	return order;
}

/* The folio at page @first, one of @left resident pages; its pages, or 1. */
static uint64_t find_folio(struct look *look, uint64_t frame, uint64_t first,
			   uint64_t left)
{
	uint64_t pages = frame ? folio_pages(look->start->flags, frame) : 0;
	struct run folio = {first, pages, order_of(pages)};

	look->folio_pages++;
	if (pages < 2)
		return 1;
	if (pages > left)
		folio.pages = left; /* the end of the file */
	if (!add_run(&look->folios, folio))
		look->folios_end = true;
	return folio.pages;
}

/* The folios of a run of resident pages, mapped at @base. */
static void find_folios(struct look *look, char *base, uint64_t window,
			struct run run)
{
	char *from = base + (run.first - window) * PW_PAGE_BYTES;
	uint64_t frame[FRAME_WORDS];
	uint64_t next = 0; /* page of the run that is in no folio yet */

	if (madvise(from, run.pages * PW_PAGE_BYTES, MADV_POPULATE_READ) != 0)
		look->folios_end = true;
	for (uint64_t i = 0; i < run.pages && !look->folios_end;
	     i += FRAME_WORDS) {
		uint64_t count = run.pages - i;

		if (count > FRAME_WORDS)
			count = FRAME_WORDS;
		read_frames(look->start->frames,
			    (uintptr_t)(from + i * PW_PAGE_BYTES), frame,
			    count);
		while (next < i + count && !look->folios_end)
			next += find_folio(look, frame[next - i],
					   run.first + next, run.pages - next);
	}
	if (look->folio_pages > PW_START_FOLIO_PAGES_MAX)
		look->folios_end = true;
}

/* ---- residence ---- */

/* The runs of a window; false when a bound was reached. */
static bool find_runs(struct look *look, char *base, uint64_t window,
		      const unsigned char *resident, uint64_t pages)
{
	for (uint64_t i = 0; i < pages;) {
		struct run run = {window + i, 0, 0};

		while (i < pages && (resident[i] & 1)) {
			run.pages++;
			i++;
		}
		if (run.pages == 0) {
			i++;
			continue;
		}
		if (!add_run(&look->runs, run)) {
			look->told = run.first;
			return false;
		}
		look->resident += run.pages;
		if (!look->folios_end)
			find_folios(look, base, window, run);
	}
	return true;
}

/* false when the file cannot be mapped, or a bound was reached. */
static bool look_at_window(struct look *look, uint64_t window, uint64_t pages)
{
	unsigned char *resident = malloc(pages);
	size_t bytes = pages * PW_PAGE_BYTES;
	bool more = false;
	void *base;

	base = mmap(NULL, bytes, PROT_READ, MAP_SHARED, look->fd,
		    (off_t)(window * PW_PAGE_BYTES));
	look->told = window;
	if (resident && base != MAP_FAILED) {
		/* Looking must not make the pages seem recently used. */
		(void)madvise(base, bytes, MADV_RANDOM);
		if (mincore(base, bytes, resident) == 0) {
			look->told = window + pages;
			more = find_runs(look, base, window, resident, pages);
		}
	}
	if (base != MAP_FAILED)
		munmap(base, bytes);
	free(resident);
	return more;
}

/*
 * Who neither owns the file nor may write it is told by mincore that all is
 * resident. A huge page of hugetlbfs is not cached, and not mapped in parts.
 */
static bool may_know(int fd, const struct stat *st)
{
	struct statfs system;
	char path[64];

	if (fstatfs(fd, &system) != 0 || system.f_type == HUGETLBFS_MAGIC)
		return false;
	if (st->st_uid == geteuid())
		return true;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) == 0;
}

static void look_at(struct look *look, const struct stat *st)
{
	uint64_t limit = look->pages;

	if (limit > PW_START_PAGES_MAX)
		limit = PW_START_PAGES_MAX;
	if (limit == 0 || !may_know(look->fd, st))
		return;
	for (uint64_t window = 0; window < limit; window += WINDOW_PAGES) {
		uint64_t pages = limit - window;

		if (pages > WINDOW_PAGES)
			pages = WINDOW_PAGES;
		if (!look_at_window(look, window, pages))
			break;
	}
}

/* ---- the file ---- */

/* Of the disk, of the disk that a partition is of, or of a network. */
static uint64_t read_ahead_bytes(dev_t device)
{
	static const struct {
		const char *folder;
		const char *below;
	} place[] = {
		{"/sys/dev/block", "/queue"},
		{"/sys/dev/block", "/../queue"},
		{"/sys/class/bdi", ""},
	};

	for (size_t i = 0; i < PW_COUNT(place); i++) {
		char text[32];
		char path[96];
		FILE *file;
		bool got;

		snprintf(path, sizeof(path), "%s/%u:%u%s/read_ahead_kb",
			 place[i].folder, major(device), minor(device),
			 place[i].below);
		file = fopen(path, "re");
		if (!file)
			continue;
		got = fgets(text, sizeof(text), file) != NULL;
		fclose(file);
		if (got)
			return strtoull(text, NULL, 10) * 1024;
	}
	return PW_START_UNKNOWN;
}

static void tell_runs(const struct look *look, const struct stat *st,
		      enum pw_event_kind kind, const struct pw_array *runs)
{
	const struct pw_start_sink *sink = &look->start->sink;

	for (size_t i = 0; i < runs->count; i++) {
		const struct run *run = &PW_ARRAY_AT(runs, struct run, i);

		sink->event(sink->state,
			    &(struct pw_event){
				    .kind = kind,
				    .arg = {st->st_dev, st->st_ino, run->first,
					    run->pages, run->order},
			    });
	}
}

static void tell_file(const struct look *look, const struct stat *st,
		      const char *name)
{
	const struct pw_start_sink *sink = &look->start->sink;
	bool looked = look->told > 0 || look->pages == 0;

	sink->event(
		sink->state,
		&(struct pw_event){
			.kind = PW_EVENT_file,
			.result = look->told < look->pages && looked
					  ? look->told
					  : 0,
			.arg = {st->st_dev, st->st_ino, (uint64_t)st->st_size,
				looked ? look->resident : PW_START_UNKNOWN,
				read_ahead_bytes(st->st_dev)},
			.text = name,
		});
	tell_runs(look, st, PW_EVENT_resident, &look->runs);
	tell_runs(look, st, PW_EVENT_folio, &look->folios);
}

/* Whether the file has been told of; if not, it is from now on. */
static bool was_told(struct pw_start *start, const struct stat *st)
{
	const struct pw_start_id id = {st->st_dev, st->st_ino};
	struct pw_error err;
	enum pw_status kept;

	for (size_t i = 0; i < start->files.count; i++) {
		const struct pw_start_id *known =
			&PW_ARRAY_AT(&start->files, struct pw_start_id, i);

		if (known->device == id.device && known->inode == id.inode)
			return true;
	}
	/* Without memory the file is told of again. */
	kept = pw_array_push(&start->files, &id, &err);
	(void)kept;
	return false;
}

void pw_start_file(struct pw_start *start, const char *path, const char *name)
{
	struct look look = {
		.start = start,
		.runs = PW_ARRAY(struct run),
		.folios = PW_ARRAY(struct run),
		.folios_end = start->frames < 0 || start->flags < 0,
	};
	struct stat st;

	PW_ASSERT(path && name);
	/* stat first: opening a device or a pipe may do something. */
	if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) ||
	    was_told(start, &st))
		return;
	look.pages = ((uint64_t)st.st_size + PW_PAGE_BYTES - 1) / PW_PAGE_BYTES;
	look.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (look.fd >= 0) {
		look_at(&look, &st);
		close(look.fd);
	}
	tell_file(&look, &st, name);
	pw_array_free(&look.runs);
	pw_array_free(&look.folios);
}
