/*
 * PointNet without its transformer (Qi et al. 2017): five layers a point, the largest of each feature over the points,
 * three layers. Tensors, under the names of a published implementation:
 *
 *     feature_model.conv1..5.weight [out, in, 1], .bias [out]; feature_model.bn1..5 weight, bias, running_mean,
 *     running_var [out]; linear1..3.weight [out, in], .bias [out]; bn1..2 as above. Widths are the file's.
 *
 * Batch norm is folded into the layer before it, and the rest of such a file is not looked at.
 */
#ifndef POINTCLOUD_DEFENSE_VICTIM_POINTNET_H
#define POINTCLOUD_DEFENSE_VICTIM_POINTNET_H

#include "pointcloud_defense/victim.h"

enum { POINTNET_POINT_LAYERS = 5, POINTNET_HEAD_LAYERS = 3, POINTNET_LAYERS = 8, POINTNET_NAME = 32 };

/* Layer i of POINTNET_LAYERS: its name, and that of its batch norm, "" for the last. */
void victim_pointnet_names(int i, char layer[POINTNET_NAME], char norm[POINTNET_NAME]);

/* SCRIM_E_FORMAT: a tensor is missing, or widths do not go together. Nothing of the file is kept. */
scrim_status victim_pointnet_load(victim *out, const tensorfile *file, scrim_error *error);

#endif
