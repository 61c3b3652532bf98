/* Attack networks: what each one looks at. */
#ifndef PURIFIER_ATTACK_NETWORK_H
#define PURIFIER_ATTACK_NETWORK_H

typedef enum network_features {
  NETWORK_ML_LEAKS,  /* Salem et al., 1806.01246: the three largest scores */
  NETWORK_NSH,       /* Nasr, Shokri, Houmansadr, 1812.00910, black box: scores, true label, loss */
  NETWORK_CALIBRATED /* the same, and what IN and OUT shadows say about the very row: a learned LiRA */
} network_features;

#endif
