/* All attacks and corruptions. Upsampling at severity 5 doubles a cloud; nothing makes more. */
#include "pointcloud_defense/attack_cloud.h"
#include "pointcloud_defense/cloud_corruption.h"

size_t attack_cloud_most(size_t n) {
  return 2 * n;
}

const attack_cloud_rule attack_cloud_rules[] = {
    {"fgm", ATTACK_CLOUD_SHIFT, .run = attack_cloud_fgm},
    {"pgd-linf", ATTACK_CLOUD_SHIFT, .adapts = ATTACK_CLOUD_ADAPTS_TO_ALL, .run = attack_cloud_pgd_linf},
    {"pgd-flat", ATTACK_CLOUD_SHIFT, .adapts = ATTACK_CLOUD_ADAPTS_TO_ESTIMATES, .run = attack_cloud_pgd_flat},
    {"pgd-l2", ATTACK_CLOUD_SHIFT, .run = attack_cloud_pgd_l2},
    {"knn", ATTACK_CLOUD_SHIFT, .run = attack_cloud_knn},
    {"cw", ATTACK_CLOUD_ONCE, .run = attack_cloud_cw},
    {"add", ATTACK_CLOUD_ONCE, .budget = 0.1, .run = attack_cloud_add},
    {"drop", ATTACK_CLOUD_ONCE, .budget = 0.7, .run = attack_cloud_drop},
    {"saliency", ATTACK_CLOUD_ONCE, .budget = 0.2, .run = attack_cloud_saliency},
    {"rotation", ATTACK_CLOUD_CORRUPT, .run = cloud_corrupt_rotation},
    {"shear", ATTACK_CLOUD_CORRUPT, .run = cloud_corrupt_shear},
    {"uniform", ATTACK_CLOUD_CORRUPT, .run = cloud_corrupt_uniform},
    {"gaussian", ATTACK_CLOUD_CORRUPT, .run = cloud_corrupt_gaussian},
    {"impulse", ATTACK_CLOUD_CORRUPT, .run = cloud_corrupt_impulse},
    {"background", ATTACK_CLOUD_CORRUPT, .run = cloud_corrupt_background},
    {"upsample", ATTACK_CLOUD_CORRUPT, .run = cloud_corrupt_upsample},
    {"cutout", ATTACK_CLOUD_CORRUPT, .run = cloud_corrupt_cutout},
    {"density", ATTACK_CLOUD_CORRUPT, .run = cloud_corrupt_density},
    {"density-inc", ATTACK_CLOUD_CORRUPT, .run = cloud_corrupt_density_inc},
    {"ffd", ATTACK_CLOUD_CORRUPT, .run = cloud_corrupt_ffd},
    {"rbf", ATTACK_CLOUD_CORRUPT, .run = cloud_corrupt_rbf},
    {"rbf-inverse", ATTACK_CLOUD_CORRUPT, .run = cloud_corrupt_rbf_inverse},
    {"occlusion", ATTACK_CLOUD_CORRUPT, .run = cloud_corrupt_occlusion},
    {"lidar", ATTACK_CLOUD_CORRUPT, .run = cloud_corrupt_lidar},
    {.name = NULL},
};
