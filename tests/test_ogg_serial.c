/* The number of an ogg stream: set on every page, with a checksum that libogg's readers accept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/ogg_serial.h"
#include "sound_world.h"
#include "support/files.h"
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static void set(const char *path, scrim_status wanted) {
  const int fd = open(path, O_RDWR);
  assert_true(fd >= 0);
  assert_int_equal(ogg_serial_set(fd, path, NULL), wanted);
  close(fd);
}

static void two_encodings_become_one(void **state) {
  const char *path[] = {files_path(*state, "a.ogg"), files_path(*state, "b.ogg")};
  char *bytes[2];
  int *sound[2];
  size_t n[2];
  SF_INFO info;
  for (int k = 0; k < 2; k++) {
    sound_write(path[k], SF_FORMAT_OGG | SF_FORMAT_VORBIS, 16000, 1, 30000); /* several pages, each with its number */
    sound[0] = sound_read_ints(path[k], &info);
    set(path[k], SCRIM_OK);
    sound[1] = sound_read_ints(path[k], &info); /* libogg drops pages whose checksum is wrong */
    assert_int_equal(info.frames, 30000);
    assert_memory_equal(sound[0], sound[1], 30000 * sizeof(int));
    free(sound[0]);
    free(sound[1]);
    bytes[k] = files_read(path[k], &n[k]);
  }
  assert_int_equal(n[0], n[1]);
  assert_memory_equal(bytes[0], bytes[1], n[0]);
  free(bytes[0]);
  free(bytes[1]);
}

static void what_is_no_ogg_is_an_error(void **state) {
  const char *path = files_path(*state, "x");
  size_t n;
  files_write(path, "not a page", 10);
  set(path, SCRIM_E_INTERNAL);
  sound_write(path, SF_FORMAT_OGG | SF_FORMAT_VORBIS, 16000, 1, 3000);
  char *bytes = files_read(path, &n);
  files_write(path, bytes, n - 1);
  set(path, SCRIM_E_INTERNAL);
  free(bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(two_encodings_become_one, files_setup, files_teardown),
      cmocka_unit_test_setup_teardown(what_is_no_ogg_is_an_error, files_setup, files_teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
