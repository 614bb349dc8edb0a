/*
 * test_start.c - what is told of files, limits and the auxiliary vector.
 */
#include "tests/support/pw_test.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "capture/start.h"

#define PAGE 4096
#define EVENTS_MAX 4096

/* What the sink was given. */
struct told {
	struct pw_start start;
	struct pw_event event[EVENTS_MAX];
	size_t count;
	bool keeps_first_only; /* further events are counted */
	char path[64];
	int fd;
};

static void keep(void *state, const struct pw_event *event)
{
	struct told *told = state;

	if (told->keeps_first_only && told->count > 0) {
		told->count++;
		return;
	}
	assert_true(told->count < EVENTS_MAX);
	told->event[told->count] = *event;
	told->event[told->count++].text = NULL;
	if (event->kind == PW_EVENT_file)
		assert_non_null(event->text);
}

static int set_up(void **state)
{
	struct told *told = calloc(1, sizeof(*told));

	assert_non_null(told);
	pw_start_open(&told->start, (struct pw_start_sink){keep, told});
	snprintf(told->path, sizeof(told->path), "/tmp/pw_test_start.XXXXXX");
	told->fd = mkstemp(told->path);
	assert_true(told->fd >= 0);
	*state = told;
	return 0;
}

static int tear_down(void **state)
{
	struct told *told = *state;

	pw_start_close(&told->start);
	close(told->fd);
	unlink(told->path);
	free(told);
	return 0;
}

static size_t count_kind(const struct told *told, enum pw_event_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < told->count; i++)
		count += told->event[i].kind == kind;
	return count;
}

static void write_pages(int fd, uint64_t first, uint64_t pages)
{
	static const char page[PAGE] = "content";

	for (uint64_t i = first; i < first + pages; i++)
		assert_int_equal(pwrite(fd, page, PAGE, (off_t)(i * PAGE)),
				 PAGE);
}

/* One page at a time: the slow twin. */
static bool is_resident(int fd, uint64_t page)
{
	unsigned char resident = 0;
	void *at = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd,
			(off_t)(page * PAGE));

	assert_true(at != MAP_FAILED);
	assert_int_equal(mincore(at, PAGE, &resident), 0);
	munmap(at, PAGE);
	return resident & 1;
}

/* Compare file and resident events with the twin; return resident pages. */
static uint64_t check_file(const struct told *told, uint64_t pages)
{
	const struct pw_event *file = &told->event[0];
	bool *want = calloc(pages, sizeof(*want));
	uint64_t resident = 0, next = 0;
	struct stat st;

	assert_non_null(want);
	assert_int_equal(fstat(told->fd, &st), 0);
	assert_int_equal(file->kind, PW_EVENT_file);
	assert_int_equal(file->result, 0);
	assert_int_equal(file->arg[0], st.st_dev);
	assert_int_equal(file->arg[1], st.st_ino);
	assert_int_equal(file->arg[2], st.st_size);
	for (size_t i = 1; i < told->count; i++) {
		const struct pw_event *event = &told->event[i];

		if (event->kind != PW_EVENT_resident)
			continue;
		assert_int_equal(event->arg[0], st.st_dev);
		assert_int_equal(event->arg[1], st.st_ino);
		/* Runs rise, and never touch: they would be one. */
		assert_true(event->arg[2] > next || next == 0);
		next = event->arg[2] + event->arg[3];
		assert_true(event->arg[3] > 0 && next <= pages);
		for (uint64_t p = event->arg[2]; p < next; p++)
			want[p] = true;
	}
	for (uint64_t p = 0; p < pages; p++) {
		assert_int_equal(want[p], is_resident(told->fd, p));
		resident += want[p];
	}
	assert_int_equal(file->arg[3], resident);
	free(want);
	return resident;
}

/*
 * Pages 0..9 and 500..509 of 1000 are written, the others are holes, which
 * are in no cache. The last page is written in part.
 */
