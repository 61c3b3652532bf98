/*
 * The same work by the Point Cloud Library, on one thread: NormalEstimation with 16 neighbours and the distance of
 * every point from its plane, and StatisticalOutlierRemoval with 16 neighbours.
 *
 *     bench_points_pcl FRAME.bin      a KITTI frame; `bench_points write N FRAME.bin` makes one
 *
 * prints nanoseconds a point, medians, and the milliseconds of the whole. Needs PCL (libpcl-dev), which nothing else
 * here does. PCL counts the point itself among its neighbours: it is asked for 17.
 */
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <pcl/features/normal_3d.h>
#include <pcl/filters/statistical_outlier_removal.h>
#include <pcl/point_types.h>
#include <pcl/search/kdtree.h>
#include <vector>

namespace {

typedef pcl::PointCloud<pcl::PointXYZ> Cloud;

const int neighbours = 16, rounds = 7;

Cloud::Ptr read_frame(const char *path) {
  Cloud::Ptr cloud(new Cloud);
  std::FILE *file = std::fopen(path, "rb");
  float record[4];
  while (file && std::fread(record, sizeof record, 1, file) == 1)
    cloud->push_back(pcl::PointXYZ(record[0], record[1], record[2]));
  if (!file || cloud->empty()) {
    std::fprintf(stderr, "bench_points_pcl: cannot read %s\n", path);
    std::exit(EXIT_FAILURE);
  }
  std::fclose(file);
  return cloud;
}

double seconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return double(now.tv_sec) + 1e-9 * double(now.tv_nsec);
}

/* Tree, planes, and the mean distance from them: everything that has to be done anew for every frame. */
double planes(const Cloud::Ptr &cloud) {
  pcl::search::KdTree<pcl::PointXYZ>::Ptr tree(new pcl::search::KdTree<pcl::PointXYZ>);
  tree->setInputCloud(cloud);
  pcl::Indices index(neighbours + 1);
  std::vector<float> squared(neighbours + 1);
  double sum = 0;
  for (std::size_t i = 0; i < cloud->size(); i++) {
    float curvature;
    Eigen::Vector4f plane;
    tree->nearestKSearch(int(i), neighbours + 1, index, squared);
    if (!pcl::computePointNormal(*cloud, index, plane, curvature)) continue;
    const pcl::PointXYZ &p = (*cloud)[i];
    sum += std::fabs(plane[0] * p.x + plane[1] * p.y + plane[2] * p.z + plane[3]);
  }
  return sum;
}

/* NormalEstimation as its users call it. */
double normals(const Cloud::Ptr &cloud) {
  pcl::NormalEstimation<pcl::PointXYZ, pcl::Normal> estimation;
  pcl::search::KdTree<pcl::PointXYZ>::Ptr tree(new pcl::search::KdTree<pcl::PointXYZ>);
  pcl::PointCloud<pcl::Normal> found;
  estimation.setInputCloud(cloud);
  estimation.setSearchMethod(tree);
  estimation.setKSearch(neighbours + 1);
  estimation.compute(found);
  return found[0].curvature;
}

double outliers(const Cloud::Ptr &cloud) {
  pcl::StatisticalOutlierRemoval<pcl::PointXYZ> removal;
  Cloud left;
  removal.setInputCloud(cloud);
  removal.setMeanK(neighbours);
  removal.setStddevMulThresh(1.0);
  removal.filter(left);
  return double(left.size());
}

void measure(const char *name, double (*work)(const Cloud::Ptr &), const Cloud::Ptr &cloud) {
  std::vector<double> taken;
  double result = work(cloud);
  for (int i = 0; i < rounds; i++) {
    const double began = seconds();
    result = work(cloud);
    taken.push_back(seconds() - began);
  }
  std::sort(taken.begin(), taken.end());
  const double median = taken[taken.size() / 2];
  std::printf("%-28s %9zu points %9.2f ms %8.0f ns a point (%g)\n", name, cloud->size(), 1e3 * median,
              1e9 * median / double(cloud->size()), result);
}

} // namespace

int main(int argc, char **argv) {
  if (argc != 2) return EXIT_FAILURE;
  const Cloud::Ptr cloud = read_frame(argv[1]);
  measure("NormalEstimation", normals, cloud);
  measure("the same, and distances", planes, cloud);
  measure("StatisticalOutlierRemoval", outliers, cloud);
  return EXIT_SUCCESS;
}
