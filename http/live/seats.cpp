#include "http/live/seats.hpp"

#include <charconv>

namespace troupe::http {

namespace {

// No topic of an organisation: those begin with its name.
constexpr std::string_view seat_topic("\0seats", 6);

std::int64_t since_of(const present_session& s) {
  std::int64_t us = 0;
  std::from_chars(s.meta.data(), s.meta.data() + s.meta.size(), us);
  return us;
}

}  // namespace

std::string seat_table::key_of(std::string_view org, std::string_view key_id) {
  std::string out(org);
  out.push_back('\0');
  return out.append(key_id);
}

present_session seat_table::session_of(std::uint64_t number, std::string_view org, std::string_view key_id,
                                       std::int64_t since_us) {
  return {number, std::string(seat_topic), key_of(org, key_id), std::to_string(since_us)};
}

bool seat_table::is_seat(const present_session& s) { return s.topic == seat_topic; }

std::size_t seat_table::taken(const std::string& key) const {
  auto at = by_key_.find(key);
  return at == by_key_.end() ? 0 : at->second.size();
}

void seat_table::take(node_id of, const present_session& s) {
  auto since = since_of(s);
  if (!by_number_.try_emplace({of, s.number}, s.key, since).second) return;
  by_key_[s.key].emplace(since, of, s.number);
}

bool seat_table::leave(node_id of, std::uint64_t number) {
  auto found = by_number_.extract({of, number});
  if (!found) return false;
  const auto& [key, since] = found.mapped();
  auto at = by_key_.find(key);
  at->second.erase({since, of, number});
  if (!at->second.empty()) return true;
  bounds_.erase(key);
  by_key_.erase(at);
  return true;
}

void seat_table::leave_all(node_id of) {
  for (auto it = by_number_.lower_bound({of, 0}); it != by_number_.end() && it->first.first == of;)
    leave(of, (it++)->first.second);
}

std::vector<std::uint64_t> seat_table::beyond(const std::string& key, node_id of) const {
  std::vector<std::uint64_t> out;
  auto at = by_key_.find(key);
  auto max = bounds_.find(key);
  if (at == by_key_.end() || max == bounds_.end()) return out;
  std::size_t n = 0;
  for (auto& [since, node, number] : at->second)
    if (n++ >= max->second && node == of) out.push_back(number);
  return out;
}

}  // namespace troupe::http
