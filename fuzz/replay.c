/*
 * The main of a fuzz target where libFuzzer is not: runs every file of the folders and files on the command line once.
 *
 *     build/fuzz/fuzz_npy fuzz/corpus/npy
 */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* 0 if the file could not be read. */
static int replay_file(const char *path) {
  FILE *file = fopen(path, "rb");
  uint8_t *bytes = NULL;
  size_t n = 0, capacity = 0;
  if (!file) return 0;
  do {
    if (n == capacity) {
      capacity = capacity ? 2 * capacity : 1 << 16;
      uint8_t *larger = realloc(bytes, capacity);
      if (!larger) break;
      bytes = larger;
    }
    n += fread(bytes + n, 1, capacity - n, file);
  } while (!feof(file) && !ferror(file));
  int done = feof(file);
  /* A copy of exactly n bytes: ASan sees a read behind the end. */
  uint8_t *exact = done ? malloc(n ? n : 1) : NULL;
  for (size_t i = 0; exact && i < n; i++) exact[i] = bytes[i];
  if (exact) LLVMFuzzerTestOneInput(exact, n);
  free(exact);
  free(bytes);
  fclose(file);
  return exact != NULL;
}

/* Answers the number of files, -1 if one could not be read. */
static int replay(const char *path) {
  DIR *folder = opendir(path);
  int count = 0;
  if (!folder) return replay_file(path) ? 1 : -1;
  for (struct dirent *entry; (entry = readdir(folder)) && count >= 0;) {
    char name[4096];
    if (entry->d_name[0] == '.') continue;
    snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
    count = replay_file(name) ? count + 1 : -1;
  }
  closedir(folder);
  return count;
}

int main(int argc, char **argv) {
  for (int i = 1; i < argc; i++) {
    int count = replay(argv[i]);
    printf("%s: %s: %d inputs\n", argv[0], argv[i], count);
    if (count <= 0) return 1;
  }
  return 0;
}
