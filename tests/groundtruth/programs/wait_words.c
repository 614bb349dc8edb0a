/* wait_words.c - words that the kernel writes without being asked for a buffer:
 * in the area of a thread that goes on after it has waited, and in futexes. */
#include "measure.h"
#include <linux/futex.h>
#include <sys/syscall.h>

static long futex(char *word, int operation, long more, char *other)
{
	return syscall(SYS_futex, word, operation, 1, more, other,
		       FUTEX_OP(FUTEX_OP_ADD, 1, FUTEX_OP_CMP_EQ, 0));
}

static pid_t child_of(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid;
}

int main(void)
{
	unsigned long pages = 16;
	char *words;
	pid_t pid;

	start();
	words = anonymous(PLACE(1), pages);
	pid = child_of();
	WINDOW("wait", reap(pid));
	pid = child_of();
	settle();
	WINDOW("settled", reap(pid));
	settle();
	WINDOW("wake", futex(words, FUTEX_WAKE_PRIVATE, 0, NULL));
	WINDOW("wake_shared", futex(words + PAGE, FUTEX_WAKE, 0, NULL));
	WINDOW("wait_value",
	       futex(words + 2 * PAGE, FUTEX_WAIT_PRIVATE, 0, NULL));
	WINDOW("lock", futex(words + 3 * PAGE, FUTEX_LOCK_PI_PRIVATE, 0, NULL));
	WINDOW("operate", futex(words + 4 * PAGE, FUTEX_WAKE_OP_PRIVATE, 1,
				words + 5 * PAGE));
	report("all", "rss_kb", smaps_kb(words, pages * PAGE, "Rss"));
	return finish();
}
