// A second shard for membership to place: one that is sealed and led at a word, as long as a majority of its voters is up.
#pragma once

#include <set>
#include <vector>

#include "protocol/ids.hpp"
#include "protocol/result.hpp"

namespace troupe::sim {

class world;

class easy_shard {
 public:
  explicit easy_shard(world& w) : world_(w) {}

  static constexpr shard_id id{1};
  generation current() const { return current_; }
  const std::vector<node_id>& voters() const { return voters_; }
  // Who leads; 0: nobody can.
  node_id leader();
  bool has(node_id voter) const;
  void transfer(node_id to);
  // It holds what the shard holds, until the next seal.
  void teach(node_id newcomer) { taught_.insert(newcomer); }
  bool has_taught(node_id newcomer) const { return taught_.contains(newcomer); }
  // An encoded schema::Command that seals; answered with an encoded schema::Reply.
  result<std::string> seal(const std::string& command);

 private:
  world& world_;
  generation current_{1};
  std::vector<node_id> voters_{node_id{1}};
  node_id leader_{1};
  std::set<node_id> taught_;
};

}  // namespace troupe::sim
