/* Capture files. */
#include "formats/pcap.h"
#include "core/error.h"
#include "core/memory.h"
#include "formats/points_number.h"
#include <inttypes.h>
#include <string.h>

enum {
  FILE_HEADER = 24,
  PACKET_HEADER = 16,
  PACKET_MAX = 1 << 18, /* libpcap's own limit on what is captured of a packet */
  ETHERNET = 14,
  VLAN_TAG = 4,
  UDP_HEADER = 8,
  IP_MAX = 65535,
  UNIT = 8, /* bytes in which IP counts the place of a fragment */
  SLOTS = 4 /* datagrams whose fragments come at the same time */
};

/* A datagram of which some fragments are there. */
typedef struct datagram {
  unsigned char key[12]; /* both addresses, identification, protocol */
  int used;
  size_t total; /* bytes, once the last fragment has come; 0 before */
  unsigned char bytes[IP_MAX + UNIT];
  unsigned char there[IP_MAX / UNIT + 1]; /* which units have come */
} datagram;

struct pcap_reader {
  bytes_in *in;
  int big_endian;
  int64_t packets; /* begun so far */
  unsigned next_slot;
  datagram slots[SLOTS];
};

static uint32_t load_32(const pcap_reader *pcap, const char *at) {
  return (uint32_t)points_load((const unsigned char *)at, SCRIM_POINTS_U32, pcap->big_endian);
}

static unsigned load_16(const unsigned char *at) {
  return (unsigned)at[0] << 8 | at[1];
}

static scrim_status check_file_header(pcap_reader *pcap, scrim_error *error) {
  static const struct {
    unsigned char magic[4];
    int big_endian;
  } kinds[] = {{{0xd4, 0xc3, 0xb2, 0xa1}, 0},
               {{0xa1, 0xb2, 0xc3, 0xd4}, 1},
               {{0x4d, 0x3c, 0xb2, 0xa1}, 0},
               {{0xa1, 0xb2, 0x3c, 0x4d}, 1}};
  const char *bytes, *name = bytes_in_name(pcap->in);
  size_t n, i = 0, n_kinds = sizeof kinds / sizeof *kinds;
  scrim_status status = bytes_in_peek(pcap->in, FILE_HEADER, &bytes, &n, error);
  if (status != SCRIM_OK) return status;
  if (n >= 4 && memcmp(bytes, "\x0a\x0d\x0d\x0a", 4) == 0)
    return fail(error, SCRIM_E_UNSUPPORTED, "'%s' is a pcapng file: convert it to pcap", name);
  while (n >= 4 && i < n_kinds && memcmp(bytes, kinds[i].magic, 4) != 0) i++;
  if (n < 4 || i == n_kinds) return fail(error, SCRIM_E_FORMAT, "'%s' is no pcap file", name);
  if (n < FILE_HEADER)
    return fail(error, SCRIM_E_FORMAT, "'%s' is truncated: expected a pcap header of %d bytes, found %zu", name,
                FILE_HEADER, n);
  pcap->big_endian = kinds[i].big_endian;
  uint32_t link = load_32(pcap, bytes + 20);
  if (link != 1)
    return fail(error, SCRIM_E_UNSUPPORTED, "'%s' has packets of link type %" PRIu32 ", expected 1, Ethernet", name,
                link);
  bytes_in_skip(pcap->in, FILE_HEADER);
  return SCRIM_OK;
}

scrim_status pcap_open(pcap_reader **out, bytes_in *in, scrim_error *error) {
  *out = NULL;
  pcap_reader *pcap = memory_zalloc(1, sizeof *pcap);
  if (pcap == NULL) return fail(error, SCRIM_E_MEMORY, "no memory to read '%s'", bytes_in_name(in));
  pcap->in = in;
  scrim_status status = check_file_header(pcap, error);
  if (status == SCRIM_OK)
    *out = pcap;
  else
    pcap_close(pcap);
  return status;
}

void pcap_close(pcap_reader *pcap) {
  memory_free(pcap);
}

/* ---- fragments ---- */

/* The datagram that a fragment belongs to; one that has its place taken already starts anew. */
static datagram *slot_of(pcap_reader *pcap, const unsigned char *key, size_t first_unit) {
  for (int i = 0; i < SLOTS; i++) {
    datagram *d = &pcap->slots[i];
    if (!d->used || memcmp(d->key, key, sizeof d->key) != 0) continue;
    if (!d->there[first_unit]) return d;
    d->total = 0;
    memset(d->there, 0, sizeof d->there);
    return d;
  }
  datagram *d = &pcap->slots[pcap->next_slot++ % SLOTS];
  d->used = 1;
  d->total = 0;
  memset(d->there, 0, sizeof d->there);
  memcpy(d->key, key, sizeof d->key);
  return d;
}

