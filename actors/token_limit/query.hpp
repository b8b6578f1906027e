// Reads token limits: list_token_limits, of all organisations when the query names none, as many as an answer holds.
#pragma once

#include "protocol/machine.hpp"

namespace troupe::token_limits {

class token_limit_queries final : public query_handler {
 public:
  bool handles(schema::Query::Which query) const override {
    return query == schema::Query::Which::LIST_TOKEN_LIMITS;
  }
  void answer(const record_reader& records, schema::Query::Reader query,
              schema::QueryResult::Builder out) const override;
};

}  // namespace troupe::token_limits
