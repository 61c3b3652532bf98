/* All attacks and corruptions. Upsampling at severity 5 doubles a cloud; nothing makes more. */
#include "pointcloud_defense/attack_cloud.h"
#include "pointcloud_defense/cloud_corruption.h"

size_t attack_cloud_most(size_t n) {
  return 2 * n;
}

const attack_cloud_rule attack_cloud_rules[] = {
    {"fgm", ATTACK_CLOUD_SHIFT, 0, 0, attack_cloud_fgm},
    {"pgd-linf", ATTACK_CLOUD_SHIFT, 0, 1, attack_cloud_pgd_linf},
    {"pgd-l2", ATTACK_CLOUD_SHIFT, 0, 0, attack_cloud_pgd_l2},
    {"knn", ATTACK_CLOUD_SHIFT, 0, 0, attack_cloud_knn},
    {"cw", ATTACK_CLOUD_ONCE, 0, 0, attack_cloud_cw},
    {"add", ATTACK_CLOUD_ONCE, 0.1, 0, attack_cloud_add},
    {"drop", ATTACK_CLOUD_ONCE, 0.7, 0, attack_cloud_drop},
    {"saliency", ATTACK_CLOUD_ONCE, 0.2, 0, attack_cloud_saliency},
    {"rotation", ATTACK_CLOUD_CORRUPT, 0, 0, cloud_corrupt_rotation},
    {"shear", ATTACK_CLOUD_CORRUPT, 0, 0, cloud_corrupt_shear},
    {"uniform", ATTACK_CLOUD_CORRUPT, 0, 0, cloud_corrupt_uniform},
    {"gaussian", ATTACK_CLOUD_CORRUPT, 0, 0, cloud_corrupt_gaussian},
    {"impulse", ATTACK_CLOUD_CORRUPT, 0, 0, cloud_corrupt_impulse},
    {"background", ATTACK_CLOUD_CORRUPT, 0, 0, cloud_corrupt_background},
    {"upsample", ATTACK_CLOUD_CORRUPT, 0, 0, cloud_corrupt_upsample},
    {"cutout", ATTACK_CLOUD_CORRUPT, 0, 0, cloud_corrupt_cutout},
    {"density", ATTACK_CLOUD_CORRUPT, 0, 0, cloud_corrupt_density},
    {"ffd", ATTACK_CLOUD_CORRUPT, 0, 0, cloud_corrupt_ffd},
    {0},
};
