// Who is here: how an edge tells the other nodes of its sessions, and hears of theirs. Best effort and of the moment;
// nothing of it is stored. Thread-safe; calls return at once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>

#include "actors/presence/session.hpp"
#include "actors/runtime/client.hpp"

namespace troupe {

class presence {
 public:
  virtual ~presence() = default;

  virtual node_id self() const = 0;
  // In the order of their numbers.
  virtual void came(present_session who) = 0;
  virtual void went(std::uint64_t number) = 0;

  // Called on an actor's thread; must not block and not throw. Every node is told of from its beginning.
  using sink = std::function<void(const presence_news&)>;
  virtual std::unique_ptr<subscription> follow(sink tell) = 0;
};

}  // namespace troupe
