#include "http/auth/key_text.hpp"

#include <sodium.h>

#include "http/server/text.hpp"
#include "protocol/must.hpp"

namespace troupe::http {

namespace {

void need_sodium() {
  static const bool ready = sodium_init() >= 0;
  must(ready, "libsodium starts");
}

}  // namespace

std::string mint_key_id() {
  static constexpr char letters[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  need_sodium();
  std::string id;
  for (int i = 0; i < 12; ++i) id.push_back(letters[randombytes_uniform(62)]);
  return id;
}

minted_key mint_key() {
  need_sodium();
  std::uint8_t secret[32];
  randombytes_buf(secret, sizeof secret);
  char text[sodium_base64_ENCODED_LEN(sizeof secret, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
  sodium_bin2base64(text, sizeof text, secret, sizeof secret, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  minted_key out;
  out.id = mint_key_id();
  out.text = concat({"trp_", out.id, "_", text});
  out.hash = hash_key(out.text);
  sodium_memzero(secret, sizeof secret);
  sodium_memzero(text, sizeof text);
  return out;
}

key_hash hash_key(std::string_view text) {
  need_sodium();
  key_hash out;
  crypto_generichash(out.data(), out.size(), reinterpret_cast<const unsigned char*>(text.data()), text.size(),
                     nullptr, 0);
  return out;
}

bool same_hash(const key_hash& a, const key_hash& b) {
  return sodium_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace troupe::http
