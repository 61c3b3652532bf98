/*
 * The one gate that all data of all filters passes: on the way in before a filter sees it, on the way out before the
 * caller does.
 */
#ifndef CORE_GATE_H
#define CORE_GATE_H

#include "core/filter_table.h"

/*
 * Kind, shape, rate, columns (0: any number), and that every value is finite; SCRIM_E_DATA names row and column.
 * `takes`: as in the filter's table.
 */
scrim_status gate_check_input(const scrim_view *in, scrim_kind kind, size_t columns, unsigned takes,
                              scrim_error *error);

/* That `rows` rows of `columns` (0: any number) fit, in memory that overlaps the input nowhere or everywhere. */
scrim_status gate_check_output(const scrim_view *out, const scrim_view *in, scrim_kind kind, size_t columns,
                               size_t rows, scrim_error *error);

/*
 * What a filter has written: no more rows than `rows`, all finite unless it takes others. SCRIM_E_INTERNAL otherwise.
 */
scrim_status gate_check_result(const scrim_view *out, size_t rows, unsigned takes, scrim_error *error);

/* Fail closed: wipes all of the caller's output buffer and sets its row count to 0. NULL is fine. */
void gate_close(scrim_view *out);

#endif
