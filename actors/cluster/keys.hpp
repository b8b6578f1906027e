// Where the cluster's map is.
#pragma once

#include <string>

namespace troupe::cluster {

std::string map_key();

}  // namespace troupe::cluster
