/*
 * vmas_tables.c - the memory of simulated processes as tables.
 */
#include "replay/views/vmas_tables.h"

#include "base/assert.h"
#include "base/bits.h"
#include "replay/memory/cache_count.h"

#define KB 1024

static const struct pw_table_spec maps_spec = {
	.name = "maps",
	.title = "Mappings",
	.help = "Memory of each process by mapping; pss is shared out among "
		"those who map a page, dirty and swap are what only writing "
		"made.",
	.form = PW_FORM_ROWS,
	.column = {{"mark", "At", PW_CELL_TEXT, PW_UNIT_NONE},
		   {"process", "Process", PW_CELL_U64, PW_UNIT_NONE},
		   {"start", "Start", PW_CELL_U64, PW_UNIT_ADDRESS},
		   {"perms", "Perms", PW_CELL_TEXT, PW_UNIT_NONE},
		   {"size_bytes", "Size", PW_CELL_U64, PW_UNIT_BYTES},
		   {"rss_bytes", "RSS", PW_CELL_U64, PW_UNIT_BYTES},
		   {"pss_bytes", "PSS", PW_CELL_U64, PW_UNIT_BYTES},
		   {"anonymous_bytes", "Anonymous", PW_CELL_U64, PW_UNIT_BYTES},
		   {"dirty_bytes", "Dirty", PW_CELL_U64, PW_UNIT_BYTES},
		   {"swap_bytes", "Swap", PW_CELL_U64, PW_UNIT_BYTES},
		   {"path", "Mapping", PW_CELL_TEXT, PW_UNIT_NONE}},
};

#define KB_COLUMN(name, title) {name, title, PW_CELL_U64, PW_UNIT_NONE},

static const struct pw_table_spec vmas_spec = {
	.name = "vmas",
	.title = "Mappings as smaps has them",
	.help = "Sizes in kB of 1024 bytes, as in /proc/PID/smaps.",
	.form = PW_FORM_ROWS,
	.flags = PW_TABLE_PRIMARY | PW_TABLE_DETAIL,
	.column = {{"mark", "At", PW_CELL_TEXT, PW_UNIT_NONE},
		   {"access", "Access", PW_CELL_U64, PW_UNIT_COUNT},
		   {"process", "Process", PW_CELL_U64, PW_UNIT_NONE},
		   {"start", "Start", PW_CELL_U64, PW_UNIT_ADDRESS},
		   {"end", "End", PW_CELL_U64, PW_UNIT_ADDRESS},
		   {"perms", "Perms", PW_CELL_TEXT, PW_UNIT_NONE},
		   {"offset", "Offset", PW_CELL_U64, PW_UNIT_ADDRESS},
		   {"device", "Device", PW_CELL_TEXT, PW_UNIT_NONE},
		   {"inode", "Inode", PW_CELL_U64, PW_UNIT_NONE},
		   {"path", "Path", PW_CELL_TEXT, PW_UNIT_NONE},
		   {"size_kb", "Size", PW_CELL_U64, PW_UNIT_NONE},
#define PW_SMAPS_FIELD(member, column, name, kind) KB_COLUMN(column, name)
#define PW_SMAPS_NONE(column, name) KB_COLUMN(column, name)
#include "replay/views/smaps_fields.def"
#undef PW_SMAPS_FIELD
#undef PW_SMAPS_NONE
		   {"vmflags", "VmFlags", PW_CELL_TEXT, PW_UNIT_NONE}},
};

static const struct pw_table_spec status_spec = {
	.name = "status",
	.title = "Processes as status has them",
	.help = "Sizes in kB of 1024 bytes, as in /proc/PID/status.",
	.form = PW_FORM_ROWS,
	.column =
		{
			{"mark", "At", PW_CELL_TEXT, PW_UNIT_NONE},
			{"access", "Access", PW_CELL_U64, PW_UNIT_COUNT},
			{"process", "Process", PW_CELL_U64, PW_UNIT_NONE},
#define PW_STATUS_FIELD(member, name, help) KB_COLUMN(#member "_kb", name)
#include "replay/views/status_fields.def"
#undef PW_STATUS_FIELD
		},
};

static const struct pw_table_spec files_spec = {
	.name = "files",
	.title = "Files in the page cache",
	.help = "Pages of files and of shared memory that are in memory, and "
		"those of them not written back.",
	.form = PW_FORM_ROWS,
	.column = {{"mark", "At", PW_CELL_TEXT, PW_UNIT_NONE},
		   {"access", "Access", PW_CELL_U64, PW_UNIT_COUNT},
		   {"device", "Device", PW_CELL_TEXT, PW_UNIT_NONE},
		   {"inode", "Inode", PW_CELL_U64, PW_UNIT_NONE},
		   {"path", "Path", PW_CELL_TEXT, PW_UNIT_NONE},
		   {"resident_pages", "Resident", PW_CELL_U64, PW_UNIT_PAGES},
		   {"dirty_pages", "Dirty", PW_CELL_U64, PW_UNIT_PAGES}},
};

