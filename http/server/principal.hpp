// Who asks: the key that came with a request.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::http {

enum class role : std::uint8_t { read = 0, ingest = 1, admin = 2 };  // as schema::Role

// What a route asks of the key.
enum class permission : std::uint8_t { open, any_key, read, ingest, admin };

struct principal {
  std::string key_id;
  std::string org;
  std::string name;
  role is = role::read;
  std::uint32_t connections_max = 0;  // live ones at once, on all nodes; 0: no bound
};

constexpr bool may(role has, permission needed) {
  switch (needed) {
    case permission::open:
    case permission::any_key: return true;
    case permission::read: return has == role::read || has == role::admin;
    case permission::ingest: return has == role::ingest || has == role::admin;
    case permission::admin: return has == role::admin;
  }
  return false;
}

constexpr std::string_view to_string(role r) {
  return r == role::admin ? "admin" : r == role::ingest ? "ingest" : "read";
}

}  // namespace troupe::http
