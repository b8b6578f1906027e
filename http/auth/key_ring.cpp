#include "http/auth/key_ring.hpp"

#include <cstring>

#include "http/server/client_group.hpp"
#include "http/server/text.hpp"
#include "protocol/message.hpp"

namespace troupe::http {

namespace {
constexpr std::size_t seen_max = 8192;
constexpr std::size_t key_text_bytes_max = 512;
}  // namespace

role role_of(schema::Role r) {
  switch (r) {
    case schema::Role::ADMIN: return role::admin;
    case schema::Role::INGEST: return role::ingest;
    default: return role::read;
  }
}

schema::Role schema_role(role r) {
  return r == role::admin    ? schema::Role::ADMIN
         : r == role::ingest ? schema::Role::INGEST
                             : schema::Role::READ;
}

std::size_t key_ring::hash_of_hash::operator()(const key_hash& h) const noexcept {
  std::size_t out;
  std::memcpy(&out, h.data(), sizeof out);
  return out;
}

key_ring::key_ring(const edge_limits& l) : guesses_(l.key_failures_max, l.key_failure_interval) {}

void key_ring::put(schema::ApiKey::Reader key) {
  std::string id(view_of(key.getId()));
  auto hash_bytes = key.getSecretHash();
  record made;
  if (id.empty() || hash_bytes.size() != made.hash.size()) return;
  std::memcpy(made.hash.data(), hash_bytes.begin(), made.hash.size());
  made.who = {id, std::string(view_of(key.getOrg())), std::string(view_of(key.getName())),
              role_of(key.getRole()), key.getMaxConnections()};
  bool gone = key.getRevokedUs() != 0;
  {
    std::unique_lock lock(mutex_);
    if (revoked_.contains(id)) return;
    if (auto old = by_id_.find(id); old != by_id_.end()) by_hash_.erase(old->second);
    if (gone) {
      by_id_.erase(id);
      revoked_.insert(id);
    } else {
      by_id_[id] = made.hash;
      by_hash_[made.hash] = std::move(made);
    }
  }
  if (gone && tell_) tell_(id);
}

const key_ring::record* key_ring::find(const key_hash& hash) const {
  auto it = by_hash_.find(hash);
  if (it == by_hash_.end() || !same_hash(it->second.hash, hash)) return nullptr;
  return &it->second;
}

bool key_ring::was_seen(const std::string& remote, const std::string& key_id) {
  std::lock_guard lock(seen_mutex_);
  return seen_.contains(concat({remote, " ", key_id}));
}

result<principal> key_ring::authenticate(std::string_view key, const std::string& address) {
  auto remote = client_group(address);
  if (!loaded_) {
    return failure{errc::unavailable, "The node is starting: keys are not loaded yet.",
                   std::chrono::seconds(1)};
  }
  auto now = guess_limiter::clock::now();
  auto wait = guesses_.wait_of(remote, now);
  std::optional<principal> who;
  if (key.size() <= key_text_bytes_max) {
    auto hash = hash_key(key);
    std::shared_lock lock(mutex_);
    if (auto* found = find(hash)) who = found->who;
  }
  if (wait.count() > 0 && !(who && was_seen(remote, who->key_id))) {
    return failure{errc::overloaded, "Too many wrong keys came from this address.", wait};
  }
  if (!who) {
    guesses_.failed(remote, now);
    return failure{errc::unauthenticated, "This key is unknown or revoked."};
  }
  std::lock_guard lock(seen_mutex_);
  if (auto [at, is_new] = seen_.insert(concat({remote, " ", who->key_id})); is_new)
    seen_in_order_.push_back(*at);
  if (seen_.size() > seen_max) {
    seen_.erase(seen_in_order_.front());
    seen_in_order_.pop_front();
  }
  return std::move(*who);
}

}  // namespace troupe::http
