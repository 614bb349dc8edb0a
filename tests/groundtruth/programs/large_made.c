/* large_made.c - MADV_COLLAPSE makes large pages of small ones, without a
 * fault, wherever there is one at all. */
#include "measure.h"

#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25
#endif
#define LARGE (2 * MIB)
#define PIECES (LARGE / PAGE)

static char *small(char *at)
{
	return map(at, 4 * LARGE, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

static void look(const char *window, const char *at)
{
	report(window, "rss_kb", smaps_kb(at, 4 * LARGE, "Rss"));
	report(window, "huge_kb", smaps_kb(at, 4 * LARGE, "AnonHugePages"));
}

int main(void)
{
	char *data;
	pid_t pid;

	start();
	data = small(PLACE(1));
	store(data, 4 * PIECES, 32);
	WINDOW("all", madvise(data, 4 * LARGE, MADV_COLLAPSE));
	look("all", data);
	WINDOW("all_store", store(data, 4 * PIECES, 8));
	data = small(PLACE(2));
	store(data + PAGE, PIECES, 64);
	load(data + 3 * LARGE, PIECES, 64);
	WINDOW("some", madvise(data, 4 * LARGE, MADV_COLLAPSE));
	look("some", data);
	data = small(PLACE(3));
	store(data, 2 * PIECES, 64);
	pid = fork();
	if (pid == 0) {
		settle();
		WINDOW("child", madvise(data, LARGE, MADV_COLLAPSE));
		look("child", data);
		_exit(0);
	}
	reap(pid);
	settle();
	WINDOW("odd", madvise(data + 5 * PAGE, 2 * LARGE, MADV_COLLAPSE));
	look("odd", data);
	madvise(data, LARGE, MADV_NOHUGEPAGE);
	WINDOW("refused", madvise(data, LARGE, MADV_COLLAPSE));
	look("refused", data);
	return finish();
}
