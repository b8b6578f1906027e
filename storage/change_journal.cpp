#include "storage/change_journal.hpp"

#include <algorithm>

#include "storage/applied_run.hpp"

namespace troupe::storage {

journal_place change_journal::begin(node_id taker, std::uint64_t now_ms, std::uint64_t fresh) {
  if (is_closed_) clear();
  if (!is_kept()) number_ = fresh;
  auto next = first_ + parts_.size();
  followers_[taker] = {next, now_ms};
  return {number_, next};
}

void change_journal::add(std::string_view changes, std::string_view applied) {
  if (!is_kept() || is_closed_) return;
  for (bool last = false; !last;) {
    auto size = applied_run::whole_changes(changes, part_bytes_max);
    last = size == changes.size();
    parts_.push_back({std::string(changes.substr(0, size)), last ? std::string(applied) : std::string()});
    bytes_ += size;
    changes.remove_prefix(size);
  }
  if (bytes_ > parts_bytes_max) clear();
}

std::optional<change_journal::answer> change_journal::at(node_id taker, const journal_place& place,
                                                         std::uint64_t now_ms) {
  auto end = first_ + parts_.size();
  if (!is_kept() || place.journal != number_ || place.part < first_ || place.part > end) return std::nullopt;
  followers_[taker] = {place.part, now_ms};
  trim();
  if (place.part == end) return answer{{}, {}, true, place};
  const auto& found = parts_[place.part - first_];
  return answer{found.changes, found.applied, place.part + 1 == end, {number_, place.part + 1}};
}

// What nobody will ask for again.
void change_journal::trim() {
  auto needed = first_ + parts_.size();
  for (const auto& [node, f] : followers_) needed = std::min(needed, f.part);
  for (; first_ < needed; ++first_) {
    bytes_ -= parts_.front().changes.size();
    parts_.pop_front();
  }
}

void change_journal::expire(std::uint64_t now_ms) {
  std::erase_if(followers_, [&](const auto& f) { return now_ms >= f.second.asked_ms + idle_ms_max; });
  if (followers_.empty())
    clear();
  else
    trim();
}

void change_journal::clear() { *this = {}; }

}  // namespace troupe::storage
