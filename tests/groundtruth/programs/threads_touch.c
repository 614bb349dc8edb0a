/* threads_touch.c - threads share one set of pages, each has its own stack. */
#include "measure.h"
#include <pthread.h>

static char *data;
static unsigned long pages = 240;

static void *touch_even(void *unused)
{
	store(data, pages, 2);
	return unused;
}

static void *touch_all(void *unused)
{
	store(data, pages, 1);
	return unused;
}

static void run(void *(*body)(void *))
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstack(&attributes, PLACE(2), 64 * PAGE);
	if (pthread_create(&thread, &attributes, body, NULL))
		fail("pthread_create");
	pthread_join(thread, NULL);
}

int main(void)
{
	start();
	data = anonymous(PLACE(1), pages);
	anonymous(PLACE(2), 64);
	store(PLACE(2), 64, 1);
	run(touch_even);
	report("first", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	WINDOW("second", run(touch_all));
	report("second", "rss_kb", smaps_kb(data, pages * PAGE, "Rss"));
	WINDOW("third", store(data, pages, 1));
	return finish();
}
