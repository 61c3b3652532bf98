/* UDP payloads of a capture file (libpcap's format): Ethernet, IPv4, fragments put together again. */
#ifndef FORMATS_PCAP_H
#define FORMATS_PCAP_H

#include "formats/bytes_in.h"

typedef struct pcap_reader pcap_reader;

/* `in` is borrowed and outlives the reader. SCRIM_E_FORMAT, SCRIM_E_UNSUPPORTED: pcapng, or no Ethernet. */
scrim_status pcap_open(pcap_reader **out, bytes_in *in, scrim_error *error);
/*
 * The payload of the next UDP packet that is whole, valid until the next call; NULL at the end. Packets of other kinds
 * and fragments whose rest never comes are passed over. A file that ends within a packet is SCRIM_E_FORMAT.
 */
scrim_status pcap_next(pcap_reader *pcap, const unsigned char **payload, size_t *n, scrim_error *error);
void pcap_close(pcap_reader *pcap); /* NULL is fine */

#endif
