/*
 * script.c - the gnuplot script of one chart.
 *
 * Source: colours: M. Okabe and K. Ito, "Color universal design", 2008, in an
 *         order that keeps neighbours apart for every kind of colour vision.
 */
#include "plots/script.h"

#include <math.h>

#include "base/assert.h"
#include "base/units.h"
#include "plots/axis.h"
#include "plots/show.h"

static const char *const palette[PW_CHART_SERIES_MAX] = {
	"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9",
};

/* More curves than this have their names in two rows. */
#define KEY_COLUMNS 3

#define TEXT_COLOR "#374151"
#define SOFT_COLOR "#6b7280"
#define LINE_COLOR "#9aa1ac"
#define GRID_COLOR "#e1e4e9"

struct plan {
	FILE *out;
	const struct pw_script *script;
	struct pw_axis x;
	struct pw_axis y[2];		  /* left, right */
	size_t side[PW_CHART_SERIES_MAX]; /* of each curve */
	bool right;			  /* the right axis is used */
};

/* A title of a static specification in single quotes. */
static void put_quoted(FILE *out, const char *text)
{
	putc('\'', out);
	for (; *text; text++) {
		PW_ASSERT(*text >= ' ' && *text <= '~');
		PW_ASSERT(!strchr("`\"\\@$", *text));
		if (*text == '\'')
			putc('\'', out);
		putc(*text, out);
	}
	putc('\'', out);
}

/* Seven digits are more than a pixel needs. */
static void put_number(FILE *out, double value)
{
	char text[64];

	if (!isfinite(value)) {
		putc('?', out);
		return;
	}
	snprintf(text, sizeof(text), "%.7g", value);
	pw_format_exact(text, sizeof(text), strtod(text, NULL));
	fputs(text, out);
}

/* ---- planning ---- */

static enum pw_unit unit_of(const struct plan *plan, size_t curve)
{
	const struct pw_series *series = plan->script->series;

	return plan->script->spec->column[series->y_column[curve]].unit;
}

/* Curves in the unit of the first stand left, those of another one right. */
static void choose_sides(struct plan *plan)
{
	enum pw_unit other = unit_of(plan, 0);

	for (size_t i = 0; i < plan->script->series->curves; i++) {
		enum pw_unit unit = unit_of(plan, i);

		plan->side[i] = unit != unit_of(plan, 0);
		if (!plan->side[i])
			continue;
		PW_ASSERT(!plan->right || unit == other);
		plan->right = true;
		other = unit;
	}
}

static void plan_values(struct plan *plan, size_t side)
{
	const struct pw_series *series = plan->script->series;
	struct pw_axis_range range = {
		.least = HUGE_VAL,
		.most = -HUGE_VAL,
		.log = plan->script->spec->chart.log_y,
		.values = true,
		.ticks = 5,
	};

	for (size_t i = 0; i < series->curves; i++) {
		if (plan->side[i] != side)
			continue;
		range.unit = unit_of(plan, i);
		range.least = fmin(range.least, series->y_least[i]);
		range.most = fmax(range.most, series->y_most[i]);
	}
	if (range.least > range.most) {
		/* Nothing can be drawn: an axis all the same. */
		range.least = 1;
		range.most = 1;
	}
	pw_axis_plan(&plan->y[side], &range);
}

static void plan_axes(struct plan *plan)
{
	const struct pw_series *series = plan->script->series;
	const struct pw_table_spec *spec = plan->script->spec;
	struct pw_axis_range range = {
		.least = series->x_least,
		.most = series->x_most,
		.unit = spec->column[series->x_column].unit,
		.log = spec->chart.log_x,
		.ticks = 9,
	};

	pw_axis_plan(&plan->x, &range);
	choose_sides(plan);
	plan_values(plan, 0);
	if (plan->right)
		plan_values(plan, 1);
}

/* ---- writing ---- */

static void put_axis(FILE *out, const char *name, const struct pw_axis *axis,
		     const char *title)
{
	char text[200];

	PW_ASSERT(axis->first < axis->last);
	if (axis->log)
		fprintf(out, "set logscale %s\n", name);
	fprintf(out, "set %srange [", name);
	put_number(out, axis->first);
	putc(':', out);
	put_number(out, axis->last);
	fprintf(out, "]\nset %stics nomirror textcolor rgb '" TEXT_COLOR "' (",
		name);
	for (size_t i = 0; i < axis->ticks; i++) {
		fputs(i ? ", " : "", out);
		put_quoted(out, axis->tick[i].label);
		putc(' ', out);
		put_number(out, axis->tick[i].at);
		fputs(axis->tick[i].label[0] ? "" : " 1", out);
	}
	snprintf(text, sizeof(text), axis->unit_label[0] ? "%s (%s)" : "%s",
		 title, axis->unit_label);
	fprintf(out, ")\nset %slabel ", name);
	put_quoted(out, text);
	fputs(" textcolor rgb '" TEXT_COLOR "'\n", out);
}

static const char *curve_title(const struct plan *plan, size_t curve)
{
	return pw_show_title(plan->script->spec,
			     plan->script->series->y_column[curve]);
}

/* What an axis shows: the chart's word for it, or its only curve. */
static const char *side_title(const struct plan *plan, size_t side)
{
	const char *title = plan->script->spec->chart.y_title;
	const char *only = NULL;
	size_t count = 0;

	for (size_t i = 0; i < plan->script->series->curves; i++) {
		if (plan->side[i] != side)
			continue;
		only = curve_title(plan, i);
		count++;
	}
	PW_ASSERT(count > 0 && side <= plan->right);
	if (side == 0 && title)
		return title;
	return count == 1 ? only : "";
}

