// What query handlers keep between queries, of all shards of a store: the least recently used goes first. Kept compressed:
// names come again and again. Shared by the query workers, for any thread.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "protocol/ids.hpp"
#include "protocol/machine.hpp"

namespace troupe::storage {

class query_memory {
 public:
  static constexpr std::size_t bytes_max_default = 96ULL << 20;

  explicit query_memory(std::size_t bytes_max = bytes_max_default) : bytes_max_(bytes_max) {}

  std::shared_ptr<const std::string> find(const std::string& key);
  // Replaces what is there. What alone is larger than the bound, compressed, is not kept.
  void keep(std::string key, std::string bytes);
  // As they are kept.
  std::size_t bytes() const;

 private:
  struct entry {
    std::string key;
    std::shared_ptr<const std::string> bytes;
    std::size_t plain_size;  // 0: they are as they were given
    std::size_t size() const;
  };
  void forget(std::list<entry>::iterator at);

  const std::size_t bytes_max_;
  mutable std::mutex mutex_;
  std::list<entry> entries_;  // the latest used first
  std::unordered_map<std::string_view, std::list<entry>::iterator> places_;
  std::size_t bytes_ = 0;
};

// One shard's part of it. A shard of another history has nothing in common with it.
class shard_memory final : public query_cache {
 public:
  shard_memory(query_memory& all, shard_id shard, epoch history);
  std::shared_ptr<const std::string> find(std::string_view key) override;
  void keep(std::string_view key, std::string bytes) override;

 private:
  query_memory& all_;
  const std::string prefix_;
};

}  // namespace troupe::storage
