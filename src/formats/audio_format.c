/* The containers and encodings of sound that are taken. */
#include "formats/audio_format.h"
#include "core/error.h"

typedef struct audio_container {
  int id; /* SF_FORMAT_WAV ... */
  const char *name;
} audio_container;

static const audio_container containers[] = {
    {SF_FORMAT_WAV, "wav"},   {SF_FORMAT_WAVEX, "wavex"}, {SF_FORMAT_RF64, "rf64"}, {SF_FORMAT_W64, "w64"},
    {SF_FORMAT_AIFF, "aiff"}, {SF_FORMAT_CAF, "caf"},     {SF_FORMAT_AU, "au"},     {SF_FORMAT_FLAC, "flac"},
    {SF_FORMAT_OGG, "ogg"},   {SF_FORMAT_MPEG, "mp3"},    {SF_FORMAT_NIST, "nist"}, {SF_FORMAT_VOC, "voc"},
};

/* Encoders that work on 16 bits drop the others instead of rounding; the transform codecs gain nothing beyond 24. */
static const audio_encoding encodings[] = {
    {SF_FORMAT_PCM_S8, "signed 8 bit", 8, 1, 0},  {SF_FORMAT_PCM_U8, "8 bit", 8, 1, 0},
    {SF_FORMAT_PCM_16, "16 bit", 16, 2, 0},       {SF_FORMAT_PCM_24, "24 bit", 24, 3, 0},
    {SF_FORMAT_PCM_32, "32 bit", 32, 4, 0},       {SF_FORMAT_FLOAT, "float", 0, 4, 0},
    {SF_FORMAT_DOUBLE, "double", 0, 8, 0},        {SF_FORMAT_ULAW, "mu-law", 16, 1, 1},
    {SF_FORMAT_ALAW, "A-law", 16, 1, 1},          {SF_FORMAT_IMA_ADPCM, "IMA ADPCM", 16, 0, 1},
    {SF_FORMAT_MS_ADPCM, "MS ADPCM", 16, 0, 1},   {SF_FORMAT_GSM610, "GSM 6.10", 16, 0, 1},
    {SF_FORMAT_G721_32, "G.721", 16, 0, 1},       {SF_FORMAT_ALAC_16, "16 bit ALAC", 16, 0, 0},
    {SF_FORMAT_ALAC_20, "20 bit ALAC", 20, 0, 0}, {SF_FORMAT_ALAC_24, "24 bit ALAC", 24, 0, 0},
    {SF_FORMAT_ALAC_32, "32 bit ALAC", 32, 0, 0}, {SF_FORMAT_VORBIS, "Vorbis", 24, 0, 1},
    {SF_FORMAT_OPUS, "Opus", 24, 0, 1},           {SF_FORMAT_MPEG_LAYER_III, "MPEG layer III", 24, 0, 1},
};

const char *audio_format_container(int format) {
  for (size_t i = 0; i < sizeof containers / sizeof *containers; i++)
    if (containers[i].id == (format & SF_FORMAT_TYPEMASK)) return containers[i].name;
  return NULL;
}

const audio_encoding *audio_format_encoding(int format) {
  for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++)
    if (encodings[i].id == (format & SF_FORMAT_SUBMASK)) return &encodings[i];
  return NULL;
}

/* What libsndfile calls part of a format, for messages; static storage. */
static const char *audio_format_foreign(int part) {
  SF_FORMAT_INFO info = {.format = part};
  return sf_command(NULL, SFC_GET_FORMAT_INFO, &info, sizeof info) == 0 && info.name != NULL ? info.name : "unknown";
}

scrim_status audio_format_describe(scrim_audio_info *out, const SF_INFO *sf, const char *name, scrim_error *error) {
  const char *container = audio_format_container(sf->format);
  const audio_encoding *encoding = audio_format_encoding(sf->format);
  if (container == NULL)
    return fail(error, SCRIM_E_UNSUPPORTED, "'%s' is of the format '%s', which is not taken", name,
                audio_format_foreign(sf->format & SF_FORMAT_TYPEMASK));
  if (encoding == NULL)
    return fail(error, SCRIM_E_UNSUPPORTED, "'%s' is encoded as '%s', which is not taken", name,
                audio_format_foreign(sf->format & SF_FORMAT_SUBMASK));
  if (sf->samplerate < 1 || sf->samplerate > SCRIM_AUDIO_RATE)
    return fail(error, SCRIM_E_FORMAT, "'%s' has a rate of %d Hz, not within 1 to %d", name, sf->samplerate,
                SCRIM_AUDIO_RATE);
  if (sf->channels < 1 || sf->channels > SCRIM_AUDIO_CHANNELS)
    return fail(error, SCRIM_E_FORMAT, "'%s' has %d channels, not 1 to %d", name, sf->channels, SCRIM_AUDIO_CHANNELS);
  *out = (scrim_audio_info){.container = container,
                            .encoding = encoding->name,
                            .is_lossy = encoding->is_lossy,
                            .channels = (size_t)sf->channels,
                            .rate = sf->samplerate,
                            .frames = -1};
  return SCRIM_OK;
}
