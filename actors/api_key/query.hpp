// Reads API keys: list_api_keys, with their hashes, for those who check keys. The edge shows no hash.
#pragma once

#include "protocol/machine.hpp"

namespace troupe::api_keys {

class api_key_queries final : public query_handler {
 public:
  bool handles(schema::Query::Which query) const override {
    return query == schema::Query::Which::LIST_API_KEYS;
  }
  void answer(const record_reader& records, schema::Query::Reader query,
              schema::QueryResult::Builder out) const override;
};

}  // namespace troupe::api_keys
