/* Whole reads and writes; drafts that take their name complete or not at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include "core/file.h"
#include "core/memory.h"
#include <cmocka.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[40], path[64];

static int make_folder(void **state) {
  (void)state;
  strcpy(folder, "/tmp/scrim-file-XXXXXX");
  if (mkdtemp(folder) == NULL) return -1;
  snprintf(path, sizeof path, "%s/x", folder);
  return 0;
}

static int remove_folder(void **state) {
  (void)state;
  unlink(path);
  return rmdir(folder); /* fails if a temporary file was left */
}

static int entries(void) {
  DIR *d = opendir(folder);
  int n = 0;
  for (struct dirent *e; (e = readdir(d)) != NULL;) n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
  closedir(d);
  return n;
}

static void assert_content(const char *expected) {
  char text[100];
  size_t n;
  int fd = open(path, O_RDONLY);
  assert_true(fd >= 0);
  assert_int_equal(file_read(fd, path, text, sizeof text, &n, NULL), SCRIM_OK);
  close(fd);
  assert_int_equal(n, strlen(expected));
  assert_memory_equal(text, expected, n);
}

static scrim_status replace(const char *text) {
  file_draft draft;
  scrim_error error;
  scrim_status status = file_draft_begin(&draft, path, &error);
  if (status != SCRIM_OK) return status;
  status = file_draft_write(&draft, text, strlen(text), &error);
  if (status == SCRIM_OK) return file_draft_commit(&draft, &error);
  file_draft_abandon(&draft);
  return status;
}

static void a_draft_shows_only_when_committed(void **state) {
  (void)state;
  assert_int_equal(replace("old"), SCRIM_OK);
  assert_content("old");
  file_draft draft;
  assert_int_equal(file_draft_begin(&draft, path, NULL), SCRIM_OK);
  assert_int_equal(file_draft_write(&draft, "new", 3, NULL), SCRIM_OK);
  assert_content("old");
  assert_int_equal(entries(), 2);
  assert_int_equal(file_draft_commit(&draft, NULL), SCRIM_OK);
  assert_content("new");
  assert_int_equal(entries(), 1);

  assert_int_equal(file_draft_begin(&draft, path, NULL), SCRIM_OK);
  file_draft_abandon(&draft);
  assert_content("new");
  assert_int_equal(entries(), 1);
}

static void two_drafts_of_one_path_do_not_meet(void **state) {
  (void)state;
  file_draft a, b;
  assert_int_equal(file_draft_begin(&a, path, NULL), SCRIM_OK);
  assert_int_equal(file_draft_begin(&b, path, NULL), SCRIM_OK);
  assert_int_equal(file_draft_write(&a, "a", 1, NULL), SCRIM_OK);
  assert_int_equal(file_draft_write(&b, "b", 1, NULL), SCRIM_OK);
  assert_int_equal(file_draft_commit(&b, NULL), SCRIM_OK);
  assert_content("b");
  assert_int_equal(file_draft_commit(&a, NULL), SCRIM_OK);
  assert_content("a");
}

static void a_private_file_stays_private(void **state) {
  (void)state;
  struct stat info;
  assert_int_equal(replace("x"), SCRIM_OK);
  assert_int_equal(chmod(path, 0600), 0);
  assert_int_equal(replace("y"), SCRIM_OK);
  assert_int_equal(stat(path, &info), 0);
  assert_int_equal(info.st_mode & 0777, 0600);
}

/* Modes that the umask would narrow stay as wide as they were. */
static void a_shared_file_stays_shared(void **state) {
  (void)state;
  struct stat info;
  assert_int_equal(replace("x"), SCRIM_OK);
  assert_int_equal(chmod(path, 0666), 0);
  mode_t before = umask(077);
  scrim_status status = replace("y");
  umask(before);
  assert_int_equal(status, SCRIM_OK);
  assert_int_equal(stat(path, &info), 0);
  assert_int_equal(info.st_mode & 0777, 0666);
}

static void links_are_followed(void **state) {
  (void)state;
  char file[sizeof path], link[sizeof path];
  struct stat info;
  assert_int_equal(replace("old"), SCRIM_OK);
  strcpy(file, path);
  snprintf(link, sizeof link, "%s/link", folder);
  assert_int_equal(symlink("x", link), 0);
  strcpy(path, link);
  scrim_status status = replace("new");
  strcpy(path, file);
  assert_int_equal(status, SCRIM_OK);
  assert_int_equal(lstat(link, &info), 0);
  assert_true(S_ISLNK(info.st_mode));
  assert_int_equal(unlink(link), 0);
  assert_content("new");
}

static void devices_and_folders_are_not_replaced(void **state) {
  (void)state;
  file_draft draft;
  scrim_error error;
  assert_int_equal(file_draft_begin(&draft, "/dev/null", &error), SCRIM_E_IO);
  assert_string_equal(error.message, "cannot replace '/dev/null': it is not a regular file");
  assert_int_equal(file_draft_begin(&draft, folder, &error), SCRIM_E_IO);
  assert_int_equal(file_draft_begin(&draft, "/nonexistent/x", &error), SCRIM_E_IO);
  assert_non_null(strstr(error.message, "No such file or directory"));
}

