/*
 * scrim/signature.h: detached signatures of files, by ECDSA P-256 with SHA-256 or by Ed25519.
 *
 * Keys are PEM files as the openssl command makes them, which also tells the scheme:
 *
 *     openssl genpkey -algorithm ed25519 -out private.pem
 *     openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out private.pem
 *     openssl pkey -in private.pem -pubout -out public.pem
 *
 * A signature is five lines of text, each ended by a newline, in this form and no other:
 *
 *     scrim-signature-1
 *     scheme: ed25519                      or ecdsa-p256-sha256
 *     key: <64 hexadecimal digits>         SHA-256 of the public key (DER, SubjectPublicKeyInfo)
 *     content: sha256:<64 hexadecimal digits>
 *     signature: <base64>                  of the four lines above; ECDSA in DER
 *
 * It binds content, scheme and key, not the file's name: a renamed file keeps its signature.
 *
 * Whatever is wrong with a signature is SCRIM_E_KEY, and the message says which of these it is: malformed (cut,
 * changed, something after it), another scheme than the key's, another key, another content, or not made by the key.
 *
 * Thread safety: signers and verifiers are immutable once open and may be shared by threads.
 */
#ifndef SCRIM_SIGNATURE_H
#define SCRIM_SIGNATURE_H

#include <scrim/status.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { SCRIM_SIGNATURE_TEXT = 512, SCRIM_KEY_ID_TEXT = 65 }; /* both with the NUL */

typedef struct scrim_signer scrim_signer;
typedef struct scrim_verifier scrim_verifier;

/*
 * A private key; its file must not be open to others (mode 0600) nor encrypted. SCRIM_E_IO: it cannot be read.
 * SCRIM_E_KEY: it is, or holds no key of the two schemes. SCRIM_E_FORMAT: more than 64 KiB.
 */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_signer_open(scrim_signer **out, const char *path, scrim_error *error);
SCRIM_API void scrim_signer_free(scrim_signer *signer); /* wipes; NULL is fine */

/* A public key. SCRIM_E_IO, SCRIM_E_KEY and SCRIM_E_FORMAT as above. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_verifier_open(scrim_verifier **out, const char *path, scrim_error *error);
/* The public part of a private key. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_verifier_of(scrim_verifier **out, const scrim_signer *signer,
                                                          scrim_error *error);
SCRIM_API void scrim_verifier_free(scrim_verifier *verifier); /* NULL is fine */

/* "ed25519" or "ecdsa-p256-sha256"; and 64 hexadecimal digits. NULL for NULL. They live as long as the verifier. */
SCRIM_API const char *scrim_verifier_scheme(const scrim_verifier *verifier);
SCRIM_API const char *scrim_verifier_key_id(const scrim_verifier *verifier);

/* The signature of bytes as text. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_sign(const scrim_signer *signer, const void *bytes, size_t n_bytes,
                                                   char text[SCRIM_SIGNATURE_TEXT], scrim_error *error);
/* SCRIM_OK only if `text`, of n_text bytes, is a signature of the bytes by this key; SCRIM_E_KEY otherwise. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_verify(const scrim_verifier *verifier, const void *bytes, size_t n_bytes,
                                                     const char *text, size_t n_text, scrim_error *error);

/* The same for a file of any size and a signature beside it; signature_path NULL: `path` with ".sig" after it.
 * SCRIM_E_IO: one of them cannot be read or written. */
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_sign_file(const scrim_signer *signer, const char *path,
                                                        const char *signature_path, scrim_error *error);
SCRIM_API SCRIM_MUST_CHECK scrim_status scrim_verify_file(const scrim_verifier *verifier, const char *path,
                                                          const char *signature_path, scrim_error *error);

#ifdef __cplusplus
}
#endif
#endif
