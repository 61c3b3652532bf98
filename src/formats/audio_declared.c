/* How much sound the header of a file declares. */
#include "formats/audio_declared.h"
#include "core/error.h"
#include "core/memory.h"
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A container made of chunks: an id, the number of bytes that follow, the bytes. */
typedef struct audio_chunks {
  const char *magic; /* the first four bytes of the file */
  const char *form;  /* the four bytes at 8; NULL: no matter */
  const char *data;  /* id of the chunk that holds the sound: its first four bytes */
  int big_endian;
  int64_t first;    /* offset of the first chunk */
  int id_bytes;     /* of a chunk's head, then */
  int size_bytes;   /* 4 or 8 */
  int size_is_full; /* 1: the size counts the head as well */
  int64_t align;    /* chunks start at multiples of this from the first one */
} audio_chunks;

static const audio_chunks layouts[] = {
    {"RIFF", "WAVE", "data", 0, 12, 4, 4, 0, 2}, {"RIFX", "WAVE", "data", 1, 12, 4, 4, 0, 2},
    {"RF64", "WAVE", "data", 0, 12, 4, 4, 0, 2}, {"FORM", "AIFF", "SSND", 1, 12, 4, 4, 0, 2},
    {"FORM", "AIFC", "SSND", 1, 12, 4, 4, 0, 2}, {"riff", NULL, "data", 0, 40, 16, 8, 1, 8},
    {"caff", NULL, "data", 1, 8, 4, 8, 0, 1},
};

enum { HEAD_MAX = 24, CHUNKS_MAX = 4096, PAGE_HEAD = 27, PAGE_MAX = PAGE_HEAD + 255 + 255 * 255 };

/* A size that says "until the end": nothing, or what writers put there that cannot come back to correct it. */
static const int64_t size_open_32 = 0x7fff0000;

/* -1: no size that a file can have; a caf leaves its length open in this way. */
static int64_t audio_number(const unsigned char *bytes, int n, int big_endian) {
  uint64_t value = 0;
  for (int i = 0; i < n; i++) value = value << 8 | bytes[big_endian ? i : n - 1 - i];
  return value > INT64_MAX ? -1 : (int64_t)value;
}

/* 1: all n bytes are there. */
static int audio_peek(int fd, int64_t offset, void *bytes, size_t n) {
  ssize_t got;
  do got = pread(fd, bytes, n, (off_t)offset);
  while (got < 0 && errno == EINTR);
  return got == (ssize_t)n;
}

static scrim_status audio_check_size(int64_t start, int64_t declared, int64_t file_bytes, const char *name,
                                     scrim_error *error) {
  if (declared <= 0 || declared <= file_bytes - start) return SCRIM_OK;
  return fail(error, SCRIM_E_FORMAT,
              "'%s' is cut: its header declares %" PRId64 " bytes of sound, but only %" PRId64 " are there", name,
              declared, file_bytes > start ? file_bytes - start : 0);
}

static scrim_status audio_check_chunks(const audio_chunks *c, int fd, int64_t file_bytes, const char *name,
                                       scrim_error *error) {
  unsigned char head[HEAD_MAX], sizes[16];
  const int head_bytes = c->id_bytes + c->size_bytes;
  int64_t at = c->first, size_64 = -1;
  for (int i = 0; i < CHUNKS_MAX && audio_peek(fd, at, head, (size_t)head_bytes); i++) {
    int64_t size = audio_number(head + c->id_bytes, c->size_bytes, c->big_endian);
    if (c->size_is_full) size -= head_bytes;
    const int64_t start = at + head_bytes;
    /* RF64 says sizes that 32 bits have no room for in its first chunk. */
    if (memcmp(head, "ds64", 4) == 0 && audio_peek(fd, start, sizes, sizeof sizes))
      size_64 = audio_number(sizes + 8, 8, 0);
    if (memcmp(head, c->data, 4) == 0) {
      if (c->size_bytes == 4 && size >= size_open_32) {
        if (size_64 < 0 || size != UINT32_MAX) return SCRIM_OK;
        size = size_64;
      }
      return audio_check_size(start, size, file_bytes, name, error);
    }
    if (size < 0 || size > file_bytes - start) return SCRIM_OK;
    at = start + size;
    at += (c->align - (at - c->first) % c->align) % c->align;
  }
  return SCRIM_OK;
}

static scrim_status audio_check_au(int fd, int64_t file_bytes, const char *name, scrim_error *error) {
  unsigned char head[12];
  if (!audio_peek(fd, 0, head, sizeof head)) return SCRIM_OK;
  const int64_t start = audio_number(head + 4, 4, 1), size = audio_number(head + 8, 4, 1);
  return size >= size_open_32 ? SCRIM_OK : audio_check_size(start, size, file_bytes, name, error);
}

/* The offset of the last page in bytes [n], or n if there is none. */
static size_t audio_last_page(const unsigned char *bytes, size_t n) {
  for (size_t i = n < PAGE_HEAD ? 0 : n - PAGE_HEAD + 1; i-- > 0;)
    if (memcmp(bytes + i, "OggS", 4) == 0) return i;
  return n;
}

/* An ogg declares nothing; but its last page is marked, and a page says how long it is. */
static scrim_status audio_check_ogg(int fd, int64_t file_bytes, const char *name, scrim_error *error) {
  const size_t n = file_bytes < PAGE_MAX ? (size_t)file_bytes : PAGE_MAX;
  unsigned char *tail = memory_alloc(n);
  if (tail == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory to read '%s'", name);
  scrim_status status = SCRIM_OK;
  if (audio_peek(fd, file_bytes - (int64_t)n, tail, n)) {
    const size_t page = audio_last_page(tail, n);
    size_t bytes = n - page < PAGE_HEAD ? 0 : (size_t)PAGE_HEAD + tail[page + 26];
    for (size_t i = 0; page + bytes <= n && bytes > 0 && i < tail[page + 26]; i++) bytes += tail[page + PAGE_HEAD + i];
    if (bytes == 0 || bytes > n - page)
      status = fail(error, SCRIM_E_FORMAT, "'%s' is cut: it ends within a page", name);
    else if (!(tail[page + 5] & 4))
      status = fail(error, SCRIM_E_FORMAT, "'%s' is cut: its last page is missing", name);
  }
  memory_free(tail);
  return status;
}

scrim_status audio_declared_check(int fd, const char *name, scrim_error *error) {
  struct stat file;
  unsigned char head[12];
  if (fstat(fd, &file) != 0 || !audio_peek(fd, 0, head, sizeof head)) return SCRIM_OK;
  for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
    if (memcmp(head, layouts[i].magic, 4) == 0 &&
        (layouts[i].form == NULL || memcmp(head + 8, layouts[i].form, 4) == 0))
      return audio_check_chunks(&layouts[i], fd, file.st_size, name, error);
  if (memcmp(head, ".snd", 4) == 0) return audio_check_au(fd, file.st_size, name, error);
  if (memcmp(head, "OggS", 4) == 0) return audio_check_ogg(fd, file.st_size, name, error);
  return SCRIM_OK;
}
