/* file_cut.c - a file that is mapped is cut short: by open, by its path; and
 * pieces are taken out of it, put into it and made zero. */
#include "measure.h"

static char *data;
static unsigned long pages = 64;
static int fd;
static char path[256];

static void look(const char *name)
{
	report(name, "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	report(name, "anon_kb", smaps_kb(data, pages * PAGE, "Anonymous"));
}

/* All of the file in memory, and 8 pages of it copied. */
static void fill(void)
{
	char page[PAGE];

	memset(page, 1, sizeof(page));
	for (unsigned long i = 0; i < pages; i++)
		if (pwrite(fd, page, PAGE, (off_t)(i * PAGE)) != (ssize_t)PAGE)
			fail("pwrite");
	load(data, pages, 1);
	store(data + 16 * PAGE, 8, 1);
}

int main(void)
{
	int other;

	start();
	snprintf(path, sizeof(path), "%s/pw_file_cut",
		 getenv("GT_DIR") ? getenv("GT_DIR") : "/tmp");
	fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0)
		fail(path);
	data = map(PLACE(1), pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE,
		   fd, 0);
	fill();
	look("whole");
	other = open(path, O_WRONLY | O_TRUNC);
	look("open");
	fill();
	look("again");
	if (truncate(path, 20 * PAGE + 1))
		fail("truncate");
	look("path");
	WINDOW("path", load(data, 21, 1));
	fill();
	if (fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		      4 * PAGE + 1, 8 * PAGE))
		fail("punch");
	look("punch");
	WINDOW("punch", load(data, pages, 1));
	fill();
	if (!fallocate(fd, FALLOC_FL_COLLAPSE_RANGE, 8 * PAGE, 8 * PAGE)) {
		look("collapse");
		WINDOW("collapse", load(data, pages - 8, 1));
		fill();
	}
	if (!fallocate(fd, FALLOC_FL_ZERO_RANGE, 8 * PAGE, 8 * PAGE)) {
		look("zero");
		fill();
	}
	if (!fallocate(fd, FALLOC_FL_INSERT_RANGE, 8 * PAGE, 8 * PAGE)) {
		look("insert");
		fill();
	}
	close(other);
	unlink(path);
	return finish();
}
