#include "protocol/id_window.hpp"

#include <bit>
#include <cstring>

namespace troupe {

namespace {

static_assert(std::endian::native == std::endian::little, "groups are read as they lie");

// About 16 s back, for what is sent late or took long, and 4 s ahead, for clocks that are.
constexpr std::int64_t reach_back = 128, reach_ahead = 32;
constexpr std::int64_t window_us = 128'000;

constexpr std::size_t header_bytes = 10, id_bytes = 14;

template <class T>
T number_at(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <class T>
void put(T value, std::string& out) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

// visit(first, ids, count) until it returns false. False: the bytes are no groups.
template <class Visit>
bool each_group(std::string_view record, Visit&& visit) {
  while (!record.empty()) {
    if (record.size() < header_bytes) return false;
    auto first = number_at<std::uint64_t>(record.data());
    auto bytes = number_at<std::uint16_t>(record.data() + 8) * id_bytes;
    record.remove_prefix(header_bytes);
    if (bytes > record.size()) return false;
    if (!visit(first, record.substr(0, bytes))) return true;
    record.remove_prefix(bytes);
  }
  return true;
}

}  // namespace

bool id_window::keeps(const uuid& id, std::int64_t stored_us) {
  if (!holds_time(id)) return false;
  auto distance = static_cast<std::int64_t>(number_of(id)) - stored_us / window_us;
  return -reach_back <= distance && distance <= reach_ahead;
}

const std::string& id_window::key(key_writer& to, std::string_view org, std::uint64_t number) {
  return to.start(record_tag::event_id_window).u64(number).text(org).str();
}

std::optional<std::string> id_window::key_beside(std::string_view by_id_key) {
  key_reader in(by_id_key);
  auto tag = in.tag();
  in.u8();
  uuid id;
  id.high = in.u64();
  id.low = in.u64();
  auto org = in.text();
  if (!in.ok() || tag != record_tag::event_by_id || !holds_time(id)) return {};
  key_writer to(record_tag::event_id_window);
  return key(to, org, number_of(id));
}

std::optional<std::uint64_t> id_window::number_in(std::string_view key) {
  key_reader in(key);
  auto tag = in.tag();
  auto number = in.u64();
  if (!in.ok() || tag != record_tag::event_id_window) return {};
  return number;
}

std::optional<event_seq> id_window::find(std::string_view record, const uuid& id) {
  std::optional<event_seq> found;
  auto rest = static_cast<std::uint32_t>(id.high);
  each_group(record, [&](std::uint64_t first, std::string_view ids) {
    for (auto* at = ids.data(); at != ids.data() + ids.size(); at += id_bytes) {
      if (number_at<std::uint64_t>(at) != id.low || number_at<std::uint32_t>(at + 8) != rest) continue;
      found = event_seq(first + number_at<std::uint16_t>(at + 12));
      return false;
    }
    return true;
  });
  return found;
}

void id_window::each_id(std::uint64_t number, std::string_view record,
                        const std::function<void(const uuid&)>& visit) {
  auto upper = number << 23 >> 32 << 32;
  each_group(record, [&](std::uint64_t, std::string_view ids) {
    for (auto* at = ids.data(); at != ids.data() + ids.size(); at += id_bytes)
      visit({upper | number_at<std::uint32_t>(at + 8), number_at<std::uint64_t>(at)});
    return true;
  });
}

bool id_window::is_sound(std::string_view record) {
  return each_group(record, [](std::uint64_t, std::string_view) { return true; });
}

std::string id_window::join(std::span<const std::string_view> records) {
  std::size_t bytes = 0;
  for (auto r : records) bytes += r.size();
  std::string out;
  out.reserve(bytes);
  for (auto r : records) out.append(r);
  return out;
}

id_group::id_group(event_seq first) : first_(first) {
  put(first.value, out_);
  put(count_, out_);
}

void id_group::add(const uuid& id, event_seq seq) {
  put(id.low, out_);
  put(static_cast<std::uint32_t>(id.high), out_);
  put(static_cast<std::uint16_t>(seq.value - first_.value), out_);
  ++count_;
  std::memcpy(out_.data() + 8, &count_, sizeof count_);
}

}  // namespace troupe
