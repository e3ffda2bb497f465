/* Folds hours into a week.
 * Must not print them. */
#include "heat.h"

#include <time.h>

void heat_of(struct heat *heat, const struct report_group *group, const struct parts *hours)
{
    double length_ms[HEAT_DAYS][HEAT_HOURS] = {{0}};

    *heat = (struct heat){0};
    for (size_t i = 0; i < hours->count; i++) {
        const struct span hour = parts_get(hours, i);
        time_t seconds = (time_t)(hour.from_ms / 1000);
        double ms = (double)(hour.to_ms - hour.from_ms);
        struct tm tm;

        if (localtime_r(&seconds, &tm) == NULL)
            continue;
        heat->held[(tm.tm_wday + 6) % HEAT_DAYS][tm.tm_hour] += group->held[i] * ms;
        length_ms[(tm.tm_wday + 6) % HEAT_DAYS][tm.tm_hour] += ms;
    }
    for (int day = 0; day < HEAT_DAYS; day++) {
        for (int hour = 0; hour < HEAT_HOURS; hour++) {
            if (length_ms[day][hour] > 0)
                heat->held[day][hour] /= length_ms[day][hour];
            else
                heat->held[day][hour] = -1;
        }
    }
}

static double most_of(const struct heat *heat)
{
    double most = 0;

    for (int day = 0; day < HEAT_DAYS; day++)
        for (int hour = 0; hour < HEAT_HOURS; hour++)
            most = heat->held[day][hour] > most ? heat->held[day][hour] : most;
    return most;
}

double heat_full(const struct heat *heat, const struct report_group *group)
{
    return group->capacity > 0 ? (double)group->capacity : most_of(heat);
}

const char *heat_day(int day)
{
    static const char *const names[] = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"};

    return names[day];
}
