#include "storage/query_memory.hpp"

#include <utility>

#include "storage/kv.hpp"

namespace troupe::storage {

namespace {

constexpr std::size_t overhead = 192;  // of an entry, about: nodes, pointers, heads of strings

}  // namespace

std::size_t query_memory::entry::size() const { return overhead + key.size() + bytes->size(); }

std::shared_ptr<const std::string> query_memory::find(const std::string& key) {
  std::lock_guard lock(mutex_);
  auto at = places_.find(key);
  if (at == places_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, at->second);
  return at->second->bytes;
}

void query_memory::keep(std::string key, std::string bytes) {
  entry made{std::move(key), std::make_shared<const std::string>(std::move(bytes))};
  std::lock_guard lock(mutex_);
  if (auto at = places_.find(made.key); at != places_.end()) forget(at->second);
  if (made.size() > bytes_max_) return;
  bytes_ += made.size();
  entries_.push_front(std::move(made));
  places_.emplace(entries_.front().key, entries_.begin());
  while (bytes_ > bytes_max_) forget(std::prev(entries_.end()));
}

std::size_t query_memory::bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

void query_memory::forget(std::list<entry>::iterator at) {
  bytes_ -= at->size();
  places_.erase(at->key);
  entries_.erase(at);
}

shard_memory::shard_memory(query_memory& all, shard_id shard, epoch history)
    : all_(all), prefix_(shard_key(shard, std::to_string(history.value) + ' ')) {}

std::shared_ptr<const std::string> shard_memory::find(std::string_view key) {
  return all_.find(prefix_ + std::string(key));
}

void shard_memory::keep(std::string_view key, std::string bytes) {
  all_.keep(prefix_ + std::string(key), std::move(bytes));
}

}  // namespace troupe::storage