static void written_pages_are_resident_and_holes_are_not(void **state)
{
	struct told *told = *state;

	write_pages(told->fd, 0, 10);
	write_pages(told->fd, 500, 10);
	assert_int_equal(ftruncate(told->fd, 1000 * PAGE - 100), 0);
	pw_start_file(&told->start, told->path, told->path);
	assert_int_equal(check_file(told, 1000), 20);
	assert_int_equal(count_kind(told, PW_EVENT_resident), 2);
	assert_int_equal(count_kind(told, PW_EVENT_file), 1);
}

/*
 * 16384 pages are looked at in one go; a run over that border is one event.
 */
static void a_run_over_the_border_of_two_windows_is_one(void **state)
{
	struct told *told = *state;

	write_pages(told->fd, 16380, 10);
	pw_start_file(&told->start, told->path, told->path);
	assert_int_equal(count_kind(told, PW_EVENT_resident), 1);
	assert_int_equal(told->event[0].arg[3], 10);
	assert_int_equal(told->event[1].arg[2], 16380);
	assert_int_equal(told->event[1].arg[3], 10);
}

static void pages_that_were_dropped_are_not_resident(void **state)
{
	struct told *told = *state;

	write_pages(told->fd, 0, 1024);
	assert_int_equal(fdatasync(told->fd), 0);
	/* Advice: whatever the kernel makes of it, we must say the same. */
	assert_int_equal(posix_fadvise(told->fd, 512 * PAGE, 512 * PAGE,
				       POSIX_FADV_DONTNEED),
			 0);
	pw_start_file(&told->start, told->path, told->path);
	assert_true(check_file(told, 1024) >= 512);
}

/*
 * Every other page is written, 65537 of them: 65536 runs may be told, and the
 * one left out is page 2 * 65536.
 */
static void a_file_in_many_pieces_is_cut_and_says_where(void **state)
{
	struct told *told = *state;

	for (uint64_t i = 0; i <= PW_START_RUNS_MAX; i++)
		write_pages(told->fd, 2 * i, 1);
	told->keeps_first_only = true;
	pw_start_file(&told->start, told->path, told->path);
	assert_int_equal(told->event[0].result, 2 * PW_START_RUNS_MAX);
	assert_int_equal(told->event[0].arg[3], PW_START_RUNS_MAX);
	assert_int_equal(told->count, 1 + PW_START_RUNS_MAX);
}

static void each_file_is_told_once(void **state)
{
	struct told *told = *state;
	char link_path[80];

	write_pages(told->fd, 0, 1);
	pw_start_file(&told->start, told->path, told->path);
	pw_start_file(&told->start, told->path, told->path);
	pw_start_mapped_fd(&told->start, getpid(), told->fd);
	snprintf(link_path, sizeof(link_path), "%s.link", told->path);
	assert_int_equal(link(told->path, link_path), 0);
	pw_start_file(&told->start, link_path, link_path);
	unlink(link_path);
	assert_int_equal(count_kind(told, PW_EVENT_file), 1);
}

static void what_is_no_regular_file_is_not_told(void **state)
{
	struct told *told = *state;
	int ends[2];

	assert_int_equal(pipe(ends), 0);
	pw_start_mapped_fd(&told->start, getpid(), ends[0]);
	pw_start_mapped_fd(&told->start, getpid(), -1);
	pw_start_file(&told->start, "/dev/null", "/dev/null");
	pw_start_file(&told->start, "/tmp", "/tmp");
	pw_start_file(&told->start, "/no/such/file", "/no/such/file");
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(told->count, 0);
}

static void an_empty_file_has_no_runs(void **state)
{
	struct told *told = *state;

	pw_start_file(&told->start, told->path, told->path);
	assert_int_equal(told->count, 1);
	assert_int_equal(told->event[0].arg[2], 0);
	assert_int_equal(told->event[0].arg[3], 0);
}

