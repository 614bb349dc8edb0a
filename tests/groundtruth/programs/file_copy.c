/* file_copy.c - what copy_file_range, sendfile and splice write to a file is in
 * the page cache. */
#include "measure.h"

#include <sys/sendfile.h>

static unsigned long pages = 16;
static char *data;

static void look(const char *name, unsigned long first)
{
	WINDOW(name, load(data + first * PAGE, pages, 1));
	report(name, "rss_kb", smaps_kb(data, 4 * pages * PAGE, "Rss"));
	report(name, "dirty_kb",
	       smaps_kb(data, 4 * pages * PAGE, "Private_Dirty"));
}

int main(void)
{
	loff_t from = 0, to = 0;
	int in, out, pipes[2];

	start();
	in = file_of(pages);
	out = open(getenv("GT_DIR") ? getenv("GT_DIR") : "/tmp",
		   O_TMPFILE | O_RDWR, 0600);
	if (out < 0 || ftruncate(out, (off_t)(4 * pages * PAGE)))
		fail("O_TMPFILE");
	data = map(PLACE(1), 4 * pages * PAGE, PROT_READ | PROT_WRITE,
		   MAP_SHARED, out, 0);
	if (copy_file_range(in, &from, out, &to, pages * PAGE, 0) < 0)
		fail("copy_file_range");
	look("range", 0);
	lseek(out, (off_t)(pages * PAGE), SEEK_SET);
	from = 0;
	if (sendfile(out, in, &from, pages * PAGE) < 0)
		fail("sendfile");
	look("send", pages);
	if (pipe(pipes))
		fail("pipe");
	from = 0;
	to = (loff_t)(2 * pages * PAGE);
	if (splice(in, &from, pipes[1], NULL, pages * PAGE, 0) < 0 ||
	    splice(pipes[0], NULL, out, &to, pages * PAGE, 0) < 0)
		fail("splice");
	look("splice", 2 * pages);
	look("hole", 3 * pages);
	return finish();
}
