#include "node/kept_map.hpp"

#include <fstream>
#include <iterator>

#include "node/membership_report.hpp"
#include "storage/data_dir.hpp"

namespace troupe::node {

bool kept_map::exists() const {
  std::error_code error;
  return std::filesystem::exists(file_, error);
}

result<cluster::cluster_map> kept_map::read() const {
  if (!exists()) return cluster::cluster_map();
  std::ifstream in(file_, std::ios::binary);
  frame f{std::string(std::istreambuf_iterator<char>(in), {})};
  auto said = decode_membership(f);
  auto* kept = said ? std::get_if<reported>(&said->what) : nullptr;
  if (!kept || !kept->map)
    return failure{errc::corrupt,
                   file_.string() +
                       " is damaged. It is a copy of what the other nodes know. If this node has " +
                       "a replica of the system shard, delete the file; else replace the node"};
  return std::move(*kept->map);
}

result<bool> kept_map::write(const cluster::cluster_map& map) const {
  auto f = encode_membership({node_id(), 0, reported{{}, map}});
  return storage::write_file_atomically(file_, f.bytes, 0600);
}

}  // namespace troupe::node
