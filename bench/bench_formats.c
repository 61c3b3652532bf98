/*
 * Seconds to read a table, or to write one, through the public readers and writers with a buffer of 1024 rows.
 *
 *     bench_formats read FILE
 *     bench_formats copy FROM TO
 *
 * prints the rows, the seconds spent reading, the seconds spent writing (to the disk and under its name), and the
 * peak memory of the process in MiB. bench_formats.py compares with numpy.
 */
#include <scrim/table.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { BUFFER_ROWS = 1024 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void must(scrim_status status, const scrim_error *error) {
  if (status == SCRIM_OK) return;
  fprintf(stderr, "bench_formats: %s\n", error->message);
  exit(EXIT_FAILURE);
}

/* MiB; getrusage would count the memory of the process that started this one. */
static double peak_memory(void) {
  FILE *file = fopen("/proc/self/status", "r");
  char line[128];
  unsigned long kibibytes = 0;
  while (file != NULL && fgets(line, sizeof line, file) != NULL)
    if (sscanf(line, "VmHWM: %lu", &kibibytes) == 1) break;
  if (file != NULL) fclose(file);
  return (double)kibibytes / 1024;
}

int main(int argc, char **argv) {
  if (argc != (argc > 1 && strcmp(argv[1], "copy") == 0 ? 4 : 3)) return EXIT_FAILURE;
  const char *to = argc == 4 ? argv[3] : NULL;
  scrim_error error = {0};
  scrim_reader *reader;
  scrim_writer *writer = NULL;
  double start = now(), reading = 0, writing = 0;
  must(scrim_reader_open(&reader, argv[2], SCRIM_FORMAT_AUTO, &error), &error);
  const scrim_table_info *info = scrim_reader_info(reader);
  if (to != NULL) must(scrim_writer_open(&writer, to, SCRIM_FORMAT_AUTO, info, NULL, &error), &error);
  float *data = malloc(BUFFER_ROWS * info->columns * sizeof *data);
  size_t rows = 1, total = 0;
  while (data != NULL && rows > 0) {
    must(scrim_reader_read(reader, data, BUFFER_ROWS, &rows, &error), &error);
    total += rows;
    double middle = now();
    reading += middle - start;
    if (to != NULL) must(scrim_writer_write(writer, data, rows, &error), &error);
    start = now();
    writing += start - middle;
  }
  must(scrim_writer_close(writer, 1, &error), &error);
  writing += now() - start;
  printf("%zu %.6f %.6f %.1f\n", total, reading, to != NULL ? writing : 0, peak_memory());
  scrim_reader_close(reader);
  free(data);
  return EXIT_SUCCESS;
}
