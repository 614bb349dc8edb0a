/*
 * random_trace.c - threads that take turns and use memory in patterns.
 */
#include "tests/oracle/random_trace.h"

#include "base/assert.h"
#include "base/bits.h"

#define PAGE PW_PAGE_BYTES

/* What a thread is doing: one pattern for some instructions. */
struct worker {
	uint64_t pc;
	uint64_t hot[4];   /* pages */
	uint64_t at, step; /* a walk through memory, bytes */
	uint64_t loop_first, loop_pages;
	unsigned pattern;
	bool fetches;
	uint64_t left; /* instructions of the pattern */
};

struct maker {
	struct pw_random random;
	struct pw_random_trace *trace;
	struct pw_random_area area[PW_RANDOM_THREADS][PW_RANDOM_AREAS];
	struct worker worker[PW_RANDOM_THREADS];
	bool odd; /* use the last pages of the address space too */
	bool is_long;
	uint64_t turn; /* instructions in a row at most */
	uint32_t processes;
	bool over[PW_RANDOM_THREADS]; /* the process has ended */
};

enum { HOT, LOOP, WALK, ANY, STACK, CODE, PATTERNS };

static uint64_t below(struct maker *m, uint64_t bound)
{
	return pw_random_below(&m->random, bound);
}

static bool once_in(struct maker *m, uint64_t times)
{
	return below(m, times) == 0;
}

static void push(struct pw_array *array, const void *item)
{
	struct pw_error err;

	PW_ASSERT(pw_array_push(array, item, &err) == PW_OK);
}

static struct pw_random_stretch *last_stretch(struct pw_random_trace *trace)
{
	PW_ASSERT(trace->stretch.count > 0);
	return &PW_ARRAY_AT(&trace->stretch, struct pw_random_stretch,
			    trace->stretch.count - 1);
}

static void begin_stretch(struct pw_random_trace *trace, uint32_t thread)
{
	struct pw_random_stretch stretch = {.thread = thread,
					    .access = trace->address.count,
					    .event = trace->event.count};

	push(&trace->stretch, &stretch);
}

static void add_event(struct pw_random_trace *trace,
		      const struct pw_event *event)
{
	push(&trace->event, event);
	last_stretch(trace)->events++;
}

static void add_access(struct pw_random_trace *trace, uint64_t pc,
		       uint64_t address, uint64_t bytes, unsigned kind)
{
	uint32_t size = (uint32_t)bytes;
	uint8_t bits = (uint8_t)kind;

	PW_ASSERT(last_stretch(trace)->events == 0);
	push(&trace->address, &address);
	push(&trace->pc, &pc);
	push(&trace->size, &size);
	push(&trace->kind, &bits);
	last_stretch(trace)->accesses++;
}

static const struct pw_random_area *areas_of(const struct maker *m,
					     uint32_t thread)
{
	return m->area[m->trace->thread[thread].process];
}

/* A page of an area of the thread's process, seldom one near it. */
static uint64_t pick_page(struct maker *m, uint32_t thread)
{
	const struct pw_random_area *a =
		&areas_of(m, thread)[below(m, PW_RANDOM_AREAS)];

	if (m->odd && once_in(m, 30))
		return (UINT64_MAX >> PW_PAGE_SHIFT) - below(m, 3);
	return a->first + below(m, a->pages + (once_in(m, 8) ? 4 : 0));
}

/* A page below the stack, most often where the rules change. */
static uint64_t pick_stack_page(struct maker *m, uint32_t thread)
{
	const struct pw_random_area *stack = &areas_of(m, thread)[2];
	const struct pw_random_area *under = &areas_of(m, thread)[3];
	uint64_t end = stack->first + stack->pages;

	switch (below(m, 4)) {
	case 0:
		return end - 2044 - below(m, 8);
	case 1:
		return under->first + under->pages + 252 + below(m, 8);
	case 2:
		return stack->first - 1 - below(m, 20);
	default:
		return end - 1 - below(m, 2100);
	}
}

static void change_pattern(struct maker *m, uint32_t thread)
{
	struct worker *w = &m->worker[thread];

	w->pattern = (unsigned)below(m, PATTERNS);
	w->fetches = !once_in(m, 4);
	w->left = 1 + below(m, once_in(m, 3) ? 200 : 20);
	for (size_t i = 0; i < PW_COUNT(w->hot); i++)
		w->hot[i] = pick_page(m, thread);
	w->at = pick_page(m, thread) * PAGE;
	w->step = 1 + below(m, once_in(m, 2) ? 9000 : 128);
	w->loop_first = pick_page(m, thread);
	w->loop_pages = 1 + below(m, once_in(m, 3) ? 70 : 6);
	if (once_in(m, 3))
		w->pc = pick_page(m, thread) * PAGE + below(m, PAGE);
	else if (once_in(m, 2))
		w->pc = areas_of(m, thread)[0].first * PAGE +
			below(m, areas_of(m, thread)[0].pages * PAGE);
}

