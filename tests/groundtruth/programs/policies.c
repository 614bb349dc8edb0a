/* policies.c - memory policies: mbind cuts mappings and keeps them apart,
 * shared memory has its policy itself, the others are the thread's, which fork
 * hands on. Policies are told by a sum over their words. */
#include "measure.h"

#include <sys/syscall.h>

#define LOCAL 4
#define PREFERRED 1
#define BIND 2
#define INTERLEAVE 3
#define PREFERRED_MANY 5
#define WEIGHTED 6
#define STATIC 0x8000

static unsigned long node = 1;

static void bind_to(char *at, unsigned long pages, int mode)
{
	if (syscall(SYS_mbind, at, pages * PAGE, mode, mode & 7 ? &node : NULL,
		    8L, 0L))
		fail("mbind");
}

/* A sum over what numa_maps says of the policy of the mapping at @at. */
static long words_at(const char *at)
{
	long sum = 0;

	slurp("/proc/self/numa_maps");
	for (char *line = text; line; line = next_line(line)) {
		char *end;

		if (strtoul(line, &end, 16) != (unsigned long)at)
			continue;
		for (; *end && *end != '\n'; end++) {
			if (!strncmp(end, " file=", 6) ||
			    !strncmp(end, " anon=", 6) ||
			    !strncmp(end, " heap", 5))
				break;
			sum = (sum * 31 + *end) % 1000003;
		}
		return sum;
	}
	return -1;
}

/* Pages of the mapping at @at that are not on the inactive list. */
static long active_at(const char *at)
{
	slurp("/proc/self/numa_maps");
	for (char *line = text; line; line = next_line(line)) {
		char *end = strchr(line, '\n'), *found;

		if (strtoul(line, NULL, 16) != (unsigned long)at)
			continue;
		if (end)
			*end = 0;
		found = strstr(line, " active=");
		return found ? strtol(found + 8, NULL, 10) : -1;
	}
	return -2;
}

static long count_maps(const char *from, unsigned long pages)
{
	long count = 0;

	slurp("/proc/self/numa_maps");
	for (char *line = text; line; line = next_line(line)) {
		unsigned long at = strtoul(line, NULL, 16);

		count += at >= (unsigned long)from &&
			 at < (unsigned long)from + pages * PAGE;
	}
	return count;
}

static void homes(void)
{
	char *data = anonymous(PLACE(3), 48);

	bind_to(data, 16, BIND);
	bind_to(data + 16 * PAGE, 16, INTERLEAVE);
	bind_to(data + 32 * PAGE, 16, BIND);
	report("homes", "maps", count_maps(data, 48));
	/* Ends at what is interleaved. */
	syscall(SYS_set_mempolicy_home_node, data, 48 * PAGE, 0L, 0L);
	bind_to(data + 16 * PAGE, 16, BIND);
	report("homes", "cut", count_maps(data, 48));
	syscall(SYS_set_mempolicy_home_node, data + 16 * PAGE, 32 * PAGE, 0L,
		0L);
	report("homes", "joined", count_maps(data, 48));
}

static void shared(void)
{
	char *data = map(PLACE(2), 16 * PAGE, PROT_READ | PROT_WRITE,
			 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char *other;

	bind_to(data + 4 * PAGE, 4, BIND);
	report("shared", "maps", count_maps(data, 16));
	report("shared", "words", words_at(data + 4 * PAGE));
	/* Another mapping of the same pages. */
	other = mremap(data + 4 * PAGE, 0, 2 * PAGE,
		       MREMAP_MAYMOVE | MREMAP_FIXED, data + 32 * PAGE);
	if (other == MAP_FAILED)
		fail("mremap");
	report("shared", "other", words_at(other));
	report("shared", "before", words_at(data));
}

int main(void)
{
	static const int mode[] = {
		LOCAL,		PREFERRED, BIND,	  INTERLEAVE,
		PREFERRED_MANY, WEIGHTED,  BIND | STATIC, 0};
	char *data;
	pid_t pid;

	start();
	data = anonymous(PLACE(1), 64);
	store(data, 64, 1);
	report("none", "words", words_at(data));
	report("none", "active", active_at(data));
	for (int i = 0; i < 8; i++) {
		char window[8] = {'m', (char)('0' + i)};

		if (mode[i] == LOCAL) {
			if (syscall(SYS_mbind, data + 8 * PAGE, 8 * PAGE, LOCAL,
				    NULL, 0L, 0L))
				fail("mbind");
		} else {
			bind_to(data + 8 * PAGE, 8, mode[i]);
		}
		report(window, "maps", count_maps(data, 64));
		if (mode[i] == 0)
			continue;
		report(window, "words", words_at(data + 8 * PAGE));
		report(window, "last", words_at(data + 16 * PAGE));
	}
	bind_to(data + 8 * PAGE, 8, BIND);
	bind_to(data + 16 * PAGE, 8, BIND);
	report("both", "maps", count_maps(data, 64));
	shared();
	homes();
	if (syscall(SYS_set_mempolicy, INTERLEAVE, &node, 8L))
		fail("set_mempolicy");
	report("thread", "words", words_at(data));
	report("thread", "bound", words_at(data + 8 * PAGE));
	pid = fork();
	if (pid == 0) {
		settle();
		report("child", "words", words_at(data));
		report("child", "bound", words_at(data + 8 * PAGE));
		_exit(0);
	}
	reap(pid);
	return finish();
}
