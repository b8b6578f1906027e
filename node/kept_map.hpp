// The cluster's map as a node last knew it, in its data directory.
//
// A node that holds no replica of the system shard would not know after a restart who the others are. And the file is the
// sign that the node has been let in: it shows its invitation no more, which is good for one empty directory only.
// Written before the node announces itself. The content is what one node tells another, with its checksum.
#pragma once

#include <filesystem>

#include "actors/cluster/map.hpp"
#include "protocol/result.hpp"

namespace troupe::node {

class kept_map {
 public:
  explicit kept_map(std::filesystem::path file) : file_(std::move(file)) {}

  bool exists() const;
  // Version 0 when there is no file. A damaged one is an error that names it.
  result<cluster::cluster_map> read() const;
  result<bool> write(const cluster::cluster_map& map) const;

 private:
  std::filesystem::path file_;
};

}  // namespace troupe::node
