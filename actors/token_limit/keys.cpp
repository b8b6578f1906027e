#include "keys.hpp"

#include "protocol/key.hpp"

namespace troupe::token_limits {

std::string token_limits_key(std::string_view org) {
  return key_writer(record_tag::token_limits).text(org).str();
}

std::string token_limits_prefix() { return key_writer(record_tag::token_limits).str(); }

}  // namespace troupe::token_limits
