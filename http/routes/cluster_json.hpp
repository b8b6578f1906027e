// The cluster as one node sees it, as JSON: for the page and for troupectl. Ids are hexadecimal texts, as numbers of 64 bits are
// rounded by many readers. Pure; decoding throws kj::Exception.
#pragma once

#include <string>

#include "protocol/schema/membership.capnp.h"

namespace troupe::http {

void write_cluster_json(schema::ClusterView::Reader view, std::string& out);

}  // namespace troupe::http
