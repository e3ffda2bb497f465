/* The order in which people look for names: numbers in them count as numbers. */
#ifndef FARMLOCK_BASE_NATURAL_ORDER_H
#define FARMLOCK_BASE_NATURAL_ORDER_H

/* Below 0, 0 or above 0 as `a` sorts before, with or behind `b`: "vcs2" before "vcs10", "n9" before
 * "n010", and "n01" before "n1".  0 for equal texts only.  Digits of any number are compared. */
int natural_order_compare(const char *a, const char *b);

#endif
