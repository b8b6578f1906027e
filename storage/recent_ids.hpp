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
  // What keys of single ids that hold their time begin with.
  static std::string first_key();

  bool knows_newest() const { return floor_.has_value(); }
  // Nothing in the store comes after the id that this key is of, or is in or before the window that it is of. Or it is
  // first_key(). Called for each kind of keys before all else.
  void begin_after(std::string_view newest);
  // A record of the events is put under the key of such an id, or a group of ids is added to a window's.
  void note(std::string_view key);
  void note_group(std::string_view key, std::string_view group);
  // False: it may be stored, or it is no key of an id that holds its time.
  bool is_new(std::string_view key) const;

 private:
  struct id {
    std::uint64_t high = 0, low = 0;
    auto operator<=>(const id&) const = default;
  };
  static std::optional<id> id_in(std::string_view key);
  void note(const id& i);
  // Where it is in the table, or would be.
  std::size_t slot_of(const id& i) const;
  void refill(std::size_t slots, const id& from);
  void forget_older_half();

  std::optional<id> floor_;
  std::vector<id> table_;  // a hash table of a power of two slots, at most half full; nil: free
  std::size_t count_ = 0;
};

}  // namespace troupe::storage
