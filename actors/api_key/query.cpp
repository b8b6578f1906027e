#include "query.hpp"

#include "keys.hpp"
#include "protocol/key.hpp"
#include "protocol/limits.hpp"
#include "protocol/message.hpp"

namespace troupe::api_keys {

void api_key_queries::answer(const record_reader& records, schema::Query::Reader query,
                             schema::QueryResult::Builder out) const {
  auto prefix = api_keys_prefix(view_of(query.getOrg()));
  std::vector<std::string> items;
  std::size_t bytes = 0;
  bool more = false;
  records.scan(family::state, prefix, prefix_end(prefix), [&](std::string_view, std::string_view value) {
    more = bytes + value.size() > limits::answer_bytes_max;
    if (more) return false;
    bytes += value.size();
    items.emplace_back(value);
    return true;
  });
  out.setMore(more);
  auto list = out.initApiKeys(static_cast<unsigned>(items.size()));
  for (unsigned i = 0; i < list.size(); ++i)
    list.setWithCaveats(i, message_reader(items[i]).root<schema::ApiKey>());
}

}  // namespace troupe::api_keys