/* Folios lie within resident runs, at multiples of their size, in order. */
static void folios_are_parts_of_what_is_resident(void **state)
{
	struct told *told = *state;
	uint64_t next = 0;

	write_pages(told->fd, 0, 2048);
	pw_start_file(&told->start, told->path, told->path);
	for (size_t i = 0; i < told->count; i++) {
		const struct pw_event *event = &told->event[i];

		if (event->kind != PW_EVENT_folio)
			continue;
		assert_true(pw_start_folios_readable());
		assert_true(event->arg[2] >= next);
		next = event->arg[2] + event->arg[3];
		assert_true(next <= 2048);
		assert_true(event->arg[4] >= 1 && event->arg[4] <= 11);
		assert_int_equal(event->arg[2] % (1u << event->arg[4]), 0);
		assert_int_equal(event->arg[3] % (1u << event->arg[4]), 0);
	}
}

static void limits_are_those_of_the_process(void **state)
{
	struct told *told = *state;
	struct rlimit limit;

	pw_start_limits(&told->start, getpid());
	assert_int_equal(count_kind(told, PW_EVENT_limit), RLIM_NLIMITS);
	for (size_t i = 0; i < RLIM_NLIMITS; i++) {
		assert_int_equal(told->event[i].arg[0], i);
		assert_int_equal(getrlimit((enum __rlimit_resource)i, &limit),
				 0);
		assert_int_equal(told->event[i].arg[1], limit.rlim_cur);
		assert_int_equal(told->event[i].arg[2], limit.rlim_max);
	}
}

static void the_auxiliary_vector_is_that_of_the_process(void **state)
{
	struct told *told = *state;

	pw_start_auxv(&told->start, getpid());
	assert_true(told->count >= 10);
	for (size_t i = 0; i < told->count; i++) {
		const struct pw_event *event = &told->event[i];

		assert_int_equal(event->kind, PW_EVENT_auxv);
		assert_int_not_equal(event->arg[0], AT_NULL);
		/* The C library shows processor features of its own. */
		if (event->arg[0] != AT_HWCAP)
			assert_int_equal(event->arg[1],
					 getauxval(event->arg[0]));
	}
}

static void a_given_vector_ends_at_its_null_entry_or_its_end(void **state)
{
	static const uint64_t vector[] = {6, 4096, 9, 0x401000, 0, 0, 5, 5};
	struct told *told = *state;

	pw_start_auxv_bytes(&told->start, vector, sizeof(vector));
	assert_int_equal(told->count, 2);
	assert_int_equal(told->event[1].arg[0], 9);
	assert_int_equal(told->event[1].arg[1], 0x401000);
	pw_start_auxv_bytes(&told->start, vector, 31);
	assert_int_equal(told->count, 3);
}

/* This program, its C library and its loader at least, each once. */
static void a_process_has_its_files(void **state)
{
	struct told *told = *state;
	struct pw_maps maps = PW_MAPS;
	struct pw_error err = {0};
	struct stat self;
	size_t found = 0;

	PW_TEST_OK(pw_maps_read(&maps, getpid(), &err), &err);
	pw_start_process(&told->start, getpid(), &maps);
	assert_int_equal(stat("/proc/self/exe", &self), 0);
	for (size_t i = 0; i < told->count; i++)
		found += told->event[i].kind == PW_EVENT_file &&
			 told->event[i].arg[0] == self.st_dev &&
			 told->event[i].arg[1] == self.st_ino;
	assert_int_equal(found, 1);
	assert_true(count_kind(told, PW_EVENT_file) >= 1);
	assert_true(count_kind(told, PW_EVENT_limit) > 0);
	assert_true(count_kind(told, PW_EVENT_auxv) > 0);
	pw_maps_free(&maps);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(written_pages_are_resident_and_holes_are_not),
		TEST(a_run_over_the_border_of_two_windows_is_one),
		TEST(pages_that_were_dropped_are_not_resident),
		TEST(a_file_in_many_pieces_is_cut_and_says_where),
		TEST(each_file_is_told_once),
		TEST(what_is_no_regular_file_is_not_told),
		TEST(an_empty_file_has_no_runs),
		TEST(folios_are_parts_of_what_is_resident),
		TEST(limits_are_those_of_the_process),
		TEST(the_auxiliary_vector_is_that_of_the_process),
		TEST(a_given_vector_ends_at_its_null_entry_or_its_end),
		TEST(a_process_has_its_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
