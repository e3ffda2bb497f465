/* Draws with elements, and no script.
 * Must not print a name as it is. */
#include "html_plot.h"

#include <stdlib.h>

#include "base/text.h"
#include "heat.h"
#include "times.h"

enum {
    PLOT_WIDTH = 720,
    PLOT_HEIGHT = 120,
    POINTS_MOST = 240, /* more are no wider than a pixel or two each */
};

void html_print_text(const char *text, FILE *out)
{
    char *clean = text_clean_dup(text);

    for (const char *c = clean != NULL ? clean : "?"; *c != '\0'; c++) {
        switch (*c) {
        case '&':
            fputs("&amp;", out);
            break;
        case '<':
            fputs("&lt;", out);
            break;
        case '>':
            fputs("&gt;", out);
            break;
        case '"':
            fputs("&quot;", out);
            break;
        case '\'':
            fputs("&#39;", out);
            break;
        default:
            fputc(*c, out);
        }
    }
    free(clean);
}

/* The mean of some parts that follow one another, by their lengths. */
static double mean_of(const double *means, const struct parts *parts, size_t first, size_t behind)
{
    double sum = 0;

    for (size_t i = first; i < behind; i++) {
        const struct span part = parts_get(parts, i);

        sum += means[i] * (double)(part.to_ms - part.from_ms);
    }
    return sum / (double)(parts->starts_ms[behind] - parts->starts_ms[first]);
}

static double x_of(const struct parts *parts, size_t index)
{
    double length = (double)(parts->starts_ms[parts->count] - parts->starts_ms[0]);

    return PLOT_WIDTH * (double)(parts->starts_ms[index] - parts->starts_ms[0]) / length;
}

/* Steps from left to right. */
static void print_steps(const double *means, const struct parts *parts, double top, FILE *out)
{
    size_t each = (parts->count + POINTS_MOST - 1) / POINTS_MOST;

    for (size_t i = 0; i < parts->count; i += each) {
        size_t behind = i + each < parts->count ? i + each : parts->count;
        double y = PLOT_HEIGHT * (1 - mean_of(means, parts, i, behind) / top);

        fprintf(out, "%.1f,%.1f %.1f,%.1f ", x_of(parts, i), y, x_of(parts, behind), y);
    }
}

static double highest(const struct report_group *group, size_t count)
{
    double most = (double)group->capacity;

    for (size_t i = 0; i < count; i++) {
        most = group->held[i] > most ? group->held[i] : most;
        most = group->waiting[i] > most ? group->waiting[i] : most;
    }
    return most > 0 ? most : 1;
}

void html_plot_use(const struct report_group *group, const struct parts *parts, FILE *out)
{
    double top = highest(group, parts->count) * 1.05;
    char since[REPORT_TIME_SIZE], until[REPORT_TIME_SIZE];

    fprintf(out,
            "<svg viewBox=\"0 0 %d %d\" preserveAspectRatio=\"none\" role=\"img\" "
            "aria-label=\"held and waiting over time\">"
            "<polygon class=\"held\" points=\"0,%d ",
            PLOT_WIDTH, PLOT_HEIGHT, PLOT_HEIGHT);
    print_steps(group->held, parts, top, out);
    fprintf(out, "%d,%d\"/><polyline class=\"waiting\" points=\"", PLOT_WIDTH, PLOT_HEIGHT);
    print_steps(group->waiting, parts, top, out);
    fputs("\"/>", out);
    if (group->capacity > 0) {
        double y = PLOT_HEIGHT * (1 - (double)group->capacity / top);

        fprintf(out, "<line class=\"all\" x1=\"0\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>", PLOT_WIDTH,
                y, y);
    }
    report_format_time(since, parts->starts_ms[0]);
    report_format_time(until, parts->starts_ms[parts->count]);
    fprintf(out,
            "</svg><p class=\"axis\"><span>%s</span><span>%.3g at the top</span>"
            "<span>%s</span></p>\n",
            since, top, until);
}

void html_plot_week(const struct report_group *group, const struct parts *hours, FILE *out)
{
    struct heat heat;
    double full;

    heat_of(&heat, group, hours);
    full = heat_full(&heat, group);
    fputs("<table class=\"week\"><caption>held at each hour of the week</caption><tr><th></th>",
          out);
    for (int hour = 0; hour < HEAT_HOURS; hour++)
        fprintf(out, "<th>%d</th>", hour);
    fputs("</tr>\n", out);
    for (int day = 0; day < HEAT_DAYS; day++) {
        fprintf(out, "<tr><th>%s</th>", heat_day(day));
        for (int hour = 0; hour < HEAT_HOURS; hour++) {
            double held = heat.held[day][hour];

            if (held < 0)
                fputs("<td>·</td>", out);
            else
                fprintf(out, "<td style=\"--part:%.0f%%\" title=\"%s %d:00: %.2f\"></td>",
                        full > 0 ? 100 * held / full : 0, heat_day(day), hour, held);
        }
        fputs("</tr>\n", out);
    }
    fputs("</table>\n", out);
}
