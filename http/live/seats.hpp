// The live connections of keys that may have only so many at once (max_connections of a key), on all nodes. Pure; the hub's
// mutex guards it.
//
// Nodes hear of each other's seats a moment late (see actors/presence/): connections that are opened at once on several
// nodes may pass the bound together. Then every node finds the same ones beyond it, those that came last, and closes its own.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "actors/runtime/presence.hpp"

namespace troupe::http {

// Held by a connection as long as it counts. The number is that of its session on this node.
using seat = std::shared_ptr<const std::uint64_t>;

class seat_table {
 public:
  // What other nodes are told. 'since_us' by this node's clock.
  static present_session session_of(std::uint64_t number, std::string_view org, std::string_view key_id,
                                    std::int64_t since_us);
  // Whether it is the session of a seat, and none that is listed on a topic.
  static bool is_seat(const present_session& s);
  static std::string key_of(std::string_view org, std::string_view key_id);

  std::size_t taken(const std::string& key) const;
  void take(node_id of, const present_session& s);
  // How many the key may have, as this node knows it.
  void bound(const std::string& key, std::uint32_t max) { bounds_[key] = max; }
  // False if it is none.
  bool leave(node_id of, std::uint64_t number);
  void leave_all(node_id of);
  // Numbers of the node's seats that are beyond the key's bound.
  std::vector<std::uint64_t> beyond(const std::string& key, node_id of) const;

 private:
  using place =
      std::tuple<std::int64_t, node_id, std::uint64_t>;  // since when, node, number: the order of coming

  std::map<std::string, std::set<place>> by_key_;
  std::map<std::pair<node_id, std::uint64_t>, std::pair<std::string, std::int64_t>> by_number_;
  std::map<std::string, std::uint32_t> bounds_;  // of keys in by_key_
};

}  // namespace troupe::http
