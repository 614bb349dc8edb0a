/*
 * proc_text.c - simulated memory in the words of /proc.
 */
#include "replay/views/proc_text.h"

#include "base/assert.h"
#include "replay/views/pagemap_text.h"
#include "replay/views/vmstat.h"

#define KB 1024
#define LINE_BYTES 4608 /* a path, and what stands before it */
#define NAME_COLUMN 73	/* seq_setwidth(25 + 6 * sizeof(void *) - 1) */

static const struct pw_table_spec lines_spec = {
	.name = "lines",
	.title = "As in /proc",
	.form = PW_FORM_ROWS,
	.flags = PW_TABLE_PRIMARY | PW_TABLE_LINES,
	.column = {{"line", "Line", PW_CELL_TEXT, PW_UNIT_NONE}},
};

struct pw_table *pw_proc_text_table(struct pw_tables *out)
{
	return pw_table_add(out, &lines_spec);
}

void pw_proc_text_put(struct pw_proc_text *text, const char *fmt, ...)
{
	char line[LINE_BYTES];
	struct pw_error why;
	const char *copy;
	va_list args;

	va_start(args, fmt);
	vsnprintf(line, sizeof(line), fmt, args);
	va_end(args);
	copy = pw_arena_copy(text->arena, line);
	if (!copy || pw_array_push(&text->lines, &copy, &why) != PW_OK)
		text->failed = true;
}

/* Copy @name with what of @special is in it in octal, as seq_path does. */
static void escape(char *out, size_t out_bytes, const char *name,
		   const char *special)
{
	size_t used = 0;

	for (; *name && used + 5 < out_bytes; name++) {
		if (strchr(special, *name))
			used += (size_t)snprintf(out + used, out_bytes - used,
						 "\\%03o",
						 (unsigned)(uint8_t)*name);
		else
			out[used++] = *name;
	}
	out[used] = '\0';
}

static void put_map(struct pw_proc_text *text, const struct pw_vma *vma)
{
	char device[PW_DEVICE_BYTES];
	char name[LINE_BYTES - NAME_COLUMN];
	char head[160];
	int used;

	pw_device_text(device, vma->device);
	escape(name, sizeof(name), vma->name, "\n");
	used = snprintf(head, sizeof(head), "%08llx-%08llx %s %08llx %s %llu ",
			(unsigned long long)vma->start,
			(unsigned long long)vma->end, vma->perms,
			(unsigned long long)vma->offset, device,
			(unsigned long long)vma->inode);
	PW_ASSERT(used > 0 && (size_t)used < sizeof(head));
	if (name[0])
		pw_proc_text_put(text, "%-*s%s", NAME_COLUMN, head, name);
	else
		pw_proc_text_put(text, "%s", head);
}

/* ---- smaps ---- */

enum field_kind { SIZE, SHARE, ROLLUP, NONE };

static const struct field {
	const char *name;
	enum field_kind kind;
	size_t offset;
} fields[] = {
#define PW_SMAPS_FIELD(member, column, name, kind) \
	{name, kind, offsetof(struct pw_usage, member)},
#define PW_SMAPS_NONE(column, name) {name, NONE, 0},
#include "replay/views/smaps_fields.def"
#undef PW_SMAPS_FIELD
#undef PW_SMAPS_NONE
};

/* "Rss:", blanks up to the number, which ends where all of them end. */
static void put_kb(struct pw_proc_text *text, const char *name, uint64_t bytes)
{
	int blanks = 15 - (int)strlen(name);

	pw_proc_text_put(text, "%s:%*s%8llu kB", name, blanks > 0 ? blanks : 0,
			 "", (unsigned long long)(bytes / KB));
}

static void put_usage(struct pw_proc_text *text, const struct pw_usage *usage,
		      bool rollup)
{
	for (size_t i = 0; i < PW_COUNT(fields); i++) {
		const struct field *field = &fields[i];
		uint64_t value = 0;

		if (field->kind == ROLLUP && !rollup)
			continue;
		if (field->kind != NONE)
			memcpy(&value, (const char *)usage + field->offset,
			       sizeof(value));
		if (field->kind == SHARE || field->kind == ROLLUP)
			value >>= PW_PSS_SHIFT;
		put_kb(text, field->name, value);
	}
}

static void put_smap(struct pw_proc_text *text, const struct pw_vma *vma)
{
	put_map(text, vma);
	put_kb(text, "Size", vma->end - vma->start);
	put_kb(text, "KernelPageSize", vma->page_bytes);
	put_kb(text, "MMUPageSize", vma->page_bytes);
	put_usage(text, &vma->usage, false);
	pw_proc_text_put(text, "THPeligible:    %8u", vma->thp_eligible);
	pw_proc_text_put(text, "VmFlags: %s ", vma->flags);
}

