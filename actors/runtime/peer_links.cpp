#include "actors/runtime/peer_links.hpp"

namespace troupe {

void peer_links::changed(node_id peer, peer_event what, clock::time_point now) {
  std::lock_guard lock(mutex_);
  if (what == peer_event::connected)
    connected_.insert(peer);
  else
    connected_.erase(peer);
  changed_ = now;
}

bool peer_links::is_connected(node_id peer) const {
  std::lock_guard lock(mutex_);
  return connected_.contains(peer);
}

std::vector<node_id> peer_links::connected() const {
  std::lock_guard lock(mutex_);
  return {connected_.begin(), connected_.end()};
}

std::chrono::milliseconds peer_links::quiet_for(clock::time_point now) const {
  std::lock_guard lock(mutex_);
  return std::chrono::duration_cast<std::chrono::milliseconds>(now - changed_);
}

bool peer_links::take(node_id peer, std::size_t bytes) {
  std::lock_guard lock(mutex_);
  auto& s = shares_[peer];
  // One that is larger than the bound passes alone.
  if (s.requests >= requests_max_ || (s.requests > 0 && s.bytes + bytes > bytes_max_)) return false;
  ++s.requests;
  s.bytes += bytes;
  return true;
}

void peer_links::give_back(node_id peer, std::size_t bytes) {
  std::lock_guard lock(mutex_);
  auto it = shares_.find(peer);
  if (it == shares_.end()) return;
  it->second.bytes -= bytes;
  if (--it->second.requests == 0) shares_.erase(it);
}

}  // namespace troupe
