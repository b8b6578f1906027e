#include "node/cluster/outbox.hpp"

#include <algorithm>

namespace troupe::node {
namespace {

constexpr traffic kind_of(std::size_t window) { return static_cast<traffic>(window / 2); }
constexpr bool is_answer(std::size_t window) { return window % 2 == 1; }

}  // namespace

void outbox::reset() {
  lanes_ = {};
  in_transit_ = 0;
}

outbox::outcome outbox::put(peer_frame f) {
  auto window = window_of(f.kind, f.role);
  auto& l = lanes_[window];
  auto charge = charge_of(f.bytes.size());
  bool fits = is_answer(window)         ? l.waiting_bytes + charge <= limits_.answers_waiting_max
              : f.kind == traffic::bulk ? l.waiting_bytes + charge <= limits_.bulk_waiting_max
                                        : l.waiting_bytes + l.away + charge <= size_of(window);
  if (!fits) return outcome::no_room;
  l.waiting_bytes += charge;
  l.waiting.push_back(std::move(f));
  return outcome::queued;
}

bool outbox::may_go(std::size_t window) const {
  auto& l = lanes_[window];
  if (l.waiting.empty() || l.away + charge_of(l.waiting.front().bytes.size()) > size_of(window)) return false;
  return kind_of(window) == traffic::consensus || in_transit_ < limits_.transit_max;
}

std::vector<peer_frame> outbox::next_packet() {
  std::vector<peer_frame> out;
  std::size_t bytes = 0;
  for (std::size_t window = 0; window < window_count; ++window) {
    auto& l = lanes_[window];
    while (may_go(window)) {
      auto charge = charge_of(l.waiting.front().bytes.size());
      if (!out.empty() && bytes + charge > packet_bytes_max) return out;
      bytes += charge;
      l.waiting_bytes -= charge;
      l.away += charge;
      if (kind_of(window) != traffic::consensus) in_transit_ += charge;
      out.push_back(std::move(l.waiting.front()));
      l.waiting.pop_front();
    }
  }
  return out;
}

void outbox::taken(const room& bytes) {
  for (std::size_t window = 0; window < window_count; ++window)
    lanes_[window].away -= std::min<std::size_t>(lanes_[window].away, bytes[window]);
}

void outbox::arrived(std::uint64_t bytes) { in_transit_ -= std::min<std::size_t>(in_transit_, bytes); }

std::size_t outbox::waiting_bytes() const {
  std::size_t all = 0;
  for (auto& l : lanes_) all += l.waiting_bytes;
  return all;
}

std::size_t outbox::away_bytes() const {
  std::size_t all = 0;
  for (auto& l : lanes_) all += l.away;
  return all;
}

}  // namespace troupe::node
