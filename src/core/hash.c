/* SHA-256 through OpenSSL, and bytes as text. */
#include "core/hash.h"
#include "core/error.h"
#include "core/file.h"
#include "core/path.h"
#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

scrim_status hash_bytes(const void *bytes, size_t n_bytes, unsigned char digest[HASH_BYTES], scrim_error *error) {
  size_t length = 0;
  if (EVP_Q_digest(NULL, "SHA256", NULL, bytes, n_bytes, digest, &length) != 1 || length != HASH_BYTES)
    return fail(error, SCRIM_E_INTERNAL, "OpenSSL gives no SHA-256");
  return SCRIM_OK;
}

/* Reads to the end of the file in pieces. */
static scrim_status hash_descriptor(EVP_MD_CTX *context, int fd, const char *path, scrim_error *error) {
  unsigned char piece[16384];
  size_t n;
  do {
    scrim_status status = file_read(fd, path, piece, sizeof piece, &n, error);
    if (status != SCRIM_OK) return status;
    if (EVP_DigestUpdate(context, piece, n) != 1) return fail(error, SCRIM_E_INTERNAL, "OpenSSL gives no SHA-256");
  } while (n == sizeof piece);
  return SCRIM_OK;
}

scrim_status hash_file(const char *path, unsigned char digest[HASH_BYTES], scrim_error *error) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return fail_errno(error, SCRIM_E_IO, "cannot open '%s'", path_shown(path));
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  scrim_status status = context != NULL && EVP_DigestInit_ex2(context, EVP_sha256(), NULL) == 1
                            ? hash_descriptor(context, fd, path, error)
                            : fail(error, SCRIM_E_INTERNAL, "OpenSSL gives no SHA-256");
  if (status == SCRIM_OK && EVP_DigestFinal_ex(context, digest, NULL) != 1)
    status = fail(error, SCRIM_E_INTERNAL, "OpenSSL gives no SHA-256");
  EVP_MD_CTX_free(context);
  close(fd);
  return status;
}

void hash_print(const unsigned char *bytes, size_t n, char *text) {
  static const char digits[] = "0123456789abcdef";
  for (size_t i = 0; i < n; i++) {
    text[2 * i] = digits[bytes[i] >> 4];
    text[2 * i + 1] = digits[bytes[i] & 15];
  }
  text[2 * n] = '\0';
}

/* -1 if it is no digit. One spelling only, so that a text that is signed or chained cannot be written in two ways. */
static int hash_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int hash_parse(const char *text, size_t n, unsigned char *bytes) {
  for (size_t i = 0; i < n; i++) {
    int high = hash_digit(text[2 * i]), low = high < 0 ? -1 : hash_digit(text[2 * i + 1]);
    if (low < 0) return 0;
    bytes[i] = (unsigned char)(high << 4 | low);
  }
  return 1;
}
