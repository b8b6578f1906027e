// Keys by which a shard remembers that it answered a request. Clients give them as Idempotency-Key; to a request without
// one the first router of a cluster gives a key of its own, so that it can be sent again when a leader is lost.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe {

// No HTTP field may hold this byte, so no client's key begins like a drawn one.
inline constexpr char drawn_key_mark = '\x01';
// Drawn keys are used again only while their request is under way, so they are kept far shorter than clients' keys.
inline constexpr std::int64_t drawn_reply_cache_ms = 120'000;

inline bool is_drawn_key(std::string_view key) { return !key.empty() && key.front() == drawn_key_mark; }

// The key of one of several tries that a request makes, each with an answer of its own.
inline std::string key_of_try(std::string_view key, unsigned number) {
  std::string out(key);
  if (number > 0) out.append(1, drawn_key_mark).append(std::to_string(number));
  return out;
}

}  // namespace troupe
