/* Captures: what comes out of layers and fragments, and hostile lengths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include "formats/pcap.h"
#include "ouster_world.h"
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

/* Reads all payloads; joins them with '|' into `joined`. */
static scrim_status read_payloads(const unsigned char *bytes, size_t n, char *joined, scrim_error *error) {
  pcap_reader *pcap = NULL;
  bytes_in *in;
  const unsigned char *payload = NULL;
  unsigned char *copy = malloc(n + 1);
  size_t length = 0, used = 0;
  memcpy(copy, bytes, n);
  assert_int_equal(bytes_in_open_memory(&in, copy, n, NULL), SCRIM_OK);
  scrim_status status = pcap_open(&pcap, in, error);
  while (status == SCRIM_OK && (status = pcap_next(pcap, &payload, &length, error)) == SCRIM_OK && payload != NULL) {
    memcpy(joined + used, payload, length);
    used += length;
    joined[used++] = '|';
  }
  joined[used] = '\0';
  pcap_close(pcap);
  bytes_in_close(in);
  free(copy);
  return status;
}

static void expect_payloads(const world_file *file, const char *expected) {
  static char joined[1 << 16];
  assert_int_equal(read_payloads(file->at, file->n, joined, NULL), SCRIM_OK);
  assert_string_equal(joined, expected);
}

static void whole_datagrams_come_in_order(void **state) {
  (void)state;
  world_file file;
  ouster_capture(&file);
  expect_payloads(&file, "");
  ouster_packet(&file, "first", 5);
  ouster_packet(&file, "", 0);
  ouster_packet(&file, "third", 5);
  expect_payloads(&file, "first||third|");
}

static void fragments_are_put_together_in_any_order(void **state) {
  (void)state;
  static const int orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 2, 0}};
  unsigned char datagram[64];
  size_t n = ouster_udp(datagram, "sixteen letters and seven more!", 31);
  for (size_t i = 0; i < 3; i++) {
    world_file file;
    ouster_capture(&file);
    for (size_t k = 0; k < 3; k++) {
      size_t from = (size_t)orders[i][k] * 16, end = orders[i][k] == 2 ? n : from + 16;
      ouster_fragment(&file, 7, datagram + from, end - from, from, end < n);
      if (k == 1) ouster_packet(&file, "between", 7);
    }
    expect_payloads(&file, "between|sixteen letters and seven more!|");
  }
}

/* A number that comes again before its datagram is whole starts a new one; what there was of the first is lost. */
static void a_first_fragment_that_comes_again_starts_anew(void **state) {
  (void)state;
  unsigned char first[64], second[64];
  world_file file;
  size_t n = ouster_udp(first, "aaaaaaaabbbbbbbb", 16);
  ouster_udp(second, "ccccccccdddddddd", 16);
  ouster_capture(&file);
  ouster_fragment(&file, 7, first, 16, 0, 1);
  ouster_fragment(&file, 7, second, 16, 0, 1);
  ouster_fragment(&file, 7, second + 16, n - 16, 16, 0);
  ouster_fragment(&file, 8, first, 16, 0, 1);
  for (unsigned id = 9; id < 20; id++) ouster_fragment(&file, id, first, 16, 0, 1); /* more than there are places for */
  expect_payloads(&file, "ccccccccdddddddd|");
}

static void other_packets_are_passed_over(void **state) {
  (void)state;
  static const struct {
    size_t at;
    unsigned char value;
  } changes[] = {{12, 0x86}, {14, 0x65}, {14, 0x44}, {16, 0xff}, {17, 0x10}, {23, 6}, {38, 0xff}, {39, 7}};
  for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
    world_file file;
    ouster_capture(&file);
    ouster_packet(&file, "passed", 6);
    file.at[24 + 16 + changes[i].at] = changes[i].value;
    ouster_packet(&file, "taken", 5);
    expect_payloads(&file, "taken|");
  }
  world_file file;
  ouster_capture(&file);
  for (size_t n = 0; n < 42; n++) { /* packets too short for their headers */
    world_u64(&file, 0);
    world_u32(&file, (uint32_t)n);
    world_u32(&file, (uint32_t)n);
    static const unsigned char start[42] = {[12] = 8, [14] = 0x45, [17] = 28, [23] = 17, [39] = 8};
    world_put(&file, start, n);
  }
  expect_payloads(&file, "");
}

static void tagged_frames_and_the_other_byte_order_are_read(void **state) {
  (void)state;
  world_file plain, file;
  ouster_capture(&plain);
  ouster_packet(&plain, "taken", 5);
  file.n = 0;
  static const unsigned char big[24] = {0xa1, 0xb2, 0x3c, 0x4d, 0, 2, 0, 4, [18] = 1, [23] = 1};
  world_put(&file, big, 24);
  size_t frame = plain.n - 24 - 16;
  world_u64(&file, 0);
  for (int i = 0; i < 2; i++) {
    world_u8(&file, 0);
    world_u8(&file, 0);
    world_u8(&file, 0);
    world_u8(&file, (unsigned)frame + 4);
  }
  world_put(&file, plain.at + 40, 12);
  world_put(&file, "\x81\0\0\x05", 4);
  world_put(&file, plain.at + 52, frame - 12);
  expect_payloads(&file, "taken|");
}

static void other_files_are_refused(void **state) {
  (void)state;
  static const struct {
    size_t at;
    uint32_t value;
    const char *why;
  } cases[] = {{0, 0x12345678, "is no pcap file"},
               {0, 0x0a0d0d0a, "is a pcapng file"},
               {20, 113, "link type 113"},
               {32, UINT32_MAX, "packet 0 has 4294967295 bytes, the limit is 262144"},
               {32, 262144, "it ends within packet 0"}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    world_file file;
    char joined[64];
    scrim_error error = {.message = ""};
    ouster_capture(&file);
    ouster_packet(&file, "taken", 5);
    memcpy(file.at + cases[i].at, &cases[i].value, 4);
    assert_int_not_equal(read_payloads(file.at, file.n, joined, &error), SCRIM_OK);
    if (strstr(error.message, cases[i].why) == NULL) fail_msg("'%s' expected in: %s", cases[i].why, error.message);
  }
}

static void captures_cut_anywhere_are_refused(void **state) {
  (void)state;
  world_file file;
  char joined[64];
  ouster_capture(&file);
  size_t header = file.n;
  ouster_packet(&file, "taken", 5);
  for (size_t n = 0; n <= file.n; n++)
    assert_int_equal(read_payloads(file.at, n, joined, NULL), n == header || n == file.n ? SCRIM_OK : SCRIM_E_FORMAT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(whole_datagrams_come_in_order),
      cmocka_unit_test(fragments_are_put_together_in_any_order),
      cmocka_unit_test(a_first_fragment_that_comes_again_starts_anew),
      cmocka_unit_test(other_packets_are_passed_over),
      cmocka_unit_test(tagged_frames_and_the_other_byte_order_are_read),
      cmocka_unit_test(other_files_are_refused),
      cmocka_unit_test(captures_cut_anywhere_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
