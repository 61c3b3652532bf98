/* The number of an ogg stream. */
#include "formats/ogg_serial.h"
#include "core/error.h"
#include "core/file.h"
#include "core/memory.h"
#include <string.h>
#include <unistd.h>

enum { PAGE_HEAD = 27, PAGE_MAX = PAGE_HEAD + 255 + 255 * 255, SERIAL_AT = 14, CHECKSUM_AT = 22, SEGMENTS_AT = 26 };

static void ogg_put_number(unsigned char *at, uint32_t value) {
  for (int i = 0; i < 4; i++) at[i] = (unsigned char)(value >> 8 * i);
}

/* RFC 3533, section 6: polynomial 0x04c11db7, no reflection, over the page with 0 in the checksum's place. */
static uint32_t ogg_checksum(const unsigned char *bytes, size_t n) {
  uint32_t sum = 0;
  for (size_t i = 0; i < n; i++) {
    sum ^= (uint32_t)bytes[i] << 24;
    for (int bit = 0; bit < 8; bit++) sum = sum << 1 ^ (sum >> 31 ? 0x04c11db7u : 0);
  }
  return sum;
}

/* Bytes of the page that bytes [n] start with; 0: they do not hold a whole one. */
static size_t ogg_page_bytes(const unsigned char *bytes, size_t n) {
  if (n < PAGE_HEAD || memcmp(bytes, "OggS", 4) != 0) return 0;
  size_t whole = (size_t)PAGE_HEAD + bytes[SEGMENTS_AT];
  if (n < whole) return 0;
  for (size_t i = 0; i < bytes[SEGMENTS_AT]; i++) whole += bytes[PAGE_HEAD + i];
  return whole <= n ? whole : 0;
}

static scrim_status ogg_read_page(int fd, int64_t at, unsigned char *page, size_t *n, const char *name,
                                  scrim_error *error) {
  if (lseek(fd, (off_t)at, SEEK_SET) < 0) return fail_errno(error, SCRIM_E_IO, "cannot read '%s' again", name);
  return file_read(fd, name, page, PAGE_MAX, n, error);
}

scrim_status ogg_serial_set(int fd, const char *name, scrim_error *error) {
  static const uint32_t serial = 1;
  unsigned char *page = memory_alloc(PAGE_MAX);
  if (page == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory to write '%s'", name);
  scrim_status status = SCRIM_OK;
  for (int64_t at = 0; status == SCRIM_OK;) {
    size_t n;
    status = ogg_read_page(fd, at, page, &n, name, error);
    if (status != SCRIM_OK || n == 0) break;
    const size_t whole = ogg_page_bytes(page, n);
    if (whole == 0) {
      status = fail(error, SCRIM_E_INTERNAL, "'%s': no ogg page at byte %lld", name, (long long)at);
      break;
    }
    ogg_put_number(page + SERIAL_AT, serial);
    ogg_put_number(page + CHECKSUM_AT, 0);
    ogg_put_number(page + CHECKSUM_AT, ogg_checksum(page, whole));
    status = file_write_at(fd, name, at, page, PAGE_HEAD, error);
    at += (int64_t)whole;
  }
  memory_free(page);
  return status;
}
