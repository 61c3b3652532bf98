/* convert_table IN OUT: copies a table of numbers; the formats go by the names (npy, csv, tsv). */
#include <scrim.h>
#include <stdio.h>

int main(int argc, char **argv) {
  scrim_table table = {0};
  scrim_error error;
  if (argc != 3) {
    fprintf(stderr, "usage: %s IN OUT\n", argv[0]);
    return 64;
  }
  scrim_status status = scrim_table_read(&table, argv[1], SCRIM_FORMAT_AUTO, 0, &error);
  if (status == SCRIM_OK)
    status = scrim_table_write(argv[2], SCRIM_FORMAT_AUTO, table.data, table.info.rank, table.info.shape, &error);
  scrim_table_free(&table);
  if (status != SCRIM_OK) fprintf(stderr, "%s: %s\n", argv[0], error.message);
  return scrim_status_exit_code(status);
}
