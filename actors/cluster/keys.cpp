#include "keys.hpp"

#include "protocol/key.hpp"

namespace troupe::cluster {

std::string map_key() { return key_writer(record_tag::cluster_map).str(); }

}  // namespace troupe::cluster
