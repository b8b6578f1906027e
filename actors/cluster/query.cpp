#include "query.hpp"

#include "keys.hpp"
#include "protocol/message.hpp"

namespace troupe::cluster {

void cluster_queries::answer(const record_reader& records, schema::Query::Reader,
                             schema::QueryResult::Builder out) const {
  auto bytes = records.get(family::state, map_key());
  if (bytes)
    out.setClusterMap(message_reader(*bytes).root<schema::ClusterMap>());
  else
    out.setNothing();
}

}  // namespace troupe::cluster
