/* What a file of sound says beside the sound. */
#ifndef FORMATS_AUDIO_TAGS_H
#define FORMATS_AUDIO_TAGS_H

#include <sndfile.h>

/* Where each channel's speaker stands: that belongs to the sound, and goes along always. */
void audio_tags_copy_layout(SNDFILE *from, SNDFILE *to, int channels);

/*
 * Names, dates, comments, broadcast and cart chunks, cues: as far as the container takes them; before any frame is
 * written.
 */
void audio_tags_copy(SNDFILE *from, SNDFILE *to);

#endif
