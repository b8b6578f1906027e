// API keys as text: trp_<key id>_<secret>, the secret 32 random bytes. Only the hash of the text is ever kept.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace troupe::http {

using key_hash = std::array<std::uint8_t, 32>;  // BLAKE2b-256 of the whole text

struct minted_key {
  std::string id;
  std::string text;  // shown once
  key_hash hash{};
};

minted_key mint_key();
// A fresh id for a key whose text was given, as by TROUPE_ADMIN_KEY.
std::string mint_key_id();
key_hash hash_key(std::string_view text);
// In time that does not depend on where they differ.
bool same_hash(const key_hash& a, const key_hash& b);

}  // namespace troupe::http
