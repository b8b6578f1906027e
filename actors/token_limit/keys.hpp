// Keys of token limits: one record of an organisation.
#pragma once

#include <string>
#include <string_view>

namespace troupe::token_limits {

std::string token_limits_key(std::string_view org);
// Of all organisations.
std::string token_limits_prefix();

}  // namespace troupe::token_limits
