/*
 * chart.c - charts by gnuplot, inside a page or as files.
 */
#include "plots/chart.h"

#include "base/assert.h"
#include "base/file.h"
#include "plots/csv.h"
#include "plots/gnuplot.h"
#include "plots/script.h"
#include "plots/show.h"
#include "plots/svg.h"
#include "plots/walk.h"

#define TIMEOUT_MS 60000
/* A subtitle longer than this does not fit. */
#define LABEL_BYTES 90

bool pw_chart_possible(struct pw_table *table)
{
	const struct pw_table_spec *spec = pw_table_spec(table);
	struct pw_series series;
	struct pw_error ignored;
	size_t shown = 0;
	size_t rows = 0;

	if (spec->chart.kind == PW_CHART_NONE || pw_table_is_stream(table))
		return false;
	PW_ASSERT(spec->form == PW_FORM_ROWS);
	pw_series_columns(&series, spec);
	pw_table_rewind(table);
	while (shown < 2 && pw_table_next(table, &rows, &ignored) == PW_OK &&
	       rows > 0) {
		for (size_t r = 0; r < rows && shown < 2; r++)
			shown += pw_series_shows(&series, table, r);
	}
	pw_table_rewind(table);
	return shown == 2;
}

/* The script of one table; the stem NULL for a picture inside a page. */
static enum pw_status make_script(struct pw_table *table, const char *stem,
				  bool labelled, char **text,
				  struct pw_error *err)
{
	const struct pw_table_spec *spec = pw_table_spec(table);
	struct pw_series series;
	struct pw_script script = {
		.spec = spec,
		.series = &series,
		.stem = stem,
		.labelled = labelled,
	};
	enum pw_status st;

	*text = NULL;
	st = pw_series_read(&series, table, err);
	if (st == PW_OK) {
		pw_series_thin(&series, PW_SCRIPT_PIXELS, spec->chart.log_x);
		st = pw_script_write(&script, text, err);
	}
	pw_series_free(&series);
	pw_table_rewind(table);
	return st;
}

enum pw_status pw_chart_svg(struct pw_table *table, char **svg,
			    struct pw_error *err)
{
	const struct pw_table_spec *spec = pw_table_spec(table);
	struct pw_gnuplot request = {.timeout_ms = TIMEOUT_MS};
	char *script = NULL;
	char *picture = NULL;
	enum pw_status st;

	PW_ASSERT(pw_chart_possible(table));
	*svg = NULL;
	PW_ASSERT(!pw_table_is_stream(table));
	st = make_script(table, NULL, false, &script, err);
	request.script = script;
	if (st == PW_OK)
		st = pw_gnuplot_run(&request, &picture, err);
	if (st == PW_OK)
		st = pw_svg_inline(picture,
				   spec->title ? spec->title : spec->name, svg,
				   err);
	free(script);
	free(picture);
	return st;
}

/* ---- files ---- */

/* Where the pictures of one table go. */
struct target {
	const char *directory;
	char stem[80];
	const struct pw_item *group; /* the innermost, or NULL */
};

/* Begin <directory>/<stem><extension>. */
static enum pw_status open_file(const struct target *target,
				const char *extension,
				struct pw_output **output, struct pw_error *err)
{
	enum pw_status st;
	char *path;

	*output = NULL;
	if (asprintf(&path, "%s/%s%s", target->directory, target->stem,
		     extension) < 0)
		return pw_fail_memory(err, "the name of a chart");
	st = pw_output_open(output, path, err);
	free(path);
	return st;
}

static enum pw_status write_text(const struct target *target,
				 const char *extension, const char *text,
				 struct pw_error *err)
{
	struct pw_output *output;
	enum pw_status st = open_file(target, extension, &output, err);

	if (st != PW_OK)
		return st;
	fputs(text, pw_output_stream(output));
	return pw_output_commit(output, err);
}

static enum pw_status write_csv(const struct target *target,
				struct pw_table *table, struct pw_error *err)
{
	struct pw_output *output;
	enum pw_status st = open_file(target, ".csv", &output, err);

