// Records that name events by id, many at a time. Ids that hold a time (UUIDv7) about as late as they are stored share one
// record for each organisation and moment, to which every entry adds a group: so a batch of events makes a key or two.
// All other ids have a key each (record_tag::event_by_id).
//
// Value: groups in the order of their entries, whole numbers little endian:
//   number of the entry's first event (8 bytes) | count (2) | ids: low half (8), the key's rest of the high half (4), how
//   many events after the first (2)
//
// Invariant: what goes to a window follows from an id and the time of its entry alone. The time never goes back, so that a
// window gets ids for 'reach' moments at most and cannot grow for ever, whatever times clients' ids tell.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "protocol/ids.hpp"
#include "protocol/key.hpp"
#include "protocol/uuid.hpp"

namespace troupe {

class id_window {
 public:
  static bool holds_time(const uuid& id) { return (id.high >> 12 & 0xF) == 7; }
  // 128 ms each. Ids of one window differ in what a record keeps of them.
  static std::uint64_t number_of(const uuid& id) { return id.high >> 16 >> 7; }
  static uuid first_of(std::uint64_t number) { return {number << 23, 0}; }
  // Whether the id of an event is kept in a window's record when its entry's stamp is 'stored_us'.
  static bool keeps(const uuid& id, std::int64_t stored_us);

  static const std::string& key(key_writer& to, std::string_view org, std::uint64_t number);
  // Of the window that may keep the id which has this key of its own; nothing: none may.
  static std::optional<std::string> key_beside(std::string_view by_id_key);
  // Nothing if it is no window's key.
  static std::optional<std::uint64_t> number_in(std::string_view key);
  // What all keys of windows begin with.
  static std::string prefix() { return key_writer(record_tag::event_id_window).str(); }

  static std::optional<event_seq> find(std::string_view record, const uuid& id);
  static void each_id(std::uint64_t number, std::string_view record,
                      const std::function<void(const uuid&)>& visit);
  static bool is_sound(std::string_view record);
  // Of groups or records, the earlier first.
  static std::string join(std::span<const std::string_view> records);
};

// What one entry adds to a window.
class id_group {
 public:
  explicit id_group(event_seq first);
  void add(const uuid& id, event_seq seq);
  std::string_view bytes() const { return out_; }

 private:
  event_seq first_;
  std::uint16_t count_ = 0;
  std::string out_;
};

}  // namespace troupe
