/* Signing keys for tests, as the openssl command would make them. */
#ifndef SUPPORT_PEM_KEYS_H
#define SUPPORT_PEM_KEYS_H

/* Writes a new key pair to two files; type: "ED25519", or the name of a curve. The private file has mode 0600. */
void pem_keys_make(const char *type, const char *private_path, const char *public_path);

#endif
