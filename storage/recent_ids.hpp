// The event ids that a shard stored last, so that it need not ask its store for those that come newly: almost all of them
// are, and each question there costs more than storing the event.
//
// Of ids that hold their time (UUIDv7), whose keys lie together in the order of time. Knows all that are stored and not
// older than a floor, which rises as more come: what is above it and not known here is new. Owned by the applier.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace troupe::storage {

class recent_ids {
 public:
  // What keys of such ids begin with.
  static std::string first_key();

  bool knows_newest() const { return floor_.has_value(); }
  // Nothing in the store comes after this key, which may be first_key().
  void begin_after(std::string_view newest);
  // A record is put under this key of the events: remembers it if it is such an id.
  void note(std::string_view key);
  // False: it may be stored, or it is none of these keys.
  bool is_new(std::string_view key) const;

 private:
  struct id {
    std::uint64_t high = 0, low = 0;
    auto operator<=>(const id&) const = default;
  };
  static std::optional<id> id_in(std::string_view key);
  // Where it is in the table, or would be.
  std::size_t slot_of(const id& i) const;
  void refill(std::size_t slots, const id& from);
  void forget_older_half();

  std::optional<id> floor_;
  std::vector<id> table_;  // a hash table of a power of two slots, at most half full; nil: free
  std::size_t count_ = 0;
};

}  // namespace troupe::storage
