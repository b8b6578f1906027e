// See oracle.hpp.
#include "tests/sim/oracle.hpp"

namespace troupe::sim {

namespace {

std::string name(node_id n) { return "node " + std::to_string(n.value); }
std::string name(log_index i) { return "entry " + std::to_string(i.value); }
std::string name(term t) { return "term " + std::to_string(t.value); }

}  // namespace

void oracle::leader_elected(generation of, term at, node_id node, std::uint64_t incarnation) {
  auto [it, fresh] = leaders_.try_emplace(std::pair{of, at}, node, incarnation);
  if (!fresh && it->second != std::pair{node, incarnation})
    throw violation("two leaders in " + name(at) + ": " + name(it->second.first) + " and " + name(node));
}

void oracle::leader_named(generation of, term at, node_id leader, node_id by) const {
  auto it = leaders_.find(std::pair{of, at});
  if (it == leaders_.end() || it->second.first != leader)
    throw violation(name(by) + " calls " + name(leader) + " the leader of " + name(at) + ", which it is not");
}

void oracle::record_written(node_id node, generation of, log_index index, term at, std::optional<term> before,
                            std::uint64_t hash) {
  auto [it, fresh] = records_.try_emplace(std::tuple{of, index, at}, record{hash, before});
  if (fresh) return;
  if (it->second.hash != hash)
    throw violation("log matching: " + name(node) + " has another record at " + name(index) + ", " +
                    name(at));
  if (!it->second.before) it->second.before = before;
  if (before && it->second.before != before)
    throw violation("log matching: on " + name(node) + " another record comes before " + name(index));
}

const std::uint64_t* oracle::record_hash(generation of, log_index index, term at) const {
  auto it = records_.find(std::tuple{of, index, at});
  return it == records_.end() ? nullptr : &it->second.hash;
}

void oracle::applied(node_id node, log_index previous, log_index index, term at, std::uint64_t hash) {
  if (previous.value + 1 != index.value)
    throw violation(name(node) + " applied " + name(index) + " after " + name(previous));
  auto [it, fresh] = applied_.try_emplace(index, entry{at, hash});
  if (fresh && applied_.size() > 1 && !applied_.contains(log_index{index.value - 1}) && index.value > 2)
    throw violation(name(node) + " applied " + name(index) + " before anyone applied its predecessor");
  if (it->second.at != at)
    throw violation("committed " + name(index) + " changed: " + name(it->second.at) + ", then on " +
                    name(node) + " " + name(at));
  if (it->second.hash != hash)
    throw violation("state diverged: " + name(node) + " made other records of " + name(index));
}

void oracle::digest_taken(node_id node, log_index index, std::uint64_t digest) {
  auto known = digests_.try_emplace(index, digest).first->second;
  if (known != digest)
    throw violation("states differ: " + name(node) + " has another digest at " + name(index));
}

void oracle::installed(node_id node, log_index index) {
  if (index.value > 1 && !applied_.contains(index))
    throw violation(name(node) + " installed a state at " + name(index) + ", which nobody applied");
}

void oracle::acknowledged(log_index index) {
  if (!applied_.contains(index)) throw violation(name(index) + " was acknowledged but never applied");
  if (index > floor_) floor_ = index;
}

void oracle::read_answered(log_index floor, log_index seen) {
  ++reads_;
  if (seen < floor)
    throw violation("stale read: it saw " + name(seen) + ", after " + name(floor) + " was acknowledged");
  if (seen > floor_) floor_ = seen;
}

void oracle::event_shown(std::uint64_t seq, const uuid& id) {
  if (shown_.try_emplace(seq, id).first->second != id)
    throw violation("event " + std::to_string(seq) + " is another one than what was shown at that number");
}

log_index oracle::applied_most() const { return applied_.empty() ? log_index{1} : applied_.rbegin()->first; }

}  // namespace troupe::sim