/*
 * A limit on the size of files stands in for a full disk: write fails in the middle, as it does there; its signal,
 * which would end the process, is held back.
 */
static void a_full_disk_leaves_the_old_file(void **state) {
  (void)state;
  assert_int_equal(replace("old"), SCRIM_OK);
  struct rlimit before, limit;
  assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
  limit = (struct rlimit){.rlim_cur = 10, .rlim_max = before.rlim_max};
  assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
  scrim_status status = replace("more than ten bytes");
  setrlimit(RLIMIT_FSIZE, &before);
  assert_int_equal(status, SCRIM_E_IO);
  assert_content("old");
  assert_int_equal(entries(), 1);
}

static void full_device_is_reported(void **state) {
  (void)state;
  int fd = open("/dev/full", O_WRONLY);
  if (fd < 0) skip(); /* not every system has one */
  scrim_error error;
  assert_int_equal(file_write(fd, "/dev/full", "x", 1, &error), SCRIM_E_IO);
  assert_string_equal(error.message, "cannot write '/dev/full': No space left on device");
  close(fd);
}

static void bytes_are_replaced_at_their_place(void **state) {
  (void)state;
  int fd = open(path, O_RDWR | O_CREAT, 0600);
  assert_true(fd >= 0);
  assert_int_equal(file_write(fd, path, "abcde", 5, NULL), SCRIM_OK);
  assert_int_equal(file_write_at(fd, path, 1, "XY", 2, NULL), SCRIM_OK);
  assert_int_equal(file_write(fd, path, "f", 1, NULL), SCRIM_OK); /* goes on where it was */
  assert_int_equal(close(fd), 0);
  assert_content("aXYdef");
}

static void reads_stop_at_the_end_or_the_limit(void **state) {
  (void)state;
  int ends[2];
  char text[8];
  size_t n;
  assert_int_equal(pipe(ends), 0);
  assert_int_equal(write(ends[1], "abcde", 5), 5);
  assert_int_equal(file_read(ends[0], "pipe", text, 3, &n, NULL), SCRIM_OK);
  assert_int_equal(n, 3);
  close(ends[1]);
  assert_int_equal(file_read(ends[0], "pipe", text, sizeof text, &n, NULL), SCRIM_OK);
  assert_int_equal(n, 2);
  close(ends[0]);
  assert_int_equal(file_read(ends[0], "pipe", text, 1, &n, NULL), SCRIM_E_IO);
}

static void every_failed_request_leaves_nothing(void **state) {
  (void)state;
  for (unsigned long n = 1; n <= 2; n++) {
    memory_fail_at(n, 1);
    scrim_status status = replace("x");
    memory_fail_at(0, 0);
    assert_int_equal(status, SCRIM_E_MEMORY);
    assert_int_equal(entries(), 0);
  }
}

static void folders_of_all_paths_are_synced(void **state) {
  (void)state;
  assert_int_equal(file_sync_folder("bare", NULL), SCRIM_OK);
  assert_int_equal(file_sync_folder("/root-entry", NULL), SCRIM_OK);
  assert_int_equal(file_sync_folder(path, NULL), SCRIM_OK);
  assert_int_equal(file_sync_folder("/nonexistent/x", NULL), SCRIM_E_IO);
}

static void the_longest_names_can_be_replaced(void **state) {
  (void)state;
  char name[NAME_MAX + 1], longest[sizeof folder + sizeof name];
  memset(name, 'n', NAME_MAX);
  name[NAME_MAX] = '\0';
  snprintf(longest, sizeof longest, "%s/%s", folder, name);
  file_draft draft;
  assert_int_equal(file_draft_begin(&draft, longest, NULL), SCRIM_OK);
  assert_int_equal(file_draft_commit(&draft, NULL), SCRIM_OK);
  assert_int_equal(unlink(longest), 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(a_draft_shows_only_when_committed, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(two_drafts_of_one_path_do_not_meet, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(a_private_file_stays_private, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(a_shared_file_stays_shared, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(links_are_followed, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(devices_and_folders_are_not_replaced, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(a_full_disk_leaves_the_old_file, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(the_longest_names_can_be_replaced, make_folder, remove_folder),
      cmocka_unit_test(full_device_is_reported),
      cmocka_unit_test_setup_teardown(bytes_are_replaced_at_their_place, make_folder, remove_folder),
      cmocka_unit_test(reads_stop_at_the_end_or_the_limit),
      cmocka_unit_test_setup_teardown(every_failed_request_leaves_nothing, make_folder, remove_folder),
      cmocka_unit_test_setup_teardown(folders_of_all_paths_are_synced, make_folder, remove_folder),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