	if (st != PW_OK)
		return st;
	pw_csv_header(pw_output_stream(output), table, 0, NULL);
	st = pw_csv_rows(pw_output_stream(output), table, 0, NULL, err);
	if (st != PW_OK) {
		pw_output_discard(output);
		return st;
	}
	return pw_output_commit(output, err);
}

/*
 * The one line that comes from outside. It begins with the group's name, so
 * that it is no comment, and has no double quote, which gnuplot would take for
 * the border of a cell.
 */
static enum pw_status write_label(const struct target *target,
				  struct pw_error *err)
{
	struct pw_show show = PW_SHOW_CUT(LABEL_BYTES);
	const char *clean = pw_show_text(&show, target->group->label);
	enum pw_status st;
	char *line;

	if (!clean ||
	    asprintf(&line, "%s: %s\n", target->group->group, clean) < 0) {
		pw_show_free(&show);
		return pw_fail_memory(err, "the label of a chart");
	}
	pw_show_free(&show);
	for (char *quote = line; (quote = strchr(quote, '"'));)
		*quote = '\'';
	st = write_text(target, ".label", line, err);
	free(line);
	return st;
}

static enum pw_status draw(const struct target *target, const char *script,
			   struct pw_error *err)
{
	const struct pw_gnuplot request = {
		.script = script,
		.directory = target->directory,
		.timeout_ms = TIMEOUT_MS,
	};
	char *output;
	enum pw_status st = pw_gnuplot_run(&request, &output, err);

	free(output);
	return st;
}

/* The files of one table; a failure of gnuplot goes to @drawing alone. */
static enum pw_status write_chart(const struct target *target,
				  struct pw_table *table,
				  struct pw_error *drawing,
				  struct pw_error *err)
{
	bool labelled = target->group != NULL;
	char *script = NULL;
	enum pw_status st;

	st = write_csv(target, table, err);
	if (st == PW_OK && labelled)
		st = write_label(target, err);
	if (st == PW_OK)
		st = make_script(table, target->stem, labelled, &script, err);
	if (st == PW_OK)
		st = write_text(target, ".gp", script, err);
	if (st == PW_OK && drawing->status == PW_OK)
		drawing->status = draw(target, script, drawing);
	free(script);
	return st;
}

/* Tables called @name among the first @end items. */
static size_t count_named(const struct pw_item *item, size_t end,
			  const char *name)
{
	size_t found = 0;

	for (size_t i = 0; i < end; i++)
		found += item[i].kind == PW_ITEM_TABLE &&
			 strcmp(pw_table_spec(item[i].table)->name, name) == 0;
	return found;
}

/* The table's name, with a number where there are several of that name. */
static void name_target(struct target *target, const struct pw_walk *walk,
			const char *name)
{
	size_t number = count_named(walk->item, walk->next, name);

	PW_ASSERT(number >= 1 && strlen(name) < sizeof(target->stem) - 24);
	PW_ASSERT(name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_")] ==
		  '\0');
	target->group = NULL;
	if (count_named(walk->item, walk->count, name) > 1) {
		snprintf(target->stem, sizeof(target->stem), "%s-%zu", name,
			 number);
		if (walk->depth)
			target->group = walk->open[walk->depth - 1];
	} else {
		snprintf(target->stem, sizeof(target->stem), "%s", name);
	}
}

enum pw_status pw_charts_write(struct pw_tables *tables, const char *directory,
			       struct pw_error *err)
{
	struct target target = {.directory = directory};
	struct pw_error drawing = {.status = PW_OK};
	const struct pw_item *item;
	struct pw_walk walk;
	enum pw_status st;

	st = pw_directory_make(directory, err);
	pw_walk_start(&walk, tables);
	while (st == PW_OK && (item = pw_walk_next(&walk))) {
		if (item->kind != PW_ITEM_TABLE ||
		    !pw_chart_possible(item->table))
			continue;
		name_target(&target, &walk, pw_table_spec(item->table)->name);
		st = write_chart(&target, item->table, &drawing, err);
	}
	if (st == PW_OK && drawing.status != PW_OK) {
		*err = drawing;
		st = drawing.status;
	}
	return st;
}
