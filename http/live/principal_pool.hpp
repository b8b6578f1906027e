// One principal for all sockets of a key, however many: they are equal, and each would cost some hundred bytes.
// Thread-safe.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

#include "http/server/principal.hpp"

namespace troupe::http {

class principal_pool {
 public:
  std::shared_ptr<const principal> share(principal who) {
    std::lock_guard lock(mutex_);
    auto& known = shared_[who.key_id];
    auto same = known.lock();
    if (same && same->org == who.org && same->name == who.name && same->is == who.is &&
        same->connections_max == who.connections_max)
      return same;
    auto made = std::make_shared<const principal>(std::move(who));
    known = made;
    if (shared_.size() > swept_at_) {
      std::erase_if(shared_, [](const auto& one) { return one.second.expired(); });
      swept_at_ = 2 * shared_.size() + 64;
    }
    return made;
  }

 private:
  std::mutex mutex_;
  std::unordered_map<std::string, std::weak_ptr<const principal>> shared_;
  std::size_t swept_at_ = 64;
};

}  // namespace troupe::http
