// State records that machines looked at lately, as they are now: an agent's record is asked for by every batch of its
// events and seldom changes, and each question to the store costs as much as storing some events. Owned by the applier,
// which tells it of every change. Bounded: forgets all when it is full.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace troupe::storage {

class record_cache {
 public:
  using record = std::optional<std::string>;  // nothing: it does not exist

  // Until the next call that is not const.
  const record* find(std::string_view key) const {
    auto at = records_.find(key);
    return at == records_.end() ? nullptr : &at->second;
  }
  void note(std::string_view key, const record& value) {
    if (bytes_ > bytes_max) clear();
    if (records_.emplace(key, value).second) bytes_ += overhead + key.size() + size_of(value);
  }
  void changed(std::string_view key, std::optional<std::string_view> value) {
    auto at = records_.find(key);
    if (at == records_.end()) return;
    bytes_ -= size_of(at->second);
    at->second = value ? record(*value) : record();
    bytes_ += size_of(at->second);
  }
  void clear() {
    records_.clear();
    bytes_ = 0;
  }

 private:
  static constexpr std::size_t bytes_max = 256 * 1024, overhead = 128;
  static std::size_t size_of(const record& r) { return r ? r->size() : 0; }
  struct hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>()(s); }
  };

  std::unordered_map<std::string, record, hash, std::equal_to<>> records_;
  std::size_t bytes_ = 0;
};

}  // namespace troupe::storage
