// See easy_shard.hpp.
#include "tests/sim/easy_shard.hpp"

#include <algorithm>

#include "protocol/message.hpp"
#include "protocol/schema/command.capnp.h"
#include "protocol/schema/reply.capnp.h"
#include "tests/sim/node.hpp"

namespace troupe::sim {

bool easy_shard::has(node_id voter) const {
  return std::find(voters_.begin(), voters_.end(), voter) != voters_.end();
}

node_id easy_shard::leader() {
  auto is_up = [&](node_id v) { return world_.at(v).up(); };
  auto up = static_cast<std::size_t>(std::count_if(voters_.begin(), voters_.end(), is_up));
  if (up * 2 <= voters_.size()) return {};
  if (!has(leader_) || !is_up(leader_)) leader_ = *std::find_if(voters_.begin(), voters_.end(), is_up);
  return leader_;
}

void easy_shard::transfer(node_id to) {
  if (leader().value != 0 && has(to) && world_.at(to).up()) leader_ = to;
}

result<std::string> easy_shard::seal(const std::string& command) {
  if (leader().value == 0) return failure{errc::unavailable, "no majority of the shard is up", {}};
  message_reader reader(command);
  auto seal = reader.root<schema::Command>().getBody().getSeal();
  capnp::MallocMessageBuilder message;
  auto reply = message.initRoot<schema::Reply>();
  if (seal.getGeneration() != current_.value + 1) {
    reply.initRefused().setCode(static_cast<std::uint16_t>(errc::conflict));
    return to_bytes(message);
  }
  current_ = generation{seal.getGeneration()};
  taught_.clear();
  voters_.clear();
  for (auto v : seal.getVoters()) voters_.emplace_back(v);
  return to_bytes(message);
}

}  // namespace troupe::sim
