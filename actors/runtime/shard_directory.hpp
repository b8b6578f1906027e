// Where the shards of the cluster are, as far as this node knows: who votes in each, who leads it. Hints only: a wrong one
// costs a redirect, never a wrong answer. Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "protocol/ids.hpp"

namespace troupe {

struct shard_place {
  troupe::generation generation;
  std::vector<node_id> voters;
  troupe::term term;  // of the last leader that anybody named
  node_id leader;     // 0: not known
};

// The term in which that node leads the shard; nothing if it does not.
std::optional<term> led_by(const shard_place& place, node_id who);

class shard_directory {
 public:
  explicit shard_directory(std::uint16_t shards) : places_(shards) {}

  std::uint16_t shard_count() const { return static_cast<std::uint16_t>(places_.size()); }
  // Whose directory it is: whether that node leads only its own replicas say.
  void know_self(node_id self);

  // A shard that does not exist has no voters.
  shard_place of(shard_id shard) const;

  // What is older than what is known changes nothing.
  void learn_voters(shard_id shard, generation in, const std::vector<node_id>& voters);
  // From a replica of this node. 'leader' 0: nobody leads in that term as far as it knows.
  void learn_leader(shard_id shard, generation in, term at, node_id leader);
  // From another node.
  void hear(shard_id shard, const shard_place& place);
  // That node does not answer: nobody is led by it until somebody says so again in a later term, or it comes back.
  void suspect(node_id leader);

  // Told of every change of a leader or of voters, on the thread that learnt it; must not call back. Two changes at once
  // may be told in either order: of() tells what holds.
  void on_change(std::function<void(shard_id, const shard_place&)> tell);

 private:
  using listeners = std::vector<std::function<void(shard_id, const shard_place&)>>;

  template <class Change>
  void change(shard_id shard, Change&& how);

  mutable std::mutex mutex_;
  node_id self_;
  std::vector<shard_place> places_;
  std::shared_ptr<const listeners> tell_ = std::make_shared<const listeners>();
};

}  // namespace troupe
