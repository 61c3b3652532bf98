/* Keys: from bytes, from a file, and new ones. */
#include "core/error.h"
#include "core/file.h"
#include "core/key_bytes.h"
#include "core/memory.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct scrim_key {
  unsigned char bytes[SCRIM_KEY_BYTES];
};

static const char header[] = "scrim-key-1 ";
enum {
  HEADER_BYTES = sizeof header - 1,
  LINE_BYTES = HEADER_BYTES + 2 * SCRIM_KEY_BYTES, /* without the newline */
  FILE_BYTES = LINE_BYTES + 1
};

const unsigned char *key_bytes(const scrim_key *key) {
  return key->bytes;
}

scrim_status scrim_key_create(scrim_key **out, const unsigned char bytes[SCRIM_KEY_BYTES], scrim_error *error) {
  if (out == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_key_create: out is NULL");
  *out = NULL;
  if (bytes == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_key_create: bytes is NULL");
  scrim_key *key = memory_alloc(sizeof *key);
  if (key == NULL) return fail(error, SCRIM_E_MEMORY, "out of memory for a key");
  memcpy(key->bytes, bytes, SCRIM_KEY_BYTES);
  *out = key;
  return SCRIM_OK;
}

void scrim_key_free(scrim_key *key) {
  memory_wipe_free(key, sizeof *key);
}

/* ---- new ---- */

static void key_print(char line[FILE_BYTES], const unsigned char bytes[SCRIM_KEY_BYTES]) {
  static const char digits[] = "0123456789abcdef";
  memcpy(line, header, HEADER_BYTES);
  for (size_t i = 0; i < SCRIM_KEY_BYTES; i++) {
    line[HEADER_BYTES + 2 * i] = digits[bytes[i] >> 4];
    line[HEADER_BYTES + 2 * i + 1] = digits[bytes[i] & 15];
  }
  line[LINE_BYTES] = '\n';
}

/* O_EXCL, so that no key is ever overwritten; what was written for nothing is removed again. */
static scrim_status key_write(const char *path, const char line[FILE_BYTES], scrim_error *error) {
  int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (fd < 0) return fail_errno(error, SCRIM_E_IO, "cannot create key file '%s'", path);
  scrim_status status = file_write(fd, path, line, FILE_BYTES, error);
  if (status == SCRIM_OK) status = file_sync(fd, path, error);
  if (close(fd) != 0 && status == SCRIM_OK) status = fail_errno(error, SCRIM_E_IO, "cannot close '%s'", path);
  if (status == SCRIM_OK) status = file_sync_folder(path, error);
  if (status != SCRIM_OK) unlink(path);
  return status;
}

scrim_status scrim_key_new(const char *path, scrim_error *error) {
  if (path == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_key_new: path is NULL");
  unsigned char bytes[SCRIM_KEY_BYTES];
  char line[FILE_BYTES];
  if (RAND_priv_bytes(bytes, sizeof bytes) != 1)
    return fail(error, SCRIM_E_INTERNAL, "the random generator gives no bytes for a key");
  key_print(line, bytes);
  scrim_status status = key_write(path, line, error);
  memory_wipe(bytes, sizeof bytes);
  memory_wipe(line, sizeof line);
  return status;
}

/* ---- open ---- */

static scrim_status key_check_mode(int fd, const char *path, scrim_error *error) {
  struct stat info;
  if (fstat(fd, &info) != 0) return fail_errno(error, SCRIM_E_IO, "cannot examine key file '%s'", path);
  if (!S_ISREG(info.st_mode)) return fail(error, SCRIM_E_KEY, "key file '%s' is not a regular file", path);
  unsigned open_to_others = (unsigned)info.st_mode & (S_IRWXG | S_IRWXO);
  if (open_to_others != 0)
    return fail(error, SCRIM_E_KEY, "key file '%s' has mode %04o, open to others: it must be 0600", path,
                (unsigned)info.st_mode & 07777u);
  return SCRIM_OK;
}

/* -1 if it is no hexadecimal digit. */
static int key_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/* `text` holds `n` bytes of the file. The newline may be missing; anything after it may not be there. */
static scrim_status key_scan(unsigned char bytes[SCRIM_KEY_BYTES], const char *text, size_t n, const char *path,
                             scrim_error *error) {
  size_t length = n == FILE_BYTES && text[LINE_BYTES] == '\n' ? (size_t)LINE_BYTES : n;
  if (length != LINE_BYTES || memcmp(text, header, HEADER_BYTES) != 0)
    return fail(error, SCRIM_E_KEY, "key file '%s' is not one line of '%s' and %d hexadecimal digits", path, header,
                2 * SCRIM_KEY_BYTES);
  for (size_t i = 0; i < SCRIM_KEY_BYTES; i++) {
    int high = key_digit(text[HEADER_BYTES + 2 * i]), low = key_digit(text[HEADER_BYTES + 2 * i + 1]);
    if (high < 0 || low < 0)
      return fail(error, SCRIM_E_KEY, "key file '%s': no hexadecimal digit in column %zu", path,
                  HEADER_BYTES + 2 * i + (high < 0 ? 1 : 2));
    bytes[i] = (unsigned char)(high << 4 | low);
  }
  return SCRIM_OK;
}

static scrim_status key_read(unsigned char bytes[SCRIM_KEY_BYTES], int fd, const char *path, scrim_error *error) {
  scrim_status status = key_check_mode(fd, path, error);
  if (status != SCRIM_OK) return status;
  char text[FILE_BYTES + 1]; /* one byte more than a key file has, to see that nothing follows */
  size_t n = 0;
  status = file_read(fd, path, text, sizeof text, &n, error);
  if (status == SCRIM_OK) status = key_scan(bytes, text, n, path, error);
  memory_wipe(text, sizeof text);
  return status;
}

scrim_status scrim_key_open(scrim_key **out, const char *path, scrim_error *error) {
  if (out == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_key_open: out is NULL");
  *out = NULL;
  if (path == NULL) return fail(error, SCRIM_E_ARGUMENT, "scrim_key_open: path is NULL");
  /* O_NONBLOCK: a FIFO put in the key's place must not hang the caller; it is refused by its type. */
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return fail_errno(error, SCRIM_E_IO, "cannot open key file '%s'", path);
  unsigned char bytes[SCRIM_KEY_BYTES];
  scrim_status status = key_read(bytes, fd, path, error);
  close(fd);
  if (status == SCRIM_OK) status = scrim_key_create(out, bytes, error);
  memory_wipe(bytes, sizeof bytes);
  return status;
}
