// The keys in force, in memory: who a key text belongs to, without asking a shard.
//
// Loaded from the system shard, kept current by the feed. A revocation sticks, whatever order the news come in.
// Thread-safe; listeners are called on the thread that brings the news.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "http/auth/guess_limiter.hpp"
#include "http/auth/key_text.hpp"
#include "http/routes/router.hpp"
#include "http/server/config.hpp"
#include "protocol/schema/api_key.capnp.h"

namespace troupe::http {

class key_ring final : public authenticator {
 public:
  explicit key_ring(const edge_limits& l);

  // Until the keys are loaded every key gets 503.
  void set_loaded() { loaded_ = true; }
  bool is_loaded() const { return loaded_; }
  void put(schema::ApiKey::Reader key);
  // Called with the id of a key that was revoked. Set before the first news.
  void on_revoked(std::function<void(const std::string&)> tell) { tell_ = std::move(tell); }

  result<principal> authenticate(std::string_view key, const std::string& remote) override;

 private:
  struct record {
    key_hash hash{};
    principal who;
  };
  struct hash_of_hash {
    std::size_t operator()(const key_hash& h) const noexcept;
  };

  const record* find(const key_hash& hash) const;
  bool was_seen(const std::string& remote, const std::string& key_id);

  guess_limiter guesses_;
  std::function<void(const std::string&)> tell_;
  std::atomic<bool> loaded_{false};
  mutable std::shared_mutex mutex_;
  std::unordered_map<key_hash, record, hash_of_hash> by_hash_;
  std::unordered_map<std::string, key_hash> by_id_;
  std::unordered_set<std::string> revoked_;

  // Keys that were right from an address before are not shut out with those who guess there. Bounded: the first to be
  // known go first, so that one key from many addresses takes the place of others only as new ones come.
  std::mutex seen_mutex_;
  std::unordered_set<std::string> seen_;
  std::deque<std::string> seen_in_order_;
};

role role_of(schema::Role r);
schema::Role schema_role(role r);

}  // namespace troupe::http
