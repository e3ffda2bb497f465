/* A map of the hours of the week.
 * Must not let a name harm a terminal. */
#include "print_heat.h"

#include <stdlib.h>

#include "base/text.h"
#include "cell.h"
#include "heat.h"

enum { HOUR_COLUMNS = 2, LABEL_EVERY = 3 };

static void print_day(const struct heat *heat, int day, double full, bool utf8, FILE *out)
{
    fprintf(out, "%s ", heat_day(day));
    for (int hour = 0; hour < HEAT_HOURS; hour++) {
        double held = heat->held[day][hour];
        const char *block =
            held < 0 ? (utf8 ? "·" : "?") : cell_block(full > 0 ? held / full : 0, utf8);

        for (int i = 0; i < HOUR_COLUMNS; i++)
            fputs(block, out);
    }
    fputs("|\n", out);
}

static void print_map(const struct report *report, const struct report_group *group,
                      const char *name, bool utf8, FILE *out)
{
    struct heat heat;
    double full;

    heat_of(&heat, group, report_parts(report));
    full = heat_full(&heat, group);
    fprintf(out, "\n%s, held at each hour of the week; a full block is %.4g:\n    ", name, full);
    for (int hour = 0; hour < HEAT_HOURS; hour += LABEL_EVERY)
        fprintf(out, "%-*d", LABEL_EVERY * HOUR_COLUMNS, hour);
    fputc('\n', out);
    for (int day = 0; day < HEAT_DAYS; day++)
        print_day(&heat, day, full, utf8, out);
}

void report_print_heat(const struct report *report, const struct report_group *groups, size_t count,
                       bool utf8, FILE *out)
{
    if (!report_has_pools(report)) {
        print_map(report, report_total(report), "All", utf8, out);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        char *name = text_clean_dup(groups[i].name);

        print_map(report, &groups[i], name != NULL ? name : "?", utf8, out);
        free(name);
    }
}
