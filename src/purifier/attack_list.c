/* The attacks in the order in which the audit runs and prints them. */
#include "purifier/attack.h"
#include "purifier/attack_network.h"
#include "purifier/attack_statistic.h"

const attack attacks[] = {
    {"gap", ATTACK_ONCE, 0, attack_gap},
    {"confidence", ATTACK_LEAN, STATISTIC_TRUE_CONFIDENCE, attack_threshold},
    {"confidence ranked", ATTACK_LEAN, STATISTIC_TRUE_CONFIDENCE | STATISTIC_RANKED, attack_threshold},
    {"max confidence", 0, STATISTIC_MAX_CONFIDENCE, attack_threshold},
    {"entropy", 0, STATISTIC_ENTROPY, attack_threshold},
    {"modified entropy", 0, STATISTIC_MODIFIED_ENTROPY, attack_threshold},
    {"ML-Leaks", 0, NETWORK_ML_LEAKS, attack_network},
    {"NSH", ATTACK_LEAN, NETWORK_NSH, attack_network},
    {"NSH calibrated", ATTACK_LEAN | ATTACK_NEEDS_SHADOWS, NETWORK_CALIBRATED, attack_network},
    {"LiRA", ATTACK_LEAN | ATTACK_NEEDS_SHADOWS, LIRA_ONLINE, attack_lira},
    {"LiRA ranked", ATTACK_LEAN | ATTACK_NEEDS_SHADOWS, LIRA_ONLINE | LIRA_RANKED, attack_lira},
    {"LiRA offline", ATTACK_NEEDS_SHADOWS, 0, attack_lira},
    {"RMIA", ATTACK_LEAN | ATTACK_NEEDS_SHADOWS, 0, attack_rmia},
    {"hardness", ATTACK_LEAN | ATTACK_ONCE | ATTACK_NEEDS_SHADOWS, 0, attack_hardness},
    {"hardness, 16 copies", ATTACK_ONCE | ATTACK_NEEDS_SHADOWS, 16, attack_hardness},
    {"averaging 1", ATTACK_ONCE, 1, attack_averaging},
    {"averaging 10", ATTACK_ONCE, 10, attack_averaging},
    {"averaging 100", ATTACK_ONCE, 100, attack_averaging},
    {"averaging 100 near", ATTACK_ONCE, -100, attack_averaging},
    {"averaging 100 LiRA", ATTACK_LEAN | ATTACK_RAW | ATTACK_NEEDS_SHADOWS, 100, attack_averaging_lira},
    {"swap detection", ATTACK_ONCE, 0, attack_swap},
    {"swap detection, inputs", ATTACK_ONCE | ATTACK_NEEDS_CLASSIFIER, 1, attack_swap},
    {"boundary", ATTACK_ONCE | ATTACK_NEEDS_CLASSIFIER, 0, attack_boundary},
    {.name = NULL},
};
