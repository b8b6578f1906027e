// Reads the cluster's map, with the hashes of invitations: the shells show none.
#pragma once

#include "protocol/machine.hpp"

namespace troupe::cluster {

class cluster_queries final : public query_handler {
 public:
  bool handles(schema::Query::Which query) const override {
    return query == schema::Query::Which::CLUSTER_MAP;
  }
  void answer(const record_reader& records, schema::Query::Reader query,
              schema::QueryResult::Builder out) const override;
};

}  // namespace troupe::cluster
