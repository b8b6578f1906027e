#include "query.hpp"

#include "keys.hpp"
#include "protocol/message.hpp"

namespace troupe::token_limits {

void token_limit_queries::answer(const record_reader& records, schema::Query::Reader query,
                                 schema::QueryResult::Builder out) const {
  auto bytes = records.get(family::state, token_limits_key(view_of(query.getOrg())));
  if (!bytes) {
    out.initTokenLimits(0);
    return;
  }
  message_reader record(*bytes);
  out.setTokenLimits(record.root<schema::TokenLimits>().getLimits());
}

}  // namespace troupe::token_limits