/* Adds a fragment of n bytes at `offset`. Answers the datagram if that makes it whole, else NULL. */
static datagram *add_fragment(pcap_reader *pcap, const unsigned char *key, size_t offset, const unsigned char *bytes,
                              size_t n, int more) {
  if (n == 0 || offset + n > IP_MAX || (more && n % UNIT != 0)) return NULL;
  datagram *d = slot_of(pcap, key, offset / UNIT);
  memcpy(d->bytes + offset, bytes, n);
  memset(d->there + offset / UNIT, 1, (n + UNIT - 1) / UNIT);
  if (!more) d->total = offset + n;
  if (d->total == 0 || memchr(d->there, 0, (d->total + UNIT - 1) / UNIT) != NULL) return NULL;
  d->used = 0;
  return d;
}

/* ---- layers ---- */

/* The UDP datagram in IP's payload; *n 0: it is cut short. */
static const unsigned char *udp_payload(const unsigned char *bytes, size_t available, size_t *n) {
  *n = 0;
  if (available < UDP_HEADER) return NULL;
  size_t length = load_16(bytes + 4);
  if (length < UDP_HEADER || length > available) return NULL;
  *n = length - UDP_HEADER;
  return bytes + UDP_HEADER;
}

/* The UDP payload of an Ethernet frame, or that of a datagram which it makes whole; NULL: neither. */
static const unsigned char *frame_payload(pcap_reader *pcap, const unsigned char *frame, size_t length, size_t *n) {
  enum { IPV4 = 0x0800, VLAN = 0x8100, MORE = 0x2000, PLACE = 0x1fff, UDP = 17 };
  size_t at = ETHERNET;
  while (at <= length && load_16(frame + at - 2) == VLAN) at += VLAN_TAG;
  if (at + 20 > length || load_16(frame + at - 2) != IPV4 || frame[at] >> 4 != 4) return NULL;
  const unsigned char *ip = frame + at;
  size_t header = 4u * (ip[0] & 15u), total = load_16(ip + 2);
  if (header < 20 || total < header || total > length - at || ip[9] != UDP) return NULL;
  unsigned flags = load_16(ip + 6);
  if ((flags & (MORE | PLACE)) == 0) return udp_payload(ip + header, total - header, n);
  unsigned char key[12];
  memcpy(key, ip + 12, 8);
  memcpy(key + 8, ip + 4, 2);
  key[10] = ip[9];
  key[11] = 0;
  const datagram *d =
      add_fragment(pcap, key, (size_t)(flags & PLACE) * UNIT, ip + header, total - header, (flags & MORE) != 0);
  return d != NULL ? udp_payload(d->bytes, d->total, n) : NULL;
}

scrim_status pcap_next(pcap_reader *pcap, const unsigned char **payload, size_t *n, scrim_error *error) {
  *payload = NULL;
  while (*payload == NULL) {
    const char *bytes, *name = bytes_in_name(pcap->in);
    size_t have;
    scrim_status status = bytes_in_peek(pcap->in, PACKET_HEADER, &bytes, &have, error);
    if (status != SCRIM_OK || have == 0) return status;
    uint32_t captured = have >= PACKET_HEADER ? load_32(pcap, bytes + 8) : 0;
    if (captured > PACKET_MAX)
      return fail_row(error, SCRIM_E_FORMAT, pcap->packets,
                      "'%s': packet %" PRId64 " has %" PRIu32 " bytes, the limit is %d", name, pcap->packets, captured,
                      PACKET_MAX);
    if (have >= PACKET_HEADER) status = bytes_in_peek(pcap->in, PACKET_HEADER + captured, &bytes, &have, error);
    if (status != SCRIM_OK) return status;
    if (have < PACKET_HEADER + captured)
      return fail_row(error, SCRIM_E_FORMAT, pcap->packets, "'%s' is truncated: it ends within packet %" PRId64, name,
                      pcap->packets);
    pcap->packets++;
    *payload = frame_payload(pcap, (const unsigned char *)bytes + PACKET_HEADER, captured, n);
    bytes_in_skip(pcap->in, PACKET_HEADER + captured);
  }
  return SCRIM_OK;
}
