#include "query.hpp"

#include <string>
#include <vector>

#include "keys.hpp"
#include "protocol/key.hpp"
#include "protocol/limits.hpp"
#include "protocol/message.hpp"

namespace troupe::token_limits {

namespace {

void list_all(const record_reader& records, schema::QueryResult::Builder out) {
  std::vector<std::string> found;
  std::size_t bytes = 0;
  bool more = false;
  auto prefix = token_limits_prefix();
  records.scan(family::state, prefix, prefix_end(prefix), [&](std::string_view, std::string_view value) {
    more = bytes + value.size() > limits::answer_bytes_max;
    if (more) return false;
    bytes += value.size();
    found.emplace_back(value);
    return true;
  });
  out.setMore(more);
  unsigned count = 0, slot = 0;
  for (auto& f : found) count += message_reader(f).root<schema::TokenLimits>().getLimits().size();
  auto list = out.initTokenLimits(count);
  for (auto& f : found) {
    message_reader record(f);
    for (auto l : record.root<schema::TokenLimits>().getLimits()) list.setWithCaveats(slot++, l);
  }
}

}  // namespace

void token_limit_queries::answer(const record_reader& records, schema::Query::Reader query,
                                 schema::QueryResult::Builder out) const {
  if (query.getOrg().size() == 0) return list_all(records, out);
  auto bytes = records.get(family::state, token_limits_key(view_of(query.getOrg())));
  if (!bytes) {
    out.initTokenLimits(0);
    return;
  }
  message_reader record(*bytes);
  out.setTokenLimits(record.root<schema::TokenLimits>().getLimits());
}

}  // namespace troupe::token_limits
