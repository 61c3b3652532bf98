/* Objects with their true classes, out of two files: what victims are trained and attacked on. */
#ifndef TOOLS_LABELLED_OBJECTS_H
#define TOOLS_LABELLED_OBJECTS_H

#include <scrim.h>

typedef struct labelled_objects {
  scrim_table table;
  int32_t *labels;
  scrim_cloud_objects view; /* of these */
} labelled_objects;

/*
 * `objects`: npy [objects, points, 3], or a table with x, y and z of each point in a row. *at_fault: the file that an
 * error is about. Freed with labelled_objects_free in any case; all 0 is fine.
 */
scrim_status labelled_objects_read(labelled_objects *o, const char *objects, const char *labels, const char **at_fault,
                                   scrim_error *error);
void labelled_objects_free(labelled_objects *o);

/* At most `limit` of them, evenly from the file, in their order; 0: all. */
void labelled_objects_thin(labelled_objects *o, uint64_t limit);

#endif
