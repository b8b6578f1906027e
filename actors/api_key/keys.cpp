#include "keys.hpp"

#include "protocol/key.hpp"

namespace troupe::api_keys {

std::string api_key_key(std::string_view org, std::string_view id) {
  return key_writer(record_tag::api_key).text(org).text(id).str();
}

std::string api_keys_prefix(std::string_view org) {
  key_writer key(record_tag::api_key);
  if (!org.empty()) key.text(org);
  return key.str();
}

}  // namespace troupe::api_keys