static void put_points(const struct plan *plan)
{
	const struct pw_series *series = plan->script->series;
	const struct pw_point *point = series->points.data;

	fputs("$points << END\n", plan->out);
	for (size_t i = 0; i < series->points.count; i++) {
		put_number(plan->out, point[i].x / plan->x.divisor);
		for (size_t c = 0; c < series->curves; c++) {
			putc('\t', plan->out);
			put_number(plan->out,
				   point[i].y[c] /
					   plan->y[plan->side[c]].divisor);
		}
		putc('\n', plan->out);
	}
	fputs("END\n", plan->out);
}

static void put_frame(const struct plan *plan)
{
	const struct pw_script *script = plan->script;
	FILE *out = plan->out;
	bool key = script->series->curves > 1;
	int rows = script->series->curves > KEY_COLUMNS ? 2 : 1;
	double top = key ? 1.4 + 1.2 * rows : 1.2;

	fputs("set encoding utf8\n"
	      "set datafile separator tab\n"
	      "set datafile missing '?'\n",
	      out);
	fprintf(out, "set border %d lc rgb '" LINE_COLOR "' lw 1\n",
		plan->right ? 11 : 3);
	fputs("set tics out scale 0.6\n"
	      "set grid xtics ytics back lt 1 lc rgb '" GRID_COLOR
	      "' lw 1 dt solid\n",
	      out);
	if (key)
		fprintf(out,
			"set key at graph 0, graph 1.03 left bottom vertical "
			"maxrows %d Left reverse samplen 2 width 0 "
			"textcolor rgb '" TEXT_COLOR "'\n",
			rows);
	else
		fputs("unset key\n", out);
	if (script->stem) {
		fputs("set label 1 ", out);
		put_quoted(out, script->spec->title ? script->spec->title
						    : script->spec->name);
		fputs(" at screen 0.015, screen 0.955 left font 'sans-serif,17'"
		      " textcolor rgb '" TEXT_COLOR "'\n",
		      out);
		top += script->labelled ? 3.0 : 1.8;
	}
	fprintf(out, "set tmargin %d.%d\n", (int)top,
		(int)lround(top * 10) % 10);
	fprintf(out, "set rmargin %d\n", plan->right ? 10 : 3);
}

static void put_plot(const struct plan *plan)
{
	const struct pw_series *series = plan->script->series;
	const struct pw_chart *chart = &plan->script->spec->chart;
	const char *style = chart->kind != PW_CHART_STEPS ? "lines"
			    : chart->x_ends		  ? "fsteps"
							  : "steps";
	FILE *out = plan->out;

	fputs("plot ", out);
	for (size_t i = 0; i < series->curves; i++) {
		char title[200];

		fprintf(out,
			"%s$points using 1:%zu axes x1y%zu with %s"
			" lc rgb '%s' lw 2 title ",
			i ? ", \\\n  " : "", i + 2, plan->side[i] + 1, style,
			palette[i]);
		snprintf(title, sizeof(title),
			 plan->side[i] ? "%s (right)" : "%s",
			 curve_title(plan, i));
		put_quoted(out, title);
	}
	if (plan->script->labelled) {
		fprintf(out, ", \\\n  '%s.label' using (", plan->script->stem);
		put_number(out, plan->x.first);
		fputs("):(", out);
		put_number(out, plan->y[0].last);
		fprintf(out,
			"):1 with labels left offset 0,%s textcolor rgb "
			"'" SOFT_COLOR "' notitle",
			series->curves > KEY_COLUMNS ? "3.8"
			: series->curves > 1	     ? "2.6"
						     : "1.2");
	}
	putc('\n', out);
}

static void put_script(const struct plan *plan)
{
	const char *stem = plan->script->stem;
	FILE *out = plan->out;

	if (stem)
		fprintf(out,
			"# Draw again: gnuplot %s.gp\n"
			"# %s.csv has every row; the points here are those "
			"that show at %d pixels.\n",
			stem, stem, PW_SCRIPT_PIXELS);
	put_frame(plan);
	put_axis(out, "x", &plan->x,
		 pw_show_title(plan->script->spec,
			       plan->script->series->x_column));
	put_axis(out, "y", &plan->y[0], side_title(plan, 0));
	if (plan->right)
		put_axis(out, "y2", &plan->y[1], side_title(plan, 1));
	put_points(plan);
	fputs("set terminal svg size 960,400 noenhanced rounded font "
	      "'sans-serif,14'",
	      out);
	fputs(stem ? " background rgb '#ffffff'\n" : "\n", out);
	if (stem)
		fprintf(out, "set output '%s.svg'\n", stem);
	put_plot(plan);
	if (!stem)
		return;
	fprintf(out,
		"set terminal pngcairo size %d,600 noenhanced rounded "
		"font 'sans-serif,14' fontscale 1.2 linewidth 1.5\n"
		"set output '%s.png'\nreplot\n",
		PW_SCRIPT_PIXELS, stem);
}

enum pw_status pw_script_write(const struct pw_script *script, char **text,
			       struct pw_error *err)
{
	struct plan plan = {.script = script};
	size_t bytes;

	PW_ASSERT(script->series->points.count > 0);
	PW_ASSERT(script->stem || !script->labelled);
	*text = NULL;
	plan.out = open_memstream(text, &bytes);
	if (!plan.out)
		return pw_fail_memory(err, "a chart's script");
	plan_axes(&plan);
	put_script(&plan);
	if (fclose(plan.out) != 0) {
		free(*text);
		*text = NULL;
		return pw_fail_memory(err, "a chart's script");
	}
	return PW_OK;
}
