#include "storage/recent_ids.hpp"

#include <algorithm>

#include "protocol/id_window.hpp"

namespace troupe::storage {

namespace {

constexpr std::uint8_t version = 7;
constexpr std::size_t slots_min = 256;
constexpr std::size_t ids_max = 16 * 1024;  // 512 KiB of memory

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t v = 0;
  for (char c : bytes) v = v << 8 | static_cast<unsigned char>(c);
  return v;
}

}  // namespace

std::string recent_ids::first_key() { return key_writer(record_tag::event_by_id).u8(version).str(); }

// Two organisations may have the same id: then it is not new to either.
std::optional<recent_ids::id> recent_ids::id_in(std::string_view key) {
  if (key.size() < 18 || key[0] != static_cast<char>(record_tag::event_by_id) || key[1] != version) return {};
  return id{big_endian(key.substr(2, 8)), big_endian(key.substr(10, 8))};
}

void recent_ids::begin_after(std::string_view newest) {
  id from;
  if (auto window = id_window::number_in(newest))
    from = id{id_window::first_of(*window + 1).high, 0};
  else if (auto last =
               id_in(newest))  // it may be stored for several organisations: the next one is surely new
    from = id{last->high + (last->low == ~std::uint64_t{0} ? 1 : 0), last->low + 1};
  floor_ = floor_ ? std::max(*floor_, from) : from;
}

std::size_t recent_ids::slot_of(const id& i) const {
  auto mask = table_.size() - 1;
  auto hash = (i.high ^ i.low) * 0x9e37'79b9'7f4a'7c15ULL;
  auto slot = (hash ^ hash >> 32) & mask;
  while (table_[slot] != id{} && table_[slot] != i) slot = (slot + 1) & mask;
  return slot;
}

void recent_ids::refill(std::size_t slots, const id& from) {
  auto before = std::move(table_);
  table_.assign(slots, id{});
  count_ = 0;
  for (auto& i : before) {
    if (i == id{} || i < from) continue;
    table_[slot_of(i)] = i;
    ++count_;
  }
}

void recent_ids::forget_older_half() {
  std::vector<id> known;
  known.reserve(count_);
  std::copy_if(table_.begin(), table_.end(), std::back_inserter(known), [](auto& i) { return i != id{}; });
  auto middle = known.begin() + static_cast<std::ptrdiff_t>(known.size() / 2);
  std::nth_element(known.begin(), middle, known.end());
  floor_ = *middle;
  refill(table_.size(), *middle);
}

void recent_ids::note(std::string_view key) {
  if (auto i = id_in(key)) note(*i);
}

void recent_ids::note_group(std::string_view key, std::string_view group) {
  auto number = id_window::number_in(key);
  if (!number) return;
  id_window::each_id(*number, group, [&](const uuid& i) { note(id{i.high, i.low}); });
}

void recent_ids::note(const id& i) {
  if (!floor_ || i < *floor_) return;
  if (count_ * 2 >= table_.size()) {
    if (count_ >= ids_max)
      forget_older_half();
    else
      refill(std::max(slots_min, table_.size() * 2), *floor_);
    if (i < *floor_) return;
  }
  auto slot = slot_of(i);
  count_ += table_[slot] == id{} ? 1 : 0;
  table_[slot] = i;
}

bool recent_ids::is_new(std::string_view key) const {
  auto i = id_in(key);
  if (!i || !floor_ || *i < *floor_) return false;
  return table_.empty() || table_[slot_of(*i)] == id{};
}

}  // namespace troupe::storage