static void put_rollup(struct pw_proc_text *text, const struct pw_usage *sum,
		       uint64_t start, uint64_t end)
{
	const struct pw_vma all = {.start = start,
				   .end = end,
				   .perms = "---p",
				   .name = "[rollup]"};

	put_map(text, &all);
	put_usage(text, sum, true);
}

/* ---- numa_maps ---- */

/* Of the mapping, or else of the process. */
static const struct pw_policy *policy_of(const struct pw_vma *vma,
					 const struct pw_proc_process *process)
{
	return vma->policy.mode ? &vma->policy : &process->task.policy;
}

/* Memory that is no file's stays on the inactive list until it is short. */
static uint64_t count_active(const struct pw_vma *vma, uint64_t pages,
			     uint64_t anon)
{
	if (vma->locked)
		return pages;
	return vma->shmem ? 0 : pages - anon;
}

struct numa_counts {
	char text[280];
	size_t used;
};

static void put_numa_count(struct numa_counts *counts, const char *name,
			   uint64_t value)
{
	counts->used +=
		(size_t)snprintf(counts->text + counts->used,
				 sizeof(counts->text) - counts->used,
				 " %s=%llu", name, (unsigned long long)value);
	PW_ASSERT(counts->used < sizeof(counts->text));
}

static void count_numa(const struct pw_vma *vma, uint32_t maps_max,
		       struct numa_counts *counts)
{
	const struct pw_usage *usage = &vma->usage;
	uint64_t hugetlb = usage->shared_hugetlb + usage->private_hugetlb;
	uint64_t pages = (usage->rss + hugetlb) / vma->page_bytes;
	uint64_t anon = usage->anonymous / vma->page_bytes;
	uint64_t dirty =
		(usage->shared_dirty + usage->private_dirty) / vma->page_bytes;

	if (vma->hugetlb)
		anon = dirty = usage->private_hugetlb / vma->page_bytes;
	if (pages == 0)
		return;
	if (anon)
		put_numa_count(counts, "anon", anon);
	if (dirty)
		put_numa_count(counts, "dirty", dirty);
	if (pages != anon && pages != dirty)
		put_numa_count(counts, "mapped", pages);
	if (maps_max > 1)
		put_numa_count(counts, "mapmax", maps_max);
	if (!vma->hugetlb && count_active(vma, pages, anon) < pages)
		put_numa_count(counts, "active",
			       count_active(vma, pages, anon));
	put_numa_count(counts, "N0", pages);
	put_numa_count(counts, "kernelpagesize_kB", vma->page_bytes / KB);
}

static void put_numa(struct pw_proc_text *text, const struct pw_vma *vma,
		     const struct pw_policy *policy, uint32_t maps_max)
{
	struct numa_counts counts = {0};
	char name[LINE_BYTES - 512];
	char words[PW_POLICY_TEXT_BYTES];

	pw_policy_text(policy, words);
	escape(name, sizeof(name), vma->name, "\n\t= ");
	count_numa(vma, maps_max, &counts);
	pw_proc_text_put(text, "%08llx %s%s%s%s%s",
			 (unsigned long long)vma->start, words,
			 name[0] == '/' ? " file=" : "",
			 name[0] == '/'			     ? name
			 : strcmp(vma->name, "[heap]") == 0  ? " heap"
			 : strcmp(vma->name, "[stack]") == 0 ? " stack"
							     : "",
			 vma->hugetlb ? " huge" : "", counts.text);
}

static struct pw_range range_of(const struct pw_proc_process *process,
				const struct pw_vma *vma)
{
	unsigned shift = process->space->page_shift;

	return (struct pw_range){vma->start >> shift, vma->end >> shift};
}

/* ---- status ---- */

/* Who is set-user-ID runs, and is saved, as the effective one. */
static void put_ids(struct pw_proc_text *text, const char *name,
		    const struct pw_task_view *task, enum pw_task_id real)
{
	uint32_t own = (uint32_t)task->id[real];
	uint32_t other = (uint32_t)task->id[real + 1];

	if ((task->ids_known >> real & 3) == 3)
		pw_proc_text_put(text, "%s:\t%u\t%u\t%u\t%u", name, own, other,
				 other, other);
}

/* A name on one line: Linux fs/proc/array.c proc_task_name. */
static void escape_name(char out[2 * PW_TASK_NAME_BYTES], const char *name)
{
	for (; *name; name++) {
		if (*name == '\n' || *name == '\\')
			*out++ = '\\';
		*out++ = *name;
		if (*name == '\n')
			out[-1] = 'n';
	}
	*out = '\0';
}