static uint64_t pick_address(struct maker *m, uint32_t thread)
{
	struct worker *w = &m->worker[thread];
	uint64_t page;

	switch (w->pattern) {
	case HOT:
		page = w->hot[below(m, PW_COUNT(w->hot))];
		break;
	case LOOP:
		page = w->loop_first + w->left % w->loop_pages;
		break;
	case WALK:
		w->at += w->step;
		return w->at;
	case STACK:
		page = once_in(m, 4) ? pick_stack_page(m, thread) : w->hot[0];
		break;
	case CODE:
		page = w->pc >> PW_PAGE_SHIFT;
		break;
	default:
		page = pick_page(m, thread);
		break;
	}
	return page * PAGE + below(m, PAGE);
}

static uint64_t pick_size(struct maker *m)
{
	static const uint64_t size[] = {1, 2, 4, 8, 8, 8, 16, 32, 64};

	if (once_in(m, 40))
		return 0;
	if (once_in(m, 40))
		return 1 + below(m, 3 * PAGE);
	if (once_in(m, 300))
		return 1 + below(m, 40 * PAGE);
	return size[below(m, PW_COUNT(size))];
}

static void add_instruction(struct maker *m, uint32_t thread)
{
	static const unsigned kinds[] = {PW_ACCESS_LOAD, PW_ACCESS_LOAD,
					 PW_ACCESS_LOAD, PW_ACCESS_STORE,
					 PW_ACCESS_MODIFY};
	struct worker *w = &m->worker[thread];
	unsigned first = once_in(m, 50) ? 0 : PW_ACCESS_FIRST;
	uint64_t data = w->fetches ? below(m, 3) : 1 + below(m, 2);

	if (w->left == 0)
		change_pattern(m, thread);
	w->left -= w->left > 0;
	if (w->fetches) {
		uint64_t bytes = 1 + below(m, 15);

		add_access(m->trace, w->pc, w->pc, bytes,
			   PW_ACCESS_FETCH | first);
		w->pc += once_in(m, 12) ? below(m, 2 * PAGE) : bytes;
		first = 0;
	}
	for (uint64_t i = 0; i < data; i++) {
		unsigned kind = kinds[below(m, PW_COUNT(kinds))] | first;

		if (once_in(m, 60))
			kind |= PW_ACCESS_KERNEL;
		add_access(m->trace, once_in(m, 9) ? 0 : w->pc,
			   pick_address(m, thread), pick_size(m), kind);
		first = 0;
	}
}

/* Lay out the areas of a process around borders of page tables. */
static void place_areas(struct maker *m, struct pw_random_area *area,
			uint64_t size)
{
	static const uint64_t border[PW_RANDOM_AREAS] = {
		0x400,	     0x10000,
		0x7ffffffe0, 0x7ffffffe0 - 400,
		0x40000,     0x8000000,
		0x600,	     0x40200,
		0x8000040,   0x7ffffffe0 - 2100,
	};

	for (size_t i = 0; i < PW_RANDOM_AREAS; i++) {
		area[i].pages = 1 + below(m, size);
		area[i].first = border[i] - below(m, area[i].pages);
	}
}

static void begin_process(struct maker *m, uint32_t thread)
{
	const struct pw_random_area *area = areas_of(m, thread);
	bool empty = once_in(m, 4);

	begin_stretch(m->trace, thread);
	for (size_t i = 0; i < PW_RANDOM_AREAS && !empty; i++) {
		struct pw_event event =
			pw_random_first_map(&m->random, &area[i], i);

		if (!once_in(m, 5))
			add_event(m->trace, &event);
	}
}

/* Whether all threads of @process but @thread shall be thought gone. */
static bool is_alone(const struct maker *m, uint32_t thread)
{
	const struct pw_random_trace *trace = m->trace;

	for (uint32_t i = 0; i < trace->threads; i++) {
		if (i != thread &&
		    trace->thread[i].process == trace->thread[thread].process)
			return false;
	}
	return true;
}

/* Append a thread made by @parent; sometimes its id is an old one. */
static uint32_t add_thread(struct maker *m, uint32_t parent, bool is_thread)
{
	struct pw_random_trace *trace = m->trace;
	uint32_t index = (uint32_t)trace->threads++;
	uint32_t process = m->processes;

	PW_ASSERT(index < PW_RANDOM_THREADS);
	if (is_thread)
		process = trace->thread[parent].process;
	else
		m->processes++;
	trace->thread[index] = (struct pw_thread){
		.process = process,
		.pid = 100 + process,
		.tid = once_in(m, 4) ? 200 + (uint32_t)below(m, index + 1)
				     : 200 + index,
		.parent = parent,
	};
	return index;
}

/* clone, fork or vfork; the child has not run yet. */
static struct pw_event make_child(struct maker *m, uint32_t thread)
{
	static const uint64_t flags[] = {0x1200011, 0x1200011, 0x4111, 0x100,
					 0x3d0f00};
	struct pw_event event = {.kind = PW_EVENT_clone, .text = ""};
	bool is_thread;