void pw_vmas_tables_add(struct pw_tables *out, struct pw_vmas_tables *tables)
{
	tables->maps = pw_table_add(out, &maps_spec);
	tables->vmas = pw_table_add(out, &vmas_spec);
	tables->status = pw_table_add(out, &status_spec);
	tables->files = pw_table_add(out, &files_spec);
}

static void add_map(struct pw_table *table, const struct pw_vmas_moment *moment,
		    const struct pw_vma *vma)
{
	const struct pw_usage *usage = &vma->usage;

	pw_cell_text(table, moment->label);
	pw_cell_u64(table, moment->process);
	pw_cell_u64(table, vma->start);
	pw_cell_text(table, vma->perms);
	pw_cell_u64(table, vma->end - vma->start);
	pw_cell_u64(table, usage->rss);
	pw_cell_u64(table, usage->pss >> PW_PSS_SHIFT);
	pw_cell_u64(table, usage->anonymous);
	pw_cell_u64(table, usage->shared_dirty + usage->private_dirty);
	pw_cell_u64(table, usage->swap);
	pw_cell_text(table, vma->name);
}

static void add_device(struct pw_table *table, uint64_t device)
{
	char text[PW_DEVICE_BYTES];

	pw_device_text(text, device);
	pw_cell_text(table, text);
}

static void add_vma(struct pw_table *table, const struct pw_vmas_moment *moment,
		    const struct pw_vma *vma)
{
	enum { SIZE = 0, SHARE = PW_PSS_SHIFT, ROLLUP = PW_PSS_SHIFT };

	pw_cell_text(table, moment->label);
	pw_cell_u64(table, moment->accesses);
	pw_cell_u64(table, moment->process);
	pw_cell_u64(table, vma->start);
	pw_cell_u64(table, vma->end);
	pw_cell_text(table, vma->perms);
	pw_cell_u64(table, vma->offset);
	add_device(table, vma->device);
	pw_cell_u64(table, vma->inode);
	pw_cell_text(table, vma->name);
	pw_cell_u64(table, (vma->end - vma->start) / KB);
#define PW_SMAPS_FIELD(member, column, name, kind) \
	pw_cell_u64(table, (vma->usage.member >> (kind)) / KB);
#define PW_SMAPS_NONE(column, name) pw_cell_u64(table, 0);
#include "replay/views/smaps_fields.def"
#undef PW_SMAPS_FIELD
#undef PW_SMAPS_NONE
	pw_cell_text(table, vma->flags);
}

static void add_status(struct pw_table *table,
		       const struct pw_vmas_moment *moment,
		       const struct pw_process_sizes *sizes)
{
	pw_cell_text(table, moment->label);
	pw_cell_u64(table, moment->accesses);
	pw_cell_u64(table, moment->process);
#define PW_STATUS_FIELD(member, name, help) \
	pw_cell_u64(table, sizes->member / KB);
#include "replay/views/status_fields.def"
#undef PW_STATUS_FIELD
}

void pw_vmas_tables_process(const struct pw_vmas_tables *tables,
			    const struct pw_vmas_moment *moment,
			    const struct pw_system *system,
			    const struct pw_space *space)
{
	struct pw_process_sizes sizes;
	uint64_t cursor = 0;
	struct pw_vma vma;

	PW_ASSERT(moment->label);
	while (pw_vma_next(system, space, &cursor, &vma)) {
		add_map(tables->maps, moment, &vma);
		add_vma(tables->vmas, moment, &vma);
	}
	pw_process_sizes(system, space, &sizes);
	add_status(tables->status, moment, &sizes);
}

void pw_vmas_tables_files(const struct pw_vmas_tables *tables,
			  const struct pw_vmas_moment *moment,
			  const struct pw_system *system)
{
	unsigned order = system->machine->geometry.page_shift - PW_PAGE_SHIFT;

	for (size_t i = 0; i < system->objects.list.count; i++) {
		const struct pw_object *object =
			pw_object_at(&system->objects, (uint32_t)i + 1);
		struct pw_cache_count pages = pw_cache_count(system, object);
		bool named = object->device != UINT64_MAX;

		if (pages.resident == 0)
			continue;
		pw_cell_text(tables->files, moment->label);
		pw_cell_u64(tables->files, moment->accesses);
		add_device(tables->files, named ? object->device : 0);
		pw_cell_u64(tables->files, named ? object->inode : 0);
		pw_cell_text(tables->files, object->path);
		pw_cell_u64(tables->files, pages.resident << order);
		pw_cell_u64(tables->files, pages.dirty << order);
	}
}
