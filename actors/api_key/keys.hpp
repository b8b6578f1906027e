// Keys of API keys.
#pragma once

#include <string>
#include <string_view>

namespace troupe::api_keys {

std::string api_key_key(std::string_view org, std::string_view id);
// What all API keys of an organisation begin with; of every organisation when 'org' is empty.
std::string api_keys_prefix(std::string_view org);

}  // namespace troupe::api_keys
