// Who is on a topic, in the shapes of Phoenix Presence: {key: {metas: [{phx_ref, ...}]}}, keyed by the API key's id.
// Of all nodes' sockets, as far as they are told of. Bounded for each node: who comes beyond the bounds is not listed.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "actors/runtime/presence.hpp"

namespace troupe::http {

class presence_table {
 public:
  static constexpr std::size_t keys_max = 256, metas_max = 16;  // of one node, on one topic

  // 'of': the node whose session it is. Returns whether it is listed.
  bool arrive(node_id of, const present_session& who);
  bool leave(node_id of, std::uint64_t number);
  // All of that node's sessions.
  void leave_all(node_id of);
  std::string state(const std::string& topic) const;

  // Payloads of presence_diff for every topic that changed since the last call.
  std::vector<std::pair<std::string, std::string>> take_diffs();

 private:
  using session = std::pair<node_id, std::uint64_t>;
  using people = std::map<std::string, std::map<session, std::string>>;  // key -> session -> meta
  struct changes {
    people joins, leaves;
  };
  struct place {
    std::string topic, key;
  };

  static std::size_t count(const std::map<session, std::string>& sessions, node_id of);
  bool has_room(const people& here, node_id of, const std::string& key) const;

  std::map<std::string, people> topics_;
  std::map<session, place> sessions_;
  std::map<std::string, changes> changed_;
};

}  // namespace troupe::http