	event.arg[0] = flags[below(m, PW_COUNT(flags))];
	is_thread = event.arg[0] & 0x10000;
	event.result = once_in(m, 3) ? 0 : 999; /* not in the trace */
	if (m->trace->threads < PW_RANDOM_THREADS && !once_in(m, 6)) {
		uint32_t child = add_thread(m, thread, is_thread);
		uint32_t from = m->trace->thread[thread].process;
		uint32_t to = m->trace->thread[child].process;

		event.result = m->trace->thread[child].tid;
		if (!is_thread)
			memcpy(m->area[to], m->area[from], sizeof(m->area[to]));
	}
	if (once_in(m, 20))
		event.result = (uint64_t)-11;
	return event;
}

/* What happens to threads and processes; the first process never ends. */
static struct pw_event make_life(struct maker *m, uint32_t thread)
{
	static const enum pw_event_kind ends[] = {
		PW_EVENT_exit, PW_EVENT_exit_group, PW_EVENT_killed};
	uint32_t process = m->trace->thread[thread].process;
	struct pw_event event = {.kind = PW_EVENT_exec, .text = "/bin/y"};

	if (!once_in(m, 4))
		return make_child(m, thread);
	if (process == 0 || once_in(m, 3)) {
		event.result = once_in(m, 4) ? (uint64_t)-2 : 0;
		return event;
	}
	event.kind = ends[below(m, PW_COUNT(ends))];
	m->over[process] = event.kind != PW_EVENT_exit || is_alone(m, thread);
	return event;
}

/* A thread's turn: some instructions, then perhaps some events. */
static void take_turn(struct maker *m, uint32_t thread)
{
	uint64_t instructions = below(m, once_in(m, 3) ? m->turn : 8);
	uint64_t events = once_in(m, 3) ? 0 : 1 + below(m, 3);

	/* What has ended has little more to say. */
	if (m->over[m->trace->thread[thread].process] && !once_in(m, 20))
		return;
	begin_stretch(m->trace, thread);
	for (uint64_t i = 0; i < instructions; i++)
		add_instruction(m, thread);
	for (uint64_t i = 0; i < events; i++) {
		struct pw_event event =
			pw_random_event(&m->random, areas_of(m, thread));

		/* Address spaces grow old in long traces. */
		if (once_in(m, 12) && !m->is_long)
			event = make_life(m, thread);
		add_event(m->trace, &event);
	}
}

static void declare_threads(struct maker *m)
{
	uint64_t threads = 1 + below(m, 4);

	add_thread(m, 0, false);
	for (uint64_t i = 1; i < threads; i++) {
		bool is_new = below(m, m->processes + 1) == m->processes;
		uint32_t of = (uint32_t)below(m, m->trace->threads);

		add_thread(m, of, !is_new);
	}
}

void pw_random_trace_make(struct pw_random_trace *trace, uint64_t seed,
			  uint64_t accesses)
{
	struct maker m = {.trace = trace};
	uint64_t size;

	*trace = (struct pw_random_trace){
		.address = PW_ARRAY(uint64_t),
		.pc = PW_ARRAY(uint64_t),
		.size = PW_ARRAY(uint32_t),
		.kind = PW_ARRAY(uint8_t),
		.event = PW_ARRAY(struct pw_event),
		.stretch = PW_ARRAY(struct pw_random_stretch),
	};
	pw_random_seed(&m.random, seed);
	declare_threads(&m);
	if (once_in(&m, 10))
		trace->unknown = PW_UNKNOWN_MAPPINGS;
	m.odd = once_in(&m, 10);
	m.is_long = accesses > PW_RANDOM_LONG;
	m.turn = once_in(&m, 3) ? 300 : 30;
	if (m.is_long)
		m.turn = 4;
	size = once_in(&m, 4) ? 90 : 24;
	if (once_in(&m, 8) && !m.is_long)
		size = 1600; /* large pages fit in */
	for (size_t i = 0; i < PW_RANDOM_THREADS; i++)
		place_areas(&m, m.area[i], size);
	for (uint32_t i = 0; i < trace->threads; i++)
		begin_process(&m, i);
	while (trace->address.count < accesses)
		take_turn(&m, (uint32_t)below(&m, trace->threads));
}

void pw_random_trace_free(struct pw_random_trace *trace)
{
	pw_array_free(&trace->address);
	pw_array_free(&trace->pc);
	pw_array_free(&trace->size);
	pw_array_free(&trace->kind);
	pw_array_free(&trace->event);
	pw_array_free(&trace->stretch);
}

struct pw_accesses pw_random_accesses(const struct pw_random_trace *trace,
				      size_t first, size_t count)
{
	PW_ASSERT(first + count <= trace->address.count);
	return (struct pw_accesses){
		.count = count,
		.address = (const uint64_t *)trace->address.data + first,
		.pc = (const uint64_t *)trace->pc.data + first,
		.size_bytes = (const uint32_t *)trace->size.data + first,
		.kind = (const uint8_t *)trace->kind.data + first,
	};
}
