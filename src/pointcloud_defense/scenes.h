/*
 * Procedural LiDAR frames in snow: nobody's property, and it is known which points are flakes.
 *
 * A spinning sensor of 16 to 128 beams stands on uneven ground among houses, cars, poles, trees with porous crowns,
 * bushes and people, all drawn at random. A beam ends at the first thing that it meets, with noise of 0.5 to 3 cm along
 * it; some returns are lost. In a snowy frame a beam meets a flake instead with a chance of 0.3 to 12 %, at a range
 * that is log-normal, its median 2 to 8 m, if that is nearer than the thing: echoes of flakes grow weak with the range,
 * and beams are thin near the sensor. A flake may fill the next beam too. One frame in four has no snow.
 */
#ifndef POINTCLOUD_DEFENSE_SCENES_H
#define POINTCLOUD_DEFENSE_SCENES_H

#include "core/random.h"

enum { SCENE_MOST_POINTS = 131072 };

/*
 * Frame `number` of a seed into xyz [SCENE_MOST_POINTS, 3], metres from the sensor, and label [SCENE_MOST_POINTS], 1
 * for flakes; *n points. The stream that `random` stands in ends.
 */
scrim_status scene_draw(random_source *random, uint64_t seed, size_t number, float *xyz, uint8_t *label, size_t *n,
                        scrim_error *error);

#endif