static void put_status(struct pw_proc_text *text,
		       const struct pw_proc_process *process,
		       const struct pw_process_sizes *sizes)
{
	char name[2 * PW_TASK_NAME_BYTES];

	escape_name(name, process->task.name);
	if (name[0])
		pw_proc_text_put(text, "Name:\t%s", name);
	pw_proc_text_put(text, "State:\tR (running)");
	pw_proc_text_put(text, "Tgid:\t%u", process->pid);
	pw_proc_text_put(text, "Pid:\t%u", process->pid);
	pw_proc_text_put(text, "PPid:\t%u", process->parent_pid);
	put_ids(text, "Uid", &process->task, PW_TASK_UID);
	put_ids(text, "Gid", &process->task, PW_TASK_GID);
#define PW_STATUS_FIELD(member, name, help)        \
	pw_proc_text_put(text, name ":\t%8llu kB", \
			 (unsigned long long)(sizes->member / KB));
#include "replay/views/status_fields.def"
#undef PW_STATUS_FIELD
	pw_proc_text_put(text, "Threads:\t%u", process->task.threads);
}

/* ---- stat ---- */

/* Fields that programs do not have here are 0, as to who may not see them. */
static void put_stat(struct pw_proc_text *text,
		     const struct pw_proc_process *process,
		     const struct pw_process_sizes *sizes)
{
	pw_proc_text_put(
		text,
		"%u (%s) R %u 0 0 0 0 0 %llu 0 %llu 0 0 0 0 0 20 0 %u 0 0 "
		"%llu %llu 0 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 "
		"0 0 0",
		process->pid, process->task.name, process->parent_pid,
		(unsigned long long)process->faults.minor,
		(unsigned long long)process->faults.major,
		process->task.threads, (unsigned long long)sizes->vmsize,
		(unsigned long long)(sizes->vmrss >>
				     process->space->page_shift));
}

void pw_proc_text_process(struct pw_proc_text *text, enum pw_proc_view view,
			  const struct pw_system *system,
			  const struct pw_proc_process *process)
{
	struct pw_process_sizes sizes;
	struct pw_usage sum = {0};
	uint64_t cursor = 0, start = 0;
	struct pw_vma vma;

	PW_ASSERT(pw_proc_is_of_process(view));
	if (view == PW_PROC_PAGEMAP) {
		pw_pagemap_text(text, system, process->space);
		return;
	}
	if (view == PW_PROC_STATUS || view == PW_PROC_STAT) {
		pw_process_sizes(system, process->space, &sizes);
		if (view == PW_PROC_STATUS)
			put_status(text, process, &sizes);
		else
			put_stat(text, process, &sizes);
		return;
	}
	while (pw_vma_next(system, process->space, &cursor, &vma)) {
		if (sum.rss == 0 && start == 0)
			start = vma.start;
		pw_usage_merge(&sum, &vma.usage);
		if (view == PW_PROC_SMAPS)
			put_smap(text, &vma);
		else if (view == PW_PROC_MAPS)
			put_map(text, &vma);
		else if (view == PW_PROC_NUMA_MAPS)
			put_numa(text, &vma, policy_of(&vma, process),
				 pw_usage_maps_max(system, process->space,
						   range_of(process, &vma)));
	}
	if (view == PW_PROC_SMAPS_ROLLUP && cursor > 0)
		put_rollup(text, &sum, start, cursor);
}

/* ---- of the machine ---- */

static void put_count(struct pw_proc_text *text, const char *name,
		      uint64_t count)
{
	pw_proc_text_put(text, "%s:%*s%5llu", name, 18 - (int)strlen(name), "",
			 (unsigned long long)count);
}

static void put_meminfo(struct pw_proc_text *text,
			const struct pw_machine_sizes *sizes)
{
#define PW_MEMINFO_KB put_kb
#define PW_MEMINFO_COUNT put_count
#define PW_MEMINFO(name, form, value) PW_MEMINFO_##form(text, name, value);
#include "replay/views/meminfo_fields.def"
#undef PW_MEMINFO
}

void pw_proc_text_machine(struct pw_proc_text *text, enum pw_proc_view view,
			  const struct pw_system *system,
			  const struct pw_counters *counters)
{
	struct pw_machine_sizes sizes;
	struct pw_vmstat vmstat;

	PW_ASSERT(!pw_proc_is_of_process(view));
	if (view == PW_PROC_MEMINFO) {
		pw_machine_sizes(system, &sizes);
		put_meminfo(text, &sizes);
		return;
	}
	pw_vmstat_read(system, counters, &vmstat);
#define PW_VMSTAT(name, kind, value, help) \
	pw_proc_text_put(text, #name " %llu", (unsigned long long)vmstat.name);
#include "replay/views/vmstat_fields.def"
#undef PW_VMSTAT
}
