// See entry_log.hpp.
#include "storage/raft/entry_log.hpp"

#include <algorithm>

namespace troupe {

entry_log::entry_log(log_index first, const std::vector<stored_entry>& entries) : first_(first) {
  for (const auto& e : entries) {
    slots_.push_back({{e.term, e.kind, nullptr}, 0, e.bytes});
    note_size(last(), e.bytes);
  }
  cached_from_ = log_index{last().value + 1};
}

void entry_log::note_size(log_index i, std::uint32_t bytes) {
  auto& largest = largest_of_run_[i.value / run];
  largest = std::max(largest, bytes);
}

void entry_log::replace_from(log_index first, std::span<const log_record> records, std::uint64_t write) {
  must(first >= first_ && first.value <= last().value + 1, "the log has no hole");
  while (last() >= first) {
    if (last() >= cached_from_) cached_bytes_ -= slots_.back().bytes;
    slots_.pop_back();
  }
  cached_from_ = std::min(cached_from_, first);
  for (const auto& r : records) {
    auto bytes = static_cast<std::uint32_t>(r.payload->size());
    slots_.push_back({r, write, bytes});
    cached_bytes_ += bytes;
    note_size(last(), bytes);
  }
}

void entry_log::drop_before(log_index first) {
  while (first_ < first && !slots_.empty()) {
    if (first_ >= cached_from_) cached_bytes_ -= slots_.front().bytes;
    slots_.pop_front();
    ++first_.value;
  }
  cached_from_ = std::max(cached_from_, first_);
  while (!largest_of_run_.empty() && largest_of_run_.begin()->first < first_.value / run)
    largest_of_run_.erase(largest_of_run_.begin());
}

void entry_log::reset(log_index first) {
  slots_.clear();
  largest_of_run_.clear();
  cached_bytes_ = 0;
  first_ = cached_from_ = first;
}

void entry_log::evict(log_index releasable, std::size_t bytes_max) {
  while (cached_bytes_ > bytes_max && cached_from_ <= releasable && cached_from_ <= last()) {
    auto& oldest = slot_at(cached_from_);
    cached_bytes_ -= oldest.bytes;
    oldest.record.payload = nullptr;
    ++cached_from_.value;
  }
}

std::size_t entry_log::largest_bytes() const {
  std::uint32_t largest = 0;
  for (const auto& [_, bytes] : largest_of_run_) largest = std::max(largest, bytes);
  return largest;
}

}  // namespace troupe
