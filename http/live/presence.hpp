// Who is on a topic, in the shapes of Phoenix Presence: {key: {metas: [{phx_ref, ...}]}}, keyed by the API key's id.
// Of this node's sockets. Bounded: who comes beyond the bounds is not listed.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace troupe::http {

struct presence_meta {
  std::string key;   // who: the id of the API key
  std::string ref;   // phx_ref: one for each join
  std::string json;  // the meta as a JSON object, phx_ref included
};

class presence_table {
 public:
  static constexpr std::size_t keys_max = 256, metas_max = 16;

  // Returns whether it is listed.
  bool arrive(const std::string& topic_key, const presence_meta& who);
  bool leave(const std::string& topic_key, const std::string& key, const std::string& ref);
  std::string state(const std::string& topic_key) const;

  // Payloads of presence_diff for every topic that changed since the last call.
  std::vector<std::pair<std::string, std::string>> take_diffs();

 private:
  using people = std::map<std::string, std::map<std::string, std::string>>;  // key -> ref -> meta
  struct changes {
    people joins, leaves;
  };

  std::map<std::string, people> topics_;
  std::map<std::string, changes> changed_;
};

}  // namespace troupe::http
